/*
 * Unit tests of accounts in the store: who may register a name, what becomes
 * of passwords, tokens and invitations.
 */
#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "password.h"
#include "store-test.h"

#define PROCESSES 20
#define DAY	  (24 * 60 * 60 * 1000LL)

static enum store_result
sign_up(struct store *s, const char *name, const char *invite, int64_t session,
    int64_t *user)
{
	unsigned char hash[STORE_HASH_LEN];
	struct store_registration in = { .username = name,
		.password = "$2b$hash",
		.session = session,
		.alive = alive };

	if (invite != NULL) {
		secret_of(hash, invite);
		in.invite = hash;
	}
	return store_account_register(s, &in, user);
}

static int64_t
sign_up_ok(struct store *s, const char *name)
{
	int64_t user = 0;

	if (sign_up(s, name, NULL, 0, &user) != STORE_OK)
		fail_msg("%s: %s", name, store_error(s));
	return user;
}

static enum store_result
token_add(struct store *s, int64_t user, const char *word, int64_t lifetime,
    int64_t *id)
{
	unsigned char hash[STORE_HASH_LEN];
	struct store_token token;
	enum store_result result;

	secret_of(hash, word);
	result = store_token_add(s, user, "$2b$hash", hash, lifetime, &token);
	if (result == STORE_OK)
		*id = token.id;
	return result;
}

static enum store_result
token_find(struct store *s, const char *word, struct store_token *out)
{
	unsigned char hash[STORE_HASH_LEN];

	secret_of(hash, word);
	return store_token_find(s, hash, out);
}

/* hex: four bytes, zeroes follow.  "code" is 636f6465. */
static void
invite_add(const char *hex, int uses, int64_t expires)
{
	char text[512];

	snprintf(text, sizeof(text),
	    "INSERT INTO invites (hash, uses_left, note, created_at,"
	    " expires_at) VALUES (x'%s"
	    "00000000000000000000000000000000000000000000000000000000',"
	    " %d, '', 0, %lld)",
	    hex, uses, (long long)expires);
	sql(text);
}

/* ---- registration ---- */

static void
a_registered_user_is_found_in_any_case_and_by_id(void **state)
{
	struct store *s = open_store(true);
	struct store_account a = { 0 };
	int64_t user = sign_up_ok(s, "Ada");

	(void)state;
	assert_int_equal(store_account_find(s, "aDA", &a), STORE_OK);
	assert_int_equal(a.id, user);
	assert_string_equal(a.username, "Ada");
	assert_string_equal(a.password, "$2b$hash");
	assert_true(a.registered);
	assert_int_equal(store_account_get(s, user, &a), STORE_OK);
	assert_string_equal(a.username, "Ada");
	a.id = -1;
	assert_int_equal(store_account_find(s, "bob", &a), STORE_NO_USER);
	assert_int_equal(store_account_get(s, user + 1, &a), STORE_NO_USER);
	assert_int_equal(a.id, -1);
	login_ok(s, "bob");
	assert_int_equal(store_account_find(s, "bob", &a), STORE_OK);
	assert_false(a.registered);
	assert_string_equal(a.password, "");
	store_close(s);
}

static void
a_name_is_registered_once(void **state)
{
	struct store *s = open_store(true);
	int64_t user = -1;

	(void)state;
	sign_up_ok(s, "ada");
	assert_int_equal(sign_up(s, "ADA", NULL, 0, &user), STORE_REFUSED);
	assert_int_equal(user, -1);
	sql("UPDATE users SET password = '!'");
	assert_int_equal(sign_up(s, "ada", NULL, 0, &user), STORE_REFUSED);
	store_close(s);
}

static void
a_name_in_use_is_not_registered_by_another(void **state)
{
	struct store *s = open_store(true);
	struct store_session ada = login_ok(s, "ada");
	int64_t user = -1;

	(void)state;
	answering = " ada ";
	assert_int_equal(sign_up(s, "ada", NULL, 0, &user), STORE_TAKEN);
	assert_int_equal(sign_up(s, "ada", NULL, ada.id, &user), STORE_OK);
	assert_int_equal(user, ada.user_id);
	store_close(s);
}

