/*
 * When the housekeeper checkpoints, and of which reader it complains.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "limit.h"
#include "plan.h"

static void
without_commits_nothing_is_done(void **state)
{
	struct plan p = { 0 };
	struct plan_view v = { .wal_bytes = WAL_MAX, .last = true };

	(void)state;
	assert_false(plan_checkpoint(&p, &v, 1));
	assert_false(plan_checkpoint(&p, &v, 10 * CHECKPOINT_LAZY));
}

static void
a_small_wal_waits(void **state)
{
	struct plan p = { 0 };
	struct plan_view v = { .due = true, .wal_bytes = 100 };

	(void)state;
	assert_false(plan_checkpoint(&p, &v, 1000));
	assert_false(plan_checkpoint(&p, &v, 999 + CHECKPOINT_LAZY));
	assert_true(plan_checkpoint(&p, &v, 1000 + CHECKPOINT_LAZY));
	/* From then on it counts anew. */
	assert_false(plan_checkpoint(&p, &v, 999 + 2 * CHECKPOINT_LAZY));
	assert_true(plan_checkpoint(&p, &v, 1000 + 2 * CHECKPOINT_LAZY));
}

static void
the_wait_begins_with_the_first_commit(void **state)
{
	struct plan p = { 0 };
	struct plan_view idle = { .wal_bytes = 100 };
	struct plan_view v = { .due = true, .wal_bytes = 100 };

	(void)state;
	assert_false(plan_checkpoint(&p, &v, 1));
	assert_false(plan_checkpoint(&p, &idle, 2));
	assert_false(plan_checkpoint(&p, &v, 1 + CHECKPOINT_LAZY));
	assert_true(plan_checkpoint(&p, &v, 1 + 2 * CHECKPOINT_LAZY));
}

static void
a_large_wal_is_written_back_each_interval(void **state)
{
	struct plan p = { 0 };
	struct plan_view v = { .due = true, .wal_bytes = CHECKPOINT_BYTES };

	(void)state;
	assert_true(plan_checkpoint(&p, &v, 1000));
	assert_false(plan_checkpoint(&p, &v, 999 + CHECKPOINT_INTERVAL));
	assert_true(plan_checkpoint(&p, &v, 1000 + CHECKPOINT_INTERVAL));
}

static void
a_failed_sync_and_the_end_do_not_wait(void **state)
{
	struct plan p = { 0 };
	struct plan_view v = { .due = true, .sync_failed = true };

	(void)state;
	assert_true(plan_checkpoint(&p, &v, 1000));
	assert_false(plan_checkpoint(&p, &v, 1001));
	v.last = true;
	assert_true(plan_checkpoint(&p, &v, 1001));
}

static void
a_reader_is_named_when_it_pins_a_large_wal_for_long(void **state)
{
	struct plan p = { 0 };
	int64_t large = PLAN_PINNED_BYTES + 1;

	(void)state;
	assert_false(plan_reader(&p, 77, large, 1000));
	assert_false(plan_reader(&p, 77, large, 999 + READER_STOPPED));
	assert_true(plan_reader(&p, 77, large, 1000 + READER_STOPPED));
	/* And again after as long. */
	assert_false(plan_reader(&p, 77, large, 1001 + READER_STOPPED));
	assert_true(plan_reader(&p, 77, large, 1000 + 2 * READER_STOPPED));
}

static void
while_a_reader_pins_the_wal_it_happens_more_seldom(void **state)
{
	static const int64_t pauses[] = { 2000, 4000, 8000, 8000 };
	struct plan p = { 0 };
	struct plan_view v = { .due = true, .wal_bytes = CHECKPOINT_BYTES };
	int64_t now = 1000;
	size_t i;

	(void)state;
	assert_true(plan_checkpoint(&p, &v, now));
	for (i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
		plan_reader(&p, 77, v.wal_bytes, now);
		assert_false(plan_checkpoint(&p, &v, now + pauses[i] - 1));
		now += pauses[i];
		assert_true(plan_checkpoint(&p, &v, now));
	}
	plan_reader(&p, 77, v.wal_bytes, now);
	/* Not when nothing can be stored before, nor when it becomes large. */
	v.sync_failed = true;
	now += CHECKPOINT_INTERVAL;
	assert_true(plan_checkpoint(&p, &v, now));
	v.sync_failed = false;
	v.wal_bytes = PLAN_PINNED_BYTES + 1;
	now += CHECKPOINT_INTERVAL;
	assert_true(plan_checkpoint(&p, &v, now));
	/* And no more when it is gone. */
	v.wal_bytes = CHECKPOINT_BYTES;
	plan_reader(&p, 0, v.wal_bytes, now);
	assert_true(plan_checkpoint(&p, &v, now + CHECKPOINT_INTERVAL));
}

static void
other_readers_and_small_wals_are_fine(void **state)
{
	struct plan p = { 0 };
	int64_t large = PLAN_PINNED_BYTES + 1, later = 1000 + READER_STOPPED;

	(void)state;
	assert_false(plan_reader(&p, 77, large, 1000));
	assert_false(plan_reader(&p, 78, large, later));
	assert_false(plan_reader(&p, 0, large, later + 1));
	assert_false(plan_reader(&p, 78, large, later + 2));
	assert_false(
	    plan_reader(&p, 78, PLAN_PINNED_BYTES, later + 3 + READER_STOPPED));
	assert_false(plan_reader(&p, 78, large, later + 4 + READER_STOPPED));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_commits_nothing_is_done),
		cmocka_unit_test(a_small_wal_waits),
		cmocka_unit_test(the_wait_begins_with_the_first_commit),
		cmocka_unit_test(a_large_wal_is_written_back_each_interval),
		cmocka_unit_test(a_failed_sync_and_the_end_do_not_wait),
		cmocka_unit_test(
		    a_reader_is_named_when_it_pins_a_large_wal_for_long),
		cmocka_unit_test(
		    while_a_reader_pins_the_wal_it_happens_more_seldom),
		cmocka_unit_test(other_readers_and_small_wals_are_fine),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
