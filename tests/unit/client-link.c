/*
 * Unit tests of chat-client's link: what it says to a server and when, with
 * the server on a UNIX socket in this process and time as the test wants it.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../chat-client/link.h"

#define CONNECTED(id) \
	"{\"event\":\"CONNECTED\",\"username\":\"alice\"," \
	"\"last_id\":" #id ",\"resume\":\"secret\",\"limits\":" \
	"{\"line_max_size\":1000}}\n"

struct world {
	char dir[32], path[64];
	int listener, peer;
	struct link *link;
	int64_t now;
	char line[4096]; /* last from the link */
	struct buf got;	 /* by the server, not yet looked at */
};

static int
start(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct link_config config = {
		.since = -1, .history = 7, .timeout = 10000, .reconnect = true
	};
	char address[80];

	assert_non_null(w);
	w->peer = -1;
	w->now = 1000000;
	strcpy(w->dir, "/tmp/client-link.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->path, sizeof(w->path), "%s/socket", w->dir);
	strcpy(sun.sun_path, w->path);
	w->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(
	    bind(w->listener, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(listen(w->listener, 5), 0);
	snprintf(address, sizeof(address), "unix:%s", w->path);
	assert_true(address_parse(&config.address, address));
	w->link = link_new(&config);
	*state = w;
	return 0;
}

static int
end(void **state)
{
	struct world *w = *state;

	link_free(w->link);
	buf_free(&w->got);
	if (w->peer != -1)
		close(w->peer);
	close(w->listener);
	unlink(w->path);
	rmdir(w->dir);
	free(w);
	return 0;
}

/* Time passes; the link does what is due. */
static void
pass(struct world *w, int64_t ms)
{
	struct pollfd p = link_poll(w->link);

	w->now += ms;
	if (p.fd == -1)
		p.revents = 0;
	else
		assert_true(poll(&p, 1, 0) >= 0);
	link_step(w->link, p.revents, w->now);
}

/* No event is handed out. */
static void
quiet(struct world *w)
{
	struct event e;

	pass(w, 0);
	assert_false(link_next(w->link, &e, w->now));
}

static void
expect(struct world *w, struct event *e, enum event_kind kind)
{
	pass(w, 0);
	assert_true(link_next(w->link, e, w->now));
	assert_int_equal(e->kind, kind);
}

static void
server_says(struct world *w, const char *s)
{
	assert_int_equal(write(w->peer, s, strlen(s)), strlen(s));
}

/* The next line the link has sent, into w->line; false: there is none. */
static bool
server_hears(struct world *w)
{
	char *lf;
	ssize_t n;
	size_t len;

	link_step(w->link, 0, w->now);
	while ((n = recv(
		    w->peer, buf_room(&w->got, 1000), 1000, MSG_DONTWAIT)) > 0)
		buf_added(&w->got, (size_t)n);
	if (buf_len(&w->got) == 0)
		return false;
	lf = memchr(buf_head(&w->got), '\n', buf_len(&w->got));
	assert_non_null(lf);
	len = (size_t)(lf - buf_head(&w->got));
	assert_true(len < sizeof(w->line));
	memcpy(w->line, buf_head(&w->got), len);
	w->line[len] = '\0';
	buf_consume(&w->got, len + 1);
	return true;
}

static void
assert_heard(struct world *w, const char *part)
{
	assert_true(server_hears(w));
	if (strstr(w->line, part) == NULL)
		fail_msg("%s is not in %s", part, w->line);
}

static void
assert_unheard(struct world *w)
{
	assert_false(server_hears(w));
}

/* The ref of the line heard last. */
static const char *
ref(struct world *w)
{
	static char out[REF_MAX + 1];
	const char *s = strstr(w->line, "\"ref\":\"");

	assert_non_null(s);
	assert_int_equal(sscanf(s + 7, "%64[^\"]", out), 1);
	return out;
}

static void
accept_link(struct world *w)
{
	if (w->peer != -1)
		close(w->peer);
	buf_reset(&w->got, 0);
	w->peer = accept(w->listener, NULL, NULL);
	assert_true(w->peer >= 0);
	quiet(w);
	assert_int_equal(w->link->state, LINK_LOGIN);
	assert_heard(w, "\"command\":\"CONNECT\"");
}

static void
welcome(struct world *w, const char *connected)
{
	struct event e;

	server_says(w, connected);
	expect(w, &e, EVENT_CONNECTED);
	incoming_free(&e);
	assert_int_equal(w->link->state, LINK_ONLINE);
}

static void
log_in(struct world *w)
{
	link_start(w->link, "alice", w->now);
	accept_link(w);
	welcome(w, CONNECTED(50));
}

static void
hang_up(struct world *w)
{
	close(w->peer);
	w->peer = -1;
	quiet(w);
	/* A second look: what was said last is read before the end is. */
	quiet(w);
}

/* Wait as long as the link wants to, and let it come back. */
static void
come_back(struct world *w)
{
	assert_int_equal(w->link->state, LINK_WAITING);
	pass(w, link_deadline(w->link) - w->now);
	accept_link(w);
}

static void
say(struct world *w, const char *text)
{
	assert_int_equal(
	    link_say(w->link, "all", text, strlen(text), NULL), LINK_SAID);
}

static void
server_acks(struct world *w, const char *to, int id, bool seen)
{
	char line[200];
	struct event e;

	snprintf(line, sizeof(line),
	    "{\"event\":\"ACK\",\"ref\":\"%s\",\"id\":%d}\n", to, id);
	server_says(w, line);
	expect(w, &e, EVENT_ACK);
	assert_true(e.seen == seen);
	incoming_free(&e);
}

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
a_silent_server_is_asked_and_then_given_up(void **state)
{
	struct world *w = *state;

	log_in(w);
	assert_int_equal(link_deadline(w->link), w->now + QUIET_PING);
	pass(w, QUIET_PING - 1);
	assert_unheard(w);
	pass(w, 1);
	assert_heard(w, "\"command\":\"PING\"");
	server_says(w, "{\"event\":\"PONG\",\"ref\":\"");
	server_says(w, ref(w));
	server_says(w, "\"}\n");
	quiet(w);
	pass(w, QUIET_PING);
	assert_heard(w, "PING");
	assert_unheard(w);
	pass(w, QUIET_DEAD - QUIET_PING - 1);
	assert_int_equal(w->link->state, LINK_ONLINE);
	pass(w, 1);
	assert_int_equal(w->link->state, LINK_WAITING);
	assert_int_equal(w->link->why, LINK_LOST);
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
	assert_true(wait >= 30000 && wait < 31000);
	/* No server can make it wait for ever. */
	come_back(w);
	server_says(w,
	    "{\"event\":\"ERROR\",\"code\":\"SHUTDOWN\","
	    "\"reconnect_after\":9223372036854775807}\n");
	expect(w, &e, EVENT_ERROR);
	incoming_free(&e);
	assert_int_equal(w->link->state, LINK_WAITING);
	assert_true(link_deadline(w->link) - w->now <=
	    (RECONNECT_AFTER_MAX + 1) * 1000LL);
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
what_waits_is_bounded(void **state)
{
	struct world *w = *state;
	int i;

	for (i = 0; i < OUTBOX_MAX; i++)
		say(w, "x");
	assert_int_equal(link_say(w->link, "all", "x", 1, NULL), LINK_FULL);
	assert_true(link_is_busy(w->link));
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
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, end)
	const struct CMUnitTest tests[] = {
		TEST(the_first_login_asks_for_history_and_proves_nothing),
		TEST(the_next_login_proves_itself_and_asks_for_what_was_missed),
		TEST(since_is_the_last_message_and_not_an_ack),
		TEST(a_login_that_broke_off_early_asks_for_the_rest_again),
		TEST(a_restored_store_starts_anew),
		TEST(what_is_not_confirmed_is_sent_again_with_its_ref),
		TEST(a_resend_that_came_back_as_a_message_is_known),
		TEST(a_silent_server_is_asked_and_then_given_up),
		TEST(waits_grow_while_nothing_answers_and_a_success_ends_that),
		TEST(a_server_that_shuts_down_says_how_long_to_wait),
		TEST(a_busy_server_gets_one_message_at_a_time),
		TEST(a_login_without_an_answer_is_given_up),
		TEST(a_line_longer_than_the_server_takes_is_not_sent),
		TEST(what_waits_is_bounded),
		TEST(leaving_waits_for_the_answer),
	};

	return cmocka_run_group_tests_name("client-link", tests, NULL, NULL);
}