static void
a_dead_session_does_not_keep_a_name_from_being_registered(void **state)
{
	struct store *s = open_store(true);
	struct store_session ada = login_ok(s, "ada");

	(void)state;
	assert_int_equal(sign_up_ok(s, "ada"), ada.user_id);
	assert_int_equal(sql_int("SELECT reason = 'died' FROM sessions"), 1);
	store_close(s);
}

static void
a_session_that_is_over_registers_nothing(void **state)
{
	struct store *s = open_store(true);
	struct store_session ada = login_ok(s, "ada");
	int64_t user = -1;

	(void)state;
	store_session_end(s, ada.id, "closed", -1);
	assert_int_equal(sign_up(s, "ada", NULL, ada.id, &user), STORE_ENDED);
	assert_int_equal(sql_int("SELECT count(password) FROM users"), 0);
	store_close(s);
}

static void
a_registration_inherits_nothing_older(void **state)
{
	struct store *s = open_store(true);
	struct store_session eve = login_ok(s, "eve"), ada, bob;
	int64_t last;

	(void)state;
	ada = login_ok(s, "ada");
	say(s, &ada, "eve", "for the old eve");
	bob = login_ok(s, "bob");
	last = say(s, &ada, "bob", "for bob");
	store_session_end(s, eve.id, "closed", 0);
	sign_up_ok(s, "Eve");
	assert_int_equal(
	    sql_int("SELECT private_from FROM users WHERE username = 'eve'"),
	    last);
	assert_int_equal(
	    sql_int("SELECT position FROM users WHERE username = 'eve'"), last);
	assert_int_equal(sql_int("SELECT resume IS NULL AND username = 'Eve'"
				 " FROM users WHERE username = 'eve'"),
	    1);
	/* Who holds the name keeps what came since it was taken. */
	assert_int_equal(sign_up(s, "bob", NULL, bob.id, &last), STORE_OK);
	assert_int_equal(
	    sql_int("SELECT private_from FROM users WHERE username = 'bob'"),
	    bob.private_from);
	store_close(s);
}

static void
a_trial_registers_nothing(void **state)
{
	struct store *s = open_store(true);
	unsigned char invite[STORE_HASH_LEN];
	struct store_registration in = {
		.username = "ada", .invite = invite, .alive = alive
	};
	int64_t user = -1;

	(void)state;
	secret_of(invite, "code");
	assert_int_equal(
	    store_account_register(s, &in, &user), STORE_BAD_INVITE);
	invite_add("636f6465", 1, store_now() + DAY);
	assert_int_equal(store_account_register(s, &in, &user), STORE_OK);
	assert_int_equal(user, -1);
	assert_int_equal(sql_int("SELECT count(*) FROM users"), 0);
	assert_int_equal(sql_int("SELECT uses_left FROM invites"), 1);
	store_close(s);
}

/* Of many processes at once exactly one registers the name. */
static void
one_of_many_registers_a_name(void **state)
{
	int i, status, won = 0, refused = 0;
	int64_t user;

	(void)state;
	for (i = 0; i < PROCESSES; i++) {
		fflush(NULL);
		if (fork() == 0) {
			struct store *s = open_store(true);

			_exit(sign_up(s, "ada", NULL, 0, &user));
		}
	}
	for (i = 0; i < PROCESSES; i++) {
		assert_true(wait(&status) > 0);
		assert_true(WIFEXITED(status));
		won += WEXITSTATUS(status) == STORE_OK;
		refused += WEXITSTATUS(status) == STORE_REFUSED;
	}
	assert_int_equal(won, 1);
	assert_int_equal(refused, PROCESSES - 1);
	assert_int_equal(sql_int("SELECT count(*) FROM users"), 1);
}

/* ---- invitations ---- */

static void
an_invitation_is_good_for_as_many_as_it_says(void **state)
{
	struct store *s = open_store(true);
	int64_t user;

	(void)state;
	invite_add("636f6465", 2, store_now() + DAY);
	assert_int_equal(sign_up(s, "ada", "code", 0, &user), STORE_OK);
	/* What fails uses nothing. */
	assert_int_equal(sign_up(s, "ada", "code", 0, &user), STORE_REFUSED);
	assert_int_equal(sign_up(s, "bob", "cod", 0, &user), STORE_BAD_INVITE);
	assert_int_equal(sql_int("SELECT uses_left FROM invites"), 1);
	assert_int_equal(sign_up(s, "bob", "code", 0, &user), STORE_OK);
	assert_int_equal(sign_up(s, "eve", "code", 0, &user), STORE_BAD_INVITE);
	assert_int_equal(sql_int("SELECT uses_left FROM invites"), 0);
	assert_int_equal(sql_int("SELECT count(*) FROM users"), 2);
	store_close(s);
}

