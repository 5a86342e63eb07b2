/*
 * A password or an invitation: where it comes from, and that it does not stay
 * in memory.  It is a line, without its end.
 */
#ifndef SECRET_H
#define SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "bounds.h"

struct secret {
	char text[SECRET_MAX + 1];
	size_t len; /* 0: there is none */
};

void secret_wipe(struct secret *);

/* Add a character; false if there is no room for it. */
bool secret_add(struct secret *, const char *text, size_t n);
/* Take the last character off. */
void secret_rub_out(struct secret *);

/*
 * The first line of a file or descriptor, of which not a byte more is read.
 * NULL, or what is wrong with it.
 */
const char *secret_read_fd(struct secret *, int fd);
const char *secret_read_file(struct secret *, const char *path);

/* Whether there is a person to ask: a terminal, which shows our errors too. */
bool secret_can_ask(void);

/*
 * Ask on the terminal for a line, which is only shown with `echo'.  Returns
 * false if there is no terminal, or no answer: the input ended, or a signal
 * came through signal_fd, where it stays.
 */
bool secret_ask(struct secret *, const char *prompt, bool echo, int signal_fd);

#endif
