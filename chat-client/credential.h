/*
 * A password or an invitation: where it comes from, and that it does not stay
 * in memory.  It is a line, without its end.
 */
#ifndef CREDENTIAL_H
#define CREDENTIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "bounds.h"

struct credential {
	char text[SECRET_MAX + 1];
	size_t len; /* 0: there is none */
};

void credential_wipe(struct credential *);

/* Add a character; false if there is no room for it. */
bool credential_add(struct credential *, const char *text, size_t n);
/* Take the last character off. */
void credential_rub_out(struct credential *);

/*
 * The first line of a file or descriptor, of which not a byte more is read.
 * NULL, or what is wrong with it: a file of one's own has to be closed to
 * others.
 */
const char *credential_read_fd(struct credential *, int fd);
const char *credential_read_file(struct credential *, const char *path);

/*
 * The first line that a command prints; it is waited for.  It has our terminal
 * and our descriptors, and no signal of ours is blocked in it.
 */
const char *
credential_read_command(struct credential *, const char *const argv[]);

/* Whether there is a person to ask: a terminal, which shows our errors too. */
bool credential_can_ask(void);

/*
 * Ask on the terminal for a line, which is only shown with `echo'.  Returns
 * false if there is no terminal, or no answer: the input ended, or a signal
 * came through signal_fd, where it stays.  (Not SIGWINCH and SIGCONT, which are
 * taken from there.)
 */
bool credential_ask(
    struct credential *, const char *prompt, bool echo, int signal_fd);

#endif
