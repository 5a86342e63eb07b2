/*
 * Unit tests of chat-session/state: what is written is read back, what the
 * first version wrote is read for good, and what is no state changes nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "session.h"
#include "state.h"

#define FIRST "tests/state-1"

/* The one that is in FIRST; no two of its numbers are the same. */
static struct session
sample(void)
{
	struct session s = { .state = STATE_CONNECTED,
		.started = 1001,
		.trouble = true,
		.messages = 18,
		.slowest = 1008,
		.resume = "0123456789abcdef0123456789abcdef",
		.upgrade = { .program = "0.1.0", .count = 3, .pidfd = -1 },
		.client = { .in = 0,
		    .out = 1,
		    .is_socket = true,
		    .eof = true,
		    .peer = "[2001:db8::7]:40312",
		    .has_address = true,
		    .secret = true,
		    .heard = 1002 },
		.delivery = { .fd = 4,
		    .relay_pidfd = -1,
		    .name = "00112233aabbccdd",
		    .welcomed = true,
		    .replaced = "ddccbbaa33221100",
		    .view = { 11, 12, 13, 14, 15 },
		    .needed = 16,
		    .users_due = true,
		    .next_look = 1003 },
		.admission = { .answered = true,
		    .again = 1004,
		    .until = 1005,
		    .hold = 1006,
		    .held = 17,
		    .tries = 2,
		    .key = "a key of 16 byt",
		    .print = "\0\n print" },
		.rate = { .level = -5, .at = 1007, .flooded = INT64_MIN },
		.me = { .id = 12,
		    .user_id = 11,
		    .username = "alice",
		    .password = "$2b$12$no.hash",
		    .private_from = INT64_MAX } };

	memcpy(s.client.address.bytes, "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\7",
	    16);
	buf_add_str(&s.client.lines.in, "{\"command\":\"PI");
	buf_add_str(&s.client.output, "xx{\"event\":\"PONG\"}\n\n12 34\n");
	buf_consume(&s.client.output, 2);
	return s;
}

static void
sample_free(struct session *s)
{
	buf_free(&s->client.lines.in);
	buf_free(&s->client.output);
}

/* A copy of exactly these bytes, so that a look beyond them is seen. */
static bool
take(struct session *s, const void *data, size_t len, char why[STATE_WHY_MAX])
{
	char *copy = malloc(len > 0 ? len : 1);
	bool ok;

	assert_non_null(copy);
	if (len > 0)
		memcpy(copy, data, len);
	ok = state_read(s, copy, len, why);
	free(copy);
	return ok;
}

/* The same state means the same bytes. */
static void
assert_same(const struct session *a, const struct session *b)
{
	struct buf x = { 0 }, y = { 0 };

	assert_true(state_write(a, &x));
	assert_true(state_write(b, &y));
	assert_int_equal(buf_len(&x), buf_len(&y));
	assert_memory_equal(buf_head(&x), buf_head(&y), buf_len(&x));
	buf_free(&x);
	buf_free(&y);
}

static void
test_comes_back(void **state)
{
	struct session s = sample(), t = { .ended = 7 };
	struct buf b = { 0 };
	char why[STATE_WHY_MAX];

	(void)state;
	assert_true(state_write(&s, &b));
	assert_true(take(&t, buf_head(&b), buf_len(&b), why));
	assert_same(&s, &t);
	assert_int_equal(t.ended, 7);
	assert_string_equal(t.me.username, "alice");
	assert_int_equal(t.delivery.view.private_from, 15);
	assert_int_equal(t.rate.flooded, INT64_MIN);
	assert_true(t.client.eof && !t.client.lost);
	assert_int_equal(buf_len(&t.client.output), 24);
	buf_free(&b);
	sample_free(&s);
	sample_free(&t);
}

/* Whatever waits for a client: what is written is taken, or is not written. */
static void
test_too_much(void **state)
{
	struct session s = sample(), t = { .ended = 7 };
	struct buf *out = &s.client.output, b = { 0 };
	char why[STATE_WHY_MAX];

	(void)state;
	while (state_write(&s, &b)) {
		assert_true(take(&t, buf_head(&b), buf_len(&b), why));
		sample_free(&t);
		buf_reset(&b, 0);
		assert_true(buf_len(out) < STATE_BYTES_MAX);
		memset(buf_room(out, 1 << 19), 'x', 1 << 19);
		buf_added(out, 1 << 19);
	}
	assert_true(buf_len(out) > STATE_BYTES_MAX / 2);
	assert_int_equal(buf_len(&b), 0);
	buf_free(&b);
	sample_free(&s);
}

