/*
 * PUBLISH datagrams (docs/RELAY.md): what one transaction stored, cut into as
 * few datagrams as it takes.  Who stores a message tells the relay this way.
 * It sends nothing itself.
 */
#ifndef PUBLISH_H
#define PUBLISH_H

#include <stdint.h>

#include "buf.h"
#include "dgram.h"
#include "event.h"

struct publish {
	struct dgram_head head;
	struct buf body, line;
	/* Takes each datagram when it is finished. */
	void (*send)(
	    void *arg, const struct dgram_head *, const struct buf *body);
	void *arg;
};

/*
 * Begin with the log's last id before the transaction; user and session are
 * those that stored.
 */
void
publish_begin(struct publish *, int64_t user, int64_t session, int64_t before,
    void (*send)(void *, const struct dgram_head *, const struct buf *),
    void *arg);
/* The next message, in the order of ids; recipient is a user's id, 0: all. */
void
publish_add(struct publish *, const struct event_message *, int64_t recipient);
/* Send what is gathered, and give the memory back. */
void publish_end(struct publish *);

#endif
