/*
 * Unit tests of chat-client's link: what it says to a server.
 */
#include "client-link-test.h"

static void
the_first_login_asks_for_history_and_proves_nothing(void **state)
{
	struct world *w = *state;

	log_in(w);
	assert_non_null(strstr(w->line, "\"username\":\"alice\""));
	assert_non_null(strstr(w->line, "\"history\":7"));
	assert_null(strstr(w->line, "resume"));
	assert_null(strstr(w->line, "since"));
	assert_unheard(w);
}

static void
the_next_login_proves_itself_and_asks_for_what_was_missed(void **state)
{
	struct world *w = *state;

	log_in(w);
	hang_up(w);
	come_back(w);
	assert_non_null(strstr(w->line, "\"resume\":\"secret\""));
	assert_non_null(strstr(w->line, "\"since\":50"));
	assert_null(strstr(w->line, "history"));
}

static void
since_is_the_last_message_and_not_an_ack(void **state)
{
	struct world *w = *state;
	struct event e;

	log_in(w);
	say(w, "mine");
	assert_heard(w, "MESSAGE");
	server_says(w,
	    "{\"event\":\"MESSAGE\",\"id\":60,\"from\":\"b\","
	    "\"to\":\"all\",\"message\":\"x\"}\n");
	expect(w, &e, EVENT_MESSAGE);
	incoming_free(&e);
	server_acks(w, ref(w), 70, false);
	hang_up(w);
	come_back(w);
	assert_non_null(strstr(w->line, "\"since\":60"));
	/* It comes as a message then, and is known already. */
	welcome(w, CONNECTED(70));
	server_says(w,
	    "{\"event\":\"MESSAGE\",\"id\":70,\"from\":\"alice\","
	    "\"to\":\"all\",\"message\":\"mine\"}\n");
	quiet(w);
}

static void
a_login_that_broke_off_early_asks_for_the_rest_again(void **state)
{
	struct world *w = *state;
	struct event e;

	log_in(w);
	/* Missed ones have come up to 20 of 50. */
	server_says(w,
	    "{\"event\":\"MESSAGE\",\"id\":20,\"from\":\"b\","
	    "\"to\":\"alice\",\"message\":\"x\"}\n");
	expect(w, &e, EVENT_MESSAGE);
	incoming_free(&e);
	hang_up(w);
	come_back(w);
	assert_non_null(strstr(w->line, "\"since\":20"));
	/* After a while all has come, even if nothing more was to be. */
	welcome(w, CONNECTED(50));
	pass(w, SETTLE_WAIT);
	hang_up(w);
	come_back(w);
	assert_non_null(strstr(w->line, "\"since\":50"));
}

static void
a_restored_store_starts_anew(void **state)
{
	struct world *w = *state;
	struct event e;

	log_in(w);
	pass(w, SETTLE_WAIT);
	hang_up(w);
	come_back(w);
	server_says(w,
	    "{\"event\":\"CONNECTED\",\"username\":\"alice\","
	    "\"last_id\":5,\"reset\":true}\n");
	expect(w, &e, EVENT_CONNECTED);
	assert_true(e.reset);
	incoming_free(&e);
	server_says(w,
	    "{\"event\":\"MESSAGE\",\"id\":6,\"from\":\"b\","
	    "\"to\":\"all\",\"message\":\"x\"}\n");
	expect(w, &e, EVENT_MESSAGE);
	incoming_free(&e);
}

static void
what_is_not_confirmed_is_sent_again_with_its_ref(void **state)
{
	struct world *w = *state;
	char first[REF_MAX + 1], second[REF_MAX + 1];

	log_in(w);
	say(w, "one");
	assert_heard(w, "\"message\":\"one\"");
	strcpy(first, ref(w));
	hang_up(w);
	/* Said while there is no connection. */
	say(w, "two");
	come_back(w);
	assert_unheard(w);
	welcome(w, CONNECTED(50));
	assert_heard(w, "\"message\":\"one\"");
	assert_string_equal(ref(w), first);
	assert_heard(w, "\"message\":\"two\"");
	strcpy(second, ref(w));
	assert_string_not_equal(first, second);
	server_acks(w, first, 51, false);
	server_acks(w, second, 52, false);
	assert_int_equal(w->link->outbox.len, 0);
}

static void
a_resend_that_came_back_as_a_message_is_known(void **state)
{
	struct world *w = *state;
	struct event e;
	char first[REF_MAX + 1];

	log_in(w);
	say(w, "one");
	assert_heard(w, "one");
	strcpy(first, ref(w));
	hang_up(w);
	come_back(w);
	welcome(w, CONNECTED(51));
	server_says(w,
	    "{\"event\":\"MESSAGE\",\"id\":51,\"from\":\"alice\","
	    "\"to\":\"all\",\"message\":\"one\"}\n");
	expect(w, &e, EVENT_MESSAGE);
	incoming_free(&e);
	server_acks(w, first, 51, true);
}

