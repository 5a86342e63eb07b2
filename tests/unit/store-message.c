/*
 * Unit tests of the store's messages: who may send to whom, refs, catching up,
 * history, and that no statement reads a whole table.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store-test.h"

/* ---- sending ---- */

static void
ids_grow_and_the_log_knows_its_last(void **state)
{
	struct store *s = open_store(true);
	struct store_session me = login_ok(s, "alice");
	struct store_send in = { .body = "x", .body_len = 1 };
	struct store_sent one, two;
	int64_t before = -1;

	(void)state;
	assert_int_equal(say(s, &me, NULL, "a"), 1);
	assert_int_equal(store_messages_begin(s, &me, &before), STORE_OK);
	assert_int_equal(before, 1);
	assert_int_equal(store_message_send(s, &me, &in, &one), STORE_OK);
	assert_int_equal(store_message_send(s, &me, &in, &two), STORE_OK);
	/* Nobody may see them yet. */
	assert_int_equal(store_position(s), 1);
	assert_int_equal(store_messages_commit(s), STORE_OK);
	assert_int_equal(store_position(s), 3);
	assert_int_equal(one.id, 2);
	assert_int_equal(two.id, 3);
	assert_string_equal(two.to, "all");
	assert_int_equal(two.recipient_id, 0);
	store_close(s);
}

static void
what_is_rolled_back_never_was(void **state)
{
	struct store *s = open_store(true);
	struct store_session me = login_ok(s, "alice");
	struct store_send in = { .body = "x", .body_len = 1, .ref = "r" };
	struct store_sent sent;
	int64_t before;

	(void)state;
	assert_int_equal(store_messages_begin(s, &me, &before), STORE_OK);
	assert_int_equal(store_message_send(s, &me, &in, &sent), STORE_OK);
	store_messages_rollback(s);
	assert_int_equal(store_position(s), 0);
	assert_int_equal(sql_int("SELECT count(*) FROM messages"), 0);
	assert_int_equal(send_one(s, &me, NULL, "r", "y", &sent), STORE_OK);
	assert_false(sent.again);
	store_close(s);
}

static void
private_messages_need_somebody_to_reach(void **state)
{
	struct store *s = open_store(true);
	struct store_session alice = login_ok(s, "alice"), bob;
	struct store_sent sent = { .id = -7 };

	(void)state;
	assert_int_equal(send_one(s, &alice, "bob", NULL, "x", &sent),
	    STORE_NO_USER);
	assert_int_equal(sent.id, -7);
	bob = login_ok(s, "Bob");
	assert_int_equal(send_one(s, &alice, "bOB", NULL, "x", &sent),
	    STORE_OK);
	assert_string_equal(sent.to, "Bob");
	assert_int_equal(sent.recipient_id, bob.user_id);
	assert_int_equal(send_one(s, &alice, "alice", NULL, "me", &sent),
	    STORE_OK);
	assert_int_equal(store_session_end(s, bob.id, "x", -1), STORE_OK);
	assert_int_equal(send_one(s, &alice, "bob", NULL, "x", &sent),
	    STORE_NO_USER);
	/* Who is registered gets it later. */
	sql("UPDATE users SET password = 'x' WHERE username = 'bob'");
	assert_int_equal(send_one(s, &alice, "bob", NULL, "x", &sent),
	    STORE_OK);
	store_close(s);
}

/* ---- refs ---- */

static void
a_resend_is_stored_once(void **state)
{
	struct store *s = open_store(true);
	struct store_session me = login_ok(s, "alice"), again;
	struct store_sent first, second;

	(void)state;
	assert_int_equal(send_one(s, &me, NULL, "r1", "x", &first), STORE_OK);
	assert_false(first.again);
	say(s, &me, NULL, "between");
	assert_int_equal(send_one(s, &me, NULL, "r1", "x", &second), STORE_OK);
	assert_true(second.again);
	assert_int_equal(second.id, first.id);
	assert_int_equal(second.time, first.time);
	/* On a later connection of the same person as well. */
	assert_int_equal(login(s, "alice", "a2", "alice", "x", &again),
	    STORE_OK);
	assert_int_equal(send_one(s, &again, NULL, "r1", "x", &second),
	    STORE_OK);
	assert_true(second.again);
	assert_int_equal(second.id, first.id);
	assert_int_equal(sql_int("SELECT count(*) FROM messages"), 2);
	store_close(s);
}

