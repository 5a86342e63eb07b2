/*
 * Unit tests of lib/line: the same lines come out however the bytes arrive,
 * and a line too long is refused as soon as that is certain.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "line.h"

static void
assert_line(struct line_buf *lb, const char *want)
{
	char *line;
	size_t len;

	assert_int_equal(line_next(lb, &line, &len), LINE_FOUND);
	assert_int_equal(len, strlen(want));
	assert_memory_equal(line, want, len);
}

static void
assert_none(struct line_buf *lb)
{
	char *line;
	size_t len;

	assert_int_equal(line_next(lb, &line, &len), LINE_NONE);
}

static void
assert_too_long(struct line_buf *lb)
{
	char *line;
	size_t len;

	assert_int_equal(line_next(lb, &line, &len), LINE_TOO_LONG);
}

static void
nothing_is_no_line(void **state)
{
	struct line_buf lb = { .max = 10 };

	(void)state;
	assert_none(&lb);
	buf_free(&lb.in);
}

static void
lines_that_come_joined_are_cut(void **state)
{
	struct line_buf lb = { .max = 10 };

	(void)state;
	buf_add_str(&lb.in, "one\n\ntwo\nthr");
	assert_line(&lb, "one");
	assert_line(&lb, "");
	assert_line(&lb, "two");
	assert_none(&lb);
	assert_none(&lb);
	buf_add_str(&lb.in, "ee\n");
	assert_line(&lb, "three");
	assert_none(&lb);
	buf_free(&lb.in);
}

static void
a_carriage_return_before_the_end_is_dropped(void **state)
{
	struct line_buf lb = { .max = 10 };

	(void)state;
	buf_add_str(&lb.in, "one\r\n\r\na\rb\nc\r\r\n");
	assert_line(&lb, "one");
	assert_line(&lb, "");
	assert_line(&lb, "a\rb");
	assert_line(&lb, "c\r");
	assert_none(&lb);
	buf_free(&lb.in);
}

static void
a_nul_is_a_byte_like_others(void **state)
{
	struct line_buf lb = { .max = 10 };
	char *line;
	size_t len;

	(void)state;
	buf_add(&lb.in, "a\0b\n", 4);
	assert_int_equal(line_next(&lb, &line, &len), LINE_FOUND);
	assert_int_equal(len, 3);
	assert_memory_equal(line, "a\0b", 3);
	buf_free(&lb.in);
}

static void
any_split_gives_the_same_lines(void **state)
{
	static const char text[] = "first\nsecond\r\n\nfourth\n";
	size_t split, len = sizeof(text) - 1;

	(void)state;
	for (split = 0; split <= len; split++) {
		struct line_buf lb = { .max = 10 };
		char joined[64] = "", *line;
		size_t n, pass;

		for (pass = 0; pass < 2; pass++) {
			if (pass == 0)
				buf_add(&lb.in, text, split);
			else
				buf_add(&lb.in, text + split, len - split);
			while (line_next(&lb, &line, &n) == LINE_FOUND) {
				strncat(joined, line, n);
				strcat(joined, "|");
			}
		}
		assert_string_equal(joined, "first|second||fourth|");
		buf_free(&lb.in);
	}
}

static void
the_longest_line_is_taken(void **state)
{
	struct line_buf lb = { .max = 5 };

	(void)state;
	buf_add_str(&lb.in, "12345");
	assert_none(&lb);
	buf_add_str(&lb.in, "\n12345\nabc");
	assert_line(&lb, "12345");
	assert_line(&lb, "12345");
	assert_none(&lb);
	buf_free(&lb.in);
}

static void
one_byte_more_is_refused_with_or_without_its_end(void **state)
{
	struct line_buf open = { .max = 5 }, ended = { .max = 5 };
	struct line_buf second = { .max = 5 };

	(void)state;
	buf_add_str(&open.in, "123456");
	assert_too_long(&open);
	buf_add_str(&ended.in, "123456\n");
	assert_too_long(&ended);
	buf_add_str(&second.in, "ok\n123456");
	assert_line(&second, "ok");
	assert_too_long(&second);
	buf_free(&open.in);
	buf_free(&ended.in);
	buf_free(&second.in);
}

static void
it_asks_for_no_more_than_decides(void **state)
{
	struct line_buf lb = { .max = 5 };

	(void)state;
	assert_int_equal(line_wanted(&lb), 6);
	buf_add_str(&lb.in, "123");
	assert_int_equal(line_wanted(&lb), 3);
	buf_add_str(&lb.in, "456");
	assert_int_equal(line_wanted(&lb), 0);
	assert_too_long(&lb);
	buf_free(&lb.in);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_no_line),
		cmocka_unit_test(lines_that_come_joined_are_cut),
		cmocka_unit_test(a_carriage_return_before_the_end_is_dropped),
		cmocka_unit_test(a_nul_is_a_byte_like_others),
		cmocka_unit_test(any_split_gives_the_same_lines),
		cmocka_unit_test(the_longest_line_is_taken),
		cmocka_unit_test(
		    one_byte_more_is_refused_with_or_without_its_end),
		cmocka_unit_test(it_asks_for_no_more_than_decides),
	};

	return cmocka_run_group_tests_name("line", tests, NULL, NULL);
}
