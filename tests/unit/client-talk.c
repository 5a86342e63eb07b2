/*
 * Unit tests of the small pure parts of chat-client that talk: input and
 * commands, addresses, requests, the outbox, what was seen, waits, lines for
 * people.
 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "../../chat-client/address.h"
#include "../../chat-client/backoff.h"
#include "../../chat-client/fingerprint.h"
#include "../../chat-client/format.h"
#include "../../chat-client/input.h"
#include "../../chat-client/outbox.h"
#include "../../chat-client/request.h"
#include "../../chat-client/seen.h"

static void
parse(struct input *in, const char *line, enum input_kind kind)
{
	input_parse(in, line, strlen(line));
	assert_int_equal(in->kind, kind);
	if (kind == INPUT_BAD)
		assert_true(in->error[0] != '\0');
}

static void
assert_text(const struct input *in, const char *want)
{
	assert_int_equal(in->len, strlen(want));
	assert_memory_equal(in->text, want, in->len);
}

static void
a_line_is_something_to_say(void **state)
{
	struct input in;

	(void)state;
	parse(&in, "", INPUT_NOTHING);
	parse(&in, "hello there", INPUT_SAY);
	assert_text(&in, "hello there");
	parse(&in, " /quit", INPUT_SAY);
	assert_text(&in, " /quit");
	parse(&in, "//quit", INPUT_SAY);
	assert_text(&in, "/quit");
	parse(&in, "//", INPUT_SAY);
	assert_text(&in, "/");
}

static void
commands_are_understood(void **state)
{
	struct input in;

	(void)state;
	parse(&in, "/msg bob hello  there ", INPUT_MSG);
	assert_string_equal(in.name, "bob");
	assert_text(&in, "hello  there ");
	parse(&in, "/msg ALL x", INPUT_MSG);
	parse(&in, "/users", INPUT_USERS);
	parse(&in, "/users  ", INPUT_USERS);
	parse(&in, "/reconnect", INPUT_RECONNECT);
	parse(&in, "/help", INPUT_HELP);
	parse(&in, "/quit", INPUT_QUIT);
	parse(&in, "/history", INPUT_HISTORY);
	assert_string_equal(in.name, "");
	assert_int_equal(in.count, 20);
	parse(&in, "/history 5", INPUT_HISTORY);
	assert_string_equal(in.name, "");
	assert_int_equal(in.count, 5);
	parse(&in, "/history bob", INPUT_HISTORY);
	assert_string_equal(in.name, "bob");
	assert_int_equal(in.count, 20);
	parse(&in, "/history 42 1000", INPUT_HISTORY);
	assert_string_equal(in.name, "42");
	assert_int_equal(in.count, 1000);
}

static void
wrong_commands_say_what_is_wrong(void **state)
{
	struct input in;

	(void)state;
	parse(&in, "/", INPUT_BAD);
	parse(&in, "/nope", INPUT_BAD);
	parse(&in, "/QUIT", INPUT_BAD);
	parse(&in, "/msg", INPUT_BAD);
	parse(&in, "/msg bob", INPUT_BAD);
	parse(&in, "/msg bob ", INPUT_BAD);
	parse(&in,
	    "/msg b\xc3\xb6"
	    "b hi",
	    INPUT_BAD);
	parse(&in, "/msg 012345678901234567890123456789012 hi", INPUT_BAD);
	parse(&in, "/history bob 0", INPUT_BAD);
	parse(&in, "/history bob 1001", INPUT_BAD);
	parse(&in, "/history bob 5 6", INPUT_BAD);
	parse(&in, "/history bob x", INPUT_BAD);
	parse(&in, "/quit now", INPUT_BAD);
}

static void
assert_address(const char *s, const char *host, const char *port)
{
	struct address a;

	assert_true(address_parse(&a, s, "5555"));
	assert_string_equal(a.host, host);
	assert_string_equal(a.port, port);
	assert_string_equal(a.path, "");
}

static void
addresses_are_understood(void **state)
{
	struct address a;

	(void)state;
	assert_address("chat.example", "chat.example", "5555");
	assert_address("chat.example:1", "chat.example", "1");
	assert_address(":7000", "127.0.0.1", "7000");
	assert_address("127.0.0.1:65535", "127.0.0.1", "65535");
	assert_address("[::1]:6000", "::1", "6000");
	assert_address("[fe80::1%eth0]", "fe80::1%eth0", "5555");
	assert_address("::1", "::1", "5555");
	assert_true(address_parse(&a, "[::1]", "5556"));
	assert_string_equal(a.text, "[::1]:5556");
	assert_true(address_parse(&a, "unix:/run/x", "5555"));
	assert_string_equal(a.path, "/run/x");
	assert_string_equal(a.text, "unix:/run/x");
}

static void
wrong_addresses_are_refused(void **state)
{
	static const char *const wrong[] = { "", "host:", "host:0",
		"host:65536", "host:x", "host: 1", "host:-1", "[::1", "[::1]x",
		"[::1]:", "[]", "a b", "a\033b", "unix:", "a/b",
		"host:123456" };
	char path[200] = "unix:/";
	struct address a;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(address_parse(&a, wrong[i], "5555"));
	memset(path + 6, 'x', 108);
	assert_false(address_parse(&a, path, "5555"));
	path[5 + 107] = '\0';
	assert_true(address_parse(&a, path, "5555"));
	assert_false(address_parse(&a, "unix:/a\033b", "5555"));
}

static void
assert_request(struct buf *out, const char *want)
{
	buf_add(out, "", 1);
	assert_string_equal(buf_head(out), want);
	buf_free(out);
}

static void
requests_are_what_the_protocol_wants(void **state)
{
	struct buf out = { 0 };

	(void)state;
	request_connect(&out,
	    &(struct request_login){
		.username = "bob", .ref = "r", .since = -1, .history = -1 });
	assert_request(&out,
	    "{\"command\":\"CONNECT\",\"ref\":\"r\","
	    "\"username\":\"bob\"}\n");
	request_connect(&out,
	    &(struct request_login){ .username = "bob",
		.resume = "00ff",
		.ref = "r",
		.since = 7,
		.history = 100 });
	assert_request(&out,
	    "{\"command\":\"CONNECT\",\"ref\":\"r\","
	    "\"username\":\"bob\",\"resume\":\"00ff\",\"since\":7,"
	    "\"history\":100}\n");
	request_register(&out,
	    &(struct request_login){
		.username = "bob", .password = "a\"b", .invite = "i" });
	assert_request(&out,
	    "{\"command\":\"REGISTER\",\"username\":\"bob\","
	    "\"password\":\"a\\\"b\",\"invite\":\"i\"}\n");
	request_connect(&out,
	    &(struct request_login){
		.username = "bob", .token = "ff", .since = -1, .history = -1 });
	assert_request(&out,
	    "{\"command\":\"CONNECT\",\"username\":\"bob\","
	    "\"token\":\"ff\"}\n");
	request_token(&out, -1, "r");
	assert_request(&out, "{\"command\":\"TOKEN\",\"ref\":\"r\"}\n");
	request_token(&out, 7, NULL);
	assert_request(&out, "{\"command\":\"TOKEN\",\"revoke\":7}\n");
	request_message(&out, "all", "a\"\n\033", 4, "r");
	assert_request(&out,
	    "{\"command\":\"MESSAGE\",\"ref\":\"r\","
	    "\"to\":\"all\",\"message\":\"a\\\"\\n\\u001b\"}\n");
	request_history(&out, NULL, -1, 5, NULL);
	assert_request(&out, "{\"command\":\"HISTORY\",\"limit\":5}\n");
	request_history(&out, "bob", 7, 5, "r");
	assert_request(&out,
	    "{\"command\":\"HISTORY\",\"ref\":\"r\","
	    "\"with\":\"bob\",\"before\":7,\"limit\":5}\n");
	request_password(&out, "a\"", "b", "r");
	assert_request(&out,
	    "{\"command\":\"PASSWORD\",\"ref\":\"r\","
	    "\"old\":\"a\\\"\",\"new\":\"b\"}\n");
	request_simple(&out, "USERS", NULL);
	assert_request(&out, "{\"command\":\"USERS\"}\n");
}

static void
the_outbox_keeps_the_order_and_knows_what_is_sent(void **state)
{
	struct outbox o = { 0 };
	struct outbox_item *a, *b, *c;

	(void)state;
	a = outbox_add(&o, "a", "all", "one", 3);
	b = outbox_add(&o, "b", "all", "two", 3);
	c = outbox_add(&o, "c", "bob", "three", 5);
	assert_ptr_equal(outbox_unsent(&o), a);
	a->sent = b->sent = true;
	assert_int_equal(outbox_in_flight(&o), 2);
	assert_ptr_equal(outbox_unsent(&o), c);
	assert_ptr_equal(outbox_find(&o, "b", 1), b);
	assert_null(outbox_find(&o, "bb", 2));
	assert_null(outbox_find(&o, "", 0));
	outbox_remove(&o, b);
	outbox_item_free(b);
	assert_int_equal(outbox_in_flight(&o), 1);
	assert_null(outbox_find(&o, "b", 1));
	outbox_rewind(&o);
	assert_int_equal(outbox_in_flight(&o), 0);
	assert_ptr_equal(outbox_unsent(&o), a);
	outbox_free(&o);
	assert_int_equal(o.len, 0);
}

static void
the_outbox_is_bounded(void **state)
{
	struct outbox o = { 0 };
	int i;

	(void)state;
	for (i = 0; i < OUTBOX_MAX; i++)
		assert_non_null(outbox_add(&o, "r", "all", "x", 1));
	assert_null(outbox_add(&o, "r", "all", "x", 1));
	outbox_free(&o);
}

static struct seen *
seen_new(void)
{
	struct seen *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	return s;
}

static void
an_id_is_new_once(void **state)
{
	struct seen *s = seen_new();

	(void)state;
	assert_true(seen_add(s, 5));
	assert_false(seen_add(s, 5));
	assert_true(seen_add(s, 7));
	assert_true(seen_add(s, 6));
	assert_int_equal(s->len, 1);
	assert_true(seen_add(s, 4));
	assert_true(seen_add(s, 10));
	assert_int_equal(s->len, 2);
	assert_false(seen_add(s, 6));
	seen_advance(s, 5);
	seen_advance(s, 3);
	assert_int_equal(s->position, 5);
	assert_false(seen_add(s, 1));
	assert_false(seen_add(s, 7));
	assert_true(seen_add(s, 8));
	seen_advance(s, 20);
	assert_int_equal(s->len, 0);
	assert_false(seen_add(s, 20));
	assert_true(seen_add(s, 21));
	seen_reset(s, 2);
	assert_true(seen_add(s, 21));
	free(s);
}

static void
what_was_seen_agrees_with_a_plain_list(void **state)
{
	struct seen *s = seen_new();
	bool plain[501] = { false };
	unsigned int seed = 11, i;
	int64_t id, j;

	(void)state;
	for (i = 0; i < 20000; i++) {
		id = 1 + rand_r(&seed) % 500;
		if (i % 4000 == 0) {
			seen_reset(s, 0);
			memset(plain, 0, sizeof(plain));
		}
		if (rand_r(&seed) % 500 == 0) {
			seen_advance(s, id);
			for (j = 1; j <= id; j++)
				plain[j] = true;
		} else {
			assert_true(seen_add(s, id) == !plain[id]);
			plain[id] = true;
		}
	}
	free(s);
}

static void
what_was_seen_is_bounded(void **state)
{
	struct seen *s = seen_new();
	int64_t id;

	(void)state;
	for (id = 2; id <= 4 * SEEN_RANGES_MAX; id += 2)
		assert_true(seen_add(s, id));
	assert_int_equal(s->len, SEEN_RANGES_MAX);
	assert_false(seen_add(s, 4 * SEEN_RANGES_MAX));
	assert_true(seen_add(s, 1));
	assert_int_equal(s->len, SEEN_RANGES_MAX);
	free(s);
}

static void
waits_grow_from_one_second_to_a_minute(void **state)
{
	unsigned int failures;
	int64_t least, most;

	(void)state;
	for (failures = 0; failures < 100; failures++) {
		least = backoff_delay(failures, 0);
		most = failures < 5 ? 2000LL << failures : 60000;
		assert_int_equal(least, most / 2);
		assert_int_equal(
		    backoff_delay(failures, (uint32_t)(most / 2)), most);
		assert_true(backoff_delay(failures, UINT32_MAX) >= 1000);
		assert_true(backoff_delay(failures, UINT32_MAX) <= 60000);
	}
}

static void
assert_event(const char *line, const char *want)
{
	struct buf out = { 0 };
	struct event e;

	assert_true(incoming_parse(&e, line, strlen(line)));
	if (e.kind == EVENT_ERROR)
		format_error(&out, &e);
	else
		format_event(&out, &e);
	incoming_free(&e);
	buf_add(&out, "", 1);
	assert_string_equal(buf_head(&out), want);
	buf_free(&out);
}

static void
events_become_lines_that_cannot_be_forged(void **state)
{
	(void)state;
	assert_event(
	    "{\"event\":\"MESSAGE\",\"id\":1,\"from\":\"bob\","
	    "\"to\":\"all\",\"message\":\"x\\n2026-11-23 04:38:09 <eve> y\","
	    "\"timestamp\":\"2026-11-23T04:38:09.123Z\"}",
	    "2026-11-23 04:38:09 <bob> x\n\t2026-11-23 04:38:09 <eve> y\n");
	assert_event("{\"event\":\"MESSAGE\",\"id\":1,\"from\":\"b> x\\n\","
		     "\"to\":\"me\",\"message\":\"\\u001b[2J\\ty\"}",
	    "---------- --:--:-- <b??x? -> me> \xe2\x90\x9b[2J    y\n");
	assert_event(
	    "{\"event\":\"JOINED\",\"username\":\"bob\"}", "-- bob joined\n");
	assert_event(
	    "{\"event\":\"LEFT\",\"username\":\"b\\nb\"}", "-- b?b left\n");
	assert_event(
	    "{\"event\":\"USERS\",\"users\":[{\"username\":\"a\","
	    "\"online\":true},{},{\"username\":\"b\",\"online\":false}]}",
	    "-- a is here\n-- b is away\n");
	assert_event("{\"event\":\"ERROR\",\"code\":\"X\\n\","
		     "\"message\":\"why\\n\\u202e\"}",
	    "X\xe2\x90\xa4: why\xe2\x90\xa4\xef\xbf\xbd");
	assert_event("{\"event\":\"PONG\"}", "");
}

static void
assert_shown(void (*show)(struct buf *, const struct event *),
    const struct event *e, const char *want)
{
	struct buf out = { 0 };

	show(&out, e);
	buf_add(&out, "", 1);
	assert_string_equal(buf_head(&out), want);
	buf_free(&out);
}

static void
history_and_what_one_said_become_lines(void **state)
{
	struct event e = { .kind = EVENT_ACK,
		.code = { "TOO\n", 4 },
		.message = { .id = 7,
		    .from = { "me", 2 },
		    .to = { "bob", 3 },
		    .text = { "a\nb", 3 } } };

	(void)state;
	assert_event("{\"event\":\"HISTORY\",\"with\":\"all\",\"messages\":["
		     "{\"id\":1,\"from\":\"a\",\"to\":\"all\","
		     "\"message\":\"one\","
		     "\"timestamp\":\"2026-11-23T04:38:09.000Z\"},"
		     "{\"id\":2,\"from\":\"b\",\"to\":\"a\","
		     "\"message\":\"two\"}]}",
	    "2026-11-23 04:38:09 <a> one\n"
	    "---------- --:--:-- <b -> a> two\n");
	assert_shown(
	    format_event, &e, "---------- --:--:-- <me -> bob> a\n\tb\n");
	assert_shown(format_error, &e,
	    "TOO\xe2\x90\xa4 (to bob: a\xe2\x90\xa4"
	    "b)");
	/* It came back before its confirmation. */
	e.seen = true;
	assert_shown(format_event, &e, "");
	e.seen = false;
	e.message.to.n = 0;
	assert_shown(format_event, &e, "");
}

