/*
 * Unit tests of how chat-client's link logs in: passwords, tokens, registering
 * and refusals.
 */
#include "client-link-test.h"

static const struct credential no_invite;

static void
give_password(struct world *w, const char *s)
{
	struct credential secret = { .len = 0 };

	assert_true(credential_add(&secret, s, strlen(s)));
	link_set_password(w->link, &secret);
}

static void
answer(struct world *w, const char *event)
{
	char line[400];

	snprintf(line, sizeof(line), "{\"event\":%s,\"ref\":\"%s\"}\n", event,
	    ref(w));
	server_says(w, line);
}

/* Log in with a password, up to the question for a token. */
static void
log_in_by_password(struct world *w)
{
	give_password(w, "pass word");
	link_start(w->link, "alice", w->now);
	accept_link(w);
	assert_non_null(strstr(w->line, "\"password\":\"pass word\""));
	assert_int_equal(w->link->proof, LINK_PASSWORD);
	/* Once it is sent, nothing of it is left where it was. */
	assert_null(w->link->conn.out.data);
	welcome(w,
	    "{\"event\":\"CONNECTED\",\"username\":\"alice\","
	    "\"last_id\":50}\n");
	assert_heard(w, "\"command\":\"TOKEN\"");
}

static void
a_password_becomes_a_token_and_is_wiped(void **state)
{
	struct world *w = *state;
	size_t i;

	log_in_by_password(w);
	answer(w, "\"TOKEN\",\"id\":7,\"token\":\"00ff\"");
	quiet(w);
	assert_int_equal(w->link->news, LINK_TOKEN_CAME);
	assert_string_equal(w->link->token, "00ff");
	assert_int_equal(w->link->token_id, 7);
	for (i = 0; i < sizeof(w->link->password); i++)
		assert_int_equal(((char *)&w->link->password)[i], 0);
	hang_up(w);
	come_back(w);
	assert_non_null(strstr(w->line, "\"token\":\"00ff\""));
	assert_non_null(strstr(w->line, "\"since\":50"));
	assert_null(strstr(w->line, "password"));
	assert_null(strstr(w->line, "resume"));
}

static void
a_token_is_only_taken_when_it_was_asked_for(void **state)
{
	struct world *w = *state;
	struct event e;

	log_in(w);
	say(w, "x");
	assert_heard(w, "MESSAGE");
	answer(w, "\"TOKEN\",\"id\":7,\"token\":\"00ff\"");
	expect(w, &e, EVENT_TOKEN);
	incoming_free(&e);
	assert_string_equal(w->link->token, "");
}

static void
a_password_is_kept_until_there_is_a_token(void **state)
{
	struct world *w = *state;

	log_in_by_password(w);
	hang_up(w);
	come_back(w);
	assert_non_null(strstr(w->line, "\"password\":\"pass word\""));
	/* A server without tokens says so, and then it is wiped. */
	welcome(w, CONNECTED(50));
	assert_heard(w, "TOKEN");
	answer(w, "\"ERROR\",\"code\":\"UNKNOWN_COMMAND\"");
	quiet(w);
	assert_int_equal(w->link->news, LINK_TOKEN_DENIED);
	assert_string_equal(w->link->news_why, "UNKNOWN_COMMAND");
	assert_int_equal(w->link->password.len, 0);
}

static void
registering_comes_first_and_only_once(void **state)
{
	struct world *w = *state;
	struct event e;

	give_password(w, "pass word");
	link_register(w->link, &no_invite);
	link_start(w->link, "alice", w->now);
	w->peer = accept(w->listener, NULL, NULL);
	quiet(w);
	assert_heard(w, "\"command\":\"REGISTER\"");
	assert_unheard(w);
	answer(w, "\"REGISTERED\"");
	expect(w, &e, EVENT_REGISTERED);
	incoming_free(&e);
	assert_false(w->link->registers);
	assert_heard(w, "\"command\":\"CONNECT\"");
	assert_non_null(strstr(w->line, "pass word"));
	/* The next connection does not register again. */
	welcome(w, CONNECTED(50));
	hang_up(w);
	come_back(w);
}

