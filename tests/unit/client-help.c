/*
 * Unit tests of chat-client's commands, the help made of their table, and the
 * page it is shown on.
 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../chat-client/help.h"
#include "../../chat-client/page.h"

static void
parse(struct input *in, const char *line, enum input_kind kind)
{
	input_parse(in, line, strlen(line));
	if (in->kind != kind)
		fail_msg("%s: %d, %s", line, in->kind, in->error);
}

static void
each_command_has_help_of_sentences(void **state)
{
	const struct input_command *c;
	struct input in;
	char line[100];

	(void)state;
	for (c = input_commands; c->name != NULL; c++) {
		assert_true(strlen(c->help) > 10);
		assert_int_equal(c->help[strlen(c->help) - 1], '.');
		snprintf(line, sizeof(line), "/help %s", c->name);
		parse(&in, line, INPUT_HELP);
		assert_ptr_equal(in.command, c);
		snprintf(line, sizeof(line), "/help /%s ", c->name);
		parse(&in, line, INPUT_HELP);
		assert_ptr_equal(in.command, c);
	}
	parse(&in, "/help", INPUT_HELP);
	assert_null(in.command);
	parse(&in, "/help hsitory", INPUT_BAD);
	assert_non_null(strstr(in.error, "/history?"));
}

static void
commands_of_the_screen_are_understood(void **state)
{
	struct input in;

	(void)state;
	parse(&in, "/query bob", INPUT_QUERY);
	assert_string_equal(in.name, "bob");
	assert_int_equal(in.len, 0);
	parse(&in, "/query all two\nlines", INPUT_QUERY);
	assert_int_equal(in.len, 9);
	parse(&in, "/msg bob\ntwo\nlines", INPUT_MSG);
	assert_memory_equal(in.text, "two\nlines", in.len);
	parse(&in, "/search-local two words", INPUT_SEARCH);
	assert_string_equal(in.text, "two words");
	parse(&in, "/search-local", INPUT_BAD);
	parse(&in, "/nick bob", INPUT_NICK);
	assert_string_equal(in.name, "bob");
	parse(&in, "/nick all", INPUT_BAD);
	assert_non_null(strstr(in.error, ", and not \"all\""));
	parse(&in, "/msg a/b hello", INPUT_BAD);
	assert_null(strstr(in.error, "all"));
	parse(&in, "/history bob 1001", INPUT_BAD);
	assert_string_equal(in.error,
	    "/history takes 1 to 1000 messages, as a number alone or behind a "
	    "name");
	parse(&in, "/history 1001", INPUT_BAD);
	parse(&in, "/history 0", INPUT_BAD);
	parse(&in, "/history 4294967297", INPUT_BAD);
	parse(&in, "/history bob x", INPUT_BAD);
	parse(&in, "/history bob 1 2", INPUT_BAD);
	parse(&in, "/history 7", INPUT_HISTORY);
	assert_string_equal(in.name, "");
	assert_int_equal(in.count, 7);
	parse(&in, "/history 1001 7", INPUT_HISTORY);
	assert_string_equal(in.name, "1001");
	assert_int_equal(in.count, 7);
	parse(&in, "/history", INPUT_HISTORY);
	assert_int_equal(in.count, 20);
	parse(&in, "/nick", INPUT_BAD);
	assert_string_equal(in.error, "usage: /nick NAME (more: /help nick)");
	parse(&in, "/whois bob carol", INPUT_BAD);
	parse(&in, "/whois bob ", INPUT_WHOIS);
	parse(&in, "/password", INPUT_PASSWORD);
	/* A password never stands in a command. */
	parse(&in, "/password old new", INPUT_BAD);
	assert_string_equal(in.error, "/password takes no argument");
	parse(&in, "/register secret", INPUT_BAD);
	parse(&in, "/ quit", INPUT_BAD);
}

static void
assert_guess(const char *name, const char *want)
{
	const struct input_command *c = input_guess(name, strlen(name));

	if (want == NULL)
		assert_null(c);
	else if (c == NULL)
		fail_msg("nothing is like %s", name);
	else
		assert_string_equal(c->name, want);
}

static void
what_is_nearest_is_guessed(void **state)
{
	struct input in;

	(void)state;
	assert_guess("hsitory", "history");
	assert_guess("histroy", "history");
	assert_guess("hist", "history");
	assert_guess("HELP", "help");
	assert_guess("quitt", "quit");
	assert_guess("exit", "quit");
	assert_guess("mgs", "msg");
	assert_guess("usres", "users");
	assert_guess("s", "search-local");
	assert_guess("frobnicate", NULL);
	assert_guess("x", NULL);
	assert_guess("", NULL);
	assert_guess("\xc3\xa9\xc3\xa9\xc3\xa9", NULL);
	assert_guess("a-name-that-is-longer-than-any-command-is", NULL);
	parse(&in, "/hsitory 5", INPUT_BAD);
	assert_string_equal(in.error,
	    "there is no command /hsitory: did you mean /history? "
	    "(// begins a text with /)");
	parse(&in, "/frobnicate", INPUT_BAD);
	assert_non_null(strstr(in.error, "/frobnicate; /help lists them"));
	parse(&in, "/x\xc3\xa9\x1b[m", INPUT_BAD);
	assert_non_null(strstr(in.error, "no command /x; "));
}

