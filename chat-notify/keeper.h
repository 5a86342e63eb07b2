/*
 * The housekeeper: a thread of the relay that does what may have to wait for
 * the store.  It closes the rows of sessions that died, looks for open rows
 * whose session is no more, writes and reads blocks, and checkpoints.  It has a
 * store of its own and shares nothing with the loop but its two queues; it never
 * logs, it reports.
 */
#ifndef KEEPER_H
#define KEEPER_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "blocks.h"
#include "dgram.h"
#include "store.h"

#define KEEPER_TEXT_MAX 512

enum keeper_kind {
	KEEPER_ENDED,	    /* a dead session's row is closed */
	KEEPER_SWEPT,	    /* an open row without a session was closed */
	KEEPER_CHECKPOINT,  /* one was made: wal_bytes, done */
	KEEPER_READER,	    /* pid pins a WAL of wal_bytes */
	KEEPER_UNAVAILABLE, /* text says why; it is tried again */
	KEEPER_AVAILABLE,   /* after that, the store was opened */
	KEEPER_NOTICE,	    /* text is what the store wants logged */
	KEEPER_BLOCKS,	    /* all blocks were read */
	KEEPER_FINISHED	    /* nothing is left to be done */
};

struct keeper_report {
	struct keeper_report *next;
	enum keeper_kind kind;
	int64_t session, user;
	char username[USERNAME_MAX + 1]; /* SWEPT */
	bool elsewhere;			 /* SWEPT: the user has others */
	bool done;			 /* CHECKPOINT: all of the WAL */
	bool was_open;			 /* ENDED: by nobody before */
	int64_t wal_bytes;
	pid_t pid;
	struct blocks blocks; /* BLOCKS: to be taken over */
	uint64_t serial;      /* BLOCKS: the last of our own in it */
	char text[KEEPER_TEXT_MAX];
};

struct keeper;

/*
 * Start the thread, with all signals blocked.  The registry and the strings are
 * kept.  Returns NULL with errno set.
 */
struct keeper *
keeper_start(const struct store_options *, const struct dgram_registry *);

/* Readable when there is a report. */
int keeper_fd(const struct keeper *);

/* The next report, for free(3), or NULL.  Empties keeper_fd() at last. */
struct keeper_report *keeper_next(struct keeper *);

/*
 * Close a dead session's row, which names its socket, and make known what it
 * may have committed.  It is reported once, as soon as that was done or did
 * not work for now; then it is tried again.
 */
void keeper_end_session(
    struct keeper *, int64_t session, int64_t user, const char *socket);

/*
 * Look at all open rows now, but for those of the n sessions that are known to
 * be alive; the list is taken over and freed.
 */
void keeper_sweep(struct keeper *, int64_t *alive, size_t n);

/* Write a block of the relay's own; BLOCKS will say that it is there. */
void keeper_block(struct keeper *, const struct block *);

/* Read all blocks: BLOCKS. */
void keeper_read_blocks(struct keeper *);

/* Whether sessions are there, so that the WAL is to be watched. */
void keeper_set_busy(struct keeper *, bool busy);

/* Do what is left, with a last checkpoint if one is due: KEEPER_FINISHED. */
void keeper_finish(struct keeper *);

/*
 * End the thread and free everything.  Returns false when it did not end in
 * that many ms: the process is to exit without touching it again.
 */
bool keeper_stop(struct keeper *, long ms);

#endif
