/*
 * Unit tests of what chat-client's screen shows: wrapping, the log, the users
 * and scrolling, without a screen.
 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "../../chat-client/model.h"
#include "../../chat-client/view.h"
#include "../../chat-client/wrap.h"

#define NOON 1795435200000 /* 2026-11-23T12:00:00Z */

static struct span
span_of(const char *s)
{
	return (struct span){ s, strlen(s) };
}

static int
start(void **state)
{
	*state = model_new();
	return 0;
}

static int
end(void **state)
{
	model_free(*state);
	return 0;
}

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
	assert_int_equal(wrap_fit("a\xe4\xbd\xa0"
				  "b",
			     5, 2),
	    1);
	assert_int_equal(wrap_fit("a\xe4\xbd\xa0"
				  "b",
			     5, 3),
	    4);
}

static void
add(struct model *m, int64_t id, const char *text)
{
	struct message message = { .id = id,
		.time = NOON,
		.from = span_of("bob"),
		.to = span_of("all"),
		.text = span_of(text) };

	model_add_message(m, &message);
}

static void
assert_entry(const struct model *m, size_t at, const char *want)
{
	assert_true(at < m->len);
	assert_string_equal(m->entries[at]->line, want);
}

static void
messages_are_in_the_order_of_their_ids(void **state)
{
	struct model *m = *state;

	add(m, 5, "five");
	model_notice(m, ENTRY_NOTICE, span_of("note"), NOON);
	add(m, 7, "seven");
	add(m, 3, "three");
	add(m, 6, "six");
	add(m, 5, "again");
	assert_int_equal(m->len, 5);
	assert_entry(m, 0, "12:00 <bob> three");
	assert_entry(m, 1, "12:00 <bob> five");
	assert_entry(m, 2, "12:00 -- note");
	assert_entry(m, 3, "12:00 <bob> six");
	assert_entry(m, 4, "12:00 <bob> seven");
}

static void
a_pending_message_takes_its_place_when_confirmed(void **state)
{
	struct model *m = *state;

	add(m, 1, "one");
	model_add_pending(m, "r1", "me", "bob", "mine", 4);
	add(m, 2, "two");
	add(m, 4, "four");
	assert_entry(m, 1, "--:-- <me -> bob> mine");
	assert_true(entry_is_private(m->entries[1]));
	model_confirm(m, span_of("other"), 3, NOON, false);
	model_confirm(m, span_of("r1"), 3, NOON, false);
	assert_int_equal(m->len, 4);
	assert_entry(m, 1, "12:00 <bob> two");
	assert_entry(m, 2, "12:00 <me -> bob> mine");
	assert_entry(m, 3, "12:00 <bob> four");
}

static void
a_confirmed_message_does_not_move_without_need(void **state)
{
	struct model *m = *state;

	add(m, 1, "one");
	model_add_pending(m, "r1", "me", "all", "mine", 4);
	model_add_pending(m, "r2", "me", "all", "next", 4);
	model_notice(m, ENTRY_NOTICE, span_of("note"), NOON);
	model_confirm(m, span_of("r1"), 2, NOON, false);
	model_confirm(m, span_of("r2"), 3, NOON, false);
	assert_entry(m, 1, "12:00 <me> mine");
	assert_entry(m, 2, "12:00 <me> next");
	assert_entry(m, 3, "12:00 -- note");
	/* A store that was restored gives lower ids. */
	model_add_pending(m, "r3", "me", "all", "low", 3);
	add(m, 9, "nine");
	model_confirm(m, span_of("r3"), 2, NOON, false);
	assert_int_equal(m->len, 5);
	model_add_pending(m, "r4", "me", "all", "five", 4);
	model_confirm(m, span_of("r4"), 5, NOON, false);
	assert_entry(m, 4, "12:00 <me> five");
	assert_entry(m, 5, "12:00 <bob> nine");
}

static void
a_message_that_came_back_is_there_once(void **state)
{
	struct model *m = *state;

	model_add_pending(m, "r1", "me", "all", "mine", 4);
	add(m, 3, "mine");
	model_confirm(m, span_of("r1"), 3, NOON, true);
	assert_int_equal(m->len, 1);
	assert_entry(m, 0, "12:00 <bob> mine");
}

static void
a_refused_message_says_so(void **state)
{
	struct model *m = *state;

	model_add_pending(m, "r1", "me", "all", "mine", 4);
	model_reject(m, span_of("r1"), span_of("TOO_\033LARGE"));
	assert_entry(m, 0, "--:-- <me> mine [not sent: TOO_\xe2\x90\x9bLARGE]");
	assert_null(m->entries[0]->ref);
}

