/*
 * When to checkpoint, and which reader to complain of.  Pure: the housekeeper
 * tells what it sees and does what it is told.
 */
#ifndef PLAN_H
#define PLAN_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "limit.h"

#define PLAN_PINNED_BYTES (WAL_MAX / 4) /* a WAL above is large */

struct plan {
	int64_t tried_at;  /* ms; the last checkpoint */
	int64_t due_since; /* ms; 0: nothing is to be done */
	int64_t pause;	   /* ms until the next, while a reader pins the WAL */
	pid_t reader;	   /* pins a large WAL */
	int64_t reader_since;
	bool tried;
};

/* What the housekeeper sees of the store. */
struct plan_view {
	bool due;	  /* something was committed */
	bool sync_failed; /* nothing can be stored until a checkpoint */
	bool last;	  /* the relay is going to exit */
	int64_t wal_bytes;
};

/*
 * Whether to checkpoint now (ms of any clock, above 0).  While a reader pins a
 * WAL that is not large, it happens more and more seldom: each one waits for
 * readers with the lock between writers held.
 */
bool plan_checkpoint(struct plan *, const struct plan_view *, int64_t now);

/*
 * A checkpoint ended and the WAL had that size; reader is who keeps it from
 * being emptied, 0 if nobody.  Returns whether that one is to be named: every
 * READER_STOPPED ms while it pins a large WAL.
 */
bool plan_reader(struct plan *, pid_t reader, int64_t wal_bytes, int64_t now);

#endif
