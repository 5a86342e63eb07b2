/*
 * The configuration of settings.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "sanitise.h"
#include "settings.h"
#include "text.h"

/* In the order of the table. */
enum { SERVER, TLS, NAME, PASSWORD, NOTIFY, BELL, THEME, MOUSE, BIND };

/* clang-format off */
const struct settings_row settings_rows[] = {
{ "server", "ADDRESS", "HOST, HOST:PORT, [IPV6]:PORT or unix:/PATH",
    "The server to connect to, when the command line names none." },
{ "tls", "yes|no", "yes or no",
    "Whether to connect to it with TLS." },
{ "name", "NAME", "1 to 32 of A-Z a-z 0-9 _ . -, and not \"all\"",
    "The user name, unless it is given otherwise." },
{ "password-command", "COMMAND", "a command, and its arguments",
    "Its first line of output is the password. "
    "It runs when the server asks for one, for the name and the server of "
    "this file, has the terminal to itself meanwhile, and reads nothing of "
    "another input." },
{ "notify-command", "COMMAND", "a command, and its arguments",
    "Runs when somebody names you or writes to you alone, instead of the "
    "bell. "
    "It gets two more arguments: who, and what." },
{ "bell", "yes|no", "yes or no",
    "Whether the bell rings then. "
    "It does unless told otherwise." },
{ "theme", "dark|light|mono", "dark, light or mono",
    "The colours: for a dark or a light background, or none. "
    "It is dark unless told otherwise, and mono with NO_COLOR." },
{ "mouse", "yes|no", "yes or no",
    "Whether the wheel of the mouse scrolls. "
    "The terminal's own use of the mouse takes Shift then; it is no unless "
    "told otherwise." },
{ "bind", "KEY ACTION",
    "a key such as F5, Ctrl-x, Alt-Enter, and an action of the manual or "
    "\"none\"",
    "Have a key do something else. "
    "There may be many such lines." },
{ NULL, NULL, NULL, NULL },
};
/* clang-format on */

/* A line that is being read. */
struct line {
	struct settings *settings;
	const char *file;
	int number;
	char name[SETTINGS_LINE_MAX + 1];
	char value[SETTINGS_LINE_MAX + 1];
};

static void __attribute__((format(printf, 2, 3)))
wrong(const struct line *l, const char *format, ...)
{
	char what[3 * SETTINGS_LINE_MAX], text[4 * SETTINGS_LINE_MAX];
	struct buf *errors = &l->settings->errors;
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	snprintf(text, sizeof(text), "%s:%d: %s", l->file, l->number, what);
	sanitise_add(errors, text, strlen(text), sizeof(text), SANITISE_LINE);
	buf_add_str(errors, "\n");
}

/* Which of the words, separated by |, it is; or -1. */
static int
choose(const char *words, const char *value)
{
	size_t n;
	int i;

	for (i = 0; *words != '\0'; i++) {
		n = strcspn(words, "|");
		if (strlen(value) == n && strncmp(words, value, n) == 0)
			return i;
		words += n + (words[n] == '|');
	}
	return -1;
}

static bool
take_bool(const char *value, bool *yes)
{
	int chosen = choose("no|yes", value);

	if (chosen >= 0)
		*yes = chosen == 1;
	return chosen >= 0;
}

/*
 * Copy a word, of which quotes are taken off, and a backslash before any
 * character.  Returns where it ends, or NULL if a quote is not closed.
 */
static const char *
copy_word(const char *s, char **out)
{
	char quote = '\0';

	for (; *s != '\0' && (quote != '\0' || *s != ' '); s++) {
		if (*s == quote) {
			quote = '\0';
		} else if (quote == '\0' && (*s == '"' || *s == '\'')) {
			quote = *s;
		} else {
			if (*s == '\\' && quote != '\'' && *++s == '\0')
				return NULL;
			*(*out)++ = *s;
		}
	}
	*(*out)++ = '\0';
	return quote == '\0' ? s : NULL;
}

/* NULL, or what is wrong. */
static const char *
split(struct settings_command *c, const char *s)
{
	char *out = c->text;
	size_t n = 0;

	memset(c->words, 0, sizeof(c->words));
	while (*s != '\0') {
		if (n == SETTINGS_WORDS_MAX)
			return "it has too many words";
		c->words[n++] = out;
		if ((s = copy_word(s, &out)) == NULL)
			return "a quote is not closed";
		s += strspn(s, " ");
	}
	return n == 0 || c->words[0][0] == '\0' ? "there is no command" : NULL;
}

static void
take_command(const struct line *l, struct settings_command *c, int row)
{
	const char *why = split(c, l->value);

	if (why == NULL)
		return;
	c->words[0] = NULL;
	wrong(l, "%s: \"%s\": %s; it takes %s", l->name, l->value, why,
	    settings_rows[row].allowed);
}

