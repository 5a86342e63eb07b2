/*
 * Unit tests of what is read from the store: history, what the next holder of
 * a name may not see, and that no statement reads a whole table.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store-test.h"

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
	assert_int_equal(store_session_end(s, bob.id, "bob", "x", 2), STORE_OK);
	assert_int_equal(
	    login(s, "bob", "b2", NULL, "second", &next), STORE_OK);
	assert_int_equal(next.private_from, 2);
	say(s, &alice, "bob", "news");
	view = (struct store_view){ .user_id = next.user_id,
		.session_id = next.id,
		.private_from = next.private_from };
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
	struct store_page page = {
		.with = with, .before = before, .after = after, .limit = limit
	};
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
	assert_int_equal(
	    store_history(s, &view, &page, hear, NULL), STORE_NO_USER);
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
use_accounts(struct store *s)
{
	unsigned char hash[STORE_HASH_LEN];
	struct store_registration in = {
		.username = "eve", .password = "x", .alive = alive
	};
	struct store_account account;
	struct store_token token;
	int64_t user, n;
	bool more;
	int cost;

	secret_of(hash, "x");
	assert_int_equal(store_account_register(s, &in, &user), STORE_OK);
	in.username = "bob";
	assert_int_equal(store_account_register(s, &in, &user), STORE_OK);
	in.username = "zoe";
	in.invite = hash;
	assert_int_equal(
	    store_account_register(s, &in, &user), STORE_BAD_INVITE);
	assert_int_equal(store_account_find(s, "bob", &account), STORE_OK);
	assert_int_equal(
	    store_account_replace_password(s, account.id, NULL, "y", true),
	    STORE_OK);
	assert_int_equal(
	    store_token_add(s, account.id, "y", hash, 0, &token), STORE_OK);
	assert_int_equal(store_token_find(s, hash, &token), STORE_REFUSED);
	assert_int_equal(store_tokens_expire(s, &more), STORE_OK);
	assert_int_equal(store_password_cost(s, &cost), STORE_OK);
	assert_int_equal(
	    store_token_revoke(s, account.id, token.id, &n), STORE_OK);
}

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
	/* (What a writer who died had taken is looked for.) */
	atomic_store(&s->shared->queue.state[0], QUEUE_BUSY);
	send_one(s, &alice, "bob", "r", "x", &sent);
	sql("UPDATE messages SET created_at = 1");
	send_one(s, &alice, "bob", "r", "x", &sent);
	view.user_id = alice.user_id;
	catch_up(s, &view);
	/* (Where nothing is.) */
	view.position = 100;
	store_catch_up(s, &view, 200 + CATCHUP_SPAN, hear, &h);
	assert_int_equal(view.position, 200 + CATCHUP_SPAN);
	store_log(s, 0, 9, hear, &h);
	history(s, &view, NULL, -1, 0, 9);
	history(s, &view, NULL, 0, 0, 9);
	history(s, &view, "bob", -1, 0, 9);
	history(s, &view, "bob", 0, 0, 9);
	assert_int_equal(store_oldest(s, &oldest), STORE_OK);
	assert_int_equal(store_session_find(s, bob.id, "bob"), STORE_OK);
	assert_int_equal(store_session_end(s, bob.id, "bob", "x", 1), STORE_OK);
	use_accounts(s);
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

static bool
list_no_block(void *arg, const struct store_block *b)
{
	(void)arg;
	(void)b;
	return true;
}

static void
use_blocks(struct store *s)
{
	struct store_block block = { .reason = "", .until = 1 };
	struct store_blocked found;

	assert_int_equal(store_block_add(s, &block), STORE_OK);
	assert_int_equal(store_blocks(s, list_no_block, NULL), STORE_OK);
	assert_int_equal(
	    store_blocked_address(s, &block.first, &found), STORE_OK);
	assert_int_equal(store_blocked_user(s, "alice", &found), STORE_OK);
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
	    /* By the relay alone, which wants all of them. */
	    strcmp(detail, "SCAN blocks") == 0 ||
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
	assert_int_equal(
	    sqlite3_prepare_v2(s->db, explain, -1, &st, NULL), SQLITE_OK);
	while (sqlite3_step(st) == SQLITE_ROW) {
		detail = (const char *)sqlite3_column_text(st, 3);
		if (!step_is_fine(detail))
			fail_msg("%s: %s", text, detail);
		/* No message is ever sorted: all come in an index's order. */
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
	bool more;

	(void)state;
	use_every_statement(s);
	use_blocks(s);
	assert_int_equal(store_users(s, list_nothing, NULL, &more), STORE_OK);
	assert_int_equal(
	    store_sessions_open(s, list_no_session, NULL), STORE_OK);
	/* (Those from there on are the operator's: chat-admin.) */
	for (i = 0; i < ST_ADMIN_USERS; i++)
		if (s->statements[i] == NULL)
			fail_msg("statement %d is not used here", i);
	while ((st = sqlite3_next_stmt(s->db, st)) != NULL) {
		count++;
		steps += check_plan(s, sqlite3_sql(st));
	}
	assert_int_equal(count, ST_ADMIN_USERS);
	assert_true(steps > ST_ADMIN_USERS);
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
		TEST(private_messages_stay_with_who_they_were_for),
		TEST(history_goes_both_ways),
		TEST(what_one_says_to_oneself_comes_once),
		TEST(every_statement_uses_an_index),
	};

	return cmocka_run_group_tests_name("store-history", tests, NULL, NULL);
}
