/*
 * All clients of chat-load: logging them in, hearing what they get, and what
 * went wrong.  There is one crowd in a process.  What is done with it is in
 * talk.c and history.c.
 */
#ifndef CROWD_H
#define CROWD_H

#include "clock.h"
#include "conn.h"
#include "dialect.h"
#include "judge.h"
#include "proc.h"
#include "said.h"

struct client {
	struct conn conn;
	uint32_t index;
	enum { UNUSED, LOGIN, READY, GONE } state;
	uint64_t opened;
	unsigned in_flight;
};

struct crowd {
	/* Set before crowd_new(). */
	const char *server; /* as the user wrote it */
	struct conn_target target;
	const struct dialect *dialect;
	struct proc_filter filter;
	size_t concurrency; /* logging in at a time */
	size_t size;	    /* bytes of a message */
	unsigned timeout;   /* seconds without progress */
	bool first_byte;    /* is enough for a login */
	bool room;	    /* everybody hears everybody */
	bool sampling;	    /* look at processes that come and go */

	/* What becomes of messages and answers. */
	void (*heard)(struct client *, const struct said *, uint64_t now);

	/* Seen. */
	uint32_t run; /* in names and texts */
	size_t clients;
	struct client *client;
	size_t ready;
	size_t gone;
	uint64_t lines;	     /* received */
	struct judge *judge; /* or NULL */
	uint64_t errors;     /* what should not have happened */
	uint64_t refused;    /* what the server's settings forbid */
	uint64_t last_progress;
	struct hist login;
};

extern struct crowd crowd;

/* n clients that are not connected yet; judged ones know their messages. */
void crowd_new(size_t n, bool judged);
/*
 * Log all in, some at a time, until the server refuses one.  Returns the
 * seconds that took.
 */
double crowd_login(bool leave_at_once);
/* Wait so many nanoseconds for something to happen, and deal with it. */
void crowd_step(uint64_t nanoseconds);
/* Write what is queued for the client. */
void crowd_flush(struct client *);

/* Whether there is a reason not to go on. */
bool crowd_is_in_trouble(void);
/* Count and say what is wrong. */
void crowd_trouble(const char *what, const char *detail, size_t n);

#endif
