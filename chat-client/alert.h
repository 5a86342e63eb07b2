/*
 * Calls the user: the bell, or a command of his.
 */
#ifndef ALERT_H
#define ALERT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "bounds.h"
#include "incoming.h"

struct alert {
	/* At most SETTINGS_WORDS_MAX words, then NULL; NULL: the bell. */
	const char *const *command;
	bool quiet; /* the bell does not ring */

	/* The rest is its own. */
	bool any; /* there was one, at: */
	int64_t last;
	pid_t running[ALERT_RUNNING_MAX];
};

/*
 * Somebody said something to the user.  The command gets two more arguments:
 * who, and what, both sanitised to one line, neither beginning with a dash.
 * It runs by itself, without a shell, a terminal, or the client's signals.
 * More than one call in a second, or more commands at once than bounds.h has,
 * are left out.  True: the bell is to ring.
 */
bool
alert_call(struct alert *, struct span from, struct span text, int64_t now);

/* Look after commands that have ended. */
void alert_reap(struct alert *);

#endif
