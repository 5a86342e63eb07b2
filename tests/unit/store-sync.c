/*
 * Unit tests of the store and the disk: what is synced when, a sync that fails,
 * and checkpoints, which bring that in order.
 *
 * Syncs are counted and made to fail on the way from SQLite to the disk.
 */
#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store-test.h"

#include "store-between.h"

#define CHECKPOINT_LOCK 1 /* offset of that lock (walformat.html) */

/* ---- between SQLite and the disk ---- */

static int wal_syncs, checkpoints; /* since the test began */
static bool sync_fails;
static sqlite3_int64 wal_pretends; /* size of the WAL, 0: the true one */

static int
our_sync(sqlite3_file *f, int flags)
{
	const struct between_kind *kind = kind_of(f);

	if (kind->type == SQLITE_OPEN_WAL) {
		wal_syncs++;
		if (sync_fails)
			return SQLITE_IOERR_FSYNC;
	}
	return kind->real->xSync(f, flags);
}

static int
our_size(sqlite3_file *f, sqlite3_int64 *size)
{
	const struct between_kind *kind = kind_of(f);

	if (kind->type == SQLITE_OPEN_WAL && wal_pretends != 0) {
		*size = wal_pretends;
		return SQLITE_OK;
	}
	return kind->real->xFileSize(f, size);
}

static int
our_lock(sqlite3_file *f, int offset, int n, int flags)
{
	if (offset == CHECKPOINT_LOCK && (flags & SQLITE_SHM_EXCLUSIVE) &&
	    (flags & SQLITE_SHM_LOCK))
		checkpoints++;
	return kind_of(f)->real->xShmLock(f, offset, n, flags);
}

static void
replace(sqlite3_io_methods *m)
{
	m->xSync = our_sync;
	m->xFileSize = our_size;
	if (m->iVersion >= 2)
		m->xShmLock = our_lock;
}

static int
step_between(void **state)
{
	(void)state;
	return between_step(replace);
}

static int
begin(void **state)
{
	wal_syncs = checkpoints = 0;
	sync_fails = false;
	wal_pretends = 0;
	return place_make(state);
}

/* ---- on disk before it counts ---- */

static void
with_full_durability_commits_are_synced_before_they_count(void **state)
{
	struct store *s = open_store(true);
	struct store_session me = login_ok(s, "alice");
	int before = wal_syncs;

	(void)state;
	say(s, &me, NULL, "one");
	assert_int_equal(wal_syncs, before + 1);
	say(s, &me, NULL, "two");
	assert_int_equal(wal_syncs, before + 2);
	assert_int_equal(store_position(s), 2);
	store_close(s);
}

static void
with_normal_durability_none_is(void **state)
{
	struct store *s = open_store(false);
	struct store_session me = login_ok(s, "alice");
	int before = wal_syncs;

	(void)state;
	say(s, &me, NULL, "one");
	assert_int_equal(wal_syncs, before);
	assert_int_equal(store_position(s), 1);
	store_close(s);
}

static void
the_position_stays_behind_until_the_sync(void **state)
{
	struct store *full = open_store(true), *normal = open_store(false);
	struct store_session me = login_ok(normal, "alice"), bob;
	struct store_view view = { .user_id = 99, .session_id = 99 };

	(void)state;
	say(normal, &me, NULL, "x");
	assert_int_equal(store_position(normal), 1);
	assert_int_equal(store_position(full), 0);
	/* Who logs in now starts where everybody else is. */
	bob = login_ok(full, "bob");
	assert_int_equal(bob.position, 0);
	assert_string_equal(catch_up(full, &view), "");
	say(full, &bob, NULL, "y");
	assert_int_equal(store_position(full), 2);
	assert_string_equal(catch_up(full, &view), "x y ");
	store_close(full);
	store_close(normal);
}

static void
one_sync_serves_all_who_committed_before_it(void **state)
{
	struct store *a = open_store(true), *b = open_store(true);
	int before;

	(void)state;
	login_ok(a, "alice");
	login_ok(b, "bob");
	before = wal_syncs;
	assert_int_equal(store_sync(b), STORE_OK);
	/* A transaction that wrote nothing waits for who came before it. */
	assert_int_equal(store_begin(a), STORE_OK);
	assert_int_equal(store_commit(a, true), STORE_OK);
	assert_int_equal(wal_syncs, before + 1);
	assert_int_equal(store_sync(a), STORE_OK);
	assert_int_equal(wal_syncs, before + 1);
	store_close(a);
	store_close(b);
}

static void
a_failed_sync_is_no_ack_until_a_checkpoint(void **state)
{
	struct store *s = open_store(true), *other = open_store(true);
	struct store_session me = login_ok(s, "alice");
	struct store_checkpoint done;
	struct store_sent sent = { .id = -7 };
	int before;

	(void)state;
	say(s, &me, NULL, "one");
	sync_fails = true;
	assert_int_equal(
	    send_one(s, &me, NULL, "r", "two", &sent), STORE_UNAVAILABLE);
	assert_non_null(strstr(store_error(s), "sync"));
	assert_true(store_sync_failed(other));
	assert_int_equal(store_position(s), 1);
	/* That the next sync works proves nothing about what failed. */
	sync_fails = false;
	before = wal_syncs;
	assert_int_equal(
	    send_one(s, &me, NULL, "r", "two", &sent), STORE_UNAVAILABLE);
	assert_int_equal(
	    send_one(other, &me, NULL, "q", "x", &sent), STORE_UNAVAILABLE);
	assert_int_equal(wal_syncs, before);
	assert_int_equal(store_position(other), 1);
	assert_true(store_checkpoint_due(other));
	assert_int_equal(store_checkpoint(other, &done), STORE_OK);
	assert_true(done.done);
	assert_false(store_sync_failed(s));
	/* It was stored, unacknowledged: sent again, it is there once. */
	assert_int_equal(store_position(s), 2);
	assert_int_equal(send_one(s, &me, NULL, "r", "two", &sent), STORE_OK);
	assert_true(sent.again);
	assert_int_equal(sent.id, 2);
	store_close(s);
	store_close(other);
}

