/*
 * Which messages were seen, by id: a position, below and at which everything
 * counts as seen, and the ids above it that came out of turn (ACKs of one's
 * own, history).  Pure.
 */
#ifndef SEEN_H
#define SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bounds.h"

struct seen_range {
	int64_t first, last;
};

struct seen {
	int64_t position;
	struct seen_range ranges[SEEN_RANGES_MAX]; /* in order, apart */
	size_t len;
};

/* Note one; returns whether it was new.  The lowest are forgotten if full. */
bool seen_add(struct seen *, int64_t id);

/* The position moves on to id, if that is further. */
void seen_advance(struct seen *, int64_t id);

/* Start again there: the server's store is another one now. */
void seen_reset(struct seen *, int64_t id);

#endif
