/*
 * Unit tests of chat-client's sanitiser: whatever comes in, only printable
 * characters come out, and what was harmless is unchanged.
 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "../../chat-client/bounds.h"
#include "../../chat-client/sanitise.h"
#include "text.h"

static void
assert_bytes(
    const char *in, size_t n, const char *want, enum sanitise_mode mode)
{
	struct buf out = { 0 };

	sanitise_add(&out, in, n, 10000, mode);
	buf_add(&out, "", 1);
	assert_string_equal(buf_head(&out), want);
	buf_free(&out);
}

static void
assert_line(const char *in, const char *want)
{
	assert_bytes(in, strlen(in), want, SANITISE_LINE);
}

static void
assert_name(const char *in, const char *want)
{
	struct buf out = { 0 };

	sanitise_add_name(&out, in, strlen(in));
	buf_add(&out, "", 1);
	assert_string_equal(buf_head(&out), want);
	buf_free(&out);
}

static size_t
encode(uint32_t code, char *out)
{
	mbstate_t state = { 0 };

	return wcrtomb(out, (wchar_t)code, &state);
}

/* What a terminal might obey, or a reader not see. */
static bool
is_dangerous(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c ||
	    (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2060 && c <= 0x206f) || (c >= 0xfe00 && c <= 0xfe0f) ||
	    c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
	    (c >= 0xe0000 && c <= 0xe0fff) || (c >= 0xd800 && c <= 0xdfff);
}

static void
assert_safe(const struct buf *b, bool newline_too)
{
	const char *s = buf_len(b) > 0 ? buf_head(b) : "";
	size_t i, len;
	uint32_t code;

	for (i = 0; i < buf_len(b); i += len) {
		len = text_char_len(s + i, buf_len(b) - i, &code);
		assert_true(len > 0);
		if (code == '\n' && newline_too)
			continue;
		assert_false(is_dangerous(code));
		assert_true(wcwidth((wchar_t)code) >= 0);
	}
}

static void
harmless_text_is_unchanged(void **state)
{
	(void)state;
	assert_line("", "");
	assert_line("Hello, World! ~{}|", "Hello, World! ~{}|");
	assert_line("\xc3\xa9\xc3\xbc \xce\xb1\xce\xb2 \xd0\x96 \xd7\xa9",
	    "\xc3\xa9\xc3\xbc \xce\xb1\xce\xb2 \xd0\x96 \xd7\xa9");
	assert_line("\xe4\xbd\xa0\xe5\xa5\xbd \xf0\x9f\x98\x80",
	    "\xe4\xbd\xa0\xe5\xa5\xbd \xf0\x9f\x98\x80");
	assert_line("e\xcc\x81", "e\xcc\x81");
}

static void
control_characters_become_signs(void **state)
{
	(void)state;
	assert_line("\033[31mred\007", "\xe2\x90\x9b[31mred\xe2\x90\x87");
	assert_line("\033]0;title\033\\", "\xe2\x90\x9b]0;title\xe2\x90\x9b\\");
	assert_line("a\rb\bc\177",
	    "a\xe2\x90\x8d"
	    "b\xe2\x90\x88"
	    "c\xe2\x90\xa1");
	assert_bytes("a\0b", 3,
	    "a\xe2\x90\x80"
	    "b",
	    SANITISE_LINE);
	/* C1, in UTF-8 (CSI) and as a bare byte. */
	assert_line("\xc2\x9b"
		    "31m",
	    "\xef\xbf\xbd"
	    "31m");
	assert_line("\x9b"
		    "31m",
	    "\xef\xbf\xbd"
	    "31m");
}

static void
newlines_stay_only_in_text(void **state)
{
	(void)state;
	assert_line("a\nb\tc",
	    "a\xe2\x90\xa4"
	    "b c");
	assert_bytes("a\nb\tc", 5, "a\nb    c", SANITISE_TEXT);
}

static void
direction_controls_are_seen(void **state)
{
	(void)state;
	assert_line("a\xe2\x80\xae"
		    "b",
	    "a\xef\xbf\xbd"
	    "b");
	assert_line("a\xe2\x81\xa6"
		    "b",
	    "a\xef\xbf\xbd"
	    "b");
	assert_line("a\xe2\x80\xa8"
		    "b",
	    "a\xef\xbf\xbd"
	    "b");
}

