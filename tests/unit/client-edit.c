/*
 * Unit tests of chat-client's line editor.
 */
#include "../../chat-client/wrap.h"
#include "client-edit-test.h"
#include "text.h"

static void
text_is_inserted_at_the_cursor(void **state)
{
	struct edit *e = *state;

	assert_edit(e, "|");
	type(e, "held");
	edit_do(e, EDIT_LEFT);
	type(e, "lo wor");
	assert_edit(e, "hello wor|d");
	edit_do(e, EDIT_HOME);
	type(e, ">");
	assert_edit(e, ">|hello word");
	edit_do(e, EDIT_END);
	assert_edit(e, ">hello word|");
}

static void
control_characters_are_not_inserted(void **state)
{
	struct edit *e = *state;

	type(e,
	    "a\033[1mb\rc\xc2\x9b"
	    "d\xff"
	    "e\177");
	assert_edit(e, "a[1mbcde|");
}

static void
nothing_is_inserted_above_the_maximum(void **state)
{
	struct edit *e = *state;
	char big[1001];

	memset(big, 'x', sizeof(big));
	assert_false(edit_insert(e, big, 1001));
	assert_edit(e, "|");
	assert_true(edit_insert(e, big, 1000));
	assert_false(edit_insert(e, "y", 1));
	assert_int_equal(e->len, 1000);
}

static void
motion_is_by_character_with_its_marks(void **state)
{
	struct edit *e = *state;

	type(e,
	    "a\xc3\xa9"
	    "e\xcc\x81\xe4\xbd\xa0");
	edit_do(e, EDIT_LEFT);
	assert_edit(e,
	    "a\xc3\xa9"
	    "e\xcc\x81|\xe4\xbd\xa0");
	edit_do(e, EDIT_LEFT);
	assert_edit(e, "a\xc3\xa9|e\xcc\x81\xe4\xbd\xa0");
	edit_do(e, EDIT_RIGHT);
	assert_edit(e,
	    "a\xc3\xa9"
	    "e\xcc\x81|\xe4\xbd\xa0");
	edit_do(e, EDIT_BACKSPACE);
	assert_edit(e, "a\xc3\xa9|\xe4\xbd\xa0");
	edit_do(e, EDIT_DELETE);
	assert_edit(e, "a\xc3\xa9|");
	edit_do(e, EDIT_DELETE);
	edit_do(e, EDIT_BACKSPACE);
	edit_do(e, EDIT_BACKSPACE);
	edit_do(e, EDIT_BACKSPACE);
	edit_do(e, EDIT_LEFT);
	edit_do(e, EDIT_RIGHT);
	assert_edit(e, "|");
}

static void
motion_is_by_word(void **state)
{
	struct edit *e = *state;

	type(e, "one, two \xc3\xa9t\xc3\xa9.");
	edit_do(e, EDIT_WORD_LEFT);
	assert_edit(e, "one, two |\xc3\xa9t\xc3\xa9.");
	edit_do(e, EDIT_WORD_LEFT);
	assert_edit(e, "one, |two \xc3\xa9t\xc3\xa9.");
	edit_do(e, EDIT_WORD_LEFT);
	edit_do(e, EDIT_WORD_LEFT);
	assert_edit(e, "|one, two \xc3\xa9t\xc3\xa9.");
	edit_do(e, EDIT_WORD_RIGHT);
	assert_edit(e, "one|, two \xc3\xa9t\xc3\xa9.");
	edit_do(e, EDIT_WORD_RIGHT);
	edit_do(e, EDIT_WORD_RIGHT);
	edit_do(e, EDIT_WORD_RIGHT);
	assert_edit(e, "one, two \xc3\xa9t\xc3\xa9.|");
}

static void
killed_text_can_be_yanked(void **state)
{
	struct edit *e = *state;

	edit_do(e, EDIT_YANK);
	type(e, "one two three");
	edit_do(e, EDIT_KILL_WORD_LEFT);
	assert_edit(e, "one two |");
	edit_do(e, EDIT_HOME);
	edit_do(e, EDIT_YANK);
	assert_edit(e, "three|one two ");
	edit_do(e, EDIT_KILL_TO_END);
	assert_edit(e, "three|");
	edit_do(e, EDIT_KILL_TO_END);
	edit_do(e, EDIT_YANK);
	assert_edit(e, "threeone two |");
	edit_do(e, EDIT_KILL_TO_HOME);
	assert_edit(e, "|");
	edit_do(e, EDIT_YANK);
	edit_do(e, EDIT_HOME);
	edit_do(e, EDIT_KILL_WORD_RIGHT);
	assert_edit(e, "| two ");
	edit_do(e, EDIT_CLEAR);
	assert_edit(e, "|");
}