static void
a_resend_needs_no_recipient_any_more(void **state)
{
	struct store *s = open_store(true);
	struct store_session me = login_ok(s, "alice"), bob = login_ok(s, "bob");
	struct store_sent first, second;

	(void)state;
	assert_int_equal(send_one(s, &me, "bob", "r", "x", &first), STORE_OK);
	assert_int_equal(store_session_end(s, bob.id, "x", -1), STORE_OK);
	assert_int_equal(send_one(s, &me, "bob", "r", "x", &second), STORE_OK);
	assert_true(second.again);
	assert_int_equal(second.id, first.id);
	store_close(s);
}

static void
a_ref_stands_for_one_message(void **state)
{
	struct store *s = open_store(true);
	struct store_session alice = login_ok(s, "alice");
	struct store_session bob = login_ok(s, "bob");
	struct store_sent sent;

	(void)state;
	assert_int_equal(send_one(s, &alice, NULL, "r", "x", &sent), STORE_OK);
	assert_int_equal(send_one(s, &alice, NULL, "r", "y", &sent),
	    STORE_REF_REUSED);
	assert_int_equal(send_one(s, &alice, NULL, "r", "xx", &sent),
	    STORE_REF_REUSED);
	assert_int_equal(send_one(s, &alice, "bob", "r", "x", &sent),
	    STORE_REF_REUSED);
	/* Others have refs of their own. */
	assert_int_equal(send_one(s, &bob, NULL, "r", "x", &sent), STORE_OK);
	assert_false(sent.again);
	assert_int_equal(sql_int("SELECT count(*) FROM messages"), 2);
	store_close(s);
}

static void
a_former_holders_refs_are_forgotten(void **state)
{
	struct store *s = open_store(true);
	struct store_session me = login_ok(s, "alice"), next;
	struct store_sent first, second;

	(void)state;
	assert_int_equal(send_one(s, &me, NULL, "r", "x", &first), STORE_OK);
	assert_int_equal(send_one(s, &me, NULL, "q", "x", &first), STORE_OK);
	assert_int_equal(login(s, "alice", "a2", NULL, "x", &next), STORE_OK);
	assert_int_equal(send_one(s, &next, NULL, "r", "x", &second), STORE_OK);
	assert_false(second.again);
	assert_int_equal(second.id, 3);
	assert_int_equal(send_one(s, &next, NULL, "q", "other", &second),
	    STORE_OK);
	assert_int_equal(sql_int("SELECT count(*) FROM messages"), 4);
	store_close(s);
}

static void
a_ref_is_forgotten_after_a_day(void **state)
{
	struct store *s = open_store(true);
	struct store_session me = login_ok(s, "alice");
	struct store_sent first, second;

	(void)state;
	assert_int_equal(send_one(s, &me, NULL, "r", "x", &first), STORE_OK);
	/* Not quite a day ago. */
	sql("UPDATE messages SET created_at = created_at - 86340000");
	assert_int_equal(send_one(s, &me, NULL, "r", "x", &second), STORE_OK);
	assert_true(second.again);
	sql("UPDATE messages SET created_at = created_at - 60001");
	assert_int_equal(send_one(s, &me, NULL, "r", "y", &second), STORE_OK);
	assert_false(second.again);
	/* The old message stays, without it. */
	assert_int_equal(sql_int("SELECT count(*) FROM messages WHERE id = 1"
	    " AND body = 'x' AND ref IS NULL"), 1);
	store_close(s);
}

/* ---- catching up ---- */

