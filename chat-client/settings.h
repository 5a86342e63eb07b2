/*
 * The user's configuration, client.conf: lines of "name = value".  Parsing is
 * pure.  One table has the names; the manual page is made from it.
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "address.h"
#include "buf.h"
#include "keymap.h"
#include "limit.h"
#include "theme.h"

/* A command as its arguments, which no shell reads. */
struct settings_command {
	const char *words[SETTINGS_WORDS_MAX + 1]; /* ends with NULL */
	char text[SETTINGS_LINE_MAX + 1];	   /* they lie in it */
};

struct settings {
	char server[ADDRESS_HOST_MAX + 16]; /* "": none; as written */
	bool tls;			    /* to that server */
	char name[USERNAME_MAX + 1];	    /* "": none */
	struct settings_command password, notify;
	bool bell;
	enum theme theme;
	bool mouse;
	struct keymap keymap;
	int password_line;
	struct buf errors; /* a line each, sanitised; empty: all is well */
};

struct settings_row {
	const char *name;
	const char *argument; /* for people */
	const char *allowed;  /* a sentence about it, when it is wrong */
	const char *help;     /* sentences */
};

/* Ends with a row without a name. */
extern const struct settings_row settings_rows[];

/* What holds without a file. */
void settings_init(struct settings *);
void settings_free(struct settings *);

/*
 * Read a text; what is wrong in it is added to `errors', a line for each of
 * its lines that is, as of that file.
 */
void settings_parse(
    struct settings *, const char *file, const char *text, size_t len);

/*
 * Read $XDG_CONFIG_HOME/chat/client.conf, if there is one; it has to be the
 * user's or root's, and not be writable by others.
 */
void settings_load(struct settings *);

#endif