static void
a_checkpoint_that_cannot_sync_cures_nothing(void **state)
{
	struct store *s = open_store(true);
	struct store_session me = login_ok(s, "alice");
	struct store_checkpoint done;
	struct store_sent sent;

	(void)state;
	sync_fails = true;
	assert_int_equal(
	    send_one(s, &me, NULL, NULL, "x", &sent), STORE_UNAVAILABLE);
	assert_int_equal(store_checkpoint(s, &done), STORE_UNAVAILABLE);
	assert_true(store_sync_failed(s));
	sync_fails = false;
	assert_true(store_checkpoint_due(s));
	assert_int_equal(store_checkpoint(s, &done), STORE_OK);
	assert_false(store_sync_failed(s));
	say(s, &me, NULL, "y");
	store_close(s);
}

static void
a_session_that_died_after_its_commit_is_made_up_for(void **state)
{
	struct store *s = open_store(true);
	struct store_session me = login_ok(s, "alice");

	(void)state;
	say(s, &me, NULL, "one");
	sql("INSERT INTO messages (sender_id, session_id, body, created_at)"
	    " VALUES (1, 1, 'two', 1)");
	assert_int_equal(store_position(s), 1);
	assert_int_equal(store_settle(s), STORE_OK);
	assert_int_equal(store_position(s), 2);
	store_close(s);
}

static void
a_wal_at_its_limit_takes_no_more(void **state)
{
	struct store *s = open_store(true);
	struct store_session me = login_ok(s, "alice");
	struct store_sent sent;

	(void)state;
	wal_pretends = WAL_MAX;
	say(s, &me, NULL, "fits");
	wal_pretends = WAL_MAX + 1;
	assert_int_equal(
	    send_one(s, &me, NULL, NULL, "x", &sent), STORE_UNAVAILABLE);
	assert_non_null(strstr(store_error(s), "WAL"));
	wal_pretends = 0;
	say(s, &me, NULL, "goes on");
	store_close(s);
}

/* ---- checkpoints ---- */

static void
only_what_was_committed_makes_a_checkpoint_due(void **state)
{
	struct store *s = open_store(true), *session = open_store(true);
	struct store_session me = login_ok(session, "alice");
	struct store_checkpoint c;
	int64_t bytes;
	int before;

	(void)state;
	say(session, &me, NULL, "x");
	assert_true(store_checkpoint_due(s));
	before = checkpoints;
	assert_int_equal(store_checkpoint(s, &c), STORE_OK);
	assert_true(c.done);
	assert_true(c.wal_bytes > 0);
	assert_int_equal(c.reader, 0);
	assert_true(checkpoints > before);
	assert_false(store_checkpoint_due(s));
	/* Asked again, it begins none. */
	before = checkpoints;
	assert_int_equal(store_checkpoint(s, &c), STORE_OK);
	assert_true(c.done);
	assert_int_equal(checkpoints, before);
	/* The WAL begins anew instead of growing. */
	bytes = store_wal_bytes(s);
	say(session, &me, NULL, "y");
	assert_int_equal(store_wal_bytes(s), bytes);
	assert_true(store_checkpoint_due(s));
	store_close(s);
	store_close(session);
}

/* The order that keeps SQLite's WAL-reset bug away holds over a restart. */
static void
a_relay_that_was_restarted_begins_none_either(void **state)
{
	struct store *s = open_store(true);
	struct store_session me = login_ok(s, "alice");
	struct store_checkpoint c;
	int before;

	(void)state;
	say(s, &me, NULL, "x");
	assert_int_equal(store_checkpoint(s, &c), STORE_OK);
	assert_true(c.done);
	store_close(s);
	s = open_store(true);
	before = checkpoints;
	assert_false(store_checkpoint_due(s));
	assert_int_equal(store_checkpoint(s, &c), STORE_OK);
	assert_int_equal(checkpoints, before);
	store_close(s);
}

static void
sessions_make_no_checkpoint_even_when_the_last_closes(void **state)
{
	struct store *s = open_store(true);
	struct store_session me = login_ok(s, "alice");
	int before = checkpoints;
	char wal[96];
	struct stat st;
	int i;

	(void)state;
	for (i = 0; i < 50; i++)
		say(s, &me, NULL, "x");
	store_close(s);
	assert_int_equal(checkpoints, before);
	snprintf(wal, sizeof(wal), "%s-wal", db_path);
	assert_int_equal(stat(wal, &st), 0);
	assert_true(st.st_size > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, place_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(with_full_durability_commits_are_synced_before_they_count),
		TEST(with_normal_durability_none_is),
		TEST(the_position_stays_behind_until_the_sync),
		TEST(one_sync_serves_all_who_committed_before_it),
		TEST(a_failed_sync_is_no_ack_until_a_checkpoint),
		TEST(a_checkpoint_that_cannot_sync_cures_nothing),
		TEST(a_session_that_died_after_its_commit_is_made_up_for),
		TEST(a_wal_at_its_limit_takes_no_more),
		TEST(only_what_was_committed_makes_a_checkpoint_due),
		TEST(a_relay_that_was_restarted_begins_none_either),
		TEST(sessions_make_no_checkpoint_even_when_the_last_closes),
	};

	return cmocka_run_group_tests_name(
	    "store-sync", tests, step_between, NULL);
}