static void
what_is_in_the_log_is_sanitised(void **state)
{
	struct model *m = *state;
	struct message message = { .id = 1,
		.time = NOON,
		.from = span_of("a\033b"),
		.to = span_of("x> y"),
		.text = span_of("\033[2J\xe2\x80\xae") };

	model_add_message(m, &message);
	assert_entry(m, 0, "12:00 <a?b -> x??y> \xe2\x90\x9b[2J\xef\xbf\xbd");
	model_notice(m, ENTRY_ERROR, span_of("\007"), 0);
	assert_entry(m, 1, "--:-- !! \xe2\x90\x87");
}

static void
the_log_is_bounded(void **state)
{
	struct model *m = *state;
	char *big = calloc(1, SHOWN_TEXT_MAX + 1);
	int64_t id;

	assert_non_null(big);
	for (id = 1; id <= 3 * LOG_ENTRIES_MAX; id++)
		add(m, id, "x");
	assert_true(m->len <= LOG_ENTRIES_MAX + 512);
	assert_true(m->len >= LOG_ENTRIES_MAX);
	assert_int_equal(m->entries[m->len - 1]->id, 3 * LOG_ENTRIES_MAX);
	memset(big, 'x', SHOWN_TEXT_MAX);
	for (id = 1; id <= 1000; id++) {
		add(m, 4 * LOG_ENTRIES_MAX + id, big);
		assert_true(m->bytes <= LOG_BYTES_MAX);
	}
	assert_true(m->len > 100);
	free(big);
}

static void
users_are_kept_by_name(void **state)
{
	struct model *m = *state;
	struct event e;
	const char *line = "{\"event\":\"USERS\",\"users\":["
			   "{\"username\":\"carl\",\"online\":true},"
			   "{\"username\":\"Bob\",\"online\":false},"
			   "{\"username\":\"carl\",\"online\":true},"
			   "{\"username\":7},"
			   "{\"username\":\"alice\",\"online\":true}]}";

	model_set_person(m, span_of("zoe"), true);
	assert_int_equal(model_online(m), 1);
	assert_true(incoming_parse(&e, line, strlen(line)));
	model_set_people(m, &e);
	incoming_free(&e);
	assert_int_equal(m->people_len, 3);
	assert_string_equal(m->people[0].name, "alice");
	assert_string_equal(m->people[1].name, "Bob");
	assert_string_equal(m->people[2].name, "carl");
	assert_int_equal(model_online(m), 2);
	model_set_person(m, span_of("bob"), true);
	model_set_person(m, span_of("Carl"), false);
	model_set_person(m, span_of("dora"), true);
	assert_int_equal(m->people_len, 4);
	assert_int_equal(model_online(m), 3);
	assert_string_equal(m->people[3].name, "dora");
}

static void
the_number_of_users_is_bounded(void **state)
{
	struct model *m = *state;
	char name[16];
	int i;

	for (i = 0; i < PEOPLE_MAX + 10; i++) {
		snprintf(name, sizeof(name), "u%d", i);
		model_set_person(m, span_of(name), true);
	}
	assert_int_equal(m->people_len, PEOPLE_MAX);
}

