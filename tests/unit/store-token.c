/*
 * Unit tests of tokens in the store, and of what lets a registered user in.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "password.h"
#include "store-account-test.h"

/* ---- tokens ---- */

static void
a_token_is_its_users_until_it_expires(void **state)
{
	struct store *s = open_store(true);
	int64_t ada = sign_up_ok(s, "ada"), id = 0, old = 0;
	int64_t before = store_now();
	struct store_token t = { 0 };

	(void)state;
	assert_int_equal(token_add(s, ada, "word", DAY, &id), STORE_OK);
	assert_int_equal(token_add(s, ada, "old", -1, &old), STORE_OK);
	assert_int_equal(token_find(s, "old", &t), STORE_REFUSED);
	assert_int_equal(token_find(s, "wor", &t), STORE_REFUSED);
	assert_int_equal(t.id, 0);
	assert_int_equal(token_find(s, "word", &t), STORE_OK);
	assert_int_equal(t.id, id);
	assert_int_equal(t.user_id, ada);
	assert_in_range(t.expires, before + DAY, store_now() + DAY);
	/* The next one forgets what has expired. */
	assert_int_equal(token_add(s, ada, "new", DAY, &id), STORE_OK);
	assert_int_equal(sql_int("SELECT count(*) FROM tokens"), 2);
	store_close(s);
}

static void
expired_tokens_of_everybody_are_removed_a_few_at_a_time(void **state)
{
	struct store *s = open_store(true);
	int64_t ada = sign_up_ok(s, "ada"), id;
	bool more = false;

	(void)state;
	token_add(s, ada, "good", DAY, &id);
	/* One more than is removed at a time, each of another user. */
	_Static_assert(EXPIRE_ROWS == 256, "the number in the statement");
	sql("WITH RECURSIVE n (i) AS"
	    " (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <= 256)"
	    " INSERT INTO users (username, private_from, position, created_at,"
	    " seen_at) SELECT 'u' || i, 0, 0, 0, 0 FROM n");
	sql("INSERT INTO tokens (user_id, hash, created_at, expires_at)"
	    " SELECT id, randomblob(32), 1, 2 FROM users"
	    " WHERE username <> 'ada'");
	assert_int_equal(
	    sql_int("SELECT count(*) FROM tokens"), EXPIRE_ROWS + 2);
	assert_int_equal(store_tokens_expire(s, &more), STORE_OK);
	assert_true(more);
	assert_int_equal(sql_int("SELECT count(*) FROM tokens"), 2);
	assert_int_equal(store_tokens_expire(s, &more), STORE_OK);
	assert_false(more);
	assert_int_equal(sql_int("SELECT id FROM tokens"), id);
	store_close(s);
}

static void
no_token_is_given_for_a_password_that_was_changed(void **state)
{
	struct store *s = open_store(true);
	int64_t ada = sign_up_ok(s, "ada"), id;

	(void)state;
	store_account_replace_password(s, ada, NULL, "$2b$other", true);
	assert_int_equal(token_add(s, ada, "a", DAY, &id), STORE_REFUSED);
	assert_int_equal(sql_int("SELECT count(*) FROM tokens"), 0);
	store_close(s);
}

static void
the_oldest_token_gives_way(void **state)
{
	struct store *s = open_store(true);
	int64_t ada = sign_up_ok(s, "ada"), bob = sign_up_ok(s, "bob"), id;
	struct store_token t;
	char word[16];
	int i;

	(void)state;
	token_add(s, bob, "bob's", DAY, &id);
	for (i = 0; i < TOKENS_MAX + 2; i++) {
		snprintf(word, sizeof(word), "%d", i);
		assert_int_equal(token_add(s, ada, word, DAY, &id), STORE_OK);
	}
	assert_int_equal(
	    sql_int("SELECT count(*) FROM tokens"), TOKENS_MAX + 1);
	assert_int_equal(token_find(s, "0", &t), STORE_REFUSED);
	assert_int_equal(token_find(s, "1", &t), STORE_REFUSED);
	assert_int_equal(token_find(s, "2", &t), STORE_OK);
	assert_int_equal(token_find(s, "bob's", &t), STORE_OK);
	store_close(s);
}

static void
a_user_revokes_ones_own_tokens_only(void **state)
{
	struct store *s = open_store(true);
	int64_t ada = sign_up_ok(s, "ada"), bob = sign_up_ok(s, "bob");
	int64_t first = 0, theirs = 0, id, n = -1;
	struct store_token t;

	(void)state;
	token_add(s, ada, "1", DAY, &first);
	token_add(s, ada, "2", DAY, &id);
	token_add(s, ada, "3", DAY, &id);
	token_add(s, bob, "b", DAY, &theirs);
	assert_int_equal(store_token_revoke(s, ada, theirs, &n), STORE_OK);
	assert_int_equal(n, 0);
	assert_int_equal(store_token_revoke(s, ada, first, &n), STORE_OK);
	assert_int_equal(n, 1);
	assert_int_equal(token_find(s, "1", &t), STORE_REFUSED);
	assert_int_equal(token_find(s, "2", &t), STORE_OK);
	assert_int_equal(store_token_revoke(s, ada, 0, &n), STORE_OK);
	assert_int_equal(n, 2);
	assert_int_equal(token_find(s, "b", &t), STORE_OK);
	/* Ids are never used again: a revoked one stays so. */
	token_add(s, bob, "c", DAY, &id);
	assert_true(id > theirs);
	store_close(s);
}

