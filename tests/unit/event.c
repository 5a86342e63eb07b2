/*
 * Unit tests of lib/event: what is written is what docs/API.md describes, and
 * any parser reads back what was put in.
 */
#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "event.h"

#define NOV_23 1795408689123LL /* 2026-11-23T04:38:09.123Z */

static void
assert_written(struct buf *b, const char *want)
{
	assert_int_equal(buf_len(b), strlen(want));
	assert_memory_equal(buf_head(b), want, strlen(want));
	buf_free(b);
}

static void
an_event_is_one_line_with_its_ref_first(void **state)
{
	struct buf b = { 0 };

	(void)state;
	event_begin(&b, "PONG", NULL);
	event_end(&b);
	event_begin(&b, "PONG", "r\"1");
	event_end(&b);
	assert_written(&b,
	    "{\"event\":\"PONG\"}\n"
	    "{\"event\":\"PONG\",\"ref\":\"r\\\"1\"}\n");
}

static void
members_come_in_the_order_of_the_calls(void **state)
{
	struct buf b = { 0 };

	(void)state;
	event_begin(&b, "ERROR", NULL);
	event_str(&b, "code", "TOO_LARGE", 9);
	event_int(&b, "limit", 4096);
	event_int(&b, "least", INT64_MIN);
	event_true(&b, "repaired");
	event_time(&b, "timestamp", NOV_23);
	event_end(&b);
	assert_written(&b,
	    "{\"event\":\"ERROR\",\"code\":\"TOO_LARGE\","
	    "\"limit\":4096,\"least\":-9223372036854775808,\"repaired\":true,"
	    "\"timestamp\":\"2026-11-23T04:38:09.123Z\"}\n");
}

static void
only_so_much_of_a_string_as_its_length(void **state)
{
	struct buf b = { 0 };

	(void)state;
	event_begin(&b, "X", NULL);
	event_str(&b, "a", "abcdef", 3);
	event_str(&b, "b", "", 0);
	event_end(&b);
	assert_written(&b, "{\"event\":\"X\",\"a\":\"abc\",\"b\":\"\"}\n");
}

static void
times_have_milliseconds_and_always_one_length(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00.000Z" },
		{ 7, "1970-01-01T00:00:00.007Z" },
		{ 951782400000, "2000-02-29T00:00:00.000Z" },
		{ NOV_23, "2026-11-23T04:38:09.123Z" },
		{ 253402300799999, "9999-12-31T23:59:59.999Z" },
	};
	char want[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf b = { 0 };

		event_time(&b, "t", cases[i].ms);
		snprintf(want, sizeof(want), ",\"t\":\"%s\"", cases[i].text);
		assert_written(&b, want);
	}
}

static void
a_message_to_all_and_one_to_a_user(void **state)
{
	struct event_message m = { .id = 7,
		.time = NOV_23,
		.from = "alice",
		.body = "Hello!\n",
		.body_len = 7 };
	struct buf b = { 0 };

	(void)state;
	event_message(&b, &m);
	assert_written(&b,
	    "{\"event\":\"MESSAGE\",\"id\":7,\"from\":\"alice\","
	    "\"to\":\"all\",\"message\":\"Hello!\\n\","
	    "\"timestamp\":\"2026-11-23T04:38:09.123Z\"}\n");
	m.to = "Bob";
	m.body_len = 5;
	event_message_item(&b, &m);
	assert_written(&b,
	    "{\"id\":7,\"from\":\"alice\",\"to\":\"Bob\","
	    "\"message\":\"Hello\",\"timestamp\":\"2026-11-23T04:38:09.123Z\"}");
}

static void
presence_has_the_name(void **state)
{
	struct buf b = { 0 };

	(void)state;
	event_presence(&b, "JOINED", "alice");
	event_presence(&b, "LEFT", "b.o_b-");
	assert_written(&b,
	    "{\"event\":\"JOINED\",\"username\":\"alice\"}\n"
	    "{\"event\":\"LEFT\",\"username\":\"b.o_b-\"}\n");
}

/* Every character a message can hold, and those it cannot as well. */
static void
a_parser_reads_back_any_text(void **state)
{
	char text[0x80 + 16];
	struct event_message m = { .id = 1, .from = "a", .body = text };
	struct json_object *json, *body;
	struct buf b = { 0 };
	size_t n;

	(void)state;
	for (n = 0; n < 0x80; n++)
		text[n] = (char)n;
	strcpy(text + n, "\xc2\x80\xe2\x80\xa8\xef\xbf\xbd\xf0\x9f\x98\x80");
	m.body_len = n + strlen(text + n);
	event_message(&b, &m);
	/* One line, whatever is in it. */
	assert_ptr_equal(memchr(buf_head(&b), '\n', buf_len(&b)),
	    buf_head(&b) + buf_len(&b) - 1);
	buf_head(&b)[buf_len(&b) - 1] = '\0';
	json = json_tokener_parse(buf_head(&b));
	assert_non_null(json);
	assert_true(json_object_object_get_ex(json, "message", &body));
	assert_int_equal(json_object_get_string_len(body), m.body_len);
	assert_memory_equal(json_object_get_string(body), text, m.body_len);
	json_object_put(json);
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_is_one_line_with_its_ref_first),
		cmocka_unit_test(members_come_in_the_order_of_the_calls),
		cmocka_unit_test(only_so_much_of_a_string_as_its_length),
		cmocka_unit_test(times_have_milliseconds_and_always_one_length),
		cmocka_unit_test(a_message_to_all_and_one_to_a_user),
		cmocka_unit_test(presence_has_the_name),
		cmocka_unit_test(a_parser_reads_back_any_text),
	};

	return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