static void
help_names_each_key_and_command(void **state)
{
	static struct keymap map;
	const struct input_command *c;
	struct buf text = { 0 };
	char want[200];

	(void)state;
	keymap_init(&map);
	help_add_all(&text, &map);
	buf_add(&text, "", 1);
	assert_non_null(
	    strstr(buf_head(&text), "Enter, Ctrl-j\tSend the line"));
	assert_non_null(strstr(buf_head(&text), "Alt-1 to Alt-9\tTo the"));
	assert_non_null(strstr(buf_head(&text), "\nReading\n"));
	for (c = input_commands; c->name != NULL; c++) {
		snprintf(want, sizeof(want), "/%s%s%s\t%s\n", c->name,
		    c->arguments[0] != '\0' ? " " : "", c->arguments, c->help);
		assert_non_null(strstr(buf_head(&text), want));
	}
	buf_free(&text);
}

static void
help_shows_the_keys_that_were_bound(void **state)
{
	static struct keymap map;
	struct buf text = { 0 };

	(void)state;
	keymap_init(&map);
	keymap_bind(&map, keymap_parse("F9"), ACTION_REDRAW);
	keymap_bind(&map, keymap_parse("Ctrl-l"), ACTION_NONE);
	keymap_bind(&map, keymap_parse("Ctrl-t"), ACTION_NONE);
	help_add_all(&text, &map);
	buf_add(&text, "", 1);
	assert_non_null(strstr(buf_head(&text), "\nF9\tDraw everything"));
	assert_non_null(strstr(buf_head(&text), "\n(no key)\tExchange"));
	buf_free(&text);
}

static void
help_on_one_command_is_its_usage_and_all_it_says(void **state)
{
	const struct input_command *c = input_find("/msg", 4);
	struct buf out = { 0 };

	(void)state;
	assert_non_null(c);
	help_add_command(&out, c);
	buf_add(&out, "", 1);
	assert_string_equal(
	    buf_head(&out), "/msg NAME TEXT\nSay something to one user.");
	buf_free(&out);
}

static void
a_sentence_ends_with_a_full_stop_and_a_space(void **state)
{
	(void)state;
	assert_int_equal(help_first_sentence("One. Two."), 4);
	assert_int_equal(help_first_sentence("One v1.2 only."), 14);
}

/* What the window shows, with | between the parts. */
static void
assert_page(struct page *p, int width, int height, const char *want)
{
	struct page_row rows[50];
	struct buf out = { 0 };
	size_t i, n;

	page_resize(p, width, height);
	n = page_rows(p, rows);
	assert_true(n <= (size_t)p->height);
	for (i = 0; i < n; i++) {
		buf_add(&out, buf_head(&p->text) + rows[i].left_start,
		    rows[i].left_end - rows[i].left_start);
		buf_add_str(&out, rows[i].indent > 0 ? "|" : "");
		buf_add(&out, buf_head(&p->text) + rows[i].start,
		    rows[i].end - rows[i].start);
		buf_add_str(&out, "\n");
	}
	buf_add(&out, "", 1);
	assert_string_equal(buf_head(&out), want);
	buf_free(&out);
}

static void
a_page_stands_side_by_side_or_below(void **state)
{
	struct page p = { 0 };

	(void)state;
	page_open(&p, "Test");
	buf_add_str(&p.text,
	    "Head\nleft\tright side that is long enough to be wrapped once\n"
	    "a left side that is far too long\tright\n\nend");
	assert_page(&p, 60, 10,
	    "Head\nleft|right side that is long enough\n|to be wrapped once\n"
	    "a left side that is far too long\n|right\n\nend\n");
	assert_page(&p, 20, 20,
	    "Head\nleft\n|right side that\n|is long enough\n|to be wrapped\n"
	    "|once\na left side that is\nfar too long\n|right\n\nend\n");
	page_close(&p);
	assert_false(p.open);
}

static void
a_page_scrolls_as_far_as_there_is_something(void **state)
{
	struct page p = { 0 };

	(void)state;
	page_open(&p, "Test");
	buf_add_str(&p.text, "1\n2\n3\n4\n5\n");
	assert_page(&p, 10, 2, "1\n2\n");
	page_scroll(&p, -1);
	assert_page(&p, 10, 2, "1\n2\n");
	page_scroll(&p, 1);
	assert_page(&p, 10, 2, "2\n3\n");
	page_scroll(&p, 100);
	assert_page(&p, 10, 2, "4\n5\n");
	page_scroll(&p, -1);
	assert_page(&p, 10, 2, "3\n4\n");
	/* A larger window shows more, and nothing behind the end. */
	assert_page(&p, 10, 4, "2\n3\n4\n5\n");
	assert_page(&p, 10, 40, "1\n2\n3\n4\n5\n");
	/* Any window is one. */
	page_resize(&p, 0, 0);
	p.top = SIZE_MAX / 2;
	assert_page(&p, 10, 2, "4\n5\n");
	page_open(&p, "Empty");
	assert_page(&p, 10, 2, "");
	page_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_command_has_help_of_sentences),
		cmocka_unit_test(commands_of_the_screen_are_understood),
		cmocka_unit_test(what_is_nearest_is_guessed),
		cmocka_unit_test(help_names_each_key_and_command),
		cmocka_unit_test(help_shows_the_keys_that_were_bound),
		cmocka_unit_test(
		    help_on_one_command_is_its_usage_and_all_it_says),
		cmocka_unit_test(a_sentence_ends_with_a_full_stop_and_a_space),
		cmocka_unit_test(a_page_stands_side_by_side_or_below),
		cmocka_unit_test(a_page_scrolls_as_far_as_there_is_something),
	};

	if (setlocale(LC_ALL, "C.UTF-8") == NULL)
		return 1;
	return cmocka_run_group_tests_name("client-help", tests, NULL, NULL);
}
