/*
 * The bucket of one client: what may come at once, how long the rest waits, and
 * when that is called flooding.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "limit.h"
#include "rate.h"

#define START 1000000 /* ms */

/* Messages taken at a time without waiting. */
static int
burst(struct rate *r, int64_t now)
{
	int n = 0;

	while (rate_wait(r, now) == 0 && n < 1000) {
		rate_spend(r, RATE_MESSAGE, now);
		n++;
	}
	return n;
}

static void
a_burst_comes_at_once_and_the_rest_at_the_rate(void **state)
{
	struct rate r;

	(void)state;
	rate_init(&r, 10, 50, START);
	assert_int_equal(burst(&r, START), 50);
	assert_int_equal(rate_wait(&r, START), 100);
	assert_int_equal(rate_wait(&r, START + 99), 1);
	assert_int_equal(burst(&r, START + 100), 1);
	assert_int_equal(burst(&r, START + 1100), 10);
	/* Patience is repaid up to the burst, not beyond. */
	assert_int_equal(burst(&r, START + 60 * 60 * 1000), 50);
	assert_int_equal(burst(&r, INT64_MAX / 2), 50);
}

static void
no_rate_is_no_limit(void **state)
{
	struct rate r;

	(void)state;
	rate_init(&r, 0, 1, START);
	assert_int_equal(burst(&r, START), 1000);
	assert_int_equal(rate_afford(&r, 1000000, START), 0);
}

static void
the_largest_rate_and_burst_are_counted_right(void **state)
{
	struct rate r;
	int64_t i;

	(void)state;
	rate_init(&r, 100000, 100000, START);
	for (i = 0; i < 100000; i++)
		rate_spend(&r, RATE_MESSAGE, START);
	assert_int_equal(rate_wait(&r, START), 1);
	assert_int_equal(burst(&r, START + 1), 100);
}

static void
ten_small_things_cost_as_much_as_a_message(void **state)
{
	struct rate r;
	int n;

	(void)state;
	rate_init(&r, 1, 2, START);
	for (n = 0; rate_wait(&r, START) == 0; n++)
		rate_spend(&r, 1, START);
	assert_int_equal(n, 11);
	assert_int_equal(rate_wait(&r, START), 100);
}

static void
what_costs_much_is_paid_later_but_not_for_ever(void **state)
{
	struct rate r;

	(void)state;
	rate_init(&r, 1, 5, START);
	assert_int_equal(rate_afford(&r, 50, START), 0);
	rate_spend(&r, 50, START);
	assert_int_equal(rate_afford(&r, 50, START), 5000);
	rate_spend(&r, 50, START);
	assert_int_equal(rate_wait(&r, START), 6000);
	/* What costs more than the bucket holds costs what it holds. */
	rate_spend(&r, 10000, START);
	assert_int_equal(rate_wait(&r, START), 6000);
	assert_int_equal(rate_afford(&r, 10000, START), 10000);
	assert_int_equal(rate_afford(&r, 10000, START + 10000), 0);
}

/* As a session does it: each line in turn, waiting when it must. */
static int
flood(struct rate *r, int64_t from, int64_t ms, int64_t each)
{
	int64_t now = from, wait;
	int told = 0;

	while (now < from + ms) {
		if ((wait = rate_wait(r, now)) > 0) {
			told += rate_waits(r, now);
			now += wait;
		}
		rate_taken(r);
		rate_spend(r, RATE_MESSAGE, now);
		now += each;
	}
	return told;
}

static void
who_must_wait_all_the_time_floods(void **state)
{
	struct rate r;

	(void)state;
	rate_init(&r, 10, 50, START);
	assert_int_equal(flood(&r, START, FLOOD_TIME, 0), 0);
	assert_int_equal(flood(&r, START + FLOOD_TIME, FLOOD_TIME, 0), 1);
	assert_int_equal(
	    flood(&r, START + 2 * FLOOD_TIME, 3 * FLOOD_TIME, 0), 3);
}

static void
who_keeps_to_the_rate_does_not(void **state)
{
	struct rate r;

	(void)state;
	rate_init(&r, 10, 50, START);
	assert_int_equal(burst(&r, START), 50);
	assert_int_equal(flood(&r, START + 100, 20 * FLOOD_TIME, 100), 0);
	assert_int_equal(
	    flood(&r, START + 21 * FLOOD_TIME, 20 * FLOOD_TIME, 110), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_burst_comes_at_once_and_the_rest_at_the_rate),
		cmocka_unit_test(no_rate_is_no_limit),
		cmocka_unit_test(the_largest_rate_and_burst_are_counted_right),
		cmocka_unit_test(ten_small_things_cost_as_much_as_a_message),
		cmocka_unit_test(
		    what_costs_much_is_paid_later_but_not_for_ever),
		cmocka_unit_test(who_must_wait_all_the_time_floods),
		cmocka_unit_test(who_keeps_to_the_rate_does_not),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
