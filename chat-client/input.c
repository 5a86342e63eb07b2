/*
 * The commands of input.h.  Only the table compares their names.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "input.h"
#include "text.h"

#define HISTORY_DEFAULT 20
#define NAME_MAX_LEN	32 /* of a command, and what is compared with one */
#define SPACES		" \t\n"

/* clang-format off */
const struct input_command input_commands[] = {
{ "msg", INPUT_MSG, false, "NAME TEXT",
    "Say something to one user." },
{ "query", INPUT_QUERY, true, "NAME [TEXT]",
    "Go to the conversation with a user, or with \"all\". "
    "The text, if there is one, is said there." },
{ "close", INPUT_CLOSE, true, "",
    "Close this conversation with a user. "
    "It comes back with the next message." },
{ "users", INPUT_USERS, false, "",
    "List who is there." },
{ "whois", INPUT_WHOIS, true, "NAME",
    "Tell what is known of a user." },
{ "history", INPUT_HISTORY, false, "[NAME] [N]",
    "The last N messages to everybody, or with NAME. "
    "N is 1 to 1000, and 20 unless given." },
{ "search-local", INPUT_SEARCH, true, "TEXT",
    "Find lines here that hold the text, in upper or lower case. "
    "All conversations are searched, as far as they have come in." },
{ "nick", INPUT_NICK, true, "NAME",
    "Leave, and log in with another name. "
    "What was talked about as the present one is closed. "
    "If the other one is online already, it takes a second time." },
{ "register", INPUT_REGISTER, true, "",
    "Register the name, so that it is nobody else's. "
    "A password is asked for, without showing it, and an invitation, which "
    "can be left empty. "
    "Escape gives up." },
{ "password", INPUT_PASSWORD, true, "",
    "Change the password. "
    "The old and the new one are asked for, without showing them; other "
    "devices are logged out." },
{ "reconnect", INPUT_RECONNECT, true, "",
    "Connect again now, also when the connection looks well." },
{ "logout", INPUT_LOGOUT, false, "",
    "Leave, and have the token kept for this login revoked. "
    "The next login needs the password." },
{ "help", INPUT_HELP, false, "[COMMAND]",
    "Show keys and commands, or more about one command." },
{ "quit", INPUT_QUIT, false, "",
    "Leave. "
    "When something is not confirmed yet, it takes a second time." },
{ NULL, INPUT_BAD, false, NULL, NULL },
};
/* clang-format on */

static void __attribute__((format(printf, 2, 3)))
bad(struct input *in, const char *format, ...)
{
	va_list args;

	in->kind = INPUT_BAD;
	va_start(args, format);
	vsnprintf(in->error, sizeof(in->error), format, args);
	va_end(args);
}

void
input_add_usage(struct buf *out, const struct input_command *c)
{
	buf_add_str(out, "/");
	buf_add_str(out, c->name);
	if (c->arguments[0] != '\0')
		buf_add_str(out, " ");
	buf_add_str(out, c->arguments);
}

static void
bad_usage(struct input *in)
{
	bad(in, "usage: /%s%s%s (more: /help %s)", in->command->name,
	    in->command->arguments[0] != '\0' ? " " : "",
	    in->command->arguments, in->command->name);
}

