/*
 * What the user writes: a line is something to say, or a command.  One table
 * names the commands; help and manual page follow it.  Pure.
 */
#ifndef INPUT_H
#define INPUT_H

#include <stddef.h>
#include <stdint.h>

#include "limit.h"

enum input_kind {
	INPUT_NOTHING, /* an empty line */
	INPUT_SAY,     /* `text', to whom is up to the caller */
	INPUT_MSG,     /* `text' to `name' */
	INPUT_USERS,
	INPUT_HISTORY, /* `count' messages with `name' (may be "") */
	INPUT_RECONNECT,
	INPUT_LOGOUT,
	INPUT_HELP,
	INPUT_QUIT,
	INPUT_BAD /* `error' says why */
};

struct input_command {
	const char *name; /* without the slash */
	enum input_kind kind;
	const char *arguments;
	const char *help;
};

/* Ends with a row without a name. */
extern const struct input_command input_commands[];

struct input {
	enum input_kind kind;
	char name[USERNAME_MAX + 1];
	const char *text; /* in the line */
	size_t len;
	int64_t count;
	char error[80];
};

/* The line has a NUL at its end, and stays the caller's. */
void input_parse(struct input *, const char *line, size_t len);

#endif
