/*
 * Pruning: what is older goes and nothing else, ids stay used, and the space
 * is given back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "limit.h"
#include "store-prune.h"
#include "store-test.h"

#define CUT 1000000

/* Messages 1 to n of alice, each of `time`. */
static void
messages_make(int n, int64_t time)
{
	char text[512];

	snprintf(text, sizeof(text),
	    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
	    " WHERE i < %d) INSERT INTO messages (sender_id, session_id, body,"
	    " created_at) SELECT 1, 1, printf('%%.*c', 300, 'x'), %lld FROM n",
	    n, (long long)time);
	sql(text);
}

/* To its end; how many steps it took. */
static int
prune(struct store *s, struct store_prune *p)
{
	int steps = 0;

	*p = (struct store_prune){ .before = CUT };
	while (!p->done) {
		assert_int_equal(store_prune(s, p), STORE_OK);
		assert_true(++steps < 10000);
	}
	return steps;
}

static void
only_what_is_older_goes(void **state)
{
	struct store *s = open_store(true);
	struct store_prune p;

	(void)state;
	login_ok(s, "alice");
	messages_make(PRUNE_ROWS * 3 + 7, CUT - 1);
	messages_make(5, CUT);
	assert_true(prune(s, &p) > 4);
	assert_int_equal(p.messages, PRUNE_ROWS * 3 + 7);
	assert_int_equal(sql_int("SELECT count(*) FROM messages"), 5);
	assert_int_equal(
	    sql_int("SELECT min(id) FROM messages"), PRUNE_ROWS * 3 + 8);
	store_close(s);
}

static void
nothing_to_do_is_done_at_once(void **state)
{
	struct store *s = open_store(true);
	struct store_prune p;

	(void)state;
	assert_true(prune(s, &p) <= 3);
	assert_int_equal(p.messages + p.sessions + p.pages, 0);
	store_close(s);
}

static void
a_time_of_the_future_keeps_only_itself(void **state)
{
	struct store *s = open_store(true);
	struct store_prune p;

	(void)state;
	login_ok(s, "alice");
	messages_make(10, CUT - 1);
	messages_make(PRUNE_ROWS * 2, INT64_MAX);
	messages_make(PRUNE_ROWS, CUT - 1);
	prune(s, &p);
	assert_int_equal(p.messages, PRUNE_ROWS + 10);
	assert_int_equal(
	    sql_int("SELECT count(*) FROM messages"), PRUNE_ROWS * 2);
	store_close(s);
}

static void
ids_are_not_used_again(void **state)
{
	struct store *s = open_store(true);
	struct store_session alice = login_ok(s, "alice");
	struct store_prune p;
	int64_t last = say(s, &alice, NULL, "x");

	(void)state;
	sql("UPDATE messages SET created_at = 0");
	prune(s, &p);
	assert_int_equal(sql_int("SELECT count(*) FROM messages"), 0);
	assert_int_equal(say(s, &alice, NULL, "y"), last + 1);
	store_close(s);
	s = open_store(true);
	assert_int_equal(store_position(s), last + 1);
	store_close(s);
}

static void
ended_sessions_go_and_open_ones_stay(void **state)
{
	struct store *s = open_store(true);
	struct store_session alice = login_ok(s, "alice");
	struct store_session bob = login_ok(s, "bob");
	struct store_prune p;
	int i;

	(void)state;
	for (i = 0; i < PRUNE_ROWS; i++)
		sql("INSERT INTO sessions (user_id, socket, peer, pid,"
		    " started_at) SELECT 1, 'x', '', 1, 0");
	assert_int_equal(store_session_end(s, bob.id, "bob", "x", 1), STORE_OK);
	/* One that began before, and ended not so long ago. */
	sql("INSERT INTO sessions (user_id, socket, peer, pid, started_at,"
	    " ended_at, reason) VALUES (1, 'y', '', 1, 0, 1000000, 'x')");
	sql("UPDATE sessions SET started_at = 0");
	sql("UPDATE sessions SET ended_at = 999999 WHERE reason = 'x'"
	    " AND socket <> 'y'");
	/* Beyond a whole window of open ones. */
	sql("INSERT INTO sessions (user_id, socket, peer, pid, started_at,"
	    " ended_at, reason) VALUES (1, 'z', '', 1, 0, 5, 'x')");
	prune(s, &p);
	assert_int_equal(p.sessions, 2);
	assert_int_equal(
	    sql_int("SELECT count(*) FROM sessions WHERE ended_at IS NULL"),
	    PRUNE_ROWS + 1);
	assert_int_equal(
	    sql_int("SELECT count(*) FROM sessions WHERE socket = 'y'"), 1);
	(void)alice;
	store_close(s);
}

static void
space_is_given_back(void **state)
{
	struct store *s = open_store(true);
	struct store_checkpoint c;
	struct store_prune p;
	int64_t before;

	(void)state;
	login_ok(s, "alice");
	messages_make(20000, CUT - 1);
	before = sql_int("PRAGMA page_count");
	prune(s, &p);
	assert_true(p.pages > before / 2);
	assert_int_equal(sql_int("PRAGMA freelist_count"), 0);
	/* (Pages that map others go as well.) */
	assert_true(sql_int("PRAGMA page_count") <= before - p.pages);
	/* The relay is told, so that the file gets shorter. */
	assert_true(store_checkpoint_due(s));
	assert_int_equal(store_checkpoint(s, &c), STORE_OK);
	assert_true(c.done);
	store_close(s);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_what_is_older_goes),
		TEST(nothing_to_do_is_done_at_once),
		TEST(a_time_of_the_future_keeps_only_itself),
		TEST(ids_are_not_used_again),
		TEST(ended_sessions_go_and_open_ones_stay),
		TEST(space_is_given_back),
	};

	return cmocka_run_group_tests_name("store-prune", tests, NULL, NULL);
}
