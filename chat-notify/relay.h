/*
 * The relay's core: puts published messages back into the log's order, knows
 * which are missing, and gathers what is to be sent into batches.  Pure: no
 * I/O, no clock, no knowledge of who is connected.  The loop feeds it and does
 * what it asks for.  docs/RELAY.md tells the rules.
 */
#ifndef RELAY_H
#define RELAY_H

#include <sys/uio.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "dgram.h"

#define BATCH_BYTES (32 * 1024) /* of several lines in a datagram */
#define BATCH_LINES 512		/* in one datagram */

/* One line of a batch, and whom it concerns. */
struct relay_entry {
	int64_t id;	      /* 0: a line of presence */
	int64_t user;	      /* sender, or whom presence is about */
	int64_t session;      /* that sent it */
	int64_t recipient;    /* user id, 0: all */
	uint32_t offset, len; /* in the block; len 0: too long */
};

/* Lines of one kind, either messages or presence, in order. */
struct relay_batch {
	struct relay_entry entries[BATCH_LINES];
	unsigned n;
	struct buf block; /* lines, one after another */
	int64_t last;	  /* the position after them */
};

/* Send it now to whom it concerns; it is emptied afterwards. */
typedef void (*relay_send)(void *arg, const struct relay_batch *);

struct aside;

struct relay {
	int64_t position;    /* -1: not known yet */
	int64_t known;	     /* the log goes up to here */
	int64_t hole_since;  /* us; when it was noticed */
	bool must_read;	     /* without waiting any longer */
	bool reading;	     /* rows have come */
	struct aside *aside; /* sorted by what they follow */
	unsigned naside;
	struct relay_batch batch;
	relay_send send;
	void *arg;
};

/* All up to position was relayed; -1: the first publication tells. */
void relay_init(struct relay *, int64_t position, relay_send, void *arg);
void relay_free(struct relay *);

/* Another store, with another log: go on from there. */
void relay_reset(struct relay *, int64_t position);

/*
 * A PUBLISH came, now (in microseconds of any clock).  What follows the
 * position goes into the batch, what is ahead is put aside, what is behind is
 * dropped.  Returns false, with nothing changed, if it is malformed.
 */
bool relay_publish(struct relay *, const struct dgram_head *, const void *body,
    size_t len, int64_t now);

/* The store is known to have the log up to id, from elsewhere. */
void relay_known(struct relay *, int64_t id, int64_t now);

/*
 * Microseconds from now until the store must be read from the position on, 0
 * when at once, -1 when nothing is missing.
 */
int64_t relay_wait(const struct relay *, int64_t now);

/* What was read from the store: a message that was not published in time. */
struct relay_message {
	int64_t id, user, session, recipient;
	const char *line;
	size_t len;
};

/* The next row read from the store; rows come in order. */
void relay_stored(struct relay *, const struct relay_message *);

/*
 * The store was read up to `limit`.  What was put aside and follows now goes
 * into the batch.  When something is still missing it is to be read on at once;
 * but if this reading brought nothing, the store does not have it, and it is
 * forgotten.
 */
void relay_read_done(struct relay *, int64_t limit, int64_t now);

/*
 * The store cannot be read: leave out what is missing, and tell everybody to
 * look at the store up to there, as they will when it is back.
 */
void relay_skip(struct relay *, int64_t now);

/* A line of presence about that user. */
void relay_presence(struct relay *, int64_t user, const char *line, size_t len);

/* Send the batch, if there is anything in it. */
void relay_flush(struct relay *);

/* What of a batch concerns one session. */
struct relay_choice {
	struct iovec parts[1 + BATCH_LINES]; /* the first is for a head */
	unsigned nparts;		     /* with the first */
	unsigned lines;
	bool look;     /* one does not fit: LOOK instead */
	bool presence; /* these are lines of presence */
};

/*
 * Choose what concerns a session from entry `first` on: what is to all, to its
 * user or from its user, but not what it sent itself; presence of others.
 */
void relay_choose(const struct relay_batch *, unsigned first, int64_t user,
    int64_t session, struct relay_choice *);

#endif