static void
an_expired_invitation_is_good_for_nobody(void **state)
{
	struct store *s = open_store(true);
	int64_t user;

	(void)state;
	invite_add("636f6465", 2, store_now() - 1);
	assert_int_equal(sign_up(s, "ada", "code", 0, &user), STORE_BAD_INVITE);
	assert_int_equal(sql_int("SELECT count(*) FROM users"), 0);
	store_close(s);
}

/* ---- passwords ---- */

static void
a_new_password_revokes_tokens_when_asked_to(void **state)
{
	struct store *s = open_store(true);
	int64_t ada = sign_up_ok(s, "ada"), bob = sign_up_ok(s, "bob"), id;
	struct store_account a;
	struct store_token t;

	(void)state;
	token_add(s, ada, "a", DAY, &id);
	token_add(s, bob, "b", DAY, &id);
	assert_int_equal(
	    store_account_set_password(s, ada, "$2b$other", false), STORE_OK);
	assert_int_equal(token_find(s, "a", &t), STORE_OK);
	assert_int_equal(
	    store_account_set_password(s, ada, "$2b$third", true), STORE_OK);
	assert_int_equal(token_find(s, "a", &t), STORE_REFUSED);
	assert_int_equal(token_find(s, "b", &t), STORE_OK);
	assert_int_equal(store_account_get(s, ada, &a), STORE_OK);
	assert_string_equal(a.password, "$2b$third");
	store_close(s);
}

static void
a_password_that_was_changed_meanwhile_is_not_replaced(void **state)
{
	struct store *s = open_store(true);
	int64_t ada = sign_up_ok(s, "ada"), id;
	struct store_account a;
	struct store_token t;

	(void)state;
	token_add(s, ada, "a", DAY, &id);
	assert_int_equal(store_account_replace_password(
			     s, ada, "$2b$stale", "$2b$new", true),
	    STORE_REFUSED);
	assert_int_equal(store_account_get(s, ada, &a), STORE_OK);
	assert_string_equal(a.password, "$2b$hash");
	assert_int_equal(token_find(s, "a", &t), STORE_OK);
	assert_int_equal(
	    store_account_replace_password(s, ada, "$2b$hash", "$2b$new", true),
	    STORE_OK);
	store_close(s);
}

static void
only_registered_users_have_passwords_and_tokens(void **state)
{
	struct store *s = open_store(true);
	struct store_session bob = login_ok(s, "bob");
	int64_t id;

	(void)state;
	assert_int_equal(
	    store_account_set_password(s, bob.user_id, "$2b$new", true),
	    STORE_NO_USER);
	assert_int_equal(
	    store_account_set_password(s, 99, "$2b$new", true), STORE_NO_USER);
	assert_int_equal(
	    token_add(s, bob.user_id, "a", DAY, &id), STORE_NO_USER);
	assert_int_equal(sql_int("SELECT count(password) FROM users"), 0);
	store_close(s);
}

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
	store_account_set_password(s, ada, "$2b$other", true);
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
	store_account_set_password(s, ada, PASSWORD_NOBODY, false);
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
		TEST(a_registered_user_is_found_in_any_case_and_by_id),
		TEST(a_name_is_registered_once),
		TEST(a_name_in_use_is_not_registered_by_another),
		TEST(a_dead_session_does_not_keep_a_name_from_being_registered),
		TEST(a_session_that_is_over_registers_nothing),
		TEST(a_registration_inherits_nothing_older),
		TEST(a_trial_registers_nothing),
		TEST(one_of_many_registers_a_name),
		TEST(an_invitation_is_good_for_as_many_as_it_says),
		TEST(an_expired_invitation_is_good_for_nobody),
		TEST(a_new_password_revokes_tokens_when_asked_to),
		TEST(a_password_that_was_changed_meanwhile_is_not_replaced),
		TEST(only_registered_users_have_passwords_and_tokens),
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

	return cmocka_run_group_tests_name("store-account", tests, NULL, NULL);
}
