/*
 * Unit tests of what chat-load reads once for all clients: a line that is the
 * same is not read again, and any that is not is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "body.h"
#include "crowd.h"
#include "said.h"

#define RUN   0x12345678
#define LINES 10000 /* more than are kept */

struct crowd crowd;

static struct buf out;
static struct dialect counted; /* Chat's */
static const struct dialect *chat;
static unsigned reads;

static bool
counted_read(struct wire *ev, char *line, size_t n, struct buf *o, bool room)
{
	reads++;
	return chat->read(ev, line, n, o, room);
}

static int
start(void **state)
{
	(void)state;
	chat = dialect_find("chat");
	counted = *chat;
	counted.read = counted_read;
	crowd = (struct crowd){ .dialect = &counted, .run = RUN, .size = 80 };
	reads = 0;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	buf_free(&out);
	return 0;
}

/* What a server says of a text, `number` of this run or another. */
static size_t
message(char *line, size_t size, uint32_t number, const char *text)
{
	return (size_t)snprintf(line, size,
	    "{\"event\":\"MESSAGE\",\"id\":%u,\"from\":\"u%08x-7\",\"to\":"
	    "\"all\",\"message\":\"%.*s\",\"timestamp\":"
	    "\"2026-11-23T04:38:09.123Z\"}",
	    number + 1, RUN, (int)crowd.size, text);
}

static size_t
own_message(char *line, size_t size, uint32_t number)
{
	char text[BODY_MAX];

	body_write(text, RUN, number, crowd.size, false);
	return message(line, size, number, text);
}

/* From memory of its own, as what was read into a connection's is gone soon. */
static const struct said *
read_copy(const char *line, size_t n)
{
	char *copy = malloc(n);
	const struct said *said;

	assert_non_null(copy);
	memcpy(copy, line, n);
	said = said_read(copy, n, &out);
	explicit_bzero(copy, n);
	free(copy);
	return said;
}

static void
assert_heard(const struct said *said, uint32_t number)
{
	assert_non_null(said);
	assert_int_equal(said->ev.kind, WIRE_MESSAGE);
	assert_int_equal(said->heard.id, number + 1);
	assert_int_equal(said->heard.message, number);
	assert_int_equal(said->heard.from, 7);
	assert_int_equal(said->heard.to, JUDGE_ALL);
	assert_true(said->heard.intact);
}

static void
a_line_is_read_once_for_all(void **state)
{
	char line[512];
	size_t n = own_message(line, sizeof(line), 3);
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		assert_heard(read_copy(line, n), 3);
		assert_true(slice_is(read_copy(line, n)->ev.to, "all"));
	}
	assert_int_equal(reads, 1);
}

static void
a_change_of_any_byte_is_seen(void **state)
{
	char line[512];
	size_t n = own_message(line, sizeof(line), 4), i;

	(void)state;
	for (i = 0; i < n; i++) {
		assert_heard(read_copy(line, n), 4);
		reads = 0;
		line[i] ^= 1;
		read_copy(line, n);
		assert_int_equal(reads, 1);
		line[i] ^= 1;
	}
	assert_heard(read_copy(line, n), 4);
	reads = 0;
	assert_null(read_copy(line, n - 1));
	assert_int_equal(reads, 1);
}

static void
a_changed_text_is_not_intact(void **state)
{
	char line[512];
	size_t n = own_message(line, sizeof(line), 5);
	char *text = strstr(line, "\"message\":\"") + strlen("\"message\":\"");

	(void)state;
	assert_heard(read_copy(line, n), 5);
	text[BODY_MIN] ^= 1;
	assert_int_equal(read_copy(line, n)->heard.message, 5);
	assert_false(read_copy(line, n)->heard.intact);
	text[BODY_MIN] ^= 1;
	assert_heard(read_copy(line, n), 5);
}

static void
many_lines_do_not_mix(void **state)
{
	char line[512];
	uint32_t i;
	size_t n;

	(void)state;
	for (i = 0; i < 2 * LINES; i++) {
		n = own_message(line, sizeof(line), i % LINES);
		assert_heard(read_copy(line, n), i % LINES);
		n = own_message(line, sizeof(line), i / 2);
		assert_heard(read_copy(line, n), i / 2);
	}
}

