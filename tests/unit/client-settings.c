/*
 * Unit tests of chat-client's configuration file.
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

#include "../../chat-client/settings.h"

static struct settings s;

static void
parse(const char *text)
{
	settings_free(&s);
	settings_init(&s);
	settings_parse(&s, "client.conf", text, strlen(text));
}

static void
assert_errors(const char *want)
{
	char got[8192];

	snprintf(got, sizeof(got), "%.*s", (int)buf_len(&s.errors),
	    buf_len(&s.errors) > 0 ? buf_head(&s.errors) : "");
	assert_string_equal(got, want);
}

static void
every_setting_is_read(void **state)
{
	(void)state;
	parse("# a comment\n"
	      "\n"
	      "server = chat.example:7000\r\n"
	      "  tls=yes\n"
	      "name =\talice  \n"
	      "password-command = pass show 'chat server'\n"
	      "notify-command = notify-send -a \"Chat \\\"x\\\"\" --\n"
	      "bell = no\n"
	      "theme = light\n"
	      "mouse = yes\n"
	      "bind = F5 redraw\n"
	      "bind = Alt-= home\n"
	      "bind = Ctrl-k  none");
	assert_errors("");
	assert_string_equal(s.server, "chat.example:7000");
	assert_true(s.tls && s.mouse && !s.bell);
	assert_string_equal(s.name, "alice");
	assert_string_equal(s.password.words[0], "pass");
	assert_string_equal(s.password.words[2], "chat server");
	assert_null(s.password.words[3]);
	assert_string_equal(s.notify.words[2], "Chat \"x\"");
	assert_string_equal(s.notify.words[3], "--");
	assert_int_equal(s.theme, THEME_LIGHT);
	assert_int_equal(
	    keymap_action(&s.keymap, keymap_parse("F5")), ACTION_REDRAW);
	assert_int_equal(
	    keymap_action(&s.keymap, keymap_parse("Alt-=")), ACTION_HOME);
	assert_int_equal(
	    keymap_action(&s.keymap, keymap_parse("Ctrl-k")), ACTION_NONE);
}

static void
without_a_file_the_defaults_hold(void **state)
{
	(void)state;
	parse("");
	assert_errors("");
	assert_string_equal(s.server, "");
	assert_string_equal(s.name, "");
	assert_null(s.password.words[0]);
	assert_null(s.notify.words[0]);
	assert_true(s.bell && !s.tls && !s.mouse);
	assert_int_equal(s.theme, THEME_DARK);
	assert_int_equal(
	    keymap_action(&s.keymap, keymap_parse("F1")), ACTION_HELP);
}

static void
each_wrong_line_has_one_message(void **state)
{
	(void)state;
	parse("theme = purple\n"
	      "theme = dark\n"
	      "colour = red\n"
	      "nonsense\n"
	      "server = a b\n"
	      "name = all\n"
	      "tls = true\n"
	      "bell =\n"
	      "bind = a send\n"
	      "bind = F5 frobnicate\n"
	      "bind = F5\n"
	      "notify-command = say \"hi\n"
	      "mouse = no\n"
	      "mouse = no\n");
	assert_errors(
	    "client.conf:1: theme: \"purple\": it takes dark, light or mono\n"
	    "client.conf:2: theme: \"dark\": it is set in a line above "
	    "already\n"
	    "client.conf:3: \"colour\" is no setting; there are server, tls, "
	    "name, password-command, notify-command, bell, theme, mouse, "
	    "bind\n"
	    "client.conf:4: \"nonsense\": a line is \"name = value\"\n"
	    "client.conf:5: server: \"a b\": it takes HOST, HOST:PORT, "
	    "[IPV6]:PORT or unix:/PATH\n"
	    "client.conf:6: name: \"all\": it takes 1 to 32 of "
	    "A-Z a-z 0-9 _ . -, and not \"all\"\n"
	    "client.conf:7: tls: \"true\": it takes yes or no\n"
	    "client.conf:8: bell: \"\": it takes yes or no\n"
	    "client.conf:9: bind: \"a\" is no key that can be bound: it is "
	    "one such as F5, Ctrl-x or Alt-Enter\n"
	    "client.conf:10: bind: \"frobnicate\" is no action: it is one of "
	    "those in the manual, such as page-up, or none\n"
	    "client.conf:11: bind: \"\" is no action: it is one of those in "
	    "the manual, such as page-up, or none\n"
	    "client.conf:12: notify-command: \"say \"hi\": a quote is not "
	    "closed; it takes a command, and its arguments\n"
	    "client.conf:14: mouse: \"no\": it is set in a line above "
	    "already\n");
	assert_null(s.notify.words[0]);
}

static void
a_password_is_somebodys(void **state)
{
	(void)state;
	parse("\npassword-command = pass\n\n");
	assert_errors("client.conf:2: password-command: it needs a \"name\", "
		      "whose password it is\n");
	parse("password-command = pass\nname = alice\n");
	assert_errors("");
}

static void
a_command_has_limits(void **state)
{
	char text[4000] = "notify-command = a";
	size_t i;

	(void)state;
	for (i = 1; i < SETTINGS_WORDS_MAX; i++)
		strcat(text, " x");
	parse(text);
	assert_errors("");
	assert_string_equal(s.notify.words[SETTINGS_WORDS_MAX - 1], "x");
	strcat(text, " x");
	parse(text);
	assert_non_null(strstr(buf_head(&s.errors), "too many words"));
	parse("notify-command = ''\n");
	assert_non_null(strstr(buf_head(&s.errors), "there is no command"));
	parse("notify-command = a\\");
	assert_non_null(strstr(buf_head(&s.errors), "not closed"));
}

static void
any_bytes_give_messages_that_are_safe(void **state)
{
	char text[4000];
	unsigned int seed = 5;
	size_t i, n;
	int round;

	(void)state;
	parse("th\033[31meme = x\n");
	assert_null(memchr(buf_head(&s.errors), '\033', buf_len(&s.errors)));
	memset(text, 'x', sizeof(text));
	text[SETTINGS_LINE_MAX + 1] = '\n';
	settings_parse(&s, "f", text, SETTINGS_LINE_MAX + 2);
	for (round = 0; round < 20000; round++) {
		static const char set[] =
		    "abind=serverthemetls F5\"'\\#\n\n\n =\0\xff\t-name";

		n = (size_t)rand_r(&seed) % 200;
		for (i = 0; i < n; i++)
			text[i] = set[(size_t)rand_r(&seed) % sizeof(set)];
		settings_free(&s);
		settings_init(&s);
		settings_parse(&s, "f", text, n);
		for (i = 0; i < buf_len(&s.errors); i++)
			assert_true(
			    (unsigned char)buf_head(&s.errors)[i] >= ' ' ||
			    buf_head(&s.errors)[i] == '\n');
	}
	settings_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_setting_is_read),
		cmocka_unit_test(without_a_file_the_defaults_hold),
		cmocka_unit_test(each_wrong_line_has_one_message),
		cmocka_unit_test(a_password_is_somebodys),
		cmocka_unit_test(a_command_has_limits),
		cmocka_unit_test(any_bytes_give_messages_that_are_safe),
	};

	if (setlocale(LC_ALL, "C.UTF-8") == NULL)
		return 1;
	return cmocka_run_group_tests_name(
	    "client-settings", tests, NULL, NULL);
}