static void
what_shows_nothing_is_removed(void **state)
{
	(void)state;
	assert_line("a\xe2\x80\x8b"
		    "b",
	    "ab"); /* zero width space */
	assert_line("a\xe2\x80\x8d"
		    "b",
	    "ab"); /* joiner */
	assert_line("a\xef\xbb\xbf"
		    "b",
	    "ab");
	assert_line("a\xd8\x9c"
		    "b",
	    "ab"); /* Arabic letter mark */
	assert_line("a\xef\xb8\x8f"
		    "b",
	    "ab"); /* selector */
	assert_line("a\xf3\xa0\x81\xa1"
		    "b",
	    "ab"); /* tag a */
	assert_line("a\xc2\xad"
		    "b",
	    "ab");
}

static void
ill_formed_bytes_are_replaced(void **state)
{
	(void)state;
	assert_line("a\xff"
		    "b",
	    "a\xef\xbf\xbd"
	    "b");
	assert_line("a\xc0\xaf"
		    "b",
	    "a\xef\xbf\xbd"
	    "b");					 /* overlong */
	assert_line("a\xe2\x82", "a\xef\xbf\xbd");	 /* cut off */
	assert_line("\xed\xa0\x80", "\xef\xbf\xbd");	 /* surrogate */
	assert_line("\xf4\x90\x80\x80", "\xef\xbf\xbd"); /* too high */
}

static void
unassigned_characters_are_replaced(void **state)
{
	(void)state;
	assert_line("\xf3\xb0\x80\x80"
		    "x",
	    "\xf3\xb0\x80\x80"
	    "x");
	assert_line("\xef\xbf\xbe", "\xef\xbf\xbd"); /* U+FFFE */
	assert_line("\xcd\xb8", "\xef\xbf\xbd");     /* U+0378 */
}

static void
a_character_keeps_few_marks(void **state)
{
	struct buf in = { 0 }, out = { 0 };
	int i;

	(void)state;
	buf_add_str(&in, "a");
	for (i = 0; i < 1000; i++)
		buf_add_str(&in, "\xcc\x81");
	buf_add_str(&in, "b");
	sanitise_add(&out, buf_head(&in), buf_len(&in), 10000, SANITISE_LINE);
	assert_int_equal(buf_len(&out), 2 + 2 * COMBINING_MAX);
	buf_free(&in);
	buf_free(&out);
}

static void
a_mark_without_a_character_gets_a_circle(void **state)
{
	(void)state;
	assert_line("\xcc\x81"
		    "a",
	    "\xe2\x97\x8c\xcc\x81"
	    "a");
	assert_bytes(
	    "x\n\xcc\x81", 4, "x\n\xe2\x97\x8c\xcc\x81", SANITISE_TEXT);
}

static void
long_text_is_cut_with_a_sign(void **state)
{
	struct buf out = { 0 };
	char in[2000];

	(void)state;
	memset(in, 'x', sizeof(in));
	sanitise_add(&out, in, sizeof(in), 100, SANITISE_LINE);
	assert_int_equal(buf_len(&out), 103);
	assert_memory_equal(buf_head(&out) + 100, "\xe2\x80\xa6", 3);
	buf_free(&out);
}

static void
names_look_like_names(void **state)
{
	(void)state;
	assert_name("Alice_1.x-y", "Alice_1.x-y");
	assert_name("all", "all");
	assert_name("a b> c", "a?b??c");
	assert_name("\033[2J", "??2J");
	assert_name("\xd0\xb0lice", "?lice");
	assert_name("", "?");
	assert_name("0123456789012345678901234567890123456789",
	    "01234567890123456789012345678901");
}

static void
every_character_comes_out_safe(void **state)
{
	uint32_t code;
	char in[16];
	size_t n;

	(void)state;
	for (code = 1; code <= 0x10ffff; code++) {
		struct buf out = { 0 };

		if (code >= 0xd800 && code <= 0xdfff)
			continue;
		in[0] = 'x';
		n = encode(code, in + 1);
		assert_true(n <= 4);
		sanitise_add(&out, in, n + 1, 100, SANITISE_LINE);
		assert_safe(&out, false);
		if (code != '\n' && code != '\t')
			assert_int_equal(sanitise_width(code),
			    sanitise_char(code) == 0
				? 0
				: wcwidth((wchar_t)sanitise_char(code)));
		buf_free(&out);
	}
}

