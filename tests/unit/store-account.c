/*
 * Unit tests of accounts in the store: who may register a name, what becomes
 * of passwords and invitations.  Tokens are in store-token.c.
 */
#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store-account-test.h"

#define PROCESSES 20

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

	(void)state;
	sign_up_ok(s, "ada");
	assert_int_equal(sign_up(s, "ADA", NULL, 0), STORE_REFUSED);
	sql("UPDATE users SET password = '!'");
	assert_int_equal(sign_up(s, "ada", NULL, 0), STORE_REFUSED);
	store_close(s);
}

static void
a_name_in_use_is_not_registered_by_another(void **state)
{
	struct store *s = open_store(true);
	struct store_session ada = login_ok(s, "ada");

	(void)state;
	answering = " ada ";
	assert_int_equal(sign_up(s, "ada", NULL, 0), STORE_TAKEN);
	assert_int_equal(sign_up(s, "ada", NULL, ada.id), STORE_OK);
	assert_int_equal(
	    sql_int("SELECT id FROM users WHERE password = '$2b$hash'"),
	    ada.user_id);
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

	(void)state;
	store_session_end(s, ada.id, "ada", "closed", -1);
	assert_int_equal(sign_up(s, "ada", NULL, ada.id), STORE_ENDED);
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
	store_session_end(s, eve.id, "eve", "closed", 0);
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
	assert_int_equal(sign_up(s, "bob", NULL, bob.id), STORE_OK);
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
	int64_t user;

	(void)state;
	secret_of(invite, "code");
	assert_int_equal(
	    store_account_register(s, &in, &user), STORE_BAD_INVITE);
	invite_add("636f6465", 1, store_now() + DAY);
	assert_int_equal(store_account_register(s, &in, &user), STORE_OK);
	assert_int_equal(sql_int("SELECT count(*) FROM users"), 0);
	assert_int_equal(sql_int("SELECT uses_left FROM invites"), 1);
	store_close(s);
}

/* Of many processes at once exactly one registers the name. */
static void
one_of_many_registers_a_name(void **state)
{
	int i, status, won = 0, refused = 0;

	(void)state;
	for (i = 0; i < PROCESSES; i++) {
		fflush(NULL);
		if (fork() == 0) {
			struct store *s = open_store(true);

			_exit(sign_up(s, "ada", NULL, 0));
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

	(void)state;
	invite_add("636f6465", 2, store_now() + DAY);
	assert_int_equal(sign_up(s, "ada", "code", 0), STORE_OK);
	/* What fails uses nothing. */
	assert_int_equal(sign_up(s, "ada", "code", 0), STORE_REFUSED);
	assert_int_equal(sign_up(s, "bob", "cod", 0), STORE_BAD_INVITE);
	assert_int_equal(sql_int("SELECT uses_left FROM invites"), 1);
	assert_int_equal(sign_up(s, "bob", "code", 0), STORE_OK);
	assert_int_equal(sign_up(s, "eve", "code", 0), STORE_BAD_INVITE);
	assert_int_equal(sql_int("SELECT uses_left FROM invites"), 0);
	assert_int_equal(sql_int("SELECT count(*) FROM users"), 2);
	store_close(s);
}

static void
an_expired_invitation_is_good_for_nobody(void **state)
{
	struct store *s = open_store(true);

	(void)state;
	invite_add("636f6465", 2, store_now() - 1);
	assert_int_equal(sign_up(s, "ada", "code", 0), STORE_BAD_INVITE);
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
	    store_account_replace_password(s, ada, NULL, "$2b$other", false),
	    STORE_OK);
	assert_int_equal(token_find(s, "a", &t), STORE_OK);
	assert_int_equal(
	    store_account_replace_password(s, ada, NULL, "$2b$third", true),
	    STORE_OK);
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
	assert_int_equal(store_account_replace_password(
			     s, bob.user_id, NULL, "$2b$new", true),
	    STORE_NO_USER);
	assert_int_equal(
	    store_account_replace_password(s, 99, NULL, "$2b$new", true),
	    STORE_NO_USER);
	assert_int_equal(
	    token_add(s, bob.user_id, "a", DAY, &id), STORE_NO_USER);
	assert_int_equal(sql_int("SELECT count(password) FROM users"), 0);
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
	};

	return cmocka_run_group_tests_name("store-account", tests, NULL, NULL);
}
