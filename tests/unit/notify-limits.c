/*
 * The counts by source: what is let in, what waits, what is blocked, what is
 * forgotten, and that no flood of sources makes them grow.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "limits.h"
#include "penalty.h"

#define START 5000000 /* ms */

static struct limits limits;

static int
begin(void **state)
{
	struct limits_options options = { .max_connections = 1000,
		.source_connections = 3,
		.source_rate = 60,
		.login_failures = 4,
		.seed = 0x1234 };
	char error[NET_ERROR_MAX];

	(void)state;
	if (!net_list_parse(&options.trusted, "10.0.0.0/8", error))
		return -1;
	limits_init(&limits, &options);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	limits_free(&limits);
	return 0;
}

static struct net_addr
address(const char *text)
{
	struct net net;

	assert_true(net_parse(&net, text));
	return net.addr;
}

static struct limits_answer
enter(const char *text, int64_t now)
{
	struct net_addr a = address(text);

	return limits_enter(&limits, &a, false, now);
}

static struct limits_source *
enter_ok(const char *text, int64_t now)
{
	struct limits_answer a = enter(text, now);

	assert_int_equal(a.verdict, LIMITS_OK);
	return a.source;
}

static void
a_source_has_so_many_connections_at_once(void **state)
{
	struct limits_source *s = enter_ok("192.0.2.1", START);

	(void)state;
	assert_non_null(s);
	assert_ptr_equal(enter_ok("192.0.2.1", START), s);
	enter_ok("192.0.2.1", START);
	assert_int_equal(enter("192.0.2.1", START).verdict, LIMITS_MANY);
	assert_ptr_not_equal(enter_ok("192.0.2.2", START), s);
	limits_leave(&limits, s);
	enter_ok("192.0.2.1", START);
	assert_int_equal(enter("192.0.2.1", START).verdict, LIMITS_MANY);
	assert_int_equal(limits.connections, 4);
}

static void
an_ipv6_source_is_its_64_bits(void **state)
{
	struct limits_source *s = enter_ok("2001:db8::1", START);

	(void)state;
	assert_ptr_equal(enter_ok("2001:db8::ffff:1", START), s);
	assert_ptr_not_equal(enter_ok("2001:db8:0:1::1", START), s);
}

static void
who_is_trusted_or_of_this_machine_has_no_source(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 500; i++)
		assert_null(enter_ok("10.1.2.3", START));
	assert_null(limits_enter(&limits, NULL, false, START).source);
	assert_int_equal(
	    limits_login(&limits, NULL, 1, START).verdict, LIMITS_OK);
	assert_int_equal(limits_login(&limits, NULL, 1, START).wait, 0);
	assert_int_equal(limits_offence(&limits, NULL, START).wait, 0);
	for (i = 501; i < 1000; i++) {
		struct limits_answer a = enter("10.1.2.3", START);

		assert_int_equal(a.verdict, LIMITS_OK);
		assert_int_equal(a.nearly_full, i + 1 >= 10 * NEARLY_FULL);
	}
	/* But there is a limit for all together. */
	assert_int_equal(enter("10.1.2.3", START).verdict, LIMITS_FULL);
	assert_int_equal(enter("192.0.2.1", START).verdict, LIMITS_FULL);
	limits_leave(&limits, NULL);
	enter_ok("192.0.2.1", START);
}

static void
a_minute_has_so_many_connections_and_too_many_more_block(void **state)
{
	struct limits_answer a;
	int64_t waited;
	int i;

	(void)state;
	for (i = 0; i < 60; i++)
		limits_leave(&limits, enter_ok("192.0.2.1", START));
	a = enter("192.0.2.1", START);
	assert_int_equal(a.verdict, LIMITS_OFTEN);
	assert_int_equal(a.wait, 1000);
	/* What was refused counts as well. */
	assert_int_equal(
	    enter("192.0.2.1", START + 1000).verdict, LIMITS_OFTEN);
	waited = START + 3000;
	limits_leave(&limits, enter_ok("192.0.2.1", waited));
	for (i = 0; i < 60; i++)
		assert_int_equal(
		    enter("192.0.2.1", waited).verdict, LIMITS_OFTEN);
	assert_int_equal(enter("192.0.2.1", waited).verdict, LIMITS_BLOCK);
	/* When the block is taken away, it is as before. */
	limits_leave(&limits, enter_ok("192.0.2.1", waited));
	limits_leave(&limits, enter_ok("192.0.2.2", START));
}

static void
who_is_here_already_is_counted_whatever_the_limits(void **state)
{
	struct net_addr a = address("192.0.2.1");
	int i;

	(void)state;
	for (i = 0; i < 100; i++)
		assert_int_equal(
		    limits_enter(&limits, &a, true, START).verdict, LIMITS_OK);
	assert_int_equal(limits.connections, 100);
	assert_int_equal(enter("192.0.2.1", START).verdict, LIMITS_MANY);
}

