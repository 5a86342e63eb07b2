/*
 * The crowd talks: who sends when, and what became of every message.
 */
#ifndef TALK_H
#define TALK_H

#include "crowd.h"

struct talk_plan {
	size_t senders;	 /* the first of the clients */
	unsigned window; /* incomplete messages of each */
	long messages;	 /* of all together, or 0: */
	double seconds;
	bool by_ack; /* complete when ACKed, else when delivered */
	double rate; /* messages a second of all, whatever is complete; or 0 */
};

struct talk {
	uint64_t acked;
	uint64_t start, last_ack, last_delivery; /* as clock_ns() */
	/* From when a message was, or with a rate should have been, sent. */
	struct hist ack;
	struct hist delivery;
};

extern struct talk talk;

/* Send, and wait until all has arrived. */
void talk_run(const struct talk_plan *);

#endif
