/*
 * The commands of input.h.  Only the table compares their names.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "input.h"
#include "text.h"

#define HISTORY_DEFAULT 20

const struct input_command input_commands[] = {
	{ "msg", INPUT_MSG, "NAME TEXT", "say something to one user" },
	{ "users", INPUT_USERS, "", "who is there" },
	{ "history", INPUT_HISTORY, "[NAME] [N]",
	    "the last N messages to all, or with NAME" },
	{ "reconnect", INPUT_RECONNECT, "", "connect again now" },
	{ "logout", INPUT_LOGOUT, "",
	    "leave, and have the token kept for this login revoked" },
	{ "help", INPUT_HELP, "", "this list" },
	{ "quit", INPUT_QUIT, "", "leave" },
	{ NULL, INPUT_BAD, NULL, NULL },
};

static void
bad(struct input *in, const char *why)
{
	in->kind = INPUT_BAD;
	snprintf(in->error, sizeof(in->error), "%s", why);
}

/* The next word; *s moves behind it and the spaces after it. */
static size_t
word(const char **s, const char **start)
{
	size_t len;

	*s += strspn(*s, " ");
	*start = *s;
	len = strcspn(*s, " ");
	*s += len;
	*s += strspn(*s, " ");
	return len;
}

/* A user name, or "all"; returns false if it is neither. */
static bool
take_name(struct input *in, const char *s, size_t n)
{
	if (!text_is_username(s, n) &&
	    !(n == 3 && strncasecmp(s, "all", 3) == 0)) {
		bad(in, "that is not a user name");
		return false;
	}
	memcpy(in->name, s, n);
	in->name[n] = '\0';
	return true;
}

static void
parse_msg(struct input *in, const char *s, const char *end)
{
	const char *name;
	size_t len = word(&s, &name);

	if (len == 0 || s == end)
		bad(in, "usage: /msg NAME TEXT");
	else if (take_name(in, name, len)) {
		in->text = s;
		in->len = (size_t)(end - s);
	}
}

/* Returns false if it is no number, or none that can be asked for. */
static bool
take_count(struct input *in, const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!isdigit((unsigned char)s[i]))
			return false;
	if (n == 0 || n > 4)
		return false;
	in->count = atoi(s);
	return in->count >= 1 && in->count <= HISTORY_MAX;
}

static void
parse_history(struct input *in, const char *s)
{
	const char *first, *second;
	size_t first_len = word(&s, &first), second_len = word(&s, &second);

	in->count = HISTORY_DEFAULT;
	if (first_len == 0)
		return;
	if (second_len == 0 && take_count(in, first, first_len))
		return;
	if (*s != '\0' ||
	    (second_len > 0 && !take_count(in, second, second_len)))
		bad(in, "usage: /history [NAME] [N], N from 1 to 1000");
	else
		take_name(in, first, first_len);
}

static void
parse_command(struct input *in, const char *line, size_t len)
{
	const struct input_command *c;
	const char *s = line + 1, *name;
	size_t n = word(&s, &name);

	for (c = input_commands; c->name != NULL; c++)
		if (strlen(c->name) == n && memcmp(c->name, name, n) == 0)
			break;
	in->kind = c->kind;
	if (c->name == NULL)
		bad(in,
		    "there is no such command; /help lists them, "
		    "// begins a text with /");
	else if (c->kind == INPUT_MSG)
		parse_msg(in, s, line + len);
	else if (c->kind == INPUT_HISTORY)
		parse_history(in, s);
	else if (*s != '\0')
		bad(in, "this command takes no argument");
}

void
input_parse(struct input *in, const char *line, size_t len)
{
	*in = (struct input){ .kind = INPUT_SAY, .text = line, .len = len };
	if (len == 0) {
		in->kind = INPUT_NOTHING;
	} else if (len > 1 && line[0] == '/' && line[1] == '/') {
		in->text++;
		in->len--;
	} else if (line[0] == '/') {
		parse_command(in, line, len);
	}
}