static void
catching_up_gives_what_one_may_see(void **state)
{
	struct store *s = open_store(true);
	struct store_session alice = login_ok(s, "alice");
	struct store_session bob = login_ok(s, "bob");
	struct store_session carol = login_ok(s, "carol");
	struct store_view view = { .user_id = bob.user_id,
	    .session_id = bob.id };

	(void)state;
	say(s, &alice, NULL, "1:all");
	say(s, &alice, "bob", "2:to-bob");
	say(s, &alice, "carol", "3:to-carol");
	say(s, &bob, NULL, "4:own");
	say(s, &bob, "alice", "5:own-private");
	say(s, &carol, "alice", "6:to-alice");
	say(s, &carol, NULL, "7:all");
	assert_string_equal(catch_up(s, &view), "1:all 2:to-bob 7:all ");
	assert_int_equal(view.position, 7);
	/* What another session of the same user said is news. */
	view.session_id = 99;
	view.position = 0;
	assert_string_equal(catch_up(s, &view),
	    "1:all 2:to-bob 4:own 5:own-private 7:all ");
	store_close(s);
}

static void
catching_up_has_two_floors(void **state)
{
	struct store *s = open_store(true);
	struct store_session alice = login_ok(s, "alice");
	struct store_session bob = login_ok(s, "bob");
	struct store_view view = { .user_id = bob.user_id,
	    .session_id = bob.id, .public_from = 2, .private_from = 3 };
	struct store_view back;

	(void)state;
	say(s, &alice, NULL, "1:all");
	say(s, &alice, "bob", "2:bob");
	say(s, &alice, "bob", "3:bob");
	say(s, &alice, NULL, "4:all");
	say(s, &alice, "bob", "5:bob");
	back = view;
	assert_string_equal(catch_up(s, &view), "4:all 5:bob ");
	back.public_from = 4;
	back.private_from = 0;
	assert_string_equal(catch_up(s, &back), "2:bob 3:bob 5:bob ");
	back.position = 3;
	assert_string_equal(catch_up(s, &back), "5:bob ");
	store_close(s);
}

static void
catching_up_stops_at_its_limit(void **state)
{
	struct store *s = open_store(true);
	struct store_session alice = login_ok(s, "alice");
	struct store_view view = { .user_id = 99, .session_id = 99 };
	struct heard h = { .count = 0 };
	int i;

	(void)state;
	for (i = 0; i < 5; i++)
		say(s, &alice, NULL, "x");
	assert_int_equal(store_catch_up(s, &view, 3, hear, &h), STORE_OK);
	assert_int_equal(h.count, 3);
	assert_int_equal(view.position, 3);
	assert_int_equal(store_catch_up(s, &view, 3, hear, &h), STORE_OK);
	assert_int_equal(store_catch_up(s, &view, 2, hear, &h), STORE_OK);
	assert_int_equal(h.count, 3);
	assert_int_equal(view.position, 3);
	store_close(s);
}

static void
catching_up_goes_by_pages(void **state)
{
	struct store *s = open_store(false);
	struct store_session alice = login_ok(s, "alice");
	struct store_send in = { .body = "x", .body_len = 1 };
	struct store_view view = { .user_id = 99, .session_id = 99 };
	struct heard h = { .count = 0 };
	struct store_sent sent;
	int64_t before;
	int i;

	(void)state;
	assert_int_equal(store_messages_begin(s, &alice, &before), STORE_OK);
	for (i = 0; i < CATCHUP_ROWS + 10; i++)
		assert_int_equal(store_message_send(s, &alice, &in, &sent),
		    STORE_OK);
	assert_int_equal(store_messages_commit(s), STORE_OK);
	assert_int_equal(store_catch_up(s, &view, store_position(s), hear,
	    &h), STORE_OK);
	assert_int_equal(h.count, CATCHUP_ROWS);
	assert_int_equal(view.position, CATCHUP_ROWS);
	assert_int_equal(store_catch_up(s, &view, store_position(s), hear,
	    &h), STORE_OK);
	assert_int_equal(h.count, CATCHUP_ROWS + 10);
	assert_int_equal(view.position, CATCHUP_ROWS + 10);
	/* Who takes no more is asked again for what follows. */
	view.position = 0;
	h = (struct heard){ .stop = 3 };
	assert_int_equal(store_catch_up(s, &view, store_position(s), hear,
	    &h), STORE_OK);
	assert_int_equal(h.count, 3);
	assert_int_equal(view.position, 3);
	store_close(s);
}