static void
characters_are_exchanged(void **state)
{
	struct edit *e = *state;

	edit_do(e, EDIT_TRANSPOSE);
	type(e, "a");
	edit_do(e, EDIT_TRANSPOSE);
	assert_edit(e, "a|");
	type(e, "\xc3\xa9");
	edit_do(e, EDIT_TRANSPOSE);
	assert_edit(e,
	    "\xc3\xa9"
	    "a|");
	type(e, "b");
	edit_do(e, EDIT_LEFT);
	edit_do(e, EDIT_LEFT);
	edit_do(e, EDIT_TRANSPOSE);
	assert_edit(e, "a\xc3\xa9|b");
}

static void
kills_in_a_row_are_one_and_older_ones_can_be_yanked(void **state)
{
	struct edit *e = *state;
	int i;

	type(e, "one two three four");
	edit_do(e, EDIT_KILL_WORD_LEFT);
	edit_do(e, EDIT_KILL_WORD_LEFT);
	edit_do(e, EDIT_HOME);
	edit_do(e, EDIT_KILL_WORD_RIGHT);
	edit_do(e, EDIT_KILL_WORD_RIGHT);
	assert_edit(e, "| ");
	edit_do(e, EDIT_YANK);
	assert_edit(e, "one two| ");
	edit_do(e, EDIT_YANK_OLDER);
	assert_edit(e, "three four| ");
	edit_do(e, EDIT_YANK_OLDER);
	assert_edit(e, "one two| ");
	edit_do(e, EDIT_LEFT);
	edit_do(e, EDIT_YANK_OLDER);
	assert_edit(e, "one tw|o ");
	for (i = 0; i < EDIT_KILLS_MAX + 5; i++) {
		type(e, "x");
		edit_do(e, EDIT_CLEAR);
		edit_do(e, EDIT_LEFT);
	}
	edit_do(e, EDIT_YANK);
	assert_edit(e, "x|");
}

static void
changes_can_be_undone_and_done_again(void **state)
{
	struct edit *e = *state;
	int i;

	edit_do(e, EDIT_UNDO);
	type(e, "o");
	type(e, "n");
	type(e, "e");
	type(e, " ");
	type(e, "t");
	type(e, "w");
	type(e, "o");
	edit_do(e, EDIT_KILL_WORD_LEFT);
	edit_do(e, EDIT_UNDO);
	assert_edit(e, "one two|");
	edit_do(e, EDIT_UNDO);
	assert_edit(e, "one |");
	edit_do(e, EDIT_UNDO);
	assert_edit(e, "|");
	edit_do(e, EDIT_UNDO);
	edit_do(e, EDIT_REDO);
	edit_do(e, EDIT_REDO);
	edit_do(e, EDIT_REDO);
	assert_edit(e, "one |");
	edit_do(e, EDIT_REDO);
	assert_edit(e, "one |");
	edit_do(e, EDIT_UNDO);
	type(e, "!");
	edit_do(e, EDIT_REDO);
	assert_edit(e, "one two!|");
	/* What changed nothing needs no undoing. */
	edit_do(e, EDIT_DELETE);
	edit_do(e, EDIT_DELETE);
	edit_do(e, EDIT_UNDO);
	assert_edit(e, "one two|");
	for (i = 0; i < EDIT_UNDO_MAX + 10; i++)
		type(e, "a ");
	for (i = 0; i < EDIT_UNDO_MAX + 10; i++)
		edit_do(e, EDIT_UNDO);
	assert_edit(e, "one twoa a a a a a a a a a |");
	free(edit_take(e));
	edit_do(e, EDIT_UNDO);
	assert_edit(e, "|");
}

static void
a_text_can_have_several_rows(void **state)
{
	struct edit *e = *state;
	struct edit field;

	type(e, "first row\tx");
	edit_do(e, EDIT_NEWLINE);
	type(e, "2nd");
	edit_do(e, EDIT_NEWLINE);
	type(e, "the third");
	assert_int_equal(edit_rows(e), 3);
	assert_int_equal(edit_row(e), 2);
	edit_do(e, EDIT_HOME);
	edit_do(e, EDIT_RIGHT);
	edit_do(e, EDIT_OLDER);
	assert_edit(e, "first row\tx\n2|nd\nthe third");
	edit_do(e, EDIT_END);
	edit_do(e, EDIT_OLDER);
	assert_edit(e, "fir|st row\tx\n2nd\nthe third");
	edit_do(e, EDIT_END);
	edit_do(e, EDIT_NEWER);
	assert_edit(e, "first row\tx\n2nd|\nthe third");
	edit_do(e, EDIT_KILL_TO_END);
	assert_edit(e, "first row\tx\n2nd|the third");
	edit_do(e, EDIT_KILL_TO_HOME);
	assert_edit(e, "first row\tx\n|the third");
	edit_do(e, EDIT_KILL_TO_END);
	edit_do(e, EDIT_BACKSPACE);
	assert_edit(e, "first row\tx|");
	edit_do(e, EDIT_NEWER);
	edit_do(e, EDIT_OLDER);
	assert_edit(e, "first row\tx|");
	/* A field has one. */
	edit_init(&field, 100, EDIT_FIELD);
	type(&field, "a\nb\tc");
	edit_do(&field, EDIT_NEWLINE);
	assert_edit(&field, "abc|");
	edit_free(&field);
}

