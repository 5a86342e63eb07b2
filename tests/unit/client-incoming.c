/*
 * Unit tests of chat-client's parser of events: what a good server says is
 * understood, what any other says does no harm.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../chat-client/incoming.h"

static void
parse(struct event *e, const char *line)
{
	assert_true(incoming_parse(e, line, strlen(line)));
}

static void
assert_span(struct span span, const char *want)
{
	assert_int_equal(span.n, strlen(want));
	assert_memory_equal(span.s, want, span.n);
}

static void
assert_bad(const char *line)
{
	struct event e;

	assert_false(incoming_parse(&e, line, strlen(line)));
}

static void
a_message_is_understood(void **state)
{
	struct event e;

	(void)state;
	parse(&e,
	    "{\"event\":\"MESSAGE\",\"id\":7,\"from\":\"bob\","
	    "\"to\":\"all\",\"message\":\"hi\\u0000!\","
	    "\"timestamp\":\"2026-11-23T04:38:09.123Z\"}");
	assert_int_equal(e.kind, EVENT_MESSAGE);
	assert_int_equal(e.message.id, 7);
	assert_int_equal(e.message.time, 1795408689123);
	assert_span(e.message.from, "bob");
	assert_span(e.message.to, "all");
	assert_int_equal(e.message.text.n, 4);
	assert_memory_equal(e.message.text.s, "hi\0!", 4);
	assert_span(e.ref, "");
	incoming_free(&e);
}

static void
a_login_is_understood(void **state)
{
	struct event e;

	(void)state;
	parse(&e,
	    "{\"event\":\"CONNECTED\",\"ref\":\"r\",\"session\":1,"
	    "\"username\":\"bob\",\"last_id\":9,\"oldest_id\":1,"
	    "\"resume\":\"00ff\",\"limits\":{\"message_max_size\":10,"
	    "\"line_max_size\":20},\"reset\":true}");
	assert_int_equal(e.kind, EVENT_CONNECTED);
	assert_span(e.ref, "r");
	assert_span(e.username, "bob");
	assert_span(e.resume, "00ff");
	assert_int_equal(e.last_id, 9);
	assert_int_equal(e.message_max, 10);
	assert_int_equal(e.line_max, 20);
	assert_true(e.reset);
	incoming_free(&e);
}

static void
answers_are_understood(void **state)
{
	struct event e;

	(void)state;
	parse(&e,
	    "{\"event\":\"ACK\",\"ref\":\"a\",\"id\":3,"
	    "\"timestamp\":\"nonsense\",\"repaired\":true}");
	assert_int_equal(e.kind, EVENT_ACK);
	assert_int_equal(e.message.id, 3);
	assert_int_equal(e.message.time, 0);
	assert_true(e.repaired);
	incoming_free(&e);
	parse(&e,
	    "{\"event\":\"ERROR\",\"code\":\"SHUTDOWN\","
	    "\"message\":\"bye\",\"reconnect_after\":5}");
	assert_int_equal(e.kind, EVENT_ERROR);
	assert_span(e.code, "SHUTDOWN");
	assert_span(e.text, "bye");
	assert_int_equal(e.wait, 5);
	incoming_free(&e);
	parse(&e,
	    "{\"event\":\"ERROR\",\"code\":\"RATE_LIMITED\","
	    "\"retry_after\":2}");
	assert_int_equal(e.wait, 2);
	incoming_free(&e);
	parse(&e, "{\"event\":\"DISCONNECTED\",\"reason\":\"asked\"}");
	assert_int_equal(e.kind, EVENT_DISCONNECTED);
	assert_span(e.text, "asked");
	incoming_free(&e);
	parse(&e, "{\"event\":\"PONG\"} \t");
	assert_int_equal(e.kind, EVENT_PONG);
	incoming_free(&e);
}

static void
lists_give_their_good_members(void **state)
{
	struct event e;
	struct message m;
	struct presence p;

	(void)state;
	parse(&e,
	    "{\"event\":\"HISTORY\",\"with\":\"bob\",\"messages\":["
	    "{\"id\":1,\"from\":\"a\",\"to\":\"b\",\"message\":\"x\"},"
	    "null,7,\"x\",[],{},{\"id\":\"1\"},"
	    "{\"id\":2,\"from\":\"a\",\"to\":\"b\",\"message\":\"y\"}],"
	    "\"more\":true}");
	assert_span(e.with, "bob");
	assert_true(e.more);
	assert_int_equal(incoming_count(&e), 8);
	assert_true(incoming_message(&e, 0, &m));
	assert_int_equal(m.id, 1);
	assert_false(incoming_message(&e, 1, &m));
	assert_false(incoming_message(&e, 2, &m));
	assert_false(incoming_message(&e, 3, &m));
	assert_false(incoming_message(&e, 4, &m));
	assert_false(incoming_message(&e, 5, &m));
	assert_false(incoming_message(&e, 6, &m));
	assert_true(incoming_message(&e, 7, &m));
	assert_span(m.text, "y");
	incoming_free(&e);
	parse(&e,
	    "{\"event\":\"USERS\",\"users\":[{\"username\":\"a\","
	    "\"online\":true},null,{\"username\":5},"
	    "{\"username\":\"b\",\"online\":\"yes\"}]}");
	assert_int_equal(incoming_count(&e), 4);
	assert_true(incoming_presence(&e, 0, &p));
	assert_true(p.online);
	assert_false(incoming_presence(&e, 1, &p));
	assert_false(incoming_presence(&e, 2, &p));
	assert_true(incoming_presence(&e, 3, &p));
	assert_false(p.online);
	incoming_free(&e);
}

static void
unknown_events_and_members_are_passed_over(void **state)
{
	struct event e;

	(void)state;
	parse(&e, "{\"event\":\"TOMORROW\",\"x\":{\"y\":[1]}}");
	assert_int_equal(e.kind, EVENT_OTHER);
	assert_int_equal(incoming_count(&e), 0);
	incoming_free(&e);
	parse(&e, "{\"event\":\"JOINED\",\"username\":\"x\",\"new\":1}");
	assert_int_equal(e.kind, EVENT_JOINED);
	incoming_free(&e);
}

static void
missing_or_wrong_members_are_no_event(void **state)
{
	(void)state;
	assert_bad("{}");
	assert_bad("{\"event\":5}");
	assert_bad("{\"event\":null}");
	assert_bad("{\"event\":\"MESSAGE\"}");
	assert_bad("{\"event\":\"MESSAGE\",\"id\":\"7\",\"from\":\"a\","
		   "\"to\":\"b\",\"message\":\"x\"}");
	assert_bad("{\"event\":\"MESSAGE\",\"id\":-7,\"from\":\"a\","
		   "\"to\":\"b\",\"message\":\"x\"}");
	assert_bad("{\"event\":\"MESSAGE\",\"id\":7.5,\"from\":\"a\","
		   "\"to\":\"b\",\"message\":\"x\"}");
	assert_bad("{\"event\":\"MESSAGE\",\"id\":7,\"from\":[],"
		   "\"to\":\"b\",\"message\":\"x\"}");
	assert_bad("{\"event\":\"MESSAGE\",\"id\":7,\"from\":\"a\","
		   "\"to\":\"b\",\"message\":{}}");
	assert_bad("{\"event\":\"ACK\",\"ref\":\"x\"}");
	assert_bad("{\"event\":\"ERROR\",\"message\":\"x\"}");
	assert_bad("{\"event\":\"HISTORY\",\"messages\":{}}");
	assert_bad("{\"event\":\"USERS\"}");
	assert_bad("{\"event\":\"JOINED\",\"username\":1}");
	assert_bad("{\"event\":\"CONNECTED\",\"username\":\"x\"}");
}

static void
what_is_no_object_is_no_event(void **state)
{
	(void)state;
	assert_bad("");
	assert_bad(" ");
	assert_bad("null");
	assert_bad("[]");
	assert_bad("\"event\"");
	assert_bad("7");
	assert_bad("{");
	assert_bad("{\"event\":\"PING\"");
	assert_bad("{\"event\":\"PING\"}}");
	assert_bad("{\"event\":\"PING\"} {\"event\":\"PING\"}");
	assert_bad("{\"event\":\"PING\",}");
	assert_bad("{'event':'PING'}");
	assert_bad("{\"event\":\"PING\",\"x\":NaN}");
	assert_bad("{\"event\":\"PING\",\"x\":\"\033\"}");
	assert_bad("HTTP/1.1 400 Bad Request");
	assert_false(
	    incoming_parse(&(struct event){ 0 }, "{\"event\":\"PING\"}\0", 17));
}

static void
nesting_is_bounded(void **state)
{
	struct buf line = { 0 };
	struct event e;
	int i;

	(void)state;
	buf_add_str(&line, "{\"event\":\"PING\",\"x\":");
	for (i = 0; i < 100000; i++)
		buf_add_str(&line, "[");
	for (i = 0; i < 100000; i++)
		buf_add_str(&line, "]");
	buf_add_str(&line, "}");
	assert_false(incoming_parse(&e, buf_head(&line), buf_len(&line)));
	buf_free(&line);
}

static void
bytes_that_are_no_text_are_repaired(void **state)
{
	struct event e;

	(void)state;
	parse(&e,
	    "{\"event\":\"JOINED\",\"username\":\"a\xff"
	    "b\"}");
	assert_span(e.username,
	    "a\xef\xbf\xbd"
	    "b");
	assert_span(e.line,
	    "{\"event\":\"JOINED\",\"username\":\"a\xef\xbf\xbd"
	    "b\"}");
	incoming_free(&e);
}

static void
numbers_of_any_size_are_taken_or_refused(void **state)
{
	struct event e;

	(void)state;
	parse(&e, "{\"event\":\"ACK\",\"id\":9223372036854775807}");
	assert_true(e.message.id == INT64_MAX);
	incoming_free(&e);
	assert_bad("{\"event\":\"ACK\",\"id\":1e999}");
	assert_bad("{\"event\":\"ACK\",\"id\":0}");
}

static void
assert_time(const char *s, int64_t want)
{
	assert_true(incoming_time((struct span){ s, strlen(s) }) == want);
}

static void
only_the_one_form_is_a_time(void **state)
{
	(void)state;
	assert_time("1970-01-01T00:00:00.001Z", 1);
	assert_time("2026-11-23T04:38:09.123Z", 1795408689123);
	assert_time("", 0);
	assert_time("2026-11-23T04:38:09Z", 0);
	assert_time("2026-11-23 04:38:09.123Z", 0);
	assert_time("2026-13-23T04:38:09.123Z", 0);
	assert_time("2026-00-23T04:38:09.123Z", 0);
	assert_time("2026-11-32T04:38:09.123Z", 0);
	assert_time("2026-11-23T24:38:09.123Z", 0);
	assert_time("2026-11-23T04:61:09.123Z", 0);
	assert_time("1969-11-23T04:38:09.123Z", 0);
	assert_time("+026-11-23T04:38:09.123Z", 0);
	assert_time("2026-11-23T04:38:09.123z", 0);
}

/* Good lines with bytes changed, cut out and doubled. */
static void
damaged_lines_do_no_harm(void **state)
{
	static const char *const lines[] = {
		"{\"event\":\"MESSAGE\",\"id\":7,\"from\":\"bob\",\"to\":"
		"\"all\",\"message\":\"hi\",\"timestamp\":"
		"\"2026-11-23T04:38:09.123Z\"}",
		"{\"event\":\"HISTORY\",\"messages\":[{\"id\":1,\"from\":"
		"\"a\",\"to\":\"b\",\"message\":\"x\"}],\"more\":false}",
		"{\"event\":\"USERS\",\"users\":[{\"username\":\"a\","
		"\"online\":true,\"since\":\"x\"}]}",
		"{\"event\":\"CONNECTED\",\"username\":\"a\",\"last_id\":1,"
		"\"resume\":\"aa\",\"limits\":{\"line_max_size\":5}}",
	};
	unsigned int seed = 3, round, i, changes, understood = 0;
	char line[300];
	struct event e;
	struct message m;
	struct presence p;
	size_t n, at;

	(void)state;
	for (round = 0; round < 100000; round++) {
		n = strlen(lines[round % 4]);
		memcpy(line, lines[round % 4], n);
		changes = 1 + (unsigned int)rand_r(&seed) % 4;
		for (i = 0; i < changes; i++) {
			at = (size_t)rand_r(&seed) % n;
			if (rand_r(&seed) % 3 == 0) {
				memmove(line + at, line + at + 1, n - at - 1);
				n--;
			} else {
				line[at] =
				    "{}[]\",:\\u0\xff\033 9"[rand_r(&seed) %
					14];
			}
		}
		if (!incoming_parse(&e, line, n))
			continue;
		understood++;
		if (e.kind == EVENT_HISTORY && incoming_count(&e) > 0)
			incoming_message(&e, 0, &m);
		if (e.kind == EVENT_USERS && incoming_count(&e) > 0)
			incoming_presence(&e, 0, &p);
		incoming_free(&e);
	}
	/* Or it would have been the parser of JSON alone that was tried. */
	assert_in_range(understood, 1000, 99000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_understood),
		cmocka_unit_test(a_login_is_understood),
		cmocka_unit_test(answers_are_understood),
		cmocka_unit_test(lists_give_their_good_members),
		cmocka_unit_test(unknown_events_and_members_are_passed_over),
		cmocka_unit_test(missing_or_wrong_members_are_no_event),
		cmocka_unit_test(what_is_no_object_is_no_event),
		cmocka_unit_test(nesting_is_bounded),
		cmocka_unit_test(bytes_that_are_no_text_are_repaired),
		cmocka_unit_test(numbers_of_any_size_are_taken_or_refused),
		cmocka_unit_test(only_the_one_form_is_a_time),
		cmocka_unit_test(damaged_lines_do_no_harm),
	};

	return cmocka_run_group_tests_name(
	    "client-incoming", tests, NULL, NULL);
}
