/*
 * Unit tests of chat-client's link: how long it waits, for a server that is
 * silent, gone or busy, and for the last answer.
 */
#include "client-link-test.h"

static void
server_answers(struct world *w)
{
	server_says(w, "{\"event\":\"PONG\",\"ref\":\"");
	server_says(w, ref(w));
	server_says(w, "\"}\n");
	quiet(w);
}

static void
a_silent_server_is_asked_and_then_given_up(void **state)
{
	struct world *w = *state;

	log_in(w);
	assert_int_equal(link_deadline(w->link), w->now + PULSE_EVERY);
	pass(w, PULSE_EVERY - 1);
	assert_unheard(w);
	pass(w, 1);
	assert_heard(w, "\"command\":\"PING\"");
	server_answers(w);
	pass(w, PULSE_EVERY);
	assert_heard(w, "PING");
	assert_unheard(w);
	pass(w, PULSE_DEAD - 1);
	assert_int_equal(w->link->state, LINK_ONLINE);
	pass(w, 1);
	assert_int_equal(w->link->state, LINK_WAITING);
	assert_int_equal(w->link->why, LINK_LOST);
}

static void
who_slept_for_hours_asks_before_giving_up(void **state)
{
	struct world *w = *state;

	log_in(w);
	pass(w, 8 * 3600 * 1000LL);
	assert_heard(w, "PING");
	assert_int_equal(w->link->state, LINK_ONLINE);
	assert_int_equal(link_deadline(w->link), w->now + PULSE_DEAD);
}

static void
the_lag_is_measured_and_grows_while_an_answer_is_due(void **state)
{
	struct world *w = *state;

	assert_int_equal(link_lag(w->link, w->now), -1);
	log_in(w);
	assert_int_equal(link_lag(w->link, w->now), -1);
	pass(w, PULSE_EVERY);
	assert_heard(w, "PING");
	pass(w, 700);
	assert_int_equal(link_lag(w->link, w->now), 700);
	server_answers(w);
	pass(w, 5000);
	assert_int_equal(link_lag(w->link, w->now), 700);
	/* So does a message tell. */
	say(w, "x");
	assert_heard(w, "MESSAGE");
	assert_int_equal(link_lag(w->link, w->now), 700);
	pass(w, 900);
	assert_int_equal(link_lag(w->link, w->now), 900);
	pass(w, 100);
	server_acks(w, ref(w), 51, false);
	assert_int_equal(link_lag(w->link, w->now), 1000);
	hang_up(w);
	assert_int_equal(link_lag(w->link, w->now), -1);
}

static void
reconnecting_now_waits_for_nothing(void **state)
{
	struct world *w = *state;

	/* Nobody was to be connected yet. */
	link_reconnect_now(w->link, w->now);
	assert_int_equal(w->link->state, LINK_IDLE);
	log_in(w);
	assert_int_equal(link_countdown(w->link, w->now), -1);
	hang_up(w);
	assert_int_equal(w->link->state, LINK_WAITING);
	assert_in_range(link_countdown(w->link, w->now), 1, 2);
	link_reconnect_now(w->link, w->now);
	accept_link(w);
	welcome(w, CONNECTED(50));
	/* A connection that looks well is given up for a new one. */
	say(w, "x");
	assert_heard(w, "MESSAGE");
	link_reconnect_now(w->link, w->now);
	accept_link(w);
	assert_non_null(strstr(w->line, "\"resume\":\"secret\""));
	welcome(w, CONNECTED(50));
	assert_heard(w, "MESSAGE");
}

