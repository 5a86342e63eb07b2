/*
 * Unit tests of which lines chat-client's screen shows: wrapping and scrolling,
 * without a screen.
 */
#include "../../chat-client/format.h"
#include "../../chat-client/view.h"
#include "../../chat-client/wrap.h"
#include "client-model-test.h"

/* The wrapped text with a bar at each line's end. */
static void
assert_wrapped(const char *text, int width, int indent, const char *want)
{
	struct buf out = { 0 };
	struct wrap w;
	size_t from, to, lines = 0;

	wrap_start(&w, text, strlen(text), width, indent);
	while (wrap_next(&w, &from, &to)) {
		buf_add(&out, text + from, to - from);
		buf_add_str(&out, "|");
		lines++;
	}
	buf_add(&out, "", 1);
	assert_string_equal(buf_head(&out), want);
	assert_int_equal(wrap_count(text, strlen(text), width, indent), lines);
	buf_free(&out);
}

static void
text_breaks_at_spaces(void **state)
{
	(void)state;
	assert_wrapped("", 10, 0, "|");
	assert_wrapped("one two three", 20, 0, "one two three|");
	assert_wrapped("one two three", 8, 0, "one two|three|");
	assert_wrapped("one two three", 7, 0, "one two|three|");
	assert_wrapped("one two three", 6, 0, "one|two|three|");
	assert_wrapped("one two three", 8, 4, "one two|thre|e|");
}

static void
long_words_break_anywhere(void **state)
{
	(void)state;
	assert_wrapped("abcdefghij", 4, 0, "abcd|efgh|ij|");
	assert_wrapped("ab cdefghij", 4, 0, "ab|cdef|ghij|");
	assert_wrapped("abc", 1, 0, "a|b|c|");
	assert_wrapped("abc", 0, 5, "a|b|c|");
}

static void
links_stay_in_one_piece_or_fill_rows(void **state)
{
	struct wrap w;
	size_t start, end;
	const char *text = "see: http://x.org/abcdefghij next http://y";

	(void)state;
	wrap_start(&w, text, strlen(text), 24, 5);
	assert_true(wrap_next(&w, &start, &end));
	assert_int_equal(end, 4);
	/* Too wide for an indented line, not for a whole one. */
	assert_true(wrap_next(&w, &start, &end));
	assert_int_equal(w.column, 0);
	assert_int_equal(start, 5);
	assert_int_equal(end, 28);
	assert_true(wrap_next(&w, &start, &end));
	assert_int_equal(w.column, 5);
	assert_int_equal(end, strlen(text));
	assert_false(wrap_next(&w, &start, &end));
	/* Wider than the window: rows without anything between them. */
	wrap_start(&w, text, strlen(text), 12, 5);
	wrap_next(&w, &start, &end);
	wrap_next(&w, &start, &end);
	assert_int_equal(end - start, 12);
	wrap_next(&w, &start, &end);
	assert_int_equal(w.column, 0);
	assert_int_equal(end, 28);
	wrap_next(&w, &start, &end);
	assert_int_equal(w.column, 5);
	wrap_next(&w, &start, &end);
	assert_int_equal(w.column, 0);
	/* Words that are no links, however long, hang below the others. */
	wrap_start(&w, "a abcdefghijklmnopqrst ://x", 27, 12, 2);
	while (wrap_next(&w, &start, &end))
		assert_int_equal(w.column, start == 0 ? 0 : 2);
}

static void
newlines_end_a_line(void **state)
{
	(void)state;
	assert_wrapped("a\nb", 10, 0, "a|b|");
	assert_wrapped("a\n\nb\n", 10, 0, "a||b|");
	assert_wrapped("\n", 10, 0, "|");
}

