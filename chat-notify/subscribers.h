/*
 * The sessions that are here, each with a pidfd; those that are registered also
 * with a sending socket of their own.  Nothing is queued here: a session that
 * takes no more is lagging, gets nothing until it has read, and is then told to
 * look at the store.
 */
#ifndef SUBSCRIBERS_H
#define SUBSCRIBERS_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "dgram.h"
#include "limits.h"
#include "presence.h"
#include "relay.h"

struct subscriber;

/* What an epoll event is about; its data pointer points to one of these. */
enum source_kind {
	SOURCE_DATAGRAM, /* somebody sent something */
	SOURCE_SIGNAL,
	SOURCE_KEEPER, /* the housekeeper has a report */
	SOURCE_EXIT,   /* a session's process ended */
	SOURCE_ROOM    /* a lagging session has read */
};

struct source {
	enum source_kind kind;
	struct subscriber *subscriber;
};

struct subscriber {
	struct subscriber *next; /* among the removed */
	char socket[DGRAM_NAME_MAX + 1];
	int fd; /* connected to that socket, -1 before it registers */
	int pidfd;
	pid_t pid;
	int64_t session;
	struct presence_user *user; /* NULL unless it is registered */
	struct net_addr address;
	bool has_address;
	bool admitted;		      /* and counted */
	bool gone;		      /* goodbye, or its row is closed */
	bool hurried;		      /* it knows that it is nearly full */
	struct limits_source *source; /* as which; NULL: trusted */
	int64_t end_by;		      /* us; it was told to end, 0: not */
	int64_t sent;		      /* `last` of the latest */
	unsigned first;		      /* its first in the batch */
	bool lagging;
	bool users_lost; /* presence, while lagging */
	bool refused;	 /* nobody reads its socket */
	bool removed;
	bool lag_told;	   /* in the log */
	int64_t lag_since; /* us */
	struct source on_exit, on_room;
};

struct subscribers {
	const struct dgram_registry *registry;
	int epoll;
	struct subscriber **list;
	unsigned count, size;
	unsigned registered;
	unsigned lagging;
	struct subscriber *removed;
	int64_t now;		    /* us, kept by the loop */
	struct relay_choice choice; /* too large for the stack */
};

/*
 * Watch the life of a session that is not registered yet.  Returns NULL with
 * errno set: ESRCH when it is dead already.
 */
struct subscriber *
subscribers_watch(struct subscribers *, const struct dgram_from *);

/*
 * Add the session that sent a REGISTER.  Returns NULL with errno set: ESRCH
 * when it is dead already.  It has no user and gets nothing yet.
 */
struct subscriber *subscribers_add(
    struct subscribers *, const struct dgram_from *, int64_t session);

/* Make one that is watched a registered one.  False with errno set. */
bool
subscriber_register(struct subscribers *, struct subscriber *, int64_t session);

/* It is over: its life is watched on, and it gets nothing more. */
void subscriber_unregister(struct subscribers *, struct subscriber *);

struct subscriber *
subscribers_find(const struct subscribers *, const char *socket);

/*
 * Send WELCOME.  The session gets by datagram what comes after the position,
 * from entry `first` of the batch being gathered on.  Returns false if nobody
 * reads its socket: then the pid is not known to be its own either.
 */
bool subscriber_welcome(struct subscribers *, struct subscriber *,
    uint16_t flags, int64_t position, unsigned first);

/*
 * A lagging one may have room: tell it to look at the store up to the position,
 * or go on lagging.
 */
void
subscriber_look(struct subscribers *, struct subscriber *, int64_t position);

/* Send a batch, to each what concerns it: one datagram at most. */
void subscribers_send(struct subscribers *, const struct relay_batch *);

/*
 * Forget one.  Its memory stays until subscribers_reap(), since events about it
 * may already have been fetched; they are to be ignored (`removed`).
 */
void subscribers_remove(struct subscribers *, struct subscriber *);
void subscribers_reap(struct subscribers *);
void subscribers_free(struct subscribers *);

#endif