static void
history_is_asked_for_from_any_place(void **state)
{
	struct world *w = *state;
	struct event e;
	char line[200];

	assert_false(link_ask_history(w->link, "bob", 40, 20));
	log_in(w);
	assert_true(link_ask_history(w->link, "bob", 40, 20));
	assert_heard(w, "\"with\":\"bob\",\"before\":40,\"limit\":20");
	snprintf(line, sizeof(line),
	    "{\"event\":\"HISTORY\",\"ref\":\"%s\",\"with\":\"bob\","
	    "\"messages\":[],\"more\":true}\n",
	    ref(w));
	server_says(w, line);
	expect(w, &e, EVENT_HISTORY);
	assert_true(e.more && link_is_own_ref(w->link, e.ref, "history"));
	incoming_free(&e);
}

static void
a_server_that_asks_and_does_not_read_is_not_answered_for_ever(void **state)
{
	struct world *w = *state;
	int i, j;

	log_in(w);
	for (i = 0; i < 400; i++) {
		for (j = 0; j < 100; j++)
			server_says(w, "{\"event\":\"PING\"}\n");
		quiet(w);
	}
	assert_in_range(
	    buf_len(&w->link->conn.out), 1, OUTPUT_MAX + 2 * REF_MAX);
	assert_int_equal(w->link->state, LINK_ONLINE);
}

static void
everybody_has_one_spelling(void **state)
{
	struct world *w = *state;

	log_in(w);
	assert_int_equal(link_say(w->link, "All", "x", 1, NULL), LINK_SAID);
	assert_heard(w, "\"to\":\"all\"");
}

static void
who_is_connected_is_not_told_so_again(void **state)
{
	struct world *w = *state;

	log_in(w);
	server_says(w,
	    "{\"event\":\"CONNECTED\",\"username\":\"bob\","
	    "\"last_id\":99,\"reset\":true}\n");
	quiet(w);
	assert_string_equal(w->link->username, "alice");
	hang_up(w);
	come_back(w);
	assert_non_null(strstr(w->line, "\"since\":50"));
}

static void
the_server_spells_the_name_but_only_as_one(void **state)
{
	struct world *w = *state;

	link_start(w->link, "alice", w->now);
	accept_link(w);
	welcome(w,
	    "{\"event\":\"CONNECTED\",\"username\":\"x\\nhost\\tbob\","
	    "\"last_id\":50}\n");
	assert_string_equal(w->link->username, "alice");
	hang_up(w);
	come_back(w);
	welcome(w,
	    "{\"event\":\"CONNECTED\",\"username\":\"Alice\","
	    "\"last_id\":50}\n");
	assert_string_equal(w->link->username, "Alice");
}

static void
a_busy_server_gets_one_message_at_a_time(void **state)
{
	struct world *w = *state;
	char first[REF_MAX + 1], line[200];

	log_in(w);
	say(w, "one");
	say(w, "two");
	assert_heard(w, "one");
	strcpy(first, ref(w));
	assert_heard(w, "two");
	server_acks(w, ref(w), 51, false);
	snprintf(line, sizeof(line),
	    "{\"event\":\"ERROR\",\"code\":"
	    "\"RATE_LIMITED\",\"retry_after\":3,\"ref\":\"%s\"}\n",
	    first);
	server_says(w, line);
	quiet(w);
	say(w, "three");
	assert_unheard(w);
	pass(w, 2999);
	assert_unheard(w);
	pass(w, 1);
	assert_heard(w, "one");
	assert_string_equal(ref(w), first);
	assert_unheard(w);
	server_acks(w, first, 52, false);
	assert_heard(w, "three");
}

static void
a_line_longer_than_the_server_takes_is_not_sent(void **state)
{
	struct world *w = *state;
	char text[2000];

	log_in(w);
	memset(text, 'x', sizeof(text));
	assert_int_equal(
	    link_say(w->link, "all", text, sizeof(text), NULL), LINK_TOO_LONG);
	assert_int_equal(link_raw(w->link, text, sizeof(text)), LINK_TOO_LONG);
	assert_unheard(w);
}

static void
log_in_with(struct world *w, const char *limits)
{
	char line[200];

	link_start(w->link, "alice", w->now);
	accept_link(w);
	snprintf(line, sizeof(line),
	    "{\"event\":\"CONNECTED\",\"username\":\"alice\",\"last_id\":50,"
	    "\"limits\":{%s}}\n",
	    limits);
	welcome(w, line);
}