static void
width_is_that_of_the_terminal(void **state)
{
	(void)state;
	/* Wide characters take two columns, marks none. */
	assert_wrapped("a: \xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0", 6, 0,
	    "a: \xe4\xbd\xa0|\xe5\xa5\xbd\xe4\xbd\xa0|");
	assert_wrapped("\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0", 5, 0,
	    "\xe4\xbd\xa0\xe5\xa5\xbd|\xe4\xbd\xa0|");
	assert_wrapped("e\xcc\x81"
		       "e\xcc\x81"
		       "e",
	    2, 0,
	    "e\xcc\x81"
	    "e\xcc\x81|e|");
	assert_wrapped(
	    "\xe4\xbd\xa0\xe5\xa5\xbd", 1, 0, "\xe4\xbd\xa0|\xe5\xa5\xbd|");
	assert_int_equal(wrap_columns("a\xe4\xbd\xa0\xcc\x81", 6), 3);
	/* What is no character is not looked for twice, nor lost. */
	assert_int_equal(wrap_columns("a\xff\x01", 3), 3);
	assert_wrapped("\xe4\xbd\xa0\xff\xe4", 2, 0, "\xe4\xbd\xa0|\xff\xe4|");
	assert_int_equal(wrap_fit("a\xe4\xbd\xa0"
				  "b",
			     5, 2),
	    1);
	assert_int_equal(wrap_fit("a\xe4\xbd\xa0"
				  "b",
			     5, 3),
	    4);
}

/* The rows from top to bottom, a bar after each. */
static void
assert_rows(struct view *v, const struct model *m, const char *want)
{
	struct view_row rows[50];
	struct buf out = { 0 };
	size_t n = view_rows(v, m->now, rows);

	while (n-- > 0) {
		if (rows[n].kind == VIEW_DAY)
			buf_add_str(&out, "=day");
		else if (rows[n].kind == VIEW_UNREAD)
			buf_add_str(&out, "=new");
		else
			buf_add(&out, rows[n].entry->line + rows[n].start,
			    rows[n].end - rows[n].start);
		buf_add_str(&out, "|");
	}
	buf_add(&out, "", 1);
	assert_string_equal(buf_head(&out), want);
	buf_free(&out);
}

static void
fill(struct model *m, int n)
{
	char text[16];
	int i;

	for (i = 1; i <= n; i++) {
		snprintf(text, sizeof(text), "m%d", i);
		add(m, i, text);
	}
}

static void
the_newest_lines_are_at_the_bottom(void **state)
{
	struct model *m = *state;
	struct view v = { 0 };

	view_resize(&v, 40, 3, 3);
	assert_rows(&v, m, "");
	fill(m, 2);
	assert_rows(&v, m, "=day|12:00 <bob> m1|12:00 <bob> m2|");
	add(m, 3, "m3");
	add(m, 4, "m4");
	assert_rows(&v, m, "12:00 <bob> m2|12:00 <bob> m3|12:00 <bob> m4|");
	view_resize(&v, 40, 0, 0);
	assert_rows(&v, m, "");
}

static void
long_lines_hang_below_their_text(void **state)
{
	struct model *m = *state;
	struct view v = { 0 };
	struct view_row rows[2];

	view_resize(&v, 36, 2, 2);
	add(m, 1, "some words that do not fit in a line");
	assert_rows(&v, m,
	    "12:00 <bob> some words that do not|"
	    "fit in a line|");
	view_rows(&v, m->now, rows);
	assert_int_equal(rows[0].indent, 12);
	assert_int_equal(rows[1].indent, 0);
	/* Not when that would leave too little room. */
	view_resize(&v, 20, 2, 2);
	view_rows(&v, m->now, rows);
	assert_int_equal(rows[0].indent, 2);
}

