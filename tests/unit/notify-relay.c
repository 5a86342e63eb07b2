/*
 * The relay's core: order, holes, duplicates.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "relay-test.h"

static void
publications_in_order_are_relayed(void **state)
{
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, 5);
	publish(&r, 5, 6, 8);
	publish(&r, 8, 9, 9);
	assert_int_equal(relay_wait(&r, 0), -1);
	expect(&r, &s, "6 7 8 9 ", 9);
	assert_int_equal(s.batches, 1);
	assert_int_equal(s.last, 9);
	relay_free(&r);
}

static void
ids_may_have_gaps(void **state)
{
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, 5);
	publish(&r, 5, 1005, 1006);
	assert_int_equal(relay_wait(&r, 0), -1);
	expect(&r, &s, "1005 1006 ", 1006);
	relay_free(&r);
}

static void
disorder_is_put_right(void **state)
{
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, 0);
	publish(&r, 6, 7, 8);
	publish(&r, 2, 3, 4);
	publish(&r, 4, 5, 6);
	expect(&r, &s, "", 0);
	publish(&r, 0, 1, 2);
	expect(&r, &s, "1 2 3 4 5 6 7 8 ", 8);
	assert_int_equal(relay_wait(&r, 0), -1);
	assert_int_equal(r.naside, 0);
	relay_free(&r);
}

static void
what_came_already_is_dropped(void **state)
{
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, 4);
	publish(&r, 2, 3, 4);
	publish(&r, 4, 5, 6);
	publish(&r, 4, 5, 6);
	expect(&r, &s, "5 6 ", 6);
	assert_int_equal(relay_wait(&r, 0), -1);
	relay_free(&r);
}

static void
of_an_overlap_only_the_new_part_is_relayed(void **state)
{
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, 4);
	publish(&r, 1, 2, 7);
	expect(&r, &s, "5 6 7 ", 7);
	relay_free(&r);
}

static void
one_put_aside_twice_is_relayed_once(void **state)
{
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, 0);
	publish(&r, 1, 2, 2);
	publish(&r, 1, 2, 2);
	publish(&r, 0, 1, 1);
	expect(&r, &s, "1 2 ", 2);
	relay_free(&r);
}

static void
a_hole_is_read_from_the_store_after_a_while(void **state)
{
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, 0);
	publish_at(&r, 2, 3, 3, 10 * US);
	assert_int_equal(relay_wait(&r, 10 * US), RELAY_HOLE_WAIT * US);
	publish_at(&r, 3, 4, 4, 12 * US);
	assert_int_equal(
	    relay_wait(&r, 12 * US), RELAY_HOLE_WAIT * US - 2 * US);
	assert_int_equal(relay_wait(&r, 99 * US), 0);
	stored(&r, 1);
	stored(&r, 2);
	relay_read_done(&r, 2, 99 * US);
	expect(&r, &s, "1 2 3 4 ", 4);
	assert_int_equal(relay_wait(&r, 99 * US), -1);
	relay_free(&r);
}

static void
what_was_read_past_the_hole_is_not_relayed_again(void **state)
{
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, 0);
	publish(&r, 1, 2, 4);
	for (int id = 1; id <= 3; id++)
		stored(&r, id);
	relay_read_done(&r, 3, 0);
	expect(&r, &s, "1 2 3 4 ", 4);
	publish(&r, 0, 1, 1);
	expect(&r, &s, "1 2 3 4 ", 4);
	relay_free(&r);
}

static void
a_second_hole_has_its_own_time(void **state)
{
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, 0);
	publish_at(&r, 1, 2, 2, 0);
	publish_at(&r, 5, 6, 6, 0);
	publish_at(&r, 0, 1, 1, 4 * US);
	expect(&r, &s, "1 2 ", 2);
	assert_int_equal(relay_wait(&r, 4 * US), RELAY_HOLE_WAIT * US);
	relay_free(&r);
}

static void
a_publication_without_entries_is_read_at_once(void **state)
{
	struct relay r;
	struct sent s;
	struct dgram_head h = { .prev = 3, .last = 4 };

	(void)state;
	start(&r, &s, 3);
	assert_true(relay_publish(&r, &h, NULL, 0, 0));
	assert_int_equal(r.position, 3);
	assert_int_equal(relay_wait(&r, 0), 0);
	/* What follows it waits for it. */
	publish(&r, 4, 5, 5);
	stored(&r, 4);
	relay_read_done(&r, 4, 0);
	expect(&r, &s, "4 5 ", 5);
	assert_int_equal(relay_wait(&r, 0), -1);
	relay_free(&r);
}

