/*
 * What the server says: one line parsed into one event.  Trusts nothing in
 * it; every member that is there has been checked for its type.  Pure.
 */
#ifndef INCOMING_H
#define INCOMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

struct json_object;

enum event_kind {
	EVENT_OTHER, /* an object, but of no kind known here */
	EVENT_CONNECTED,
	EVENT_MESSAGE,
	EVENT_ACK,
	EVENT_ERROR,
	EVENT_HISTORY,
	EVENT_USERS,
	EVENT_JOINED,
	EVENT_LEFT,
	EVENT_PING,
	EVENT_PONG,
	EVENT_DISCONNECTED,
	EVENT_REGISTERED,
	EVENT_PASSWORD_CHANGED,
	EVENT_TOKEN
};

/* Bytes that belong to the event and were not sanitised; s is never NULL. */
struct span {
	const char *s;
	size_t n;
};

struct message {
	int64_t id;   /* 0: none yet */
	int64_t time; /* ms since 1970, 0: unknown */
	struct span from, to, text;
};

struct presence {
	struct span username;
	bool online;
};

/* Members that the event does not have are empty, 0 or false. */
struct event {
	enum event_kind kind;
	struct span line; /* all of it, valid UTF-8 */
	struct span ref;
	struct message message; /* MESSAGE; ACK: id and time */
	struct span username;	/* CONNECTED, JOINED, LEFT */
	struct span code, text; /* ERROR; DISCONNECTED: its reason */
	struct span with;	/* HISTORY */
	struct span token;	/* TOKEN: a new one ... */
	int64_t token_id;
	int64_t expires;    /* in ms since 1970, 0: unknown */
	bool revoked;	    /* ... or what was asked for is revoked */
	struct span resume; /* CONNECTED ... */
	int64_t last_id;
	int64_t message_max, line_max;
	bool reset;
	bool more;		  /* HISTORY */
	bool repaired;		  /* ACK */
	bool seen;		  /* ACK: came as MESSAGE before */
	int64_t wait;		  /* ERROR: seconds to wait */
	struct json_object *list; /* HISTORY, USERS: its array */
	struct json_object *json; /* what the spans point into */
	struct buf copy;	  /* what `line' points into */
};

/*
 * Parse a line, which is copied.  Returns false (and nothing to free) if it is
 * not a JSON object, is nested too deeply, or lacks what an event of its kind
 * needs.
 */
bool incoming_parse(struct event *, const char *line, size_t n);
void incoming_free(struct event *);

/* How many messages or users a HISTORY or USERS event holds. */
size_t incoming_count(const struct event *);
/* The one at that place; false if it is malformed. */
bool incoming_message(const struct event *, size_t, struct message *);
bool incoming_presence(const struct event *, size_t, struct presence *);

bool span_is(struct span, const char *);

/* ISO 8601 in UTC to ms since 1970; 0 if it is anything else. */
int64_t incoming_time(struct span);

#endif