static void
scrolling_stops_at_both_ends(void **state)
{
	struct model *m = *state;
	struct view v = { 0 };

	view_resize(&v, 40, 2, 2);
	view_scroll(&v, m->now, 5);
	assert_false(v.scrolled);
	fill(m, 5);
	view_scroll(&v, m->now, 1);
	assert_rows(&v, m, "12:00 <bob> m3|12:00 <bob> m4|");
	assert_true(v.scrolled);
	view_scroll(&v, m->now, 100);
	assert_rows(&v, m, "=day|12:00 <bob> m1|");
	view_scroll(&v, m->now, -3);
	assert_rows(&v, m, "12:00 <bob> m3|12:00 <bob> m4|");
	view_scroll(&v, m->now, -100);
	assert_rows(&v, m, "12:00 <bob> m4|12:00 <bob> m5|");
	assert_false(v.scrolled);
	view_scroll(&v, m->now, 2);
	view_follow(&v);
	assert_rows(&v, m, "12:00 <bob> m4|12:00 <bob> m5|");
}

static void
a_scrolled_view_stays_when_lines_come(void **state)
{
	struct model *m = *state;
	struct view v = { 0 };

	view_resize(&v, 40, 2, 2);
	fill(m, 5);
	view_scroll(&v, m->now, 2);
	assert_rows(&v, m, "12:00 <bob> m2|12:00 <bob> m3|");
	add(m, 10, "new");
	model_notice(m, ENTRY_NOTICE, span_of("newer"), NOON);
	assert_rows(&v, m, "12:00 <bob> m2|12:00 <bob> m3|");
	view_resize(&v, 40, 3, 3);
	assert_rows(&v, m, "12:00 <bob> m1|12:00 <bob> m2|12:00 <bob> m3|");
	view_resize(&v, 40, 10, 10);
	assert_rows(&v, m,
	    "=day|12:00 <bob> m1|12:00 <bob> m2|12:00 <bob> m3|"
	    "12:00 <bob> m4|12:00 <bob> m5|12:00 <bob> new|12:00 -- newer|");
	assert_false(v.scrolled);
}

static void
add_at(struct model *m, int64_t id, int64_t time)
{
	struct message message = { .id = id,
		.time = time,
		.from = span_of("bob"),
		.to = span_of("all"),
		.text = span_of("x") };

	model_add_message(m, &message);
}

static void
days_are_those_of_the_local_time(void **state)
{
	struct buf out = { 0 };

	(void)state;
	assert_int_equal(format_day_number(1), 0);
	assert_int_equal(format_day_number(NOON), NOON / 86400000);
	assert_int_equal(format_day_number(0), -1);
	assert_int_equal(format_day_number(-1), -1);
	assert_int_equal(format_day_number(INT64_MAX), -1);
	/* 29 February of a year that has one, of one that has none. */
	assert_int_equal(format_day_number(951782400000), 11016);
	assert_int_equal(format_day_number(4107542400000), 47541);
	format_day(&out, NOON);
	buf_add(&out, "", 1);
	assert_string_equal(buf_head(&out), "Monday, 23 November 2026");
	buf_cut(&out, 0);
	format_day(&out, 0);
	assert_int_equal(buf_len(&out), 0);
	setenv("TZ", "Pacific/Auckland", 1);
	tzset();
	assert_int_equal(format_day_number(NOON), NOON / 86400000 + 1);
	setenv("TZ", "UTC", 1);
	tzset();
	buf_free(&out);
}

static void
a_new_day_has_a_line(void **state)
{
	struct model *m = *state;
	struct view v = { 0 };

	view_resize(&v, 40, 10, 10);
	add_at(m, 1, NOON);
	add_at(m, 2, 0);
	add_at(m, 3, NOON + 12 * 3600 * 1000LL - 1);
	add_at(m, 4, NOON + 12 * 3600 * 1000LL);
	assert_rows(&v, m,
	    "=day|12:00 <bob> x|--:-- <bob> x|23:59 <bob> x|"
	    "=day|00:00 <bob> x|");
}

