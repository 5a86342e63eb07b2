/*
 * The relay's state, and what its loop does when something happens.
 */
#ifndef NOTIFY_H
#define NOTIFY_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "blocks.h"
#include "buf.h"
#include "config.h"
#include "dgram.h"
#include "keeper.h"
#include "limits.h"
#include "place.h"
#include "presence.h"
#include "reader.h"
#include "relay.h"
#include "rollcall.h"
#include "subscribers.h"

struct notify {
	struct place place;
	struct relay relay;
	struct subscribers subscribers;
	struct presence presence;
	struct reader reader;
	struct keeper *keeper;
	struct rollcall rollcall;
	struct limits limits;
	struct blocks blocks;
	unsigned char print_key[DGRAM_KEY_LEN]; /* for this run */
	uint64_t block_serial;			/* of the last one made */
	int64_t block_ms;			/* how long they last */
	struct buf body;			/* of the datagram at hand */
	int64_t now;				/* us, monotonic */
	unsigned long dropped;			/* datagrams not yet logged */
	unsigned long refused;			/* registrations, likewise */
	int refused_why;			/* errno of the last */
	int ahead;				/* ticks of the store behind */
	unsigned sampled;			/* sessions named in the page */
	struct source on_datagram;
	bool finishing; /* keeper_finish() was asked */
	bool ended;	/* leave the loop */
	bool stopping;	/* by a signal */
};

/* ---- handle.c ---- */

/* Take at most RELAY_DRAIN_MAX datagrams.  Whether there were no more. */
bool handle_datagrams(struct notify *);
/* A session's process ended. */
void handle_exit(struct notify *, struct subscriber *);
/* A lagging session has read. */
void handle_room(struct notify *, struct subscriber *);
/* The housekeeper's reports. */
void handle_reports(struct notify *);
/* Let open rows be closed behind which there is no session. */
void handle_sweep(struct notify *);
/* Once a second. */
void handle_tick(struct notify *);

/* ---- admit.c ---- */

void admit_init(struct notify *, const struct config *);
void admit_free(struct notify *);
/* Read the blocks before anybody is let in; the housekeeper does it later. */
void admit_read_blocks(struct notify *);
void handle_admit(
    struct notify *, const struct dgram_head *, const struct dgram_from *);
void handle_offence(
    struct notify *, const struct dgram_head *, const struct dgram_from *);
/* The housekeeper has read all blocks: who is blocked now is ended. */
void handle_blocks(struct notify *, struct keeper_report *);
/* A session has registered: its user may be blocked since it asked. */
void admit_user(struct notify *, struct subscriber *);
/* It is gone, or another stands for it: it counts no longer. */
void admit_leave(struct notify *, struct subscriber *);
void admit_move(struct subscriber *from, struct subscriber *to);
/* When it is nearly full: who is in and has not logged in has less time. */
void admit_hurry(struct notify *);
/* End a blocked session that does not end by itself. */
void admit_end_late(struct notify *, struct subscriber *);

/* ---- gauge.c ---- */

void gauge_set(struct notify *);
/* Nothing of it is true any more. */
void gauge_end(void);

/* ---- loop.c ---- */

/* Wait for datagrams on the place's socket, which is a new one. */
bool loop_watch_socket(struct notify *);

/* Run until a signal or idleness ends it.  Returns whether all went well. */
bool loop_run(struct notify *);

/*
 * Signals that end the relay wait for the loop, from before it binds its socket
 * on.  *set becomes those.
 */
void loop_block_signals(sigset_t *set);

#endif
