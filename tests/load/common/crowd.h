/*
 * All clients of chat-load: logging them in, letting them talk, and what was
 * seen of it.  There is one crowd in a process.
 */
#ifndef CROWD_H
#define CROWD_H

#include "clock.h"
#include "conn.h"
#include "judge.h"
#include "proc.h"

struct crowd {
	/* Set before crowd_new(). */
	struct conn_target target;
	struct proc_filter filter;
	size_t concurrency; /* logging in at a time */
	size_t size;	    /* bytes of a message */
	unsigned timeout;   /* seconds without progress */
	bool first_byte;    /* is enough for a login */

	/* Seen. */
	size_t clients;
	size_t ready;
	size_t gone;
	uint64_t lines;	     /* received */
	struct judge *judge; /* or NULL */
	uint64_t errors;     /* of connections, commands */
	uint64_t acked;
	uint64_t last_ack; /* when, as clock_ns() */
	uint64_t last_delivery;
	struct hist login;
	struct hist ack;
	struct hist delivery;
};

extern struct crowd crowd;

struct crowd_talk {
	size_t senders;	 /* the first of the clients */
	unsigned window; /* incomplete messages of each */
	long messages;	 /* of all together, or 0: */
	double seconds;
	bool by_ack; /* complete when ACKed, else when delivered */
};

/* n clients that are not connected yet; judged ones know their messages. */
void crowd_new(size_t n, bool judged);
/* Log all in, some at a time.  Returns the seconds that took. */
double crowd_login(bool leave_at_once);
/* Send, and wait until all has arrived.  Returns when it began. */
uint64_t crowd_talk(const struct crowd_talk *);
/* Wait so many milliseconds for something to happen, and deal with it. */
void crowd_step(int milliseconds);

#endif
