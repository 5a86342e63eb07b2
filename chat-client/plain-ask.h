/*
 * The questions of the plain modes, on the terminal, between two connections.
 */
#ifndef PLAIN_ASK_H
#define PLAIN_ASK_H

#include <stdbool.h>

#include "login.h"

/*
 * Give the link what it needs, after asking for it if there is a person to
 * ask.  Returns whether it is to be started.  *asked counts the passwords
 * that were asked for.  A signal ends a question, and stays in signal_fd.
 */
bool plain_ask(struct login *, struct link *, enum login_need,
    unsigned int *asked, int signal_fd);

/* Say why the server is not trusted, and how it could be. */
void plain_explain_distrust(const struct login *, const struct link *);

/* Say something on standard error, sanitising it. */
void plain_complain(const char *);

#endif
