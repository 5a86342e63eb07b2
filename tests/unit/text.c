/*
 * Unit tests of lib/text: UTF-8 as RFC 3629 has it, its repair, what may stay
 * in a message, user names, timestamps, hexadecimal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "text.h"

#define R "\xef\xbf\xbd" /* U+FFFD */

/* An own encoder, to compare with every code point there is. */
static size_t
encode(uint32_t c, char *s)
{
	if (c < 0x80) {
		s[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		s[0] = (char)(0xc0 | c >> 6);
		s[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		s[0] = (char)(0xe0 | c >> 12);
		s[1] = (char)(0x80 | (c >> 6 & 0x3f));
		s[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	s[0] = (char)(0xf0 | c >> 18);
	s[1] = (char)(0x80 | (c >> 12 & 0x3f));
	s[2] = (char)(0x80 | (c >> 6 & 0x3f));
	s[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

static void
every_character_is_valid_but_surrogates(void **state)
{
	uint32_t c, code;
	char s[4];

	(void)state;
	for (c = 0; c < 0x110000; c++) {
		size_t n = encode(c, s);

		if (c >= 0xd800 && c <= 0xdfff) {
			if (text_char_len(s, n, NULL) != 0)
				fail_msg("surrogate U+%04X is taken", c);
			continue;
		}
		if (text_char_len(s, n, &code) != n || code != c)
			fail_msg("U+%04X is not taken", c);
		if (n > 1 && text_char_len(s, n - 1, NULL) != 0)
			fail_msg("U+%04X is taken though cut", c);
	}
	for (c = 0x110000; c < 0x120000; c += 0x101)
		assert_int_equal(text_char_len(s, encode(c, s), NULL), 0);
	assert_int_equal(text_char_len("x", 0, NULL), 0);
}

static void
only_well_formed_text_is_utf8(void **state)
{
	static const char *const good[] = {
		"", "plain", "0123456789abcdef", "gr\xc3\xbc\xc3\x9f dich",
		"eight888\xe2\x82\xac", "\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf",
	}, *const bad[] = {
		"\x80", "\xff", "12345678\xc3", "\xc0\xaf", "\xe0\x80\xaf",
		"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80",
		"\xe2\x82", "a\xe2z", "1234567\x80" "9",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(text_is_utf8(good[i], strlen(good[i])));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(text_is_utf8(bad[i], strlen(bad[i])));
	assert_true(text_is_utf8("a\0b", 3));
}

static void
what_is_ill_formed_becomes_one_mark_a_part(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "fine \xe2\x82\xac", "fine \xe2\x82\xac" },
		{ "a\x80z", "a" R "z" },
		{ "\xc3", R },
		{ "\xe2\x82", R }, /* one cut character */
		{ "\xe2\x82z", R "z" },
		{ "\xf0\x9f\x98", R },
		{ "\xc0\xaf", R R }, /* overlong: no part */
		{ "\xe0\x80\xaf", R R R },
		{ "\xed\xa0\x80", R R R }, /* a surrogate */
		{ "\xf4\x90\x80\x80", R R R R },
		{ "\xff\xfe", R R },
		/* The example of Unicode 3.9, table 3-8. */
		{ "\x61\xf1\x80\x80\xe1\x80\xc2\x62\x80\x63\x80\xbf\x64",
		    "a" R R R "b" R "c" R R "d" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf b = { 0 };
		bool repaired =
		    text_repair(&b, cases[i].in, strlen(cases[i].in));

		assert_int_equal(repaired, i != 0);
		assert_int_equal(buf_len(&b), strlen(cases[i].out));
		assert_memory_equal(
		    buf_head(&b), cases[i].out, strlen(cases[i].out));
		assert_true(text_is_utf8(buf_head(&b), buf_len(&b)));
		buf_free(&b);
	}
}

static void
controls_are_taken_out_but_newline_and_tab(void **state)
{
	char all[128 + 2 * 128], *p = all, want[sizeof(all)], *w = want;
	uint32_t c;
	size_t n;

	(void)state;
	for (c = 0; c < 0x100; c++) {
		p += n = encode(c, p);
		if (c == '\n' || c == '\t' || (c >= 0x20 && c < 0x7f) ||
		    c >= 0xa0) {
			memcpy(w, p - n, n);
			w += n;
		}
	}
	n = text_strip_controls(all, (size_t)(p - all));
	assert_int_equal(n, w - want);
	assert_memory_equal(all, want, n);
	assert_int_equal(text_strip_controls(all, 0), 0);
}

static void
user_names_are_what_they_should_be(void **state)
{
	static const char *const good[] = {
		"a", "A", "0", "_", ".", "-", "Bob_the.3rd-x", "alle", "al",
		"abcdefghijklmnopqrstuvwxyz012345",
	}, *const bad[] = {
		"", "all", "ALL", "aLl", "a b", "a\n", "\xc3\xa9", "a/b", "a@b",
		"abcdefghijklmnopqrstuvwxyz0123456",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(text_is_username(good[i], strlen(good[i])));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(text_is_username(bad[i], strlen(bad[i])));
	assert_false(text_is_username("a\0b", 3));
	assert_false(text_is_username("bob\0", 4));
}

static void
timestamps_are_iso_8601_in_utc(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00.000Z" },
		{ 1, "1970-01-01T00:00:00.001Z" },
		{ 951782399999, "2000-02-28T23:59:59.999Z" },
		{ 951782400000, "2000-02-29T00:00:00.000Z" },
		{ 1795408689123, "2026-11-23T04:38:09.123Z" },
		{ 253402300799999, "9999-12-31T23:59:59.999Z" },
	};
	char out[TIMESTAMP_LEN + 1];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text_timestamp(out, cases[i].ms);
		assert_string_equal(out, cases[i].text);
		assert_true(text_timestamp_read(out) == cases[i].ms);
	}
}

static void
what_is_no_timestamp_is_not_read(void **state)
{
	static const char right[] = "2026-11-23T04:38:09.123Z";
	static const char *const never[] = { "2026-00-23T04:38:09.123Z",
		"2026-13-23T04:38:09.123Z", "2026-11-00T04:38:09.123Z",
		"2026-11-32T04:38:09.123Z", "2026-11-23T24:38:09.123Z",
		"2026-11-23T04:60:09.123Z", "2026-11-23T04:38:61.123Z" };
	char wrong[sizeof(right)];
	size_t i;

	(void)state;
	for (i = 0; i < TIMESTAMP_LEN; i++) {
		memcpy(wrong, right, sizeof(right));
		wrong[i] = '/';
		assert_true(text_timestamp_read(wrong) == -1);
	}
	for (i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		assert_true(text_timestamp_read(never[i]) == -1);
}

static void
a_time_out_of_range_is_still_a_timestamp(void **state)
{
	static const int64_t times[] = { -1, -1234567, 253402300800000,
		INT64_MAX, INT64_MIN };
	char out[TIMESTAMP_LEN + 1];
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		text_timestamp(out, times[i]);
		assert_int_equal(strlen(out), TIMESTAMP_LEN);
		for (j = 0; j < TIMESTAMP_LEN; j++)
			assert_non_null(strchr("0123456789-T:.Z", out[j]));
	}
}

static void
bytes_are_written_in_hexadecimal(void **state)
{
	char out[9];

	(void)state;
	text_hex(out, (const unsigned char *)"\x00\x9f\xab\xff", 4);
	assert_string_equal(out, "009fabff");
	text_hex(out, (const unsigned char *)"", 0);
	assert_string_equal(out, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_character_is_valid_but_surrogates),
		cmocka_unit_test(only_well_formed_text_is_utf8),
		cmocka_unit_test(what_is_ill_formed_becomes_one_mark_a_part),
		cmocka_unit_test(controls_are_taken_out_but_newline_and_tab),
		cmocka_unit_test(user_names_are_what_they_should_be),
		cmocka_unit_test(timestamps_are_iso_8601_in_utc),
		cmocka_unit_test(what_is_no_timestamp_is_not_read),
		cmocka_unit_test(a_time_out_of_range_is_still_a_timestamp),
		cmocka_unit_test(bytes_are_written_in_hexadecimal),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
