/*
 * Unit tests of lib/json-check: what JSON parsers let pass and the protocol
 * does not, and nothing else, is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json-check.h"
#include "limit.h"

/* The line lies in memory of its own, so that reading past it is seen. */
static const char *
check(const char *line, size_t len, bool *surrogates)
{
	char *copy = malloc(len > 0 ? len : 1);
	const char *why;

	assert_non_null(copy);
	memcpy(copy, line, len);
	why = json_check(copy, len, surrogates);
	free(copy);
	return why;
}

static void
assert_passes(const char *line)
{
	bool surrogates = true;
	const char *why = check(line, strlen(line), &surrogates);

	if (why != NULL)
		fail_msg("%s: %s", line, why);
	assert_false(surrogates);
}

static void
assert_refused(const char *line, const char *want)
{
	bool surrogates = true;
	const char *why = check(line, strlen(line), &surrogates);

	if (why == NULL)
		fail_msg("%s passes", line);
	assert_non_null(strstr(why, want));
}

static void
plain_json_passes(void **state)
{
	(void)state;
	assert_passes("");
	assert_passes("{}");
	assert_passes("{\"a\":[true,false,null,-1.5e+10,\"b\"]}\r");
	assert_passes(" [ ] \t");
	assert_passes("\"NaN Infinity { [ \\\" } ] \\\\\"");
	assert_passes("\"\x7f \xc3\xa4 \xf0\x9f\x98\x80\"");
	assert_passes("\"\\u0000 \\n \\u001b\"");
}

static void
words_that_json_does_not_know_are_refused(void **state)
{
	static const char *const lines[] = { "NaN", "{\"a\":nan}", "Infinity",
		"-Infinity", "infinity", "True", "FALSE", "Null", "tru", "nul",
		"falsy", "undefined", "'a'", "0x10", "/* comment */ 1", "// 1",
		"\xc3\xa4", "\x7f", "\x01", "\v" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		bool surrogates;

		if (check(lines[i], strlen(lines[i]), &surrogates) == NULL)
			fail_msg("%s passes", lines[i]);
	}
	assert_refused("NaN", "unexpected");
	assert_refused("nan", "a word other");
}

static void
a_comma_that_nothing_follows_is_refused(void **state)
{
	(void)state;
	assert_refused("{\"a\":1,}", "comma");
	assert_refused("{\"a\":[1, \t]}", "comma");
	assert_refused("[[],{},\"a\",null,-1,\r]", "comma");
	assert_passes("{\"a\":[1,2,[],{}],\"b,\":\",\"}");
}

static void
numbers_are_written_as_json_has_them(void **state)
{
	static const char *const good[] = { "0", "-0", "10", "-1.5", "0.5",
		"1e5", "1E+05", "-1.25e-10", "[1,2]", "{\"a\":0}",
		"9999999999999999999999999" };
	static const char *const bad[] = { "00", "01", "-01", "-", "+1", "1.",
		".5", "1.e5", "1e", "1e+", "--1", "-a", "[-]", "0x1" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_passes(good[i]);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_refused(bad[i], "");
}

static void
a_nul_is_refused_wherever_it_is(void **state)
{
	bool surrogates;

	(void)state;
	assert_non_null(check("{}\0", 3, &surrogates));
	assert_non_null(check("\0", 1, &surrogates));
	assert_non_null(check("\"a\0b\"", 5, &surrogates));
}

static void
raw_controls_in_strings_are_refused(void **state)
{
	char line[] = "{\"a\":\"b?c\"}";
	bool surrogates;
	int c;

	(void)state;
	for (c = 0; c < 0x20; c++) {
		line[7] = (char)c;
		if (check(line, sizeof(line) - 1, &surrogates) == NULL)
			fail_msg("control %d passes", c);
	}
	line[7] = ' ';
	assert_null(check(line, sizeof(line) - 1, &surrogates));
	/* After a backslash it is not an escape either. */
	assert_refused("\"\\\" \n", "control");
}

static void
a_name_with_a_nul_is_refused(void **state)
{
	(void)state;
	assert_refused("{\"a\\u0000b\":1}", "name");
	assert_refused("{\"a\":{\"\\u0000\" : 1}}", "name");
	/* In a value it is a character like others. */
	assert_passes("{\"a\":\"\\u0000\",\"b\":[\"\\u0000\"],\"c\":1}");
	assert_passes("{\"a\\\\u0000b\":1}");
}

static void
nest(char *out, int depth, char open, char close)
{
	memset(out, open, (size_t)depth);
	memset(out + depth, close, (size_t)depth);
	out[2 * depth] = '\0';
}

static void
nesting_has_a_limit(void **state)
{
	char line[4 * JSON_DEPTH_MAX];

	(void)state;
	nest(line, JSON_DEPTH_MAX, '[', ']');
	assert_passes(line);
	nest(line, JSON_DEPTH_MAX + 1, '[', ']');
	assert_refused(line, "deep");
	nest(line, JSON_DEPTH_MAX + 1, '{', '}');
	assert_refused(line, "deep");
	/* Side by side is not deep, and a string holds no nesting. */
	assert_passes(
	    "[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]");
	assert_passes("\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"");
}

static void
halves_of_surrogate_pairs_are_seen(void **state)
{
	static const struct {
		const char *line;
		bool half;
	} cases[] = {
		{ "\"\\ud83d\\ude00\"", false },
		{ "\"\\uD83D\\uDE00 \\udbff\\udfff\"", false },
		{ "\"\\ud83d\"", true },
		{ "\"\\ud83d \\ude00\"", true },
		{ "\"\\ude00\\ud83d\"", true },
		{ "\"\\ud83d\\ud83d\\ude00\"", true },
		{ "\"\\ud83d\\u0041\"", true },
		{ "\"\\ud83d\\n\"", true },
		{ "\"\\udc00\"", true },
		{ "\"\\ud7ff\\ue000\"", false },
		{ "\"\\\\ud83d\"", false },
	};
	bool surrogates;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_null(
		    check(cases[i].line, strlen(cases[i].line), &surrogates));
		if (surrogates != cases[i].half)
			fail_msg("%s", cases[i].line);
	}
}

/* What is cut off is the parser's to refuse; here it must only be harmless. */
static void
a_line_may_end_anywhere(void **state)
{
	static const char line[] = "{\"a\":[\"\\ud83d\\ude00\\\\\",true,null]}";
	bool surrogates;
	size_t n;

	(void)state;
	for (n = 0; n < sizeof(line); n++)
		check(line, n, &surrogates);
	assert_null(check("\"\\u", 3, &surrogates));
	assert_null(check("\"\\", 2, &surrogates));
	assert_null(check("\"\\ud83d\\u", 9, &surrogates));
	assert_true(surrogates);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_json_passes),
		cmocka_unit_test(words_that_json_does_not_know_are_refused),
		cmocka_unit_test(a_comma_that_nothing_follows_is_refused),
		cmocka_unit_test(numbers_are_written_as_json_has_them),
		cmocka_unit_test(a_nul_is_refused_wherever_it_is),
		cmocka_unit_test(raw_controls_in_strings_are_refused),
		cmocka_unit_test(a_name_with_a_nul_is_refused),
		cmocka_unit_test(nesting_has_a_limit),
		cmocka_unit_test(halves_of_surrogate_pairs_are_seen),
		cmocka_unit_test(a_line_may_end_anywhere),
	};

	return cmocka_run_group_tests_name("json-check", tests, NULL, NULL);
}
