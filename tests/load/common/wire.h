/*
 * The server's lines, as far as the load programs need them.
 */
#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wire_kind {
	WIRE_OTHER,
	WIRE_ACK,
	WIRE_CONNECTED,
	WIRE_ERROR,
	WIRE_MESSAGE,
	WIRE_PAGE, /* of history, or the end of one */
	WIRE_PING
};

struct slice {
	const char *s; /* not NUL-terminated */
	size_t n;
};

struct json_object;

struct wire {
	enum wire_kind kind;
	bool reset;
	bool more; /* of WIRE_PAGE: there are older messages */
	int64_t id;
	int64_t last_id;
	double retry_after; /* reconnect_after; s */
	struct slice name;  /* "event" itself */
	struct slice ref, from, to, message, code, resume;
	/* Of history. */
	size_t past;	/* so many messages of it; `id` is the first's place */
	size_t changed; /* of these, not what their senders said */
	int64_t stored; /* of WIRE_PAGE: so many there are; 0: not told */
	struct slice first; /* of WIRE_PAGE: what its first message is called */
	struct json_object *object; /* owns the slices, or NULL */
};

/*
 * Read one line strictly with json-c.  False: no JSON object with a string
 * "event" in it.  wire_free() what was read.
 */
bool wire_parse(struct wire *, const char *, size_t);
/*
 * The same for flat objects of integers, true, false and strings without
 * escapes, several times as fast; the slices point into the line.  False says
 * only that wire_parse() has to look at it.
 */
bool wire_scan(struct wire *, const char *, size_t);
void wire_free(struct wire *);

bool slice_is(struct slice, const char *);

#endif
