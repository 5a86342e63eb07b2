/*
 * Decides whether a run kept the promises: every acknowledged message received
 * exactly once by every recipient, in ascending order of ids, by nobody else,
 * unchanged.  Pure: it is told what was sent and received, and never does I/O
 * except for printing its verdict.  Used by chat-load and chat-chaos.
 */
#ifndef JUDGE_H
#define JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define JUDGE_ALL     UINT32_MAX       /* as recipient: everybody */
#define JUDGE_NOBODY  (UINT32_MAX - 1) /* a name that is no client's */
#define JUDGE_UNKNOWN UINT32_MAX       /* as message: not one of this run */

enum judge_kind {
	JUDGE_LOST,	  /* ACKed, and a recipient never got it */
	JUDGE_UNACKED,	  /* sent, and not ACKed until the end */
	JUDGE_DOUBLED,	  /* received twice by the same client */
	JUDGE_DISORDER,	  /* an id not above the one before */
	JUDGE_FOREIGN,	  /* a private message that was another's */
	JUDGE_GHOST,	  /* received or ACKed, but never sent */
	JUDGE_DAMAGED,	  /* another text than was sent */
	JUDGE_WRONG,	  /* another `from` or `to` than was sent */
	JUDGE_ID_REUSED,  /* two messages with one id */
	JUDGE_ID_CHANGED, /* one message with two ids */
	JUDGE_ECHO,	  /* back on the connection that sent it */
	JUDGE_OVERTAKEN,  /* later of a sender's two, but smaller id */
	JUDGE_KINDS
};

struct judge;

/* What a client found in a MESSAGE event. */
struct judge_heard {
	int64_t id;
	uint32_t message; /* number, or JUDGE_UNKNOWN */
	uint32_t from;	  /* client, or JUDGE_NOBODY */
	uint32_t to;	  /* client, JUDGE_ALL or JUDGE_NOBODY */
	bool intact;	  /* the text is what was sent */
};

/*
 * A judge of that many clients.  With `trace` it remembers where each got what,
 * and can tell where a lost one was passed by.  With `fifo` the ids of one
 * sender's messages must ascend as they were sent (only without resends).
 */
struct judge *judge_new(size_t clients, bool trace, bool fifo);
void judge_free(struct judge *);
/* Ids say nothing about the order here, so it is not judged. */
void judge_any_order(struct judge *);

/*
 * The client has a new connection that starts behind `since` (at the last id
 * when `since` is 0).  Each must have its first before anybody sends.
 */
void judge_connected(
    struct judge *, uint32_t client, int64_t since, int64_t last_id);
/* A message is sent for the first time.  Returns its number, from 0. */
uint32_t judge_sent(struct judge *, uint32_t from, uint32_t to);
/* It is acknowledged; again after a resend. */
void judge_acked(struct judge *, uint32_t message, int64_t id);
void
judge_received(struct judge *, uint32_t client, const struct judge_heard *);

/* Deliveries of acknowledged messages that are still to come. */
uint64_t judge_missing(const struct judge *);
/* Messages sent and not acknowledged. */
uint64_t judge_unacked(const struct judge *);
/* Deliveries to others than the sender, and echoes to the sender. */
uint64_t judge_delivered(const struct judge *);
uint64_t judge_echoed(const struct judge *);

/* Nothing more will come: what is missing now is lost.  Call it once. */
void judge_finish(struct judge *);
/* Violations of one kind, or of all with JUDGE_KINDS. */
uint64_t judge_count(const struct judge *, enum judge_kind);
const char *judge_name(enum judge_kind);
/* A line "violation: KIND: what was seen" for each of the first ones. */
void judge_print(const struct judge *, FILE *);

#endif
