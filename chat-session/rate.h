/*
 * The rate limit of one client: a bucket that fills at so many messages a
 * second, up to a burst, and may owe what one command costs.  Pure; times are
 * milliseconds of a clock that never steps, costs are tenths of a message.
 */
#ifndef RATE_H
#define RATE_H

#include <stdbool.h>
#include <stdint.h>

#define RATE_MESSAGE 10 /* the cost of one message */

struct rate {
	long rate, burst; /* messages; rate 0: no limit */
	int64_t level;	  /* thousandths of a tenth */
	int64_t at;	  /* when it was that */
	bool waiting;	  /* a line is */
	int64_t flooded;  /* since then every line had to wait, 0: not */
};

void rate_init(struct rate *, long rate, long burst, int64_t now);

/* Milliseconds until there is enough for any next line, 0: now. */
int64_t rate_wait(struct rate *, int64_t now);

/*
 * Milliseconds until that much may be spent; never more than a full bucket is
 * waited for, so that everything can be afforded some time.
 */
int64_t rate_afford(struct rate *, int cost, int64_t now);

/* Spend; the bucket may owe afterwards, but never more than it holds. */
void rate_spend(struct rate *, int cost, int64_t now);

/*
 * A line has to wait.  Returns true when each line had to for another
 * FLOOD_TIME.
 */
bool rate_waits(struct rate *, int64_t now);
/* A line is taken, and those behind it for which there is enough. */
void rate_taken(struct rate *);

#endif