static void
too_many_aside_are_read_at_once(void **state)
{
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, 0);
	for (int i = 1; i <= RELAY_ASIDE_MAX; i++)
		publish(&r, i, i + 1, i + 1);
	assert_int_equal(relay_wait(&r, 0), RELAY_HOLE_WAIT * US);
	publish(
	    &r, RELAY_ASIDE_MAX + 1, RELAY_ASIDE_MAX + 2, RELAY_ASIDE_MAX + 2);
	assert_int_equal(r.naside, RELAY_ASIDE_MAX);
	assert_int_equal(relay_wait(&r, 0), 0);
	/* The one that was not kept is known to exist. */
	for (int i = 1; i <= RELAY_ASIDE_MAX + 2; i++)
		stored(&r, i);
	relay_read_done(&r, RELAY_ASIDE_MAX + 2, 0);
	assert_int_equal(r.position, RELAY_ASIDE_MAX + 2);
	assert_int_equal(r.naside, 0);
	assert_int_equal(relay_wait(&r, 0), -1);
	relay_free(&r);
}

static void
what_the_store_is_ahead_is_read(void **state)
{
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, 7);
	relay_known(&r, 7, 0);
	assert_int_equal(relay_wait(&r, 0), -1);
	relay_known(&r, 9, 0);
	assert_int_equal(relay_wait(&r, 0), RELAY_HOLE_WAIT * US);
	/* It was on its way. */
	publish(&r, 7, 8, 9);
	assert_int_equal(relay_wait(&r, 0), -1);
	expect(&r, &s, "8 9 ", 9);
	relay_free(&r);
}

static void
a_reading_in_parts_goes_on_at_once(void **state)
{
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, 0);
	publish_at(&r, 5, 6, 6, 0);
	stored(&r, 1);
	relay_read_done(&r, 1, 20 * US);
	assert_int_equal(relay_wait(&r, 20 * US), 0);
	relay_read_done(&r, 5, 30 * US);
	expect(&r, &s, "1 6 ", 6);
	assert_int_equal(relay_wait(&r, 30 * US), -1);
	relay_free(&r);
}

static void
what_the_store_does_not_have_is_forgotten(void **state)
{
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, 3);
	publish(&r, 1000000, 1000001, 1000001);
	publish(&r, 4, 5, 5);
	relay_read_done(&r, 3, 0);
	assert_int_equal(relay_wait(&r, 0), -1);
	assert_int_equal(r.naside, 0);
	/* The true log goes on. */
	publish(&r, 3, 4, 5);
	expect(&r, &s, "4 5 ", 5);
	relay_free(&r);
}

static void
another_log_is_followed_from_its_position(void **state)
{
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, 100);
	publish(&r, 101, 102, 102);
	relay_reset(&r, 50);
	assert_int_equal(relay_wait(&r, 0), -1);
	publish(&r, 50, 51, 51);
	expect(&r, &s, "51 ", 51);
	relay_free(&r);
}

static void
without_the_store_a_hole_is_left_out(void **state)
{
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, 0);
	publish(&r, 5, 6, 6);
	publish(&r, 8, 9, 9);
	relay_skip(&r, 0);
	expect(&r, &s, "- 6 ", 6);
	relay_skip(&r, 0);
	expect(&r, &s, "- 6 - 9 ", 9);
	assert_int_equal(relay_wait(&r, 0), -1);
	relay_known(&r, 12, 0);
	relay_skip(&r, 0);
	expect(&r, &s, "- 6 - 9 - ", 12);
	relay_skip(&r, 0);
	expect(&r, &s, "- 6 - 9 - ", 12);
	relay_free(&r);
}