static void
a_revocation_forgets_the_token(void **state)
{
	struct world *w = *state;

	link_set_token(w->link, 7, "00ff");
	link_start(w->link, "alice", w->now);
	accept_link(w);
	assert_non_null(strstr(w->line, "\"token\":\"00ff\""));
	assert_false(link_revoke(w->link));
	welcome(w, CONNECTED(50));
	/* There is one already. */
	assert_unheard(w);
	assert_true(link_revoke(w->link));
	assert_heard(w, "\"revoke\":7");
	answer(w, "\"TOKEN\",\"revoked\":1");
	quiet(w);
	assert_int_equal(w->link->news, LINK_TOKEN_REVOKED);
	assert_string_equal(w->link->token, "");
	assert_false(link_revoke(w->link));
}

static void
a_revocation_without_an_answer_leaves_the_token(void **state)
{
	struct world *w = *state;

	link_set_token(w->link, 7, "00ff");
	link_start(w->link, "alice", w->now);
	accept_link(w);
	welcome(w, CONNECTED(50));
	assert_true(link_revoke(w->link));
	assert_heard(w, "\"revoke\":7");
	hang_up(w);
	assert_int_equal(w->link->news, LINK_TOKEN_STAYS);
	assert_string_equal(w->link->token, "00ff");
}

/* Log in with a token, and ask for another. */
static void
ask_to_renew(struct world *w)
{
	link_set_token(w->link, 7, "00ff");
	link_start(w->link, "alice", w->now);
	accept_link(w);
	link_renew(w->link);
	welcome(w, CONNECTED(50));
	/* Not before it is in. */
	assert_unheard(w);
	link_renew(w->link);
	link_renew(w->link);
	assert_heard(w, "\"command\":\"TOKEN\"");
	assert_null(strstr(w->line, "revoke"));
	assert_unheard(w);
}

/* And get it. */
static void
renew(struct world *w)
{
	ask_to_renew(w);
	answer(w,
	    "\"TOKEN\",\"id\":8,\"token\":\"11ff\","
	    "\"expires\":\"2030-01-01T00:00:00.000Z\"");
	quiet(w);
}

static void
a_renewed_token_replaces_the_old_one(void **state)
{
	struct world *w = *state;

	renew(w);
	assert_int_equal(w->link->news, LINK_TOKEN_CAME);
	assert_int_equal(w->link->token_expires, 1893456000000);
	assert_string_equal(w->link->token, "11ff");
	/* Only when the owner has kept it is the old one given up. */
	assert_unheard(w);
	link_drop_old(w->link);
	link_drop_old(w->link);
	assert_heard(w, "\"revoke\":7");
	assert_unheard(w);
	answer(w, "\"ERROR\",\"code\":\"UNAVAILABLE\"");
	quiet(w);
	hang_up(w);
	come_back(w);
	assert_non_null(strstr(w->line, "\"token\":\"11ff\""));
}

static void
a_new_token_can_be_given_up_as_well(void **state)
{
	struct world *w = *state;

	renew(w);
	link_drop_new(w->link);
	assert_heard(w, "\"revoke\":8");
	assert_string_equal(w->link->token, "");
	link_drop_new(w->link);
	assert_unheard(w);
	answer(w, "\"ERROR\",\"code\":\"UNAVAILABLE\"");
	quiet(w);
	assert_int_equal(w->link->news, LINK_TOKEN_CAME);
}

static void
a_token_that_is_not_renewed_stays(void **state)
{
	struct world *w = *state;

	ask_to_renew(w);
	answer(w, "\"ERROR\",\"code\":\"UNAVAILABLE\"");
	quiet(w);
	assert_int_equal(w->link->news, LINK_NO_NEWS);
	link_drop_old(w->link);
	assert_unheard(w);
	link_renew(w->link);
	assert_heard(w, "TOKEN");
	answer(w, "\"TOKEN\",\"id\":0,\"token\":\"\"");
	quiet(w);
	assert_int_equal(w->link->news, LINK_NO_NEWS);
	link_renew(w->link);
	assert_heard(w, "TOKEN");
	hang_up(w);
	assert_int_equal(w->link->news, LINK_NO_NEWS);
	assert_string_equal(w->link->token, "00ff");
	assert_int_equal(w->link->token_id, 7);
}

