/*
 * Unit tests of where the parts of chat-client's screen are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../chat-client/layout.h"

static void
narrow_terminals_have_no_panes(void **state)
{
	struct layout l;

	(void)state;
	layout_make(&l, 71, 24, 1);
	assert_int_equal(l.talks, 0);
	assert_int_equal(l.users, 0);
	assert_int_equal(l.x, 0);
	assert_int_equal(l.width, 71);
	layout_make(&l, 72, 24, 1);
	assert_true(l.talks > 0);
	assert_int_equal(l.users, 0);
	assert_int_equal(l.width, 72 - l.talks - 1);
	layout_make(&l, 96, 24, 1);
	assert_true(l.talks > 0 && l.users > 0);
	assert_int_equal(l.x, l.talks + 1);
	assert_int_equal(l.width, 96 - l.talks - 1 - l.users - 1);
}

static void
low_terminals_are_not_divided(void **state)
{
	struct layout l;

	(void)state;
	layout_make(&l, 80, 9, 1);
	assert_int_equal(l.height, 7);
	assert_int_equal(l.upper, 7);
	layout_make(&l, 80, 10, 1);
	assert_int_equal(l.height, 8);
	assert_int_equal(l.upper, 5);
	layout_make(&l, 80, 100, 1);
	assert_int_equal(l.upper, 98 - 7);
}

/* Whatever the size, nothing overlaps or is outside. */
static void
assert_sound(const struct layout *l, int columns, int rows, int input)
{
	int talks = l->talks > 0 ? l->talks + 1 : 0;
	int users = l->users > 0 ? l->users + 1 : 0;

	assert_int_equal(l->x, talks);
	assert_int_equal(talks + l->width + users, columns);
	assert_true(l->width >= 1);
	assert_true(l->input >= 0 && l->input < rows);
	assert_int_equal(l->status, l->input - 1);
	assert_int_equal(l->height, l->status > 0 ? l->status : 0);
	assert_true(l->upper >= 0 && l->upper <= l->height);
	assert_true(l->upper == l->height || l->height - l->upper >= 3);
	if (rows >= 5) {
		assert_true(l->height >= 1);
		assert_true(rows - l->input <= input);
	}
	if (rows > input + 2)
		assert_int_equal(rows - l->input, input);
}

static void
any_size_has_its_places(void **state)
{
	struct layout l;
	int columns, rows, input;

	(void)state;
	for (columns = 1; columns <= 410; columns++)
		for (rows = 1; rows <= 110; rows++)
			for (input = 1; input <= 8; input++) {
				layout_make(&l, columns, rows, input);
				assert_sound(&l, columns, rows, input);
			}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(narrow_terminals_have_no_panes),
		cmocka_unit_test(low_terminals_are_not_divided),
		cmocka_unit_test(any_size_has_its_places),
	};

	return cmocka_run_group_tests_name("client-layout", tests, NULL, NULL);
}
