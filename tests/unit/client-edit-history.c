/*
 * Unit tests of chat-client's line editor: the lines that were written before.
 */
#include "client-edit-test.h"

static void
enter(struct edit *e, const char *s)
{
	char *line;

	type(e, s);
	line = edit_take(e);
	assert_string_equal(line, s);
	free(line);
}

static void
earlier_lines_come_back_and_the_draft_is_kept(void **state)
{
	struct edit *e = *state;

	edit_do(e, EDIT_OLDER);
	assert_edit(e, "|");
	enter(e, "one");
	enter(e, "two");
	enter(e, "two");
	type(e, "draft");
	edit_do(e, EDIT_OLDER);
	assert_edit(e, "two|");
	edit_do(e, EDIT_OLDER);
	edit_do(e, EDIT_OLDER);
	assert_edit(e, "one|");
	edit_do(e, EDIT_NEWER);
	edit_do(e, EDIT_NEWER);
	assert_edit(e, "draft|");
	edit_do(e, EDIT_NEWER);
	assert_edit(e, "draft|");
	edit_do(e, EDIT_OLDER);
	type(e, "!");
	free(edit_take(e));
	edit_do(e, EDIT_OLDER);
	assert_edit(e, "two!|");
	assert_int_equal(e->history_len, 3);
}

static void
only_so_many_lines_are_kept(void **state)
{
	struct edit *e = *state;
	char line[16];
	int i;

	for (i = 0; i < EDIT_HISTORY_MAX + 10; i++) {
		snprintf(line, sizeof(line), "line %d", i);
		enter(e, line);
	}
	assert_int_equal(e->history_len, EDIT_HISTORY_MAX);
	assert_string_equal(e->history[0], "line 10");
}

static void
a_field_without_history_keeps_no_line(void **state)
{
	struct edit e;

	(void)state;
	edit_init(&e, 100, EDIT_FIELD);
	enter(&e, "secret");
	edit_do(&e, EDIT_OLDER);
	assert_edit(&e, "|");
	edit_free(&e);
}

static void
earlier_lines_are_searched(void **state)
{
	struct edit *e = *state;

	edit_search(e);
	edit_search_add(e, "x", 1);
	assert_true(e->lost);
	edit_search_end(e, false);
	assert_edit(e, "|");
	enter(e, "the quick fox");
	enter(e, "a lazy dog");
	enter(e, "Quick \xc3\xa9");
	type(e, "draft");
	edit_search(e);
	edit_search_add(e, "q", 1);
	assert_edit(e, "|Quick \xc3\xa9");
	edit_search_add(e, "ui", 2);
	assert_edit(e, "|Quick \xc3\xa9");
	edit_search(e);
	assert_edit(e, "the |quick fox");
	edit_search(e);
	assert_true(e->lost);
	assert_edit(e, "the |quick fox");
	edit_search_rub_out(e);
	assert_string_equal(e->sought, "qu");
	assert_edit(e, "|Quick \xc3\xa9");
	edit_search_add(e, "zz", 2);
	assert_true(e->lost);
	edit_search_end(e, false);
	assert_edit(e, "draft|");
	edit_search(e);
	edit_search_add(e, "dog", 3);
	edit_search_end(e, true);
	assert_edit(e, "a lazy dog|");
	edit_do(e, EDIT_OLDER);
	assert_edit(e, "the quick fox|");
	edit_search(e);
	edit_search_add(e, "\xc3\xa9", 2);
	assert_edit(e, "Quick |\xc3\xa9");
	edit_search_rub_out(e);
	assert_string_equal(e->sought, "");
	edit_search_rub_out(e);
	edit_search_end(e, false);
	assert_edit(e, "draft|");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(earlier_lines_come_back_and_the_draft_is_kept),
		TEST(only_so_many_lines_are_kept),
		TEST(a_field_without_history_keeps_no_line),
		TEST(earlier_lines_are_searched),
	};

	set_place();
	return cmocka_run_group_tests_name(
	    "client-edit-history", tests, NULL, NULL);
}
