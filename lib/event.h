/*
 * Writes the server's events, one JSON object on a line each, into a buffer.
 * Who calls it: the session for what its client asked, and both session and
 * relay for messages and presence.  All strings must be valid UTF-8.
 */
#ifndef EVENT_H
#define EVENT_H

#include <stdint.h>

#include "buf.h"

/* Open an event; ref (may be NULL) is the client's, given back. */
void event_begin(struct buf *, const char *event, const char *ref);
void event_str(struct buf *, const char *key, const char *value, size_t n);
void event_int(struct buf *, const char *key, int64_t value);
void event_true(struct buf *, const char *key);
/* A time in ms since 1970, written as ISO 8601 in UTC. */
void event_time(struct buf *, const char *key, int64_t ms);
/* Close the object and the line. */
void event_end(struct buf *);

/* One stored message, as it is on the wire. */
struct event_message {
	int64_t id;
	int64_t time; /* ms since 1970 */
	const char *from;
	const char *to; /* NULL: all */
	const char *body;
	size_t body_len;
};

/* What the store gave, borrowed from it. */
struct store_message;
struct event_message event_of_stored(const struct store_message *);

/* {"event":"MESSAGE",...} and its LF. */
void event_message(struct buf *, const struct event_message *);
/* The same members without "event" and LF, as HISTORY lists them. */
void event_message_item(struct buf *, const struct event_message *);

/* {"event":"JOINED"|"LEFT","username":...} and its LF. */
void event_presence(struct buf *, const char *event, const char *username);

#endif