/* ---- login ---- */

static enum store_result
enter(struct store *s, const char *name, const char *socket,
    const char *password, const char *token, struct store_session *out)
{
	unsigned char secret[STORE_HASH_LEN], hash[STORE_HASH_LEN];
	struct store_login in = { .username = name,
		.secret = secret,
		.socket = socket,
		.peer = "pipe",
		.pid = getpid(),
		.password = password,
		.alive = alive };

	secret_of(secret, "unused");
	if (token != NULL) {
		secret_of(hash, token);
		in.token = hash;
	}
	return store_session_begin(s, &in, out);
}

static void
a_registered_user_may_be_connected_many_times(void **state)
{
	struct store *s = open_store(true);
	struct store_session one, two, three;
	int64_t ada = sign_up_ok(s, "ada"), id;

	(void)state;
	token_add(s, ada, "word", DAY, &id);
	assert_int_equal(
	    enter(s, "ADA", "1", "$2b$hash", NULL, &one), STORE_OK);
	assert_string_equal(one.username, "ada");
	assert_string_equal(one.password, "$2b$hash");
	assert_int_equal(one.user_id, ada);
	assert_true(one.proven);
	answering = " 1 ";
	assert_int_equal(enter(s, "ada", "2", NULL, "word", &two), STORE_OK);
	assert_string_equal(two.replaced, "");
	/* What does not answer is closed, what does is left alone. */
	answering = " 1 3 ";
	assert_int_equal(
	    enter(s, "ada", "3", "$2b$hash", NULL, &three), STORE_OK);
	assert_int_equal(sql_int("SELECT group_concat(socket, '') FROM sessions"
				 " WHERE ended_at IS NULL"),
	    13);
	store_close(s);
}

static void
so_many_sessions_are_looked_at_and_no_more(void **state)
{
	struct store *s = open_store(true);
	struct store_session me;
	char socket[8];
	int i;

	(void)state;
	sign_up_ok(s, "ada");
	answering = " 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 ";
	for (i = 1; i <= SESSIONS_LOOKED + 2; i++) {
		snprintf(socket, sizeof(socket), "%d", i);
		assert_int_equal(
		    enter(s, "ada", socket, "$2b$hash", NULL, &me), STORE_OK);
	}
	assert_string_equal(asked, "16");
	store_close(s);
}

static void
what_was_right_a_moment_ago_is_looked_at_again(void **state)
{
	struct store *s = open_store(true);
	int64_t ada = sign_up_ok(s, "ada"), bob = sign_up_ok(s, "bob"), id, n;
	struct store_session me;

	(void)state;
	token_add(s, bob, "bob's", DAY, &id);
	token_add(s, ada, "old", -1, &id);
	token_add(s, ada, "word", DAY, &id);
	assert_int_equal(
	    enter(s, "ada", "1", NULL, "bob's", &me), STORE_REFUSED);
	assert_int_equal(enter(s, "ada", "1", NULL, "old", &me), STORE_REFUSED);
	assert_int_equal(enter(s, "ada", "1", NULL, "wor", &me), STORE_REFUSED);
	assert_int_equal(
	    enter(s, "ada", "1", "$2b$stale", NULL, &me), STORE_REFUSED);
	store_token_revoke(s, ada, id, &n);
	assert_int_equal(
	    enter(s, "ada", "1", NULL, "word", &me), STORE_REFUSED);
	/* Nor does a name that nobody has registered take them. */
	assert_int_equal(
	    enter(s, "eve", "1", "$2b$hash", NULL, &me), STORE_REFUSED);
	assert_int_equal(
	    enter(s, "eve", "1", NULL, "bob's", &me), STORE_REFUSED);
	assert_int_equal(sql_int("SELECT count(*) FROM sessions"), 0);
	assert_int_equal(sql_int("SELECT count(*) FROM users"), 2);
	store_close(s);
}

static void
nobody_gets_in_as_nobody(void **state)
{
	struct store *s = open_store(true);
	int64_t ada = sign_up_ok(s, "ada"), id;
	struct store_session me;

	(void)state;
	token_add(s, ada, "word", DAY, &id);
	store_account_replace_password(s, ada, NULL, PASSWORD_NOBODY, false);
	assert_int_equal(
	    enter(s, "ada", "1", PASSWORD_NOBODY, NULL, &me), STORE_REFUSED);
	assert_int_equal(
	    enter(s, "ada", "1", NULL, "word", &me), STORE_REFUSED);
	assert_int_equal(enter(s, "ada", "1", NULL, NULL, &me), STORE_REFUSED);
	store_close(s);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_token_is_its_users_until_it_expires),
		TEST(expired_tokens_of_everybody_are_removed_a_few_at_a_time),
		TEST(no_token_is_given_for_a_password_that_was_changed),
		TEST(the_oldest_token_gives_way),
		TEST(a_user_revokes_ones_own_tokens_only),
		TEST(a_registered_user_may_be_connected_many_times),
		TEST(so_many_sessions_are_looked_at_and_no_more),
		TEST(what_was_right_a_moment_ago_is_looked_at_again),
		TEST(nobody_gets_in_as_nobody),
	};

	return cmocka_run_group_tests_name("store-token", tests, NULL, NULL);
}