/* Such a line would end each connection that it is sent again on. */
static void
what_waits_and_became_too_long_is_refused_once(void **state)
{
	struct world *w = *state;
	char text[300];
	struct event e;

	memset(text, 'x', sizeof(text));
	log_in(w);
	say(w, "one");
	hang_up(w);
	assert_int_equal(
	    link_say(w->link, "bob", text, sizeof(text), NULL), LINK_SAID);
	say(w, "two");
	come_back(w);
	welcome(w,
	    "{\"event\":\"CONNECTED\",\"username\":\"alice\",\"last_id\":50,"
	    "\"limits\":{\"line_max_size\":200}}\n");
	expect(w, &e, EVENT_ERROR);
	assert_true(span_is(e.code, "TOO_LARGE"));
	assert_true(span_is(e.message.to, "bob"));
	assert_int_equal(e.message.text.n, sizeof(text));
	incoming_free(&e);
	quiet(w);
	assert_int_equal(w->link->outbox.len, 2);
	assert_heard(w, "\"message\":\"one\"");
	assert_heard(w, "\"message\":\"two\"");
	assert_unheard(w);
}

static void
a_limit_of_any_size_is_one(void **state)
{
	struct world *w = *state;

	log_in_with(w, "\"line_max_size\":9223372036854775807");
	say(w, "one");
	assert_heard(w, "one");
}

static void
no_server_holds_a_message_back_for_ever(void **state)
{
	struct world *w = *state;
	char line[200];

	log_in(w);
	say(w, "one");
	assert_heard(w, "one");
	snprintf(line, sizeof(line),
	    "{\"event\":\"ERROR\",\"code\":\"RATE_LIMITED\",\"ref\":\"%s\","
	    "\"retry_after\":9223372036854775807}\n",
	    ref(w));
	server_says(w, line);
	quiet(w);
	assert_true(w->link->hold_until == w->now + RETRY_AFTER_MAX * 1000LL);
}

static void
the_last_id_there_is_leaves_nothing_to_be_seen(void **state)
{
	struct world *w = *state;
	struct event e;

	log_in(w);
	server_says(w,
	    "{\"event\":\"HISTORY\",\"messages\":[{\"id\":60,\"from\":\"bob\","
	    "\"to\":\"all\",\"message\":\"hello\"}]}\n");
	expect(w, &e, EVENT_HISTORY);
	incoming_free(&e);
	assert_int_equal(w->link->seen.len, 1);
	server_says(w,
	    "{\"event\":\"MESSAGE\",\"id\":9223372036854775807,"
	    "\"from\":\"bob\",\"to\":\"all\",\"message\":\"hello\"}\n");
	expect(w, &e, EVENT_MESSAGE);
	incoming_free(&e);
	assert_int_equal(w->link->seen.len, 0);
}

static void
a_text_is_measured_as_the_server_does(void **state)
{
	struct world *w = *state;

	log_in_with(w, "\"message_max_size\":4");
	say(w, "1234");
	assert_heard(w, "1234");
	/* Controls do not count, for they are taken out. */
	assert_int_equal(
	    link_say(w->link, "all", "\0331234\0", 6, NULL), LINK_SAID);
	assert_heard(w, "1234");
	assert_int_equal(
	    link_say(w->link, "all", "12345", 5, NULL), LINK_TOO_LONG);
	assert_int_equal(
	    link_say(w->link, "all", "\n1234", 5, NULL), LINK_TOO_LONG);
	assert_unheard(w);
}

static void
what_waits_is_bounded(void **state)
{
	struct world *w = *state;
	int i;

	for (i = 0; i < OUTBOX_MAX; i++)
		say(w, "x");
	assert_int_equal(link_say(w->link, "all", "x", 1, NULL), LINK_FULL);
	assert_true(link_is_busy(w->link));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_login_asks_for_history_and_proves_nothing),
		TEST(the_next_login_proves_itself_and_asks_for_what_was_missed),
		TEST(since_is_the_last_message_and_not_an_ack),
		TEST(a_login_that_broke_off_early_asks_for_the_rest_again),
		TEST(a_restored_store_starts_anew),
		TEST(what_is_not_confirmed_is_sent_again_with_its_ref),
		TEST(a_resend_that_came_back_as_a_message_is_known),
		TEST(history_is_asked_for_from_any_place),
		TEST(
		    a_server_that_asks_and_does_not_read_is_not_answered_for_ever),
		TEST(everybody_has_one_spelling),
		TEST(who_is_connected_is_not_told_so_again),
		TEST(the_server_spells_the_name_but_only_as_one),
		TEST(a_busy_server_gets_one_message_at_a_time),
		TEST(a_line_longer_than_the_server_takes_is_not_sent),
		TEST(what_waits_and_became_too_long_is_refused_once),
		TEST(a_limit_of_any_size_is_one),
		TEST(no_server_holds_a_message_back_for_ever),
		TEST(the_last_id_there_is_leaves_nothing_to_be_seen),
		TEST(a_text_is_measured_as_the_server_does),
		TEST(what_waits_is_bounded),
	};

	return cmocka_run_group_tests_name("client-link", tests, NULL, NULL);
}
