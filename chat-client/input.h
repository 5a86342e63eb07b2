/*
 * What the user writes: a line is something to say, or a command.  One table
 * names the commands; help and manual page are made from it.  Pure.
 */
#ifndef INPUT_H
#define INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "limit.h"

enum input_kind {
	INPUT_NOTHING, /* an empty line */
	INPUT_SAY,     /* `text', to whom is up to the caller */
	INPUT_MSG,     /* `text' to `name' */
	INPUT_QUERY,   /* go to the conversation with `name'; say `text' */
	INPUT_CLOSE,
	INPUT_USERS,
	INPUT_WHOIS,   /* about `name' */
	INPUT_HISTORY, /* `count' messages with `name' (may be "") */
	INPUT_SEARCH,  /* for `text' */
	INPUT_NICK,    /* `name' */
	INPUT_REGISTER,
	INPUT_PASSWORD,
	INPUT_RECONNECT,
	INPUT_LOGOUT,
	INPUT_HELP, /* about `command', or NULL */
	INPUT_QUIT,
	INPUT_BAD /* `error' says why */
};

struct input_command {
	const char *name; /* without the slash */
	enum input_kind kind;
	bool on_screen;	       /* and nowhere else */
	const char *arguments; /* for people; [] may be left out */
	const char *help;      /* sentences, the first one says it all */
};

/* Ends with a row without a name. */
extern const struct input_command input_commands[];

struct input {
	enum input_kind kind;
	const struct input_command *command; /* NULL: no command */
	char name[USERNAME_MAX + 1];
	const char *text; /* in the line */
	size_t len;
	int64_t count;
	char error[160]; /* printable ASCII */
};

/* The line has a NUL at its end, and stays the caller's. */
void input_parse(struct input *, const char *line, size_t len);

/* Append the command as it is written: "/msg NAME TEXT". */
void input_add_usage(struct buf *, const struct input_command *);

/* The row of a name, of which a slash may be a part; or NULL. */
const struct input_command *input_find(const char *name, size_t len);

/*
 * What somebody may have meant who wrote that name: the row with the nearest
 * one, or NULL if none is near.
 */
const struct input_command *input_guess(const char *name, size_t len);

#endif