static void
days_are_said_as_people_do(void **state)
{
	struct buf out = { 0 };

	(void)state;
	format_day(&out, 1795408689123);
	buf_add_str(&out, "; ");
	format_clock(&out, 1795408689123);
	buf_add_str(&out, "; ");
	format_clock(&out, 0);
	format_day(&out, 0);
	buf_add(&out, "", 1);
	assert_string_equal(
	    buf_head(&out), "Monday, 23 November 2026; 04:38; --:--");
	buf_free(&out);
	assert_int_equal(format_day_number(1795408689123), 20780);
	assert_int_equal(format_day_number(951782400000), 11016);
	assert_int_equal(format_day_number(0), -1);
	assert_int_equal(format_day_number(INT64_MAX), -1);
}

static void
a_fingerprint_is_understood_however_it_is_written(void **state)
{
	static const char right[] =
	    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
	    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF";
	static const char *const forms[] = { right,
		"00112233445566778899aabbccddeeff"
		"00112233445566778899aabbccddeeff",
		"SHA256:00112233445566778899AABBCCDDEEFF"
		"00:112233445566778899aabbccddeeff" };
	static const char *const none[] = { "", "00", "SHA256:", right + 1,
		right + 3,
		"00112233445566778899aabbccddeeff"
		"00112233445566778899aabbccddeef",
		"00112233445566778899aabbccddeeff"
		"00112233445566778899aabbccddeeff0",
		"00112233445566778899aabbccddeeff"
		"00112233445566778899aabbccddeef:",
		"00112233445566778899aabbccddeeff"
		"00112233445566778899aabbccddeeff:",
		"0:0112233445566778899aabbccddeeff"
		"00112233445566778899aabbccddeeff",
		"MD5:112233445566778899aabbccddeeff"
		"00112233445566778899aabbccddeeff",
		"00112233445566778899aabbccddeefg"
		"00112233445566778899aabbccddeeff" };
	char out[FINGERPRINT_LEN + 1];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		assert_true(fingerprint_parse(out, forms[i]));
		assert_string_equal(out, right);
	}
	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_false(fingerprint_parse(out, none[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_something_to_say),
		cmocka_unit_test(commands_are_understood),
		cmocka_unit_test(wrong_commands_say_what_is_wrong),
		cmocka_unit_test(addresses_are_understood),
		cmocka_unit_test(wrong_addresses_are_refused),
		cmocka_unit_test(requests_are_what_the_protocol_wants),
		cmocka_unit_test(
		    the_outbox_keeps_the_order_and_knows_what_is_sent),
		cmocka_unit_test(the_outbox_is_bounded),
		cmocka_unit_test(an_id_is_new_once),
		cmocka_unit_test(what_was_seen_agrees_with_a_plain_list),
		cmocka_unit_test(what_was_seen_is_bounded),
		cmocka_unit_test(waits_grow_from_one_second_to_a_minute),
		cmocka_unit_test(events_become_lines_that_cannot_be_forged),
		cmocka_unit_test(history_and_what_one_said_become_lines),
		cmocka_unit_test(days_are_said_as_people_do),
		cmocka_unit_test(
		    a_fingerprint_is_understood_however_it_is_written),
	};

	if (setlocale(LC_ALL, "C.UTF-8") == NULL)
		return 1;
	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests_name("client-talk", tests, NULL, NULL);
}
