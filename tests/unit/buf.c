/*
 * Unit tests of lib/buf: what goes in comes out, in order, whatever the mix of
 * appending and consuming.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "buf.h"

#define STEPS 20000 /* of the random test */

static void
assert_holds(const struct buf *b, const char *want)
{
	assert_int_equal(buf_len(b), strlen(want));
	if (*want != '\0')
		assert_memory_equal(buf_head(b), want, strlen(want));
}

static void
is_empty_at_first(void **state)
{
	struct buf b = { 0 };

	(void)state;
	assert_int_equal(buf_len(&b), 0);
	buf_add(&b, "", 0);
	assert_null(b.data);
	buf_free(&b);
	buf_free(&b);
}

static void
keeps_what_is_added(void **state)
{
	struct buf b = { 0 };

	(void)state;
	buf_add(&b, "ab\0c", 4);
	buf_add_str(&b, "def");
	assert_int_equal(buf_len(&b), 7);
	assert_memory_equal(buf_head(&b), "ab\0cdef", 7);
	buf_free(&b);
}

static void
counts_what_was_put_into_its_room(void **state)
{
	struct buf b = { 0 };

	(void)state;
	memcpy(buf_room(&b, 100), "hello", 5);
	assert_int_equal(buf_len(&b), 0);
	buf_added(&b, 5);
	assert_holds(&b, "hello");
	buf_free(&b);
}

static void
forgets_from_the_front(void **state)
{
	struct buf b = { 0 };

	(void)state;
	buf_add_str(&b, "hello world");
	buf_consume(&b, 6);
	assert_holds(&b, "world");
	buf_consume(&b, 5);
	assert_holds(&b, "");
	buf_add_str(&b, "again");
	assert_holds(&b, "again");
	buf_free(&b);
}

static void
forgets_from_the_end(void **state)
{
	struct buf b = { 0 };

	(void)state;
	buf_add_str(&b, "xhello");
	buf_consume(&b, 1);
	buf_add_str(&b, " world");
	buf_cut(&b, 5);
	assert_holds(&b, "hello");
	buf_cut(&b, 0);
	assert_holds(&b, "");
	buf_free(&b);
}

static void
gives_memory_back_above_a_size(void **state)
{
	struct buf b = { 0 };

	(void)state;
	buf_add_str(&b, "small");
	buf_reset(&b, 4096);
	assert_non_null(b.data);
	assert_int_equal(buf_len(&b), 0);
	buf_room(&b, 100000);
	buf_reset(&b, 4096);
	assert_null(b.data);
	assert_int_equal(b.size, 0);
	buf_free(&b);
}

static void
does_not_grow_while_it_is_drained(void **state)
{
	struct buf b = { 0 };
	char chunk[1000];
	int i;

	(void)state;
	memset(chunk, 'x', sizeof(chunk));
	buf_add(&b, chunk, sizeof(chunk));
	for (i = 0; i < 10000; i++) {
		buf_add(&b, chunk, sizeof(chunk));
		buf_consume(&b, sizeof(chunk));
	}
	assert_int_equal(buf_len(&b), sizeof(chunk));
	assert_true(b.size <= 8 * sizeof(chunk));
	buf_free(&b);
}

static void
keeps_order_over_any_mix(void **state)
{
	struct buf b = { 0 };
	unsigned seed = 7;
	unsigned char in = 0, out = 0;
	int i;

	(void)state;
	for (i = 0; i < STEPS; i++) {
		size_t n = (size_t)rand_r(&seed) % 700, j;

		if (rand_r(&seed) % 2 == 0) {
			unsigned char *room = (unsigned char *)buf_room(&b, n);

			for (j = 0; j < n; j++)
				room[j] = in++;
			buf_added(&b, n);
			continue;
		}
		if (n > buf_len(&b))
			n = buf_len(&b);
		for (j = 0; j < n; j++)
			if ((unsigned char)buf_head(&b)[j] != out++)
				fail_msg("step %d, byte %zu", i, j);
		buf_consume(&b, n);
	}
	buf_free(&b);
}

static void
writes_integers(void **state)
{
	static const struct {
		int64_t value;
		const char *text;
	} cases[] = {
		{ 0, "0" },
		{ 7, "7" },
		{ -1, "-1" },
		{ 1234567890, "1234567890" },
		{ INT64_MAX, "9223372036854775807" },
		{ INT64_MIN, "-9223372036854775808" },
	};
	struct buf b = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_add_int(&b, cases[i].value);
		assert_holds(&b, cases[i].text);
		buf_cut(&b, 0);
	}
	buf_free(&b);
}

static void
writes_json_strings(void **state)
{
	static const struct {
		const char *in;
		size_t len;
		const char *out;
	} cases[] = {
		{ "", 0, "\"\"" },
		{ "plain", 5, "\"plain\"" },
		{ "a\"b\\c", 5, "\"a\\\"b\\\\c\"" },
		{ "\n\t", 2, "\"\\n\\t\"" },
		{ "\0\x01\x1f\x7f", 4, "\"\\u0000\\u0001\\u001f\\u007f\"" },
		{ "\xc3\xa9\xf0\x9f\x98\x80", 6,
		    "\"\xc3\xa9\xf0\x9f\x98\x80\"" },
	};
	struct buf b = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_add_json(&b, cases[i].in, cases[i].len);
		assert_holds(&b, cases[i].out);
		buf_cut(&b, 0);
	}
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_empty_at_first),
		cmocka_unit_test(keeps_what_is_added),
		cmocka_unit_test(counts_what_was_put_into_its_room),
		cmocka_unit_test(forgets_from_the_front),
		cmocka_unit_test(forgets_from_the_end),
		cmocka_unit_test(gives_memory_back_above_a_size),
		cmocka_unit_test(does_not_grow_while_it_is_drained),
		cmocka_unit_test(keeps_order_over_any_mix),
		cmocka_unit_test(writes_integers),
		cmocka_unit_test(writes_json_strings),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
