/*
 * What is said on the wire, here and at other servers that chat-load can
 * measure beside Chat: only as far as logging in, talking in one room and
 * looking back at what was said there go.
 */
#ifndef DIALECT_H
#define DIALECT_H

#include "conn.h"
#include "wire.h"

enum dialect_ack {
	ACK_NONE, /* none that is waited for */
	ACK_COPY, /* the copy that who sent it gets */
	ACK_ID	  /* says which id the message has */
};

struct dialect {
	const char *name;
	enum dialect_ack ack;
	bool same; /* all hear a message by the same line, and answer none */
	/* What a new connection sends first; later all hear all if `room`. */
	void (*greet)(struct buf *out, const char *name, bool room);
	/* A message to everybody. */
	void (*message)(
	    struct buf *out, const char *text, size_t n, uint32_t number);
	/*
	 * The next line, or what takes its place, if all of it is there; else
	 * NULL.  Valid until the next call, and may be changed.
	 */
	char *(*next)(struct conn *, size_t *n);
	/*
	 * Read one, and answer it if need be.  False: it is nothing that
	 * this server says.  wire_free() what was read.
	 */
	bool (*read)(
	    struct wire *, char *line, size_t n, struct buf *out, bool room);
	/*
	 * Ask for the latest n messages, or with `before` for those that came
	 * before the one that is called so.  NULL: it is not known how.  They
	 * are read with `past`, oldest first, and the last with or before a
	 * WIRE_PAGE.
	 */
	void (*history)(struct buf *out, size_t n, struct slice before);
};

/* By its name; NULL: there is none. */
const struct dialect *dialect_find(const char *name);

#endif