static void
each_wrong_password_costs_more_and_in_the_end_a_block(void **state)
{
	struct limits_source *s = enter_ok("192.0.2.1", START);
	struct limits_answer a;
	int64_t i;

	(void)state;
	for (i = 1; i < 4; i++) {
		a = limits_login(&limits, s, (uint64_t)i, START);
		assert_int_equal(a.verdict, LIMITS_OK);
		assert_int_equal(a.wait, penalty_delay(i));
	}
	/* Another connection is no way around it. */
	a = enter("192.0.2.1", START + 100);
	assert_int_equal(a.wait, penalty_delay(3) - 100);
	assert_int_equal(enter("192.0.2.2", START + 100).wait, 0);
	a = limits_login(&limits, s, 4, START);
	assert_int_equal(a.verdict, LIMITS_BLOCK);
	/* After the block all begins anew. */
	a = limits_login(&limits, s, 5, START);
	assert_int_equal(a.verdict, LIMITS_OK);
	assert_int_equal(a.wait, penalty_delay(1));
}

static void
the_same_wrong_password_again_is_no_further_offence(void **state)
{
	struct limits_source *s = enter_ok("192.0.2.1", START);
	struct limits_answer a;
	int i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		a = limits_login(&limits, s, 7, START + i);
		assert_int_equal(a.verdict, LIMITS_OK);
		assert_int_equal(a.wait, LOGIN_DELAY);
	}
	/* So many are remembered, and one more is not. */
	limits.options.login_failures = 0;
	for (i = 0; i < LOGIN_REMEMBERED; i++)
		limits_login(&limits, s, 100 + (uint64_t)i, START);
	a = limits_login(&limits, s, 100, START);
	assert_int_equal(a.wait, LOGIN_DELAY);
	a = limits_login(&limits, s, 7, START);
	assert_true(a.wait > LOGIN_DELAY);
}

static void
offences_are_forgotten_with_time(void **state)
{
	struct limits_source *s = enter_ok("192.0.2.1", START);
	int64_t now = START, i;

	(void)state;
	for (i = 0; i < 100; i++, now += LOGIN_FORGET)
		assert_int_equal(
		    limits_login(&limits, s, (uint64_t)i, now).wait,
		    penalty_delay(1));
	assert_int_equal(
	    limits_offence(&limits, s, now).wait, penalty_delay(1));
	assert_int_equal(
	    limits_offence(&limits, s, now).wait, penalty_delay(2));
	assert_int_equal(
	    limits_offence(&limits, s, now).wait, penalty_delay(3));
	assert_int_equal(limits_offence(&limits, s, now).verdict, LIMITS_BLOCK);
}

static void
no_limit_means_none(void **state)
{
	struct limits_source *s;
	int i;

	(void)state;
	limits.options.source_connections = limits.options.source_rate =
	    limits.options.login_failures = 0;
	for (i = 0; i < 900; i++)
		s = enter_ok("192.0.2.1", START);
	for (i = 0; i < 900; i++) {
		assert_int_equal(
		    limits_login(&limits, s, (uint64_t)i, START).verdict,
		    LIMITS_OK);
		assert_true(
		    limits_offence(&limits, s, START).wait <= LOGIN_DELAY_MAX);
	}
}

/* The source of the i-th of very many /64s. */
static struct limits_answer
enter_nth(unsigned i, int64_t now)
{
	char text[64];

	snprintf(text, sizeof(text), "2001:db8:%x:%x::1", i >> 16, i & 0xffff);
	return enter(text, now);
}

static void
a_flood_of_sources_does_not_grow_and_forgets_the_oldest_idle(void **state)
{
	struct limits_source *old = enter_ok("192.0.2.1", START), *s;
	unsigned i;

	(void)state;
	limits_login(&limits, old, 1, START);
	for (i = 0; i < 5 * SOURCES_MAX; i++)
		limits_leave(&limits, enter_nth(i, START).source);
	assert_int_equal(limits.used, SOURCES_MAX);
	assert_int_equal(limits.connections, 1);
	/* Who has a connection is kept, with all that is known. */
	assert_ptr_equal(enter_ok("192.0.2.1", START), old);
	assert_int_equal(
	    limits_login(&limits, old, 2, START).wait, penalty_delay(2));
	/* The last ones are there still, the first ones are not. */
	s = enter_nth(5 * SOURCES_MAX - 1, START).source;
	assert_true(s->rate > START + 1000);
	s = enter_nth(0, START).source;
	assert_int_equal(s->rate, START + 1000);
}

static void
when_all_sources_have_connections_a_newcomer_has_none(void **state)
{
	struct limits_answer a;
	unsigned i;

	(void)state;
	limits.options.max_connections = 2 * SOURCES_MAX;
	for (i = 0; i < SOURCES_MAX; i++)
		assert_non_null(enter_nth(i, START).source);
	a = enter("192.0.2.1", START);
	assert_int_equal(a.verdict, LIMITS_OK);
	assert_null(a.source);
	limits_leave(&limits, NULL);
	assert_int_equal(limits.connections, SOURCES_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_source_has_so_many_connections_at_once),
		TEST(an_ipv6_source_is_its_64_bits),
		TEST(who_is_trusted_or_of_this_machine_has_no_source),
		TEST(a_minute_has_so_many_connections_and_too_many_more_block),
		TEST(who_is_here_already_is_counted_whatever_the_limits),
		TEST(each_wrong_password_costs_more_and_in_the_end_a_block),
		TEST(the_same_wrong_password_again_is_no_further_offence),
		TEST(offences_are_forgotten_with_time),
		TEST(no_limit_means_none),
		TEST(
		    a_flood_of_sources_does_not_grow_and_forgets_the_oldest_idle),
		TEST(when_all_sources_have_connections_a_newcomer_has_none),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