static void
waits_grow_while_nothing_answers_and_a_success_ends_that(void **state)
{
	struct world *w = *state;
	int64_t wait, most = 2000;
	int i;

	log_in(w);
	pass(w, SETTLE_WAIT);
	close(w->listener);
	unlink(w->path);
	hang_up(w);
	for (i = 0; i < 8; i++) {
		assert_int_equal(w->link->state, LINK_WAITING);
		wait = link_deadline(w->link) - w->now;
		assert_true(wait >= most / 2 && wait <= most);
		most = most * 2 > 60000 ? 60000 : most * 2;
		/* The attempt, and that it failed at once. */
		pass(w, wait);
		pass(w, 0);
	}
	assert_int_equal(w->link->why, LINK_UNREACHABLE);
}

static void
a_server_that_shuts_down_says_how_long_to_wait(void **state)
{
	struct world *w = *state;
	struct event e;
	int64_t wait;

	log_in(w);
	server_says(w,
	    "{\"event\":\"ERROR\",\"code\":\"SHUTDOWN\","
	    "\"message\":\"bye\",\"reconnect_after\":30}\n");
	expect(w, &e, EVENT_ERROR);
	incoming_free(&e);
	hang_up(w);
	assert_int_equal(w->link->state, LINK_WAITING);
	wait = link_deadline(w->link) - w->now;
	assert_in_range(wait, 30000, 31000);
	/* No server can make it wait for ever. */
	come_back(w);
	server_says(w,
	    "{\"event\":\"ERROR\",\"code\":\"SHUTDOWN\","
	    "\"reconnect_after\":9223372036854775807}\n");
	expect(w, &e, EVENT_ERROR);
	incoming_free(&e);
	assert_int_equal(w->link->state, LINK_WAITING);
	assert_in_range(link_deadline(w->link) - w->now,
	    RECONNECT_AFTER_MAX * 1000LL,
	    RECONNECT_AFTER_MAX * 1000LL + BACKOFF_MAX);
}

static void
a_login_without_an_answer_is_given_up(void **state)
{
	struct world *w = *state;

	link_start(w->link, "alice", w->now);
	accept_link(w);
	pass(w, 9999);
	assert_int_equal(w->link->state, LINK_LOGIN);
	pass(w, 1);
	/* Who never was online does not come back by itself. */
	assert_int_equal(w->link->state, LINK_IDLE);
	assert_int_equal(w->link->why, LINK_SILENT);
}

static void
leaving_waits_for_the_answer(void **state)
{
	struct world *w = *state;
	struct event e;

	log_in(w);
	link_leave(w->link, 500, w->now);
	assert_heard(w, "DISCONNECT");
	assert_int_equal(w->link->state, LINK_LEAVING);
	server_says(w, "{\"event\":\"DISCONNECTED\",\"reason\":\"x\"}\n");
	expect(w, &e, EVENT_DISCONNECTED);
	incoming_free(&e);
	assert_int_equal(w->link->state, LINK_IDLE);
	assert_int_equal(w->link->why, LINK_LEFT);
	/* Or it does not come. */
	log_in(w);
	link_leave(w->link, 500, w->now);
	pass(w, 500);
	assert_int_equal(w->link->state, LINK_IDLE);
	assert_int_equal(w->link->why, LINK_LOST);
	/* It is not late while nothing is read. */
	log_in(w);
	link_leave(w->link, 500, w->now);
	link_pause(w->link, true);
	pass(w, 5000);
	assert_int_equal(w->link->state, LINK_LEAVING);
	link_pause(w->link, false);
	pass(w, 500);
	assert_int_equal(w->link->state, LINK_IDLE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_silent_server_is_asked_and_then_given_up),
		TEST(who_slept_for_hours_asks_before_giving_up),
		TEST(the_lag_is_measured_and_grows_while_an_answer_is_due),
		TEST(reconnecting_now_waits_for_nothing),
		TEST(waits_grow_while_nothing_answers_and_a_success_ends_that),
		TEST(a_server_that_shuts_down_says_how_long_to_wait),
		TEST(a_login_without_an_answer_is_given_up),
		TEST(leaving_waits_for_the_answer),
	};

	return cmocka_run_group_tests_name(
	    "client-link-time", tests, NULL, NULL);
}