#define HEAD  "{\"event\":\"MESSAGE\",\"message\":\""
#define FRAME strlen(HEAD "\"}")

/* A message of n bytes with nothing but a text, made of a letter. */
static void
filled(char *line, size_t n)
{
	memset(line, 'x', n);
	memcpy(line, HEAD, strlen(HEAD));
	memcpy(line + n - 2, "\"}", 2);
}

static void
a_line_of_any_length_is_read(void **state)
{
	char line[3 * BODY_MAX];
	size_t n, text = 0;
	int i;

	(void)state;
	for (n = FRAME; n < sizeof(line); n++) {
		filled(line, n);
		for (i = 0; i < 2; i++)
			text = read_copy(line, n)->ev.message.n;
		assert_int_equal(text, n - FRAME);
	}
	for (n = 1; n < FRAME; n++)
		assert_null(read_copy(line, n));
}

/* With an escape it needs the strict reader, whose memory ends with it. */
static void
assert_read_strictly(uint32_t number)
{
	char text[32], want[32], line[512];
	const struct said *said;
	size_t n;

	snprintf(text, sizeof(text), "\\u0041 %u", number);
	snprintf(want, sizeof(want), "A %u", number);
	n = message(line, sizeof(line), number, text);
	said = read_copy(line, n);
	assert_int_equal(said->heard.id, number + 1);
	assert_int_equal(said->heard.message, JUDGE_UNKNOWN);
	assert_true(slice_is(said->ev.message, want));
}

static void
what_json_c_read_is_kept_as_well(void **state)
{
	uint32_t i;

	(void)state;
	for (i = 0; i < 6; i++)
		assert_read_strictly(i % 2);
	assert_int_equal(reads, 2);
	for (i = 0; i < LINES; i++)
		assert_read_strictly(i);
}

/* As a page of history is. */
static void
a_very_long_line_is_not_kept(void **state)
{
	static char line[1024 * 1024];
	int i;

	(void)state;
	filled(line, sizeof(line));
	for (i = 0; i < 2; i++)
		assert_int_equal(read_copy(line, sizeof(line))->ev.message.n,
		    sizeof(line) - FRAME);
	assert_int_equal(reads, 2);
}

static void
what_is_refused_is_refused_again(void **state)
{
	char line[512];
	size_t n = own_message(line, sizeof(line), 7);

	(void)state;
	line[n - 1] = ']';
	assert_null(read_copy(line, n));
	assert_null(read_copy(line, n));
	line[n - 1] = '}';
	assert_heard(read_copy(line, n), 7);
}

static void
a_ping_is_answered_each_time(void **state)
{
	static const char ping[] = "{\"event\":\"PING\",\"note\":\"so long "
				   "that it could be kept, were it "
				   "another event\"}";
	static const char answer[] = "{\"command\":\"PING\"}\n";
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		assert_int_equal(
		    read_copy(ping, strlen(ping))->ev.kind, WIRE_PING);
		assert_int_equal(
		    buf_len(&out), (size_t)(i + 1) * strlen(answer));
	}
}

static void
where_lines_differ_each_is_read(void **state)
{
	char line[512];
	size_t n = own_message(line, sizeof(line), 8);
	int i;

	(void)state;
	counted.same = false;
	for (i = 0; i < 3; i++)
		assert_heard(said_read(line, n, &out), 8);
	assert_int_equal(reads, 3);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_line_is_read_once_for_all),
		TEST(a_change_of_any_byte_is_seen),
		TEST(a_changed_text_is_not_intact),
		TEST(many_lines_do_not_mix),
		TEST(a_line_of_any_length_is_read),
		TEST(what_json_c_read_is_kept_as_well),
		TEST(a_very_long_line_is_not_kept),
		TEST(what_is_refused_is_refused_again),
		TEST(a_ping_is_answered_each_time),
		TEST(where_lines_differ_each_is_read),
	};

	return cmocka_run_group_tests_name("load-said", tests, NULL, NULL);
}
