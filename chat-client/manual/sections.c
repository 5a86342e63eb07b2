/*
 * Made and run at build time: the parts of chat-client(1) that are in tables
 * of the program, as mdoc.  "make manual" puts them into the page, and a test
 * compares them.
 *
 *	sections keys|commands|settings
 */
#include <stdio.h>
#include <string.h>

#include "../help.h"
#include "../settings.h"

#define LINE_WIDTH 70

/* Text in which nothing is a macro or an escape. */
static void
put_text(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (s[i] == '\\')
			fputs("\\e", stdout);
		else if (s[i] == '-')
			fputs("\\-", stdout);
		else
			putchar(s[i]);
}

/* A sentence begins a line, and no line is longer than it should be. */
static void
put_help(const char *help)
{
	size_t n, end, column = 0;

	for (; *help != '\0'; help += n + strspn(help + n, " ")) {
		end = help_first_sentence(help);
		n = strcspn(help, " ");
		if (column > 0)
			putchar(column + n < LINE_WIDTH ? ' ' : '\n');
		column = column + n < LINE_WIDTH ? column + n + 1 : n;
		put_text(help, n);
		if (n == end) {
			putchar('\n');
			column = 0;
		}
	}
}

static void
put_keys(const struct keymap *map, enum action action, enum action last)
{
	struct buf keys = { 0 };

	help_add_keys(&keys, map, action, last);
	fputs(".It ", stdout);
	put_text(buf_head(&keys), buf_len(&keys));
	/* Its name is what the configuration binds keys to. */
	fputs(" Pq Ic ", stdout);
	put_text(action_row(action)->name, strlen(action_row(action)->name));
	if (last != action) {
		fputs(" No to Ic ", stdout);
		put_text(
		    action_row(last)->name, strlen(action_row(last)->name));
	}
	putchar('\n');
	buf_free(&keys);
}

static void
write_keys(void)
{
	static struct keymap map;
	const struct action_row *row;
	enum action action;

	keymap_init(&map);
	for (action = ACTION_NONE + 1; action < ACTION_COUNT;
	     action = help_last(action) + 1) {
		row = action_row(action);
		if (row->group != NULL)
			printf("%s.Ss %s\n.Bl -tag -width Ds -compact\n",
			    action > ACTION_NONE + 1 ? ".El\n" : "",
			    row->group);
		put_keys(&map, action, help_last(action));
		put_help(row->help);
	}
	puts(".El");
}

/* Words in capitals are arguments, and brackets what may be left out. */
static void
put_arguments(const char *s)
{
	size_t n;

	for (; *s != '\0'; s += n + strspn(s + n, " ")) {
		n = strcspn(s, " ");
		if (*s == '[')
			printf(" Oo Ar %.*s Oc", (int)n - 2, s + 1);
		else
			printf(" Ar %.*s", (int)n, s);
	}
}

static void
write_commands(void)
{
	const struct input_command *c;

	puts(".Bl -tag -width Ds");
	for (c = input_commands; c->name != NULL; c++) {
		fputs(".It Ic /", stdout);
		put_text(c->name, strlen(c->name));
		put_arguments(c->arguments);
		putchar('\n');
		put_help(c->help);
		if (c->on_screen)
			puts("Only on the screen.");
	}
	puts(".El");
}

static void
write_settings(void)
{
	const struct settings_row *row;

	puts(".Bl -tag -width Ds");
	for (row = settings_rows; row->name != NULL; row++) {
		fputs(".It Ic ", stdout);
		put_text(row->name, strlen(row->name));
		printf(" Li = Ar %s\n", row->argument);
		put_help(row->help);
	}
	puts(".El");
}

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "keys") == 0)
		write_keys();
	else if (argc == 2 && strcmp(argv[1], "commands") == 0)
		write_commands();
	else if (argc == 2 && strcmp(argv[1], "settings") == 0)
		write_settings();
	else
		return 64;
	return 0;
}