static size_t
first_version(char *data, size_t size)
{
	FILE *f = fopen(FIRST, "r");
	size_t n;

	assert_non_null(f);
	n = fread(data, 1, size, f);
	assert_true(n > 0 && n < size);
	fclose(f);
	return n;
}

static void
test_first_version(void **state)
{
	char data[8192], why[STATE_WHY_MAX];
	size_t n = first_version(data, sizeof(data));
	struct session s = sample(), t = { .ended = 7 };

	(void)state;
	assert_true(take(&t, data, n, why));
	assert_same(&s, &t);
	sample_free(&s);
	sample_free(&t);
}

static void
test_cut_off(void **state)
{
	char data[8192], why[STATE_WHY_MAX];
	size_t n = first_version(data, sizeof(data)), i;
	struct session s = { .started = 5 }, before = s;

	(void)state;
	for (i = 0; i < n; i++) {
		*why = '\0';
		assert_false(take(&s, data, i, why));
		assert_string_not_equal(why, "");
		assert_memory_equal(&s, &before, sizeof(s));
	}
}

/* A line of the first version, replaced by another. */
static void
assert_refused(const char *line, const char *by)
{
	char data[8192], changed[8192], why[STATE_WHY_MAX];
	size_t n = first_version(data, sizeof(data)), len = strlen(line);
	char *at = memmem(data, n, line, len);
	struct session s = { .started = 5 }, before = s;
	size_t head, tail;

	assert_non_null(at);
	head = (size_t)(at - data);
	tail = n - head - len;
	memcpy(changed, data, head);
	memcpy(changed + head, by, strlen(by));
	memcpy(changed + head + strlen(by), at + len, tail);
	if (take(&s, changed, head + strlen(by) + tail, why))
		fail_msg("%s was taken", by);
	assert_memory_equal(&s, &before, sizeof(s));
}

static void
test_refused(void **state)
{
	static const struct {
		const char *line, *by;
	} bad[] = { { "version 1 1\n", "version 1 2\n" },
		{ "version 1 1\n", "version 1 0\n" },
		{ "version 1 1\n", "version 2 -1\n" }, { "version 1 1\n", "" },
		{ "started 4 1001\n", "" },
		{ "started 4 1001\n", "started 4 1001\nstarted 4 1001\n" },
		{ "started 4 1001\n", "started 4 1001 \n" },
		{ "started 4 1001\n", "started 4 10x1\n" },
		{ "started 4 1001\n", "started 0 \n" },
		{ "started 4 1001\n", "started 1 -\n" },
		{ "started 4 1001\n", "started 19 9223372036854775808\n" },
		{ "started 4 1001\n", "started 99999999999999999999 1001\n" },
		{ "started 4 1001\n", "started -4 1001\n" },
		{ "started 4 1001\n", "started 4 1001\nunheard 1 1\n" },
		{ "trouble 1 1\n", "trouble 1 2\n" },
		{ "state 1 2\n", "state 1 3\n" },
		{ "client.in 1 0\n", "client.in 2 64\n" },
		{ "client.in 1 0\n", "client.in 2 -2\n" },
		{ "upgrade.count 1 3\n", "upgrade.count 2 -1\n" },
		{ "upgrade.count 1 3\n", "upgrade.count 10 2147483648\n" },
		{ "me.username 5 alice\n",
		    "me.username 33 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n" },
		{ "admission.print 8 ", "admission.print 7 " } };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_refused(bad[i].line, bad[i].by);
}

/*
 * A member that is new has to be in the table of fields, unless it is nothing
 * that outlives a program; then this number has to follow.
 */
static void
test_nothing_is_forgotten(void **state)
{
	(void)state;
	if (sizeof(void *) != 8) {
		print_message("a pointer has not 8 bytes\n");
		skip();
	}
	assert_int_equal(sizeof(struct session) - sizeof(struct config), 1080);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_comes_back),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_first_version),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_nothing_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