static void
random_bytes_come_out_safe(void **state)
{
	unsigned int seed = 1, round, i;
	char in[64];

	(void)state;
	for (round = 0; round < 100000; round++) {
		struct buf out = { 0 };
		size_t n = (size_t)rand_r(&seed) % sizeof(in);

		for (i = 0; i < n; i++)
			in[i] = (char)rand_r(&seed);
		sanitise_add(&out, in, n, 1000, SANITISE_TEXT);
		assert_safe(&out, true);
		buf_reset(&out, SIZE_MAX);
		sanitise_add_name(&out, in, n);
		assert_true(buf_len(&out) >= 1);
		assert_true(buf_len(&out) <= USERNAME_MAX);
		assert_safe(&out, false);
		buf_free(&out);
	}
}

/* The output has to be safe and to mean the same. */
static void
assert_json(const char *in)
{
	struct buf out = { 0 };
	struct json_object *before, *after;

	assert_true(sanitise_add_json(&out, in, strlen(in)));
	assert_safe(&out, false);
	buf_add(&out, "", 1);
	before = json_tokener_parse(in);
	after = json_tokener_parse(buf_head(&out));
	assert_non_null(before);
	assert_true(json_object_equal(before, after));
	json_object_put(before);
	json_object_put(after);
	buf_free(&out);
}

static void
assert_no_json(const char *in)
{
	struct buf out = { 0 };

	buf_add_str(&out, "kept");
	assert_false(sanitise_add_json(&out, in, strlen(in)));
	assert_int_equal(buf_len(&out), 4);
	buf_free(&out);
}

static void
json_is_escaped_and_means_the_same(void **state)
{
	struct buf out = { 0 };
	const char *tag = "{\"a\":\"\xf3\xa0\x81\xa1\"}";

	(void)state;
	assert_json("{\"a\":[1,-2.5e+3,true,false,null],\"b\":{}}");
	assert_json("{\"a\":\"x\xe2\x80\xae\xc2\x9b\xe2\x80\x8b\x7f y\"}");
	assert_json("{\"a\":\"\\\"\\\\\\n\\u001b\",\"\xe2\x80\xaek\":1}");
	assert_json("{\"a\":\t\"\xe4\xbd\xa0\"}");
	assert_json(tag);
	assert_true(sanitise_add_json(&out, tag, strlen(tag)));
	buf_add(&out, "", 1);
	assert_string_equal(buf_head(&out), "{\"a\":\"\\udb40\\udc61\"}");
	buf_free(&out);
}

static void
what_is_no_json_is_refused(void **state)
{
	(void)state;
	assert_no_json("{\"a\":NaN}");
	assert_no_json("{\"a\":Infinity}");
	assert_no_json("{\"a\":\"x");
	assert_no_json("{\033[2J}");
	assert_no_json("{\"a\":\"x\\\xe2\x80\xae\"}");
	assert_no_json("{\xe2\x80\xae}");
	assert_no_json("{\"a\":\"\xff\"}");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(harmless_text_is_unchanged),
		cmocka_unit_test(control_characters_become_signs),
		cmocka_unit_test(newlines_stay_only_in_text),
		cmocka_unit_test(direction_controls_are_seen),
		cmocka_unit_test(what_shows_nothing_is_removed),
		cmocka_unit_test(ill_formed_bytes_are_replaced),
		cmocka_unit_test(unassigned_characters_are_replaced),
		cmocka_unit_test(a_character_keeps_few_marks),
		cmocka_unit_test(a_mark_without_a_character_gets_a_circle),
		cmocka_unit_test(long_text_is_cut_with_a_sign),
		cmocka_unit_test(names_look_like_names),
		cmocka_unit_test(every_character_comes_out_safe),
		cmocka_unit_test(random_bytes_come_out_safe),
		cmocka_unit_test(json_is_escaped_and_means_the_same),
		cmocka_unit_test(what_is_no_json_is_refused),
	};

	if (setlocale(LC_ALL, "C.UTF-8") == NULL)
		return 1;
	return cmocka_run_group_tests_name(
	    "client-sanitise", tests, NULL, NULL);
}