static bool
take_bind(const struct line *l)
{
	size_t n = strcspn(l->value, " ");
	const char *name = l->value + n + strspn(l->value + n, " ");
	enum action action = action_find(name);
	char text[SETTINGS_LINE_MAX + 1];
	uint32_t key;

	snprintf(text, sizeof(text), "%.*s", (int)n, l->value);
	if ((key = keymap_parse(text)) == 0)
		wrong(l,
		    "bind: \"%s\" is no key that can be bound: it is one such "
		    "as F5, Ctrl-x or Alt-Enter",
		    text);
	else if (action == ACTION_NONE && strcmp(name, "none") != 0)
		wrong(l,
		    "bind: \"%s\" is no action: it is one of those in the "
		    "manual, such as page-up, or none",
		    name);
	else if (!keymap_bind(&l->settings->keymap, key, action))
		wrong(l, "bind: more than %d keys", KEYS_MAX);
	return true;
}

static bool
take_value(const struct line *l, int row)
{
	struct settings *s = l->settings;
	struct address address;
	int theme;

	switch (row) {
	case SERVER:
		if (!address_parse(&address, l->value, ADDRESS_PORT) ||
		    strlen(l->value) >= sizeof(s->server))
			return false;
		memcpy(s->server, l->value, strlen(l->value) + 1);
		return true;
	case TLS:
		return take_bool(l->value, &s->tls);
	case NAME:
		if (!text_is_username(l->value, strlen(l->value)))
			return false;
		memcpy(s->name, l->value, strlen(l->value) + 1);
		return true;
	case PASSWORD:
		s->password_line = l->number;
		take_command(l, &s->password, row);
		return true;
	case NOTIFY:
		take_command(l, &s->notify, row);
		return true;
	case BELL:
		return take_bool(l->value, &s->bell);
	case THEME:
		if ((theme = choose("dark|light|mono", l->value)) < 0)
			return false;
		s->theme = (enum theme)theme;
		return true;
	case MOUSE:
		return take_bool(l->value, &s->mouse);
	default:
		return take_bind(l);
	}
}

static void
name_unknown(const struct line *l)
{
	struct buf names = { 0 };
	const struct settings_row *row;

	for (row = settings_rows; row->name != NULL; row++) {
		buf_add_str(&names, row > settings_rows ? ", " : "");
		buf_add_str(&names, row->name);
	}
	wrong(l, "\"%s\" is no setting; there are %.*s", l->name,
	    (int)buf_len(&names), buf_head(&names));
	buf_free(&names);
}

static void
take_setting(const struct line *l, unsigned int *seen)
{
	int row;

	for (row = 0; settings_rows[row].name != NULL; row++)
		if (strcmp(settings_rows[row].name, l->name) == 0)
			break;
	if (settings_rows[row].name == NULL)
		name_unknown(l);
	else if (row != BIND && (*seen & 1u << row))
		wrong(l, "%s: \"%s\": it is set in a line above already",
		    l->name, l->value);
	else if (!take_value(l, row))
		wrong(l, "%s: \"%s\": it takes %s", l->name, l->value,
		    settings_rows[row].allowed);
	*seen |= 1u << row;
}

static const char *
trim(const char *s, size_t *len)
{
	while (*len > 0 && strchr(" \t\r", s[*len - 1]) != NULL)
		(*len)--;
	while (*len > 0 && strchr(" \t", *s) != NULL) {
		s++;
		(*len)--;
	}
	return s;
}

static void
copy_part(char out[SETTINGS_LINE_MAX + 1], const char *s, size_t len)
{
	s = trim(s, &len);
	memcpy(out, s, len);
	out[len] = '\0';
}

static void
take_line(struct line *l, const char *s, size_t len, unsigned int *seen)
{
	const char *equals;

	s = trim(s, &len);
	if (len == 0 || *s == '#')
		return;
	if (len > SETTINGS_LINE_MAX || memchr(s, '\0', len) != NULL) {
		wrong(
		    l, "a line is text of at most %d bytes", SETTINGS_LINE_MAX);
		return;
	}
	equals = memchr(s, '=', len);
	copy_part(l->name, s, equals != NULL ? (size_t)(equals - s) : len);
	if (equals == NULL) {
		wrong(l, "\"%s\": a line is \"name = value\"", l->name);
		return;
	}
	copy_part(l->value, equals + 1, len - (size_t)(equals + 1 - s));
	take_setting(l, seen);
}

void
settings_init(struct settings *s)
{
	*s = (struct settings){ .bell = true, .theme = THEME_DARK };
	keymap_init(&s->keymap);
}

void
settings_free(struct settings *s)
{
	buf_free(&s->errors);
}

void
settings_parse(
    struct settings *s, const char *file, const char *text, size_t len)
{
	static struct line l;
	unsigned int seen = 0;
	const char *lf;
	size_t at, end;
	int number = 1;

	for (at = 0; at < len; at = end + 1, number++) {
		lf = memchr(text + at, '\n', len - at);
		end = lf != NULL ? (size_t)(lf - text) : len;
		l = (struct line){
			.settings = s, .file = file, .number = number
		};
		take_line(&l, text + at, end - at, &seen);
	}
	l.number = s->password_line;
	if (s->password.words[0] != NULL && s->name[0] == '\0')
		wrong(&l,
		    "password-command: it needs a \"name\", whose "
		    "password it is");
}