static void
an_unknown_position_is_learnt(void **state)
{
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, -1);
	relay_known(&r, -1, 0);
	assert_int_equal(relay_wait(&r, 0), -1);
	publish(&r, 41, 42, 42);
	expect(&r, &s, "42 ", 42);
	relay_free(&r);
	start(&r, &s, -1);
	relay_known(&r, 41, 0);
	publish(&r, 41, 42, 42);
	expect(&r, &s, "42 ", 42);
	relay_free(&r);
}

static void
malformed_publications_change_nothing(void **state)
{
	struct relay r;
	struct sent s;
	struct buf b = { 0 };
	struct dgram_head h, bad;
	struct dgram_entry *e;
	size_t len;

	(void)state;
	start(&r, &s, 5);
	h = publication(&b, 5, 6, 7);
	len = buf_len(&b);
	e = (struct dgram_entry *)(void *)buf_head(&b);
	for (size_t cut = 0; cut < len; cut++)
		assert_false(relay_publish(&r, &h, buf_head(&b), cut, 0));
	bad = h;
	bad.count = 1;
	assert_false(relay_publish(&r, &bad, buf_head(&b), len, 0));
	bad.count = 3;
	assert_false(relay_publish(&r, &bad, buf_head(&b), len, 0));
	bad.count = UINT32_MAX;
	assert_false(relay_publish(&r, &bad, buf_head(&b), len, 0));
	bad.count = 0;
	assert_false(relay_publish(&r, &bad, buf_head(&b), len, 0));
	bad = h;
	bad.last = 8;
	assert_false(relay_publish(&r, &bad, buf_head(&b), len, 0));
	bad.last = bad.prev;
	assert_false(relay_publish(&r, &bad, buf_head(&b), len, 0));
	bad = h;
	bad.prev = 6;
	assert_false(relay_publish(&r, &bad, buf_head(&b), len, 0));
	bad.prev = -1;
	assert_false(relay_publish(&r, &bad, buf_head(&b), len, 0));
	e->id = 7;
	assert_false(relay_publish(&r, &h, buf_head(&b), len, 0));
	e->id = 6;
	e->len = UINT32_MAX;
	assert_false(relay_publish(&r, &h, buf_head(&b), len, 0));
	e->len = 0;
	assert_false(relay_publish(&r, &h, buf_head(&b), len, 0));
	expect(&r, &s, "", 5);
	assert_int_equal(relay_wait(&r, 0), -1);
	buf_free(&b);
	relay_free(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(publications_in_order_are_relayed),
		cmocka_unit_test(ids_may_have_gaps),
		cmocka_unit_test(disorder_is_put_right),
		cmocka_unit_test(what_came_already_is_dropped),
		cmocka_unit_test(of_an_overlap_only_the_new_part_is_relayed),
		cmocka_unit_test(one_put_aside_twice_is_relayed_once),
		cmocka_unit_test(a_hole_is_read_from_the_store_after_a_while),
		cmocka_unit_test(
		    what_was_read_past_the_hole_is_not_relayed_again),
		cmocka_unit_test(a_second_hole_has_its_own_time),
		cmocka_unit_test(a_publication_without_entries_is_read_at_once),
		cmocka_unit_test(too_many_aside_are_read_at_once),
		cmocka_unit_test(what_the_store_is_ahead_is_read),
		cmocka_unit_test(a_reading_in_parts_goes_on_at_once),
		cmocka_unit_test(what_the_store_does_not_have_is_forgotten),
		cmocka_unit_test(another_log_is_followed_from_its_position),
		cmocka_unit_test(without_the_store_a_hole_is_left_out),
		cmocka_unit_test(an_unknown_position_is_learnt),
		cmocka_unit_test(malformed_publications_change_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