const struct input_command *
input_find(const char *name, size_t len)
{
	const struct input_command *c;

	if (len > 0 && *name == '/') {
		name++;
		len--;
	}
	for (c = input_commands; c->name != NULL; c++)
		if (strlen(c->name) == len && memcmp(c->name, name, len) == 0)
			return c;
	return NULL;
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * How many letters have to be put in, left out, changed or exchanged with
 * their neighbour to make one of the other.
 */
static size_t
distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t d[NAME_MAX_LEN + 1][NAME_MAX_LEN + 1], i, j;

	for (i = 0; i <= a_len; i++)
		for (j = 0; j <= b_len; j++) {
			if (i == 0 || j == 0) {
				d[i][j] = i + j;
				continue;
			}
			d[i][j] =
			    least(d[i - 1][j - 1] + (a[i - 1] != b[j - 1]),
				1 + least(d[i - 1][j], d[i][j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
		}
	return d[a_len][b_len];
}

const struct input_command *
input_guess(const char *name, size_t len)
{
	const struct input_command *c, *nearest = NULL;
	char lower[NAME_MAX_LEN];
	size_t i, d, best = 3; /* more than two letters are another word */

	if (len == 0 || len > NAME_MAX_LEN)
		return NULL;
	for (i = 0; i < len; i++)
		lower[i] = (char)tolower((unsigned char)name[i]);
	for (c = input_commands; c->name != NULL; c++) {
		if (strncmp(c->name, lower, len) == 0)
			return c;
		d = distance(lower, len, c->name, strlen(c->name));
		if (d < best && d < len) {
			best = d;
			nearest = c;
		}
	}
	return nearest;
}

/* The next word; *s moves behind it and the spaces after it. */
static size_t
word(const char **s, const char **start)
{
	size_t len;

	*s += strspn(*s, SPACES);
	*start = *s;
	len = strcspn(*s, SPACES);
	*s += len;
	*s += strspn(*s, SPACES);
	return len;
}

/* A user name, or with `all_too' "all"; returns false if it is neither. */
static bool
take_name(struct input *in, const char *s, size_t n, bool all_too)
{
	if (!text_is_username(s, n) &&
	    !(all_too && n == 3 && strncasecmp(s, "all", 3) == 0)) {
		bad(in,
		    "that is not a user name: 1 to %d of A-Z a-z 0-9 _ . -%s",
		    USERNAME_MAX, all_too ? "" : ", and not \"all\"");
		return false;
	}
	memcpy(in->name, s, n);
	in->name[n] = '\0';
	return true;
}

static void
parse_name_text(struct input *in, const char *s, const char *end, bool needed)
{
	const char *name;
	size_t len = word(&s, &name);

	if (len == 0 || (needed && s == end))
		bad_usage(in);
	else if (take_name(in, name, len, true)) {
		in->text = s;
		in->len = (size_t)(end - s);
	}
}

static bool
is_number(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!isdigit((unsigned char)s[i]))
			return false;
	return n > 0;
}

/* A number alone is no name, though there may be such a user. */
static void
parse_history(struct input *in, const char *s)
{
	const char *name, *count;
	size_t name_len = word(&s, &name), count_len = word(&s, &count);

	in->count = HISTORY_DEFAULT;
	if (count_len == 0 && is_number(name, name_len)) {
		count = name;
		count_len = name_len;
		name_len = 0;
	}
	if (count_len > 0)
		in->count = is_number(count, count_len) && count_len <= 4
		    ? atoi(count)
		    : 0;
	if (*s != '\0')
		bad_usage(in);
	else if (in->count < 1 || in->count > HISTORY_MAX)
		bad(in,
		    "/history takes 1 to %d messages, as a number alone or "
		    "behind a name",
		    HISTORY_MAX);
	else if (name_len > 0)
		take_name(in, name, name_len, true);
}

static void
parse_name(struct input *in, const char *s)
{
	const char *name;
	size_t len = word(&s, &name);

	if (len == 0 || *s != '\0')
		bad_usage(in);
	else
		take_name(in, name, len, false);
}

/* How much of a name can be told: printable ASCII, and not much. */
static int
told(const char *name, size_t len)
{
	int n = 0;

	while (n < NAME_MAX_LEN && (size_t)n < len && name[n] > ' ' &&
	    name[n] <= '~')
		n++;
	return n;
}

static void
bad_command(struct input *in, const char *name, size_t len)
{
	const struct input_command *near = input_guess(name, len);

	if (near != NULL)
		bad(in,
		    "there is no command /%.*s: did you mean /%s? "
		    "(// begins a text with /)",
		    told(name, len), name, near->name);
	else
		bad(in,
		    "there is no command /%.*s; /help lists them, "
		    "// begins a text with /",
		    told(name, len), name);
}

static void
parse_help(struct input *in, const char *s)
{
	const char *name;
	size_t len = word(&s, &name);

	in->command = NULL;
	if (len == 0)
		return;
	in->command = input_find(name, len);
	if (in->command == NULL)
		bad_command(in, name + (*name == '/'), len - (*name == '/'));
}

static void
parse_arguments(struct input *in, const char *s, const char *end)
{
	switch (in->kind) {
	case INPUT_MSG:
		parse_name_text(in, s, end, true);
		break;
	case INPUT_QUERY:
		parse_name_text(in, s, end, false);
		break;
	case INPUT_SEARCH:
		in->text = s;
		in->len = (size_t)(end - s);
		if (in->len == 0)
			bad_usage(in);
		break;
	case INPUT_HISTORY:
		parse_history(in, s);
		break;
	case INPUT_WHOIS:
	case INPUT_NICK:
		parse_name(in, s);
		break;
	case INPUT_HELP:
		parse_help(in, s);
		break;
	default:
		if (*s != '\0')
			bad(in, "/%s takes no argument", in->command->name);
	}
}

static void
parse_command(struct input *in, const char *line, size_t len)
{
	const char *s = line + 1, *name = s;
	size_t n = strcspn(s, SPACES);

	s += n;
	s += strspn(s, SPACES);
	if (n == 0 || (in->command = input_find(name, n)) == NULL ||
	    *name == '/') {
		bad_command(in, name, n);
		return;
	}
	in->kind = in->command->kind;
	in->len = 0;
	parse_arguments(in, s, line + len);
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
