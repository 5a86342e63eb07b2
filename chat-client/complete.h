/*
 * Completion: what was begun before the cursor becomes a name or a command,
 * and with each further step the next one that fits.  Pure; who asks gives
 * the names.
 */
#ifndef COMPLETE_H
#define COMPLETE_H

#include <stdbool.h>
#include <stddef.h>

#include "bounds.h"
#include "edit.h"
#include "limit.h"

/* Names that begin so, the likeliest first, at most `max'; how many. */
typedef size_t complete_names(
    void *arg, const char *begin, size_t len, const char **names, size_t max);

struct complete {
	bool active; /* the last key was a step */
	size_t start;
	char typed[USERNAME_MAX + 1];
	size_t chosen; /* which candidate; their number: what was typed */
};

/*
 * A step forward, or back if negative.  Returns false if nothing fits.  Any
 * other key sets `active' to false before it is taken.
 */
bool complete_step(
    struct complete *, struct edit *, int step, complete_names *, void *arg);

#endif