static void
who_logs_out_meanwhile_leaves_no_token(void **state)
{
	struct world *w = *state;

	ask_to_renew(w);
	assert_true(link_revoke(w->link));
	answer(w, "\"TOKEN\",\"id\":8,\"token\":\"11ff\"");
	quiet(w);
	assert_heard(w, "\"revoke\":8");
	answer(w, "\"TOKEN\",\"revoked\":1");
	assert_heard(w, "\"revoke\":7");
	quiet(w);
	assert_int_equal(w->link->news, LINK_TOKEN_REVOKED);
	assert_string_equal(w->link->token, "");
}

static void
who_logs_out_meanwhile_ends_the_old_one_if_there_is_no_other(void **state)
{
	struct world *w = *state;

	ask_to_renew(w);
	assert_true(link_revoke(w->link));
	answer(w, "\"ERROR\",\"code\":\"UNAVAILABLE\"");
	quiet(w);
	assert_heard(w, "\"revoke\":7");
	answer(w, "\"TOKEN\",\"revoked\":1");
	quiet(w);
	assert_int_equal(w->link->news, LINK_TOKEN_REVOKED);
}

static struct credential
secret(const char *s)
{
	struct credential out = { .len = 0 };

	assert_true(credential_add(&out, s, strlen(s)));
	return out;
}

/* Ask for another password, with a token that will be revoked by that. */
static void
change_password(struct world *w)
{
	struct credential old_one = secret("pass word"),
			  new_one = secret("word pass");

	link_set_token(w->link, 7, "00ff");
	link_start(w->link, "alice", w->now);
	accept_link(w);
	assert_false(link_change_password(w->link, &old_one, &new_one));
	welcome(w, CONNECTED(50));
	assert_true(link_change_password(w->link, &old_one, &new_one));
	/* One at a time. */
	assert_false(link_change_password(w->link, &old_one, &new_one));
	assert_false(link_register_now(w->link, &new_one, &no_invite));
	assert_null(w->link->conn.out.data);
	assert_heard(w, "\"command\":\"PASSWORD\"");
	assert_non_null(
	    strstr(w->line, "\"old\":\"pass word\",\"new\":\"word pass\""));
}

static void
a_changed_password_brings_a_new_token(void **state)
{
	struct world *w = *state;

	change_password(w);
	answer(w, "\"PASSWORD_CHANGED\"");
	quiet(w);
	assert_int_equal(w->link->news, LINK_PASSWORD_CHANGED);
	assert_int_equal(w->link->fresh.len, 0);
	assert_string_equal(w->link->token, "");
	w->link->news = LINK_NO_NEWS;
	assert_heard(w, "\"command\":\"TOKEN\"");
	answer(w, "\"TOKEN\",\"id\":8,\"token\":\"11ff\"");
	quiet(w);
	assert_int_equal(w->link->news, LINK_TOKEN_CAME);
	assert_int_equal(w->link->password.len, 0);
	hang_up(w);
	come_back(w);
	assert_non_null(strstr(w->line, "\"token\":\"11ff\""));
}

static void
a_changed_password_serves_until_the_token_comes(void **state)
{
	struct world *w = *state;

	change_password(w);
	answer(w, "\"PASSWORD_CHANGED\"");
	quiet(w);
	hang_up(w);
	come_back(w);
	assert_non_null(strstr(w->line, "\"password\":\"word pass\""));
	assert_null(strstr(w->line, "00ff"));
}

static void
a_password_that_was_not_changed_says_why(void **state)
{
	struct world *w = *state;

	change_password(w);
	answer(w, "\"ERROR\",\"code\":\"AUTH_FAILED\",\"message\":\"no\"");
	quiet(w);
	assert_int_equal(w->link->news, LINK_PASSWORD_DENIED);
	assert_string_equal(w->link->news_why, "AUTH_FAILED: no");
	assert_string_equal(w->link->token, "00ff");
	assert_int_equal(w->link->fresh.len, 0);
	assert_unheard(w);
}

