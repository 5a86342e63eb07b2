/*
 * Unit tests of lib/count: what is counted in the shared page, by whom, and
 * what outlives what.
 */
#include <sys/wait.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "count.h"
#include "shared.h"
#include "store-test.h"

static const struct counts *
seen(void)
{
	const struct shared *page = shared_read(place);

	assert_non_null(page);
	return &page->counts;
}

static void
nothing_is_counted_without_a_page(void **state)
{
	(void)state;
	count_add(COUNT_STORED, 1);
	count_observe(COUNT_COMMIT, 1);
	count_end("closed");
	count_error("TIMEOUT");
	count_set(COUNT_USERS, 1);
	count_sample(0, 1);
	count_open("/nonexistent");
	count_add(COUNT_STORED, 1);
	assert_null(shared_read(place));
}

static void
words_are_counted_each_by_itself_unknown_ones_together(void **state)
{
	size_t i, n;

	(void)state;
	count_open(place);
	for (n = 0; count_end_name(n) != NULL; n++)
		count_end(count_end_name(n));
	for (i = 0; i < n; i++)
		assert_int_equal(seen()->ends[i], 1);
	count_end("something new");
	assert_int_equal(seen()->ends[0], 2);
	assert_string_equal(count_end_name(0), "other");
	for (n = 0; count_error_name(n) != NULL; n++)
		count_error(count_error_name(n));
	for (i = 0; i < n; i++)
		assert_int_equal(seen()->errors[i], 1);
	count_error("");
	assert_int_equal(seen()->errors[0], 2);
	count_close();
}

static void
a_time_is_in_the_bucket_whose_bound_it_does_not_pass(void **state)
{
	const struct count_buckets *h;
	size_t i;

	(void)state;
	count_open(place);
	h = &seen()->histograms[COUNT_HISTORY];
	for (i = 0; i < COUNT_BUCKETS - 1; i++) {
		count_observe(COUNT_HISTORY, count_bounds[i]);
		assert_int_equal(h->buckets[i], 1 + (i > 0));
		count_observe(COUNT_HISTORY, count_bounds[i] + 1);
		assert_int_equal(h->buckets[i + 1], 1);
		assert_true(i == 0 || count_bounds[i] > count_bounds[i - 1]);
	}
	/* A clock that was set back. */
	count_observe(COUNT_HISTORY, -5);
	assert_int_equal(h->buckets[0], 2);
	count_observe(COUNT_HISTORY, INT64_C(1) << 40);
	assert_int_equal(h->buckets[COUNT_BUCKETS - 1], 2);
	count_close();
}

static void
many_count_at_a_time_and_nothing_is_lost(void **state)
{
	enum { PROCESSES = 4, TIMES = 20000 };
	uint64_t before;
	int i, k, status;

	(void)state;
	count_open(place);
	before = seen()->numbers[COUNT_STORED];
	fflush(NULL);
	for (i = 0; i < PROCESSES; i++) {
		if (fork() != 0)
			continue;
		count_open(place);
		for (k = 0; k < TIMES; k++)
			count_add(COUNT_STORED, 2);
		/* Without any goodbye. */
		kill(getpid(), SIGKILL);
	}
	while (wait(&status) > 0)
		assert_true(WIFSIGNALED(status));
	count_close();
	assert_int_equal(
	    seen()->numbers[COUNT_STORED] - before, 2 * PROCESSES * TIMES);
}

static void
a_page_that_has_no_counts_is_not_read(void **state)
{
	struct shared *page;
	int fd;

	(void)state;
	page = shared_map(place, &fd);
	assert_non_null(page);
	page->version = 2;
	assert_null(shared_read(place));
	shared_unmap(page, fd);
	/* The next to count brings it up to date, and it begins where it was. */
	count_open(place);
	count_close();
	assert_non_null(shared_read(place));
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_counted_without_a_page),
		TEST(words_are_counted_each_by_itself_unknown_ones_together),
		TEST(a_time_is_in_the_bucket_whose_bound_it_does_not_pass),
		TEST(many_count_at_a_time_and_nothing_is_lost),
		TEST(a_page_that_has_no_counts_is_not_read),
	};

	return cmocka_run_group_tests_name("count", tests, NULL, NULL);
}