static void
catching_up_looks_at_so_many_ids_at_a_time(void **state)
{
	struct store *s = open_store(true);
	struct store_session alice = login_ok(s, "alice");
	struct store_view view = { .user_id = 99, .session_id = 99 };
	struct heard h = { .count = 0 };
	int calls = 0;

	(void)state;
	say(s, &alice, NULL, "near");
	sql("UPDATE sqlite_sequence SET seq = 200000");
	say(s, &alice, NULL, "far");
	assert_int_equal(store_position(s), 200001);
	while (view.position < store_position(s)) {
		assert_int_equal(store_catch_up(s, &view, store_position(s),
		    hear, &h), STORE_OK);
		calls++;
		if (calls == 1)
			assert_int_equal(view.position, CATCHUP_SPAN);
	}
	assert_int_equal(calls, 200001 / CATCHUP_SPAN + 1);
	assert_string_equal(h.text, "near far ");
	store_close(s);
}

static void
the_log_is_everything_in_order(void **state)
{
	struct store *s = open_store(true);
	struct store_session alice = login_ok(s, "alice");
	struct heard h = { .count = 0 };

	(void)state;
	login_ok(s, "bob");
	say(s, &alice, NULL, "1");
	say(s, &alice, "bob", "2");
	say(s, &alice, "alice", "3");
	say(s, &alice, NULL, "4");
	assert_int_equal(store_log(s, 1, 3, hear, &h), STORE_OK);
	assert_string_equal(h.text, "2 3 ");
	store_close(s);
}

/* ---- names that change hands ---- */

static void
private_messages_stay_with_who_they_were_for(void **state)
{
	struct store *s = open_store(true);
	struct store_session alice = login_ok(s, "alice");
	struct store_session bob = login_ok(s, "bob"), next;
	struct store_page page = { .with = "alice", .after = -1, .limit = 9 };
	struct heard h = { .count = 0 };
	struct store_view view;

	(void)state;
	say(s, &alice, "bob", "secret");
	say(s, &bob, "alice", "reply");
	assert_int_equal(store_session_end(s, bob.id, "x", 2), STORE_OK);
	assert_int_equal(login(s, "bob", "b2", NULL, "second", &next),
	    STORE_OK);
	assert_int_equal(next.private_from, 2);
	say(s, &alice, "bob", "news");
	view = (struct store_view){ .user_id = next.user_id,
	    .session_id = next.id, .private_from = next.private_from };
	assert_int_equal(store_history(s, &view, &page, hear, &h), STORE_OK);
	assert_string_equal(h.text, "news ");
	assert_string_equal(catch_up(s, &view), "news ");
	/* Alice sees all of it: it was hers. */
	page.with = "bob";
	h = (struct heard){ .count = 0 };
	view = (struct store_view){ .user_id = alice.user_id,
	    .session_id = alice.id };
	assert_int_equal(store_history(s, &view, &page, hear, &h), STORE_OK);
	assert_string_equal(h.text, "news reply secret ");
	store_close(s);
}

/* ---- history ---- */

static const char *
history(struct store *s, const struct store_view *view, const char *with,
    int64_t after, int64_t before, int limit)
{
	struct store_page page = { .with = with, .before = before,
	    .after = after, .limit = limit };
	static struct heard h;

	memset(&h, 0, sizeof(h));
	assert_int_equal(store_history(s, view, &page, hear, &h), STORE_OK);
	return h.text;
}

