/*
 * The loop's eyes on the store: the position of the log, and the rows that the
 * relay misses.  It only reads and never waits for a lock between writers.
 */
#ifndef READER_H
#define READER_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "relay.h"
#include "store.h"

#define READER_ROWS 4096 /* read in one go, then the loop goes round */

struct reader {
	struct store_options options;
	struct store *store; /* NULL: unavailable */
	bool told;	     /* that it is unavailable */
	struct buf line;
};

/* Open the store if it is not.  Logs a change for better or worse. */
bool reader_open(struct reader *);
/* The same, and anew if another file was put in its place. */
void reader_check(struct reader *);
/* Open it anew: another part of the relay had to. */
void reader_reopen(struct reader *);
void reader_close(struct reader *);

/* The position of the log as the store knows it, -1 if it is unavailable. */
int64_t reader_position(const struct reader *);

/*
 * Give the relay what it misses (at most READER_ROWS).  If the store cannot be
 * read, the relay leaves it out.
 */
void reader_fill(struct reader *, struct relay *, int64_t now);

#endif
