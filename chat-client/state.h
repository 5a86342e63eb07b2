/*
 * What the client remembers from one run to the next, in files of lines
 * "KEY<tab>VALUE" in $XDG_STATE_HOME/chat (by default ~/.local/state/chat).
 * Nobody else may read or change them: what others could have is refused.
 */
#ifndef STATE_H
#define STATE_H

#include <stdbool.h>
#include <stddef.h>

#include "bounds.h"

enum state_result {
	STATE_OK,
	STATE_NONE,  /* there is no such key */
	STATE_OTHER, /* it has another value */
	STATE_FAILED /* see error */
};

struct state {
	char dir[STATE_PATH_MAX]; /* "" : there is no place for it */
	char error[STATE_PATH_MAX + 128];
};

/* Find the place, from the environment; makes nothing. */
void state_init(struct state *);

/*
 * The directory "chat" below what the environment variable says, or else that
 * fallback below the home directory.  False: there is none, or no room.
 */
bool state_directory(
    const char *variable, const char *fallback, char *out, size_t size);

/* The value of a key in a file. */
enum state_result state_get(struct state *, const char *file, const char *key,
    char *value, size_t size);

/*
 * Give the key a value, or with NULL take it out (STATE_NONE: it was not
 * there).  The file is replaced as a whole, under a lock, and is on disk then.
 * Key and value hold neither control characters nor, in the value's case, LF.
 */
enum state_result
state_set(struct state *, const char *file, const char *key, const char *value);

/*
 * The same, but only if the key has a value that begins with `was`: otherwise
 * STATE_OTHER or STATE_NONE, and nothing is changed.
 */
enum state_result state_swap(struct state *, const char *file, const char *key,
    const char *was, const char *value);

#endif