static void
history_goes_both_ways(void **state)
{
	struct store *s = open_store(true);
	struct store_session alice = login_ok(s, "alice");
	struct store_session bob = login_ok(s, "bob");
	struct store_view view = { .user_id = bob.user_id,
	    .session_id = bob.id };
	struct store_page page = { .with = "nobody", .after = -1, .limit = 1 };

	(void)state;
	login_ok(s, "carol");
	say(s, &alice, NULL, "1");
	say(s, &alice, "bob", "2");
	say(s, &bob, "alice", "3");
	say(s, &bob, NULL, "4");
	say(s, &alice, "carol", "5");
	say(s, &alice, "bob", "6");
	say(s, &bob, "carol", "7");
	say(s, &bob, "alice", "8");
	say(s, &alice, NULL, "9");
	/* Without after: the newest first. */
	assert_string_equal(history(s, &view, NULL, -1, 0, 9), "9 4 1 ");
	assert_string_equal(history(s, &view, NULL, -1, 0, 2), "9 4 ");
	assert_string_equal(history(s, &view, NULL, -1, 9, 9), "4 1 ");
	assert_string_equal(history(s, &view, NULL, -1, 4, 9), "1 ");
	assert_string_equal(history(s, &view, NULL, -1, 1, 9), "");
	assert_string_equal(history(s, &view, NULL, -1, INT64_MAX, 1), "9 ");
	/* With after: from there on. */
	assert_string_equal(history(s, &view, NULL, 0, 0, 9), "1 4 9 ");
	assert_string_equal(history(s, &view, NULL, 1, 0, 1), "4 ");
	assert_string_equal(history(s, &view, NULL, 1, 9, 9), "4 ");
	assert_string_equal(history(s, &view, NULL, INT64_MAX, 0, 9), "");
	/* The same with one person. */
	assert_string_equal(history(s, &view, "Alice", -1, 0, 9), "8 6 3 2 ");
	assert_string_equal(history(s, &view, "alice", -1, 0, 3), "8 6 3 ");
	assert_string_equal(history(s, &view, "alice", -1, 6, 9), "3 2 ");
	assert_string_equal(history(s, &view, "alice", 0, 0, 3), "2 3 6 ");
	assert_string_equal(history(s, &view, "alice", 3, 8, 9), "6 ");
	assert_string_equal(history(s, &view, "bob", 0, 0, 9), "");
	assert_string_equal(history(s, &view, "carol", 0, 0, 9), "7 ");
	assert_int_equal(store_history(s, &view, &page, hear, NULL),
	    STORE_NO_USER);
	store_close(s);
}

static void
what_one_says_to_oneself_comes_once(void **state)
{
	struct store *s = open_store(true);
	struct store_session me = login_ok(s, "alice");
	struct store_view view = { .user_id = me.user_id, .session_id = 99 };

	(void)state;
	say(s, &me, "alice", "note");
	assert_string_equal(history(s, &view, "alice", -1, 0, 9), "note ");
	assert_string_equal(catch_up(s, &view), "note ");
	store_close(s);
}

/* ---- no statement reads a whole table ---- */

static void
use_every_statement(struct store *s)
{
	struct store_session alice, bob;
	struct store_view view = { .session_id = 99 };
	struct store_sent sent;
	struct heard h = { .count = 0 };
	int64_t oldest;

	alice = login_ok(s, "alice");
	assert_int_equal(login(s, "alice", "a", NULL, "a", &alice), STORE_OK);
	bob = login_ok(s, "bob");
	send_one(s, &alice, "bob", "r", "x", &sent);
	sql("UPDATE messages SET created_at = 1");
	send_one(s, &alice, "bob", "r", "x", &sent);
	view.user_id = alice.user_id;
	catch_up(s, &view);
	store_log(s, 0, 9, hear, &h);
	history(s, &view, NULL, -1, 0, 9);
	history(s, &view, NULL, 0, 0, 9);
	history(s, &view, "bob", -1, 0, 9);
	history(s, &view, "bob", 0, 0, 9);
	assert_int_equal(store_oldest(s, &oldest), STORE_OK);
	assert_int_equal(store_session_end(s, bob.id, "x", 1), STORE_OK);
}