/* The rows from top to bottom, a bar after each. */
static void
assert_rows(struct view *v, const struct model *m, const char *want)
{
	struct view_row rows[50];
	struct buf out = { 0 };
	size_t n = view_rows(v, m, rows);

	while (n-- > 0) {
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

	view_resize(&v, 40, 3);
	assert_rows(&v, m, "");
	fill(m, 2);
	assert_rows(&v, m, "12:00 <bob> m1|12:00 <bob> m2|");
	add(m, 3, "m3");
	add(m, 4, "m4");
	assert_rows(&v, m, "12:00 <bob> m2|12:00 <bob> m3|12:00 <bob> m4|");
	view_resize(&v, 40, 0);
	assert_rows(&v, m, "");
}

static void
long_lines_hang_below_their_text(void **state)
{
	struct model *m = *state;
	struct view v = { 0 };
	struct view_row rows[2];

	view_resize(&v, 36, 2);
	add(m, 1, "some words that do not fit in a line");
	assert_rows(&v, m,
	    "12:00 <bob> some words that do not|"
	    "fit in a line|");
	view_rows(&v, m, rows);
	assert_int_equal(rows[0].indent, 12);
	assert_int_equal(rows[1].indent, 0);
	/* Not when that would leave too little room. */
	view_resize(&v, 20, 2);
	view_rows(&v, m, rows);
	assert_int_equal(rows[0].indent, 2);
}

static void
scrolling_stops_at_both_ends(void **state)
{
	struct model *m = *state;
	struct view v = { 0 };

	view_resize(&v, 40, 2);
	view_scroll(&v, m, 5);
	assert_false(v.scrolled);
	fill(m, 5);
	view_scroll(&v, m, 1);
	assert_rows(&v, m, "12:00 <bob> m3|12:00 <bob> m4|");
	assert_true(v.scrolled);
	view_scroll(&v, m, 100);
	assert_rows(&v, m, "12:00 <bob> m1|12:00 <bob> m2|");
	view_scroll(&v, m, -2);
	assert_rows(&v, m, "12:00 <bob> m3|12:00 <bob> m4|");
	view_scroll(&v, m, -100);
	assert_rows(&v, m, "12:00 <bob> m4|12:00 <bob> m5|");
	assert_false(v.scrolled);
	view_scroll(&v, m, 2);
	view_follow(&v);
	assert_rows(&v, m, "12:00 <bob> m4|12:00 <bob> m5|");
}

static void
a_scrolled_view_stays_when_lines_come(void **state)
{
	struct model *m = *state;
	struct view v = { 0 };

	view_resize(&v, 40, 2);
	fill(m, 5);
	view_scroll(&v, m, 2);
	assert_rows(&v, m, "12:00 <bob> m2|12:00 <bob> m3|");
	add(m, 10, "new");
	model_notice(m, ENTRY_NOTICE, span_of("newer"), NOON);
	assert_rows(&v, m, "12:00 <bob> m2|12:00 <bob> m3|");
	view_resize(&v, 40, 3);
	assert_rows(&v, m, "12:00 <bob> m1|12:00 <bob> m2|12:00 <bob> m3|");
	view_resize(&v, 40, 10);
	assert_rows(&v, m,
	    "12:00 <bob> m1|12:00 <bob> m2|12:00 <bob> m3|"
	    "12:00 <bob> m4|12:00 <bob> m5|12:00 <bob> new|12:00 -- newer|");
	assert_false(v.scrolled);
}

static void
a_view_of_forgotten_lines_shows_the_oldest(void **state)
{
	struct model *m = *state;
	struct view v = { 0 };
	int64_t id;

	view_resize(&v, 40, 1);
	fill(m, 5);
	view_scroll(&v, m, 4);
	for (id = 6; id <= 2 * LOG_ENTRIES_MAX; id++)
		add(m, id, "x");
	assert_rows(&v, m, "12:00 <bob> x|");
	assert_int_equal(v.serial, m->entries[0]->serial);
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

	for (i = 1; i <= 300; i++) {
		len = (size_t)rand_r(&seed) % (sizeof(text) - 1);
		memset(text, ' ', len);
		for (n = 0; n < len; n++)
			text[n] = "abc \n"[rand_r(&seed) % 5];
		text[len] = '\0';
		add(m, i, text);
	}
	for (i = 0; i < 3000; i++) {
		view_resize(&v, 1 + rand_r(&seed) % 120, rand_r(&seed) % 100);
		view_scroll(&v, m, rand_r(&seed) % 200 - 100);
		n = view_rows(&v, m, rows);
		/* There are enough lines to fill any of these. */
		assert_int_equal(n, v.height);
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

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, end)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_breaks_at_spaces),
		cmocka_unit_test(long_words_break_anywhere),
		cmocka_unit_test(newlines_end_a_line),
		cmocka_unit_test(width_is_that_of_the_terminal),
		TEST(messages_are_in_the_order_of_their_ids),
		TEST(a_pending_message_takes_its_place_when_confirmed),
		TEST(a_confirmed_message_does_not_move_without_need),
		TEST(a_message_that_came_back_is_there_once),
		TEST(a_refused_message_says_so),
		TEST(what_is_in_the_log_is_sanitised),
		TEST(the_log_is_bounded),
		TEST(users_are_kept_by_name),
		TEST(the_number_of_users_is_bounded),
		TEST(the_newest_lines_are_at_the_bottom),
		TEST(long_lines_hang_below_their_text),
		TEST(scrolling_stops_at_both_ends),
		TEST(a_scrolled_view_stays_when_lines_come),
		TEST(a_view_of_forgotten_lines_shows_the_oldest),
		TEST(any_size_and_scrolling_shows_what_is_there),
	};

	if (setlocale(LC_ALL, "C.UTF-8") == NULL)
		return 1;
	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests_name("client-view", tests, NULL, NULL);
}