static void
what_was_not_read_has_a_line_to_go_to(void **state)
{
	struct model *m = *state;
	struct view v = { 0 };

	view_resize(&v, 40, 3, 3);
	assert_false(view_go_unread(&v, m->now));
	fill(m, 3);
	assert_false(view_go_unread(&v, m->now));
	model_go_name(m, "zoe");
	add(m, 4, "m4");
	add(m, 5, "m5");
	model_go_back(m);
	assert_rows(&v, m, "=new|12:00 <bob> m4|12:00 <bob> m5|");
	assert_true(view_go_unread(&v, m->now));
	assert_false(v.scrolled);
	add(m, 6, "m6");
	view_scroll(&v, m->now, 100);
	assert_true(view_go_unread(&v, m->now));
	assert_rows(&v, m, "=new|12:00 <bob> m4|12:00 <bob> m5|");
	assert_true(v.scrolled);
	/* Lines above an entry are lines to scroll over. */
	view_scroll(&v, m->now, 2);
	assert_rows(&v, m, "12:00 <bob> m2|12:00 <bob> m3|=new|");
	/* When the line goes, the text stays. */
	m->now->marker = 0;
	assert_rows(&v, m, "12:00 <bob> m2|12:00 <bob> m3|12:00 <bob> m4|");
}

static void
the_newest_lines_stay_below_a_scrolled_view(void **state)
{
	struct model *m = *state;
	struct view v = { 0 };

	fill(m, 12);
	view_resize(&v, 40, 5, 2);
	view_scroll(&v, m->now, 4);
	assert_rows(&v, m, "12:00 <bob> m7|12:00 <bob> m8|");
	view_scroll(&v, m->now, 1);
	assert_rows(&v, m, "12:00 <bob> m6|12:00 <bob> m7|");
	view_scroll(&v, m->now, 100);
	assert_rows(&v, m, "=day|12:00 <bob> m1|");
	/* Once all of it fits below, it is one window again. */
	view_scroll(&v, m->now, -7);
	assert_true(v.scrolled);
	view_scroll(&v, m->now, -1);
	assert_false(v.scrolled);
	assert_rows(&v, m,
	    "12:00 <bob> m8|12:00 <bob> m9|12:00 <bob> m10|"
	    "12:00 <bob> m11|12:00 <bob> m12|");
}

static void
nothing_moves_when_history_comes_above(void **state)
{
	struct model *m = *state;
	struct message message = { .time = NOON,
		.from = span_of("bob"),
		.to = span_of("all"),
		.text = span_of("old") };
	struct view v = { 0 };

	view_resize(&v, 40, 2, 2);
	for (message.id = 1001; message.id <= 1010; message.id++)
		model_add_history(m, &message);
	add(m, 1011, "here");
	add(m, 1012, "newest");
	view_scroll(&v, m->now, 1);
	assert_rows(&v, m, "12:00 <bob> old|12:00 <bob> here|");
	assert_int_equal(view_above(&v, m->now, 100), 10);
	assert_int_equal(view_above(&v, m->now, 3), 3);
	for (message.id = 1000; message.id > 0; message.id--)
		model_add_history(m, &message);
	assert_rows(&v, m, "12:00 <bob> old|12:00 <bob> here|");
	assert_int_equal(view_above(&v, m->now, 10000), 1010);
}

static void
a_view_of_forgotten_lines_shows_the_oldest(void **state)
{
	struct model *m = *state;
	struct view v = { 0 };
	int64_t id;

	view_resize(&v, 40, 1, 1);
	fill(m, 5);
	view_scroll(&v, m->now, 4);
	for (id = 6; id <= 2 * LOG_ENTRIES_MAX; id++)
		add(m, id, "x");
	assert_rows(&v, m, "12:00 <bob> x|");
	assert_int_equal(v.serial, m->now->entries[0]->serial);
}