static void
a_password_whose_change_was_not_answered_is_unsure(void **state)
{
	struct world *w = *state;

	change_password(w);
	hang_up(w);
	assert_int_equal(w->link->news, LINK_PASSWORD_DENIED);
	assert_non_null(strstr(w->link->news_why, "may have been done or not"));
	assert_int_equal(w->link->fresh.len, 0);
	come_back(w);
	assert_non_null(strstr(w->line, "\"token\":\"00ff\""));
}

static void
a_name_can_be_registered_while_it_is_used(void **state)
{
	struct world *w = *state;
	struct credential password = secret("pass word"),
			  invite = secret("please");

	assert_false(link_register_now(w->link, &password, &invite));
	log_in(w);
	assert_true(link_register_now(w->link, &password, &invite));
	assert_heard(w, "\"command\":\"REGISTER\"");
	assert_non_null(strstr(w->line,
	    "\"username\":\"alice\",\"password\":\"pass word\","
	    "\"invite\":\"please\""));
	answer(w, "\"REGISTERED\",\"username\":\"alice\"");
	quiet(w);
	assert_int_equal(w->link->news, LINK_REGISTERED);
	assert_heard(w, "\"command\":\"TOKEN\"");
	/* Its resume secret is worth nothing any more. */
	hang_up(w);
	come_back(w);
	assert_non_null(strstr(w->line, "\"password\":\"pass word\""));
	assert_null(strstr(w->line, "resume"));
}

static void
refuse(struct world *w, const char *code)
{
	struct event e;
	char line[100];

	snprintf(line, sizeof(line),
	    "{\"event\":\"ERROR\",\"code\":\"%s\",\"retry_after\":3}\n", code);
	server_says(w, line);
	expect(w, &e, EVENT_ERROR);
	incoming_free(&e);
	assert_int_equal(w->link->why, LINK_REFUSED);
}

static void
a_first_login_that_is_refused_for_now_is_tried_again(void **state)
{
	struct world *w = *state;
	int64_t wait;

	give_password(w, "pass word");
	link_start(w->link, "alice", w->now);
	accept_link(w);
	refuse(w, "SERVER_FULL");
	assert_int_equal(w->link->state, LINK_WAITING);
	assert_true(link_is_busy_server(w->link));
	wait = link_deadline(w->link) - w->now;
	assert_in_range(wait, 3000, 4000);
	come_back(w);
	assert_non_null(strstr(w->line, "pass word"));
	refuse(w, "AUTH_FAILED");
	assert_int_equal(w->link->state, LINK_IDLE);
	assert_int_equal(w->link->proof, LINK_PASSWORD);
	assert_false(link_is_busy_server(w->link));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_password_becomes_a_token_and_is_wiped),
		TEST(a_token_is_only_taken_when_it_was_asked_for),
		TEST(a_password_is_kept_until_there_is_a_token),
		TEST(registering_comes_first_and_only_once),
		TEST(a_revocation_forgets_the_token),
		TEST(a_revocation_without_an_answer_leaves_the_token),
		TEST(a_renewed_token_replaces_the_old_one),
		TEST(a_new_token_can_be_given_up_as_well),
		TEST(a_token_that_is_not_renewed_stays),
		TEST(who_logs_out_meanwhile_leaves_no_token),
		TEST(
		    who_logs_out_meanwhile_ends_the_old_one_if_there_is_no_other),
		TEST(a_changed_password_brings_a_new_token),
		TEST(a_changed_password_serves_until_the_token_comes),
		TEST(a_password_that_was_not_changed_says_why),
		TEST(a_password_whose_change_was_not_answered_is_unsure),
		TEST(a_name_can_be_registered_while_it_is_used),
		TEST(a_first_login_that_is_refused_for_now_is_tried_again),
	};

	return cmocka_run_group_tests_name(
	    "client-link-login", tests, NULL, NULL);
}