static void
assert_view(const struct edit *e, int width, const char *want, int column)
{
	struct buf out = { 0 };

	assert_int_equal(edit_view(e, edit_row(e), width, &out), column);
	buf_add(&out, "", 1);
	assert_string_equal(buf_head(&out), want);
	buf_free(&out);
}

static void
a_field_shows_what_is_around_the_cursor(void **state)
{
	struct edit *e = *state;

	assert_view(e, 10, "", 0);
	type(e, "hello");
	assert_view(e, 10, "hello", 5);
	edit_do(e, EDIT_HOME);
	assert_view(e, 10, "hello", 0);
	edit_do(e, EDIT_CLEAR);
	type(e, "0123456789abcdef");
	assert_view(e, 9, "bcdef", 5);
	edit_do(e, EDIT_HOME);
	assert_view(e, 9, "012345678", 0);
	edit_do(e, EDIT_CLEAR);
	type(e, "\xe4\xbd\xa0\xe5\xa5\xbd");
	assert_view(e, 9, "\xe4\xbd\xa0\xe5\xa5\xbd", 4);
	/* A mark alone is shown on a circle. */
	edit_do(e, EDIT_CLEAR);
	type(e,
	    "\xcc\x81"
	    "x");
	assert_view(e, 9,
	    "\xe2\x97\x8c\xcc\x81"
	    "x",
	    2);
}

static void
a_field_shows_only_safe_characters(void **state)
{
	struct edit *e = *state;

	type(e,
	    "a\xe2\x80\xae"
	    "b\xe2\x80\x8d"
	    "c");
	assert_view(e, 20,
	    "a\xef\xbf\xbd"
	    "bc",
	    4);
	assert_edit(e,
	    "a\xe2\x80\xae"
	    "b\xe2\x80\x8d"
	    "c|");
}

static void
any_sequence_of_operations_keeps_the_line_whole(void **state)
{
	static const char *const pieces[] = { "a", "bc ", "\xc3\xa9",
		"\xcc\x81\n", "\xe4\xbd\xa0", "\xe2\x80\x8d",
		"\xf0\x9f\x98\x80" };
	struct edit *e = *state;
	unsigned int seed = 7, i;
	int column, width;

	for (i = 0; i < 100000; i++) {
		struct buf out = { 0 };
		int what = rand_r(&seed) % 30;

		if (what <= EDIT_CLEAR)
			edit_do(e, (enum edit_op)what);
		else if (what == 29)
			free(edit_take(e));
		else if (what == 28)
			edit_search(e);
		else if (what == 27)
			edit_search_end(e, i % 2 == 0);
		else
			edit_insert(
			    e, pieces[what % 7], strlen(pieces[what % 7]));
		assert_true(e->pos <= e->len && e->len <= 1000);
		assert_true(text_is_utf8(edit_text(e), e->pos));
		assert_true(text_is_utf8(edit_text(e), e->len));
		assert_int_equal(strlen(edit_text(e)), e->len);
		width = 1 + rand_r(&seed) % 30;
		column = edit_view(e, edit_row(e), width, &out);
		assert_true(column >= 0 && column <= width);
		buf_free(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(text_is_inserted_at_the_cursor),
		TEST(control_characters_are_not_inserted),
		TEST(nothing_is_inserted_above_the_maximum),
		TEST(motion_is_by_character_with_its_marks),
		TEST(motion_is_by_word),
		TEST(killed_text_can_be_yanked),
		TEST(characters_are_exchanged),
		TEST(kills_in_a_row_are_one_and_older_ones_can_be_yanked),
		TEST(changes_can_be_undone_and_done_again),
		TEST(a_text_can_have_several_rows),
		TEST(a_field_shows_what_is_around_the_cursor),
		TEST(a_field_shows_only_safe_characters),
		TEST(any_sequence_of_operations_keeps_the_line_whole),
	};

	set_place();
	return cmocka_run_group_tests_name("client-edit", tests, NULL, NULL);
}