static void
any_size_and_scrolling_shows_what_is_there(void **state)
{
	struct model *m = *state;
	struct view v = { 0 };
	struct view_row rows[100];
	unsigned int seed = 5, i;
	char text[200];
	size_t n, row, len;
	int height;

	for (i = 1; i <= 300; i++) {
		len = (size_t)rand_r(&seed) % (sizeof(text) - 1);
		memset(text, ' ', len);
		for (n = 0; n < len; n++)
			text[n] = "abc \n"[rand_r(&seed) % 5];
		text[len] = '\0';
		add(m, i, text);
	}
	for (i = 0; i < 3000; i++) {
		height = rand_r(&seed) % 100;
		view_resize(&v, 1 + rand_r(&seed) % 120, height,
		    height > 9 ? height - rand_r(&seed) % 8 : height);
		view_scroll(&v, m->now, rand_r(&seed) % 200 - 100);
		n = view_rows(&v, m->now, rows);
		/* There are enough lines to fill any of these. */
		assert_int_equal(n, view_height(&v));
		for (row = 0; row < n; row++)
			assert_true(rows[row].start <= rows[row].end &&
			    rows[row].end <= rows[row].entry->len &&
			    rows[row].indent +
				    wrap_columns(
					rows[row].entry->line + rows[row].start,
					rows[row].end - rows[row].start) <=
				v.width);
	}
}

static void
a_terminal_breaks_at_any_character(void **state)
{
	(void)state;
	assert_int_equal(wrap_rows("", 0, 4), 1);
	assert_int_equal(wrap_rows("a bc", 4, 4), 1);
	assert_int_equal(wrap_rows("a bcd", 5, 4), 2);
	assert_int_equal(wrap_rows("abcd\nefghi\n", 11, 4), 4);
	/* One that is too wide for what is left of a row begins the next. */
	assert_int_equal(wrap_rows("abc\xe4\xbd\xa0\xe5\xa5\xbd", 9, 4), 2);
	assert_int_equal(wrap_rows("\xe4\xbd\xa0\xe5\xa5\xbd", 6, 1), 2);
}

static void
assert_bare(
    const struct model *m, int width, int height, size_t from, size_t to)
{
	size_t end, first;

	first = view_bare(&m->now->view, m->now, width, height, &end);
	assert_int_equal(first, from);
	assert_int_equal(end, to);
}

static void
the_bare_text_is_what_has_room_as_it_is(void **state)
{
	struct model *m = *state;
	struct view *v = &m->now->view;

	assert_bare(m, 80, 20, 0, 0);
	fill(m, 20); /* "12:00 <bob> m1" */
	assert_bare(m, 80, 30, 0, 20);
	assert_bare(m, 80, 5, 15, 20);
	assert_bare(m, 10, 5, 18, 20);
	/* The last one is there, whole. */
	assert_bare(m, 1, 5, 19, 20);
	assert_bare(m, 80, 0, 19, 20);
	view_resize(v, 80, 5, 5);
	view_scroll(v, m->now, 7);
	assert_bare(m, 80, 5, 8, 13);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_breaks_at_spaces),
		cmocka_unit_test(long_words_break_anywhere),
		cmocka_unit_test(links_stay_in_one_piece_or_fill_rows),
		cmocka_unit_test(newlines_end_a_line),
		cmocka_unit_test(width_is_that_of_the_terminal),
		TEST(the_newest_lines_are_at_the_bottom),
		TEST(long_lines_hang_below_their_text),
		TEST(scrolling_stops_at_both_ends),
		TEST(a_scrolled_view_stays_when_lines_come),
		cmocka_unit_test(days_are_those_of_the_local_time),
		TEST(a_new_day_has_a_line),
		TEST(what_was_not_read_has_a_line_to_go_to),
		TEST(the_newest_lines_stay_below_a_scrolled_view),
		TEST(nothing_moves_when_history_comes_above),
		TEST(a_view_of_forgotten_lines_shows_the_oldest),
		cmocka_unit_test(a_terminal_breaks_at_any_character),
		TEST(the_bare_text_is_what_has_room_as_it_is),
		TEST(any_size_and_scrolling_shows_what_is_there),
	};

	set_place();
	return cmocka_run_group_tests_name("client-view", tests, NULL, NULL);
}
