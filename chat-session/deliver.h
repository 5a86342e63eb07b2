/*
 * The relay's side, and where a session is in the log: what others say, relayed
 * or read from the store.
 */
#ifndef DELIVER_H
#define DELIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "dgram.h"
#include "store.h"

struct session;

struct delivery {
	int fd;		 /* our datagram socket, -1 before login */
	int relay_pidfd; /* -1 while the relay is away */
	struct dgram_registry registry;
	char name[DGRAM_NAME_MAX + 1];
	bool welcomed;			   /* by any relay, ever */
	bool missed;			   /* presence, before being welcomed */
	char replaced[DGRAM_NAME_MAX + 1]; /* is still to be told */
	struct store_view view;
	int64_t needed;	   /* read the store up to here */
	bool users_due;	   /* presence was missed */
	bool stalled;	   /* the store was away: wait */
	int64_t next_look; /* when to register and look again */
	int64_t received;  /* when a datagram last came */
};

void deliver_init(struct delivery *);
/* Bind our socket, if it is not yet.  False: it cannot be, and was logged. */
bool deliver_bind(struct session *);
/* Register and begin to deliver from where the view says. */
void deliver_start(struct session *, int64_t position);
/*
 * Take what the relay has sent, as long as the client has room.  True: it was
 * lines alone, now at the end of the client's output, and that was all of it.
 */
bool deliver_receive(struct session *);
/* The relay has died (its pidfd is readable). */
void deliver_alone(struct session *);
/* One page from the store, if the client has room and some is needed. */
void deliver_catch_up(struct session *);
bool deliver_catching_up(const struct session *);
/* What time asks for; the time of the next such call. */
int64_t deliver_tick(struct session *, int64_t now);
/* Tell the relay that these were stored; the session's, for publish_begin(). */
void deliver_publish(
    void *session, const struct dgram_head *, const struct buf *body);
/* The session of that name, which this one replaced, ends itself. */
void deliver_replace(struct session *, const char *name);
/*
 * Deliver no more.  The relay is told only when the session's row is closed;
 * otherwise it finds the process dead, and closes the row.
 */
void deliver_end(struct session *, bool closed);

#endif