static bool
list_nothing(void *arg, const struct store_user *u)
{
	(void)arg;
	(void)u;
	return true;
}

static bool
list_no_session(void *arg, const struct store_open_session *o)
{
	(void)arg;
	(void)o;
	return true;
}

/* A scan is fine of what holds only the rows that are wanted, by name. */
static bool
step_is_fine(const char *detail)
{
	return strncmp(detail, "SCAN ", 5) != 0 ||
	    strstr(detail, " USING INDEX ") != NULL ||
	    strstr(detail, " USING COVERING INDEX ") != NULL ||
	    strcmp(detail, "SCAN sqlite_sequence") == 0 ||
	    strcmp(detail, "SCAN CONSTANT ROW") == 0 ||
	    strncmp(detail, "SCAN (", 6) == 0;
}

/* Returns how many steps its plan has. */
static int
check_plan(struct store *s, const char *text)
{
	char *explain = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", text);
	const char *detail;
	sqlite3_stmt *st;
	int steps = 0;

	assert_non_null(explain);
	assert_int_equal(sqlite3_prepare_v2(s->db, explain, -1, &st, NULL),
	    SQLITE_OK);
	while (sqlite3_step(st) == SQLITE_ROW) {
		detail = (const char *)sqlite3_column_text(st, 3);
		if (!step_is_fine(detail))
			fail_msg("%s: %s", text, detail);
		/* Of messages there may be any number: none are sorted. */
		if (strstr(text, "FROM messages") != NULL &&
		    strstr(detail, "TEMP B-TREE") != NULL)
			fail_msg("%s: %s", text, detail);
		steps++;
	}
	sqlite3_finalize(st);
	sqlite3_free(explain);
	return steps;
}

static void
every_statement_uses_an_index(void **state)
{
	struct store *s = open_store(true);
	sqlite3_stmt *st = NULL;
	int count = 0, steps = 0, i;

	(void)state;
	use_every_statement(s);
	assert_int_equal(store_users(s, list_nothing, NULL), STORE_OK);
	assert_int_equal(store_sessions_open(s, list_no_session, NULL),
	    STORE_OK);
	for (i = 0; i < ST_COUNT; i++)
		if (s->statements[i] == NULL)
			fail_msg("statement %d is not used here", i);
	while ((st = sqlite3_next_stmt(s->db, st)) != NULL) {
		count++;
		steps += check_plan(s, sqlite3_sql(st));
	}
	assert_int_equal(count, ST_COUNT);
	assert_true(steps > ST_COUNT);
	/* The check itself sees what it is there for. */
	assert_false(step_is_fine("SCAN m"));
	store_close(s);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ids_grow_and_the_log_knows_its_last),
		TEST(what_is_rolled_back_never_was),
		TEST(private_messages_need_somebody_to_reach),
		TEST(a_resend_is_stored_once),
		TEST(a_resend_needs_no_recipient_any_more),
		TEST(a_ref_stands_for_one_message),
		TEST(a_former_holders_refs_are_forgotten),
		TEST(a_ref_is_forgotten_after_a_day),
		TEST(catching_up_gives_what_one_may_see),
		TEST(catching_up_has_two_floors),
		TEST(catching_up_stops_at_its_limit),
		TEST(catching_up_goes_by_pages),
		TEST(catching_up_looks_at_so_many_ids_at_a_time),
		TEST(the_log_is_everything_in_order),
		TEST(private_messages_stay_with_who_they_were_for),
		TEST(history_goes_both_ways),
		TEST(what_one_says_to_oneself_comes_once),
		TEST(every_statement_uses_an_index),
	};

	return cmocka_run_group_tests_name("store-message", tests, NULL, NULL);
}
