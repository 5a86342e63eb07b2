/*
 * The datagrams between sessions and relay.  docs/RELAY.md tells the whole
 * exchange; this is its format.  Same machine, so the host's byte order.
 */
#ifndef DGRAM_H
#define DGRAM_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "limit.h"

#define DGRAM_VERSION  1
#define DGRAM_NAME_MAX 32 /* bytes of a session socket's name */

enum dgram_type {
	DGRAM_REGISTER = 1, /* session → relay: I am here */
	DGRAM_PUBLISH,	    /* session → relay: these were stored */
	DGRAM_BYE,	    /* session → relay: I end */
	DGRAM_WELCOME,	    /* relay → session: you are registered */
	DGRAM_EVENTS,	    /* relay → session: lines for your client */
	DGRAM_LOOK,	    /* relay → session: read the store */
	DGRAM_WHO,	    /* relay → session: register again */
	DGRAM_END,	    /* session → session: end yourself */
	DGRAM_ADMIT,	    /* session → relay: may this one come in? */
	DGRAM_VERDICT,	    /* relay → session: yes, wait, or no */
	DGRAM_OFFENCE,	    /* session → relay: this one did wrong */
	DGRAM_RELOAD,	    /* operator → relay: blocks, or a name, changed */
	DGRAM_UPGRADED	    /* session → operator: how it went */
};

/* Flags. */
#define DGRAM_AGAIN  0x0001 /* REGISTER, ADMIT: was here before */
#define DGRAM_USERS  0x0002 /* LOOK, WELCOME: presence was missed */
#define DGRAM_NEARLY 0x0004 /* VERDICT: the server is nearly full */

/* `count` of a VERDICT, and of an OFFENCE. */
enum dgram_verdict {
	DGRAM_ADMITTED = 1,
	DGRAM_FULL,
	DGRAM_BLOCKED,
	DGRAM_HURRY
};
enum dgram_offence { DGRAM_LOGIN = 1, DGRAM_FLOOD, DGRAM_REGISTRATION };

/* `count` of an UPGRADED. */
enum dgram_outcome { DGRAM_DONE = 1, DGRAM_REFUSED };

#define DGRAM_KEY_LEN	  16  /* bytes of the key for fingerprints */
#define DGRAM_PRINT_LEN	  8   /* bytes of a fingerprint */
#define DGRAM_VERDICT_MAX 300 /* bytes of a VERDICT's text */
#define DGRAM_TEXT_MAX	  300 /* bytes of an UPGRADED's text */

struct dgram_head {
	uint8_t version;
	uint8_t type;
	uint16_t flags;
	uint32_t count; /* PUBLISH: entries; EVENTS: lines */
	int64_t prev;	/* see docs/RELAY.md */
	int64_t last;
	int64_t user;	 /* user id of the session */
	int64_t session; /* session id */
};

/* One message within a PUBLISH, followed by its line of len bytes. */
struct dgram_entry {
	int64_t id;
	int64_t recipient; /* user id, 0: all */
	uint32_t len;
	uint32_t unused;
};

/* Bytes that one datagram can carry after its head. */
#define DGRAM_BODY_MAX (DGRAM_MAX - sizeof(struct dgram_head))

/* Who sent a datagram, and from which socket. */
struct dgram_from {
	pid_t pid;
	uid_t uid;
	char socket[DGRAM_NAME_MAX + 1];
};

/* ---- the registry: where the sockets are ---- */

#define DGRAM_NOTIFY   "notify.sock"
#define DGRAM_OPERATOR "operator.sock" /* while one waits for sessions */
#define DGRAM_SESSIONS "sessions"

/*
 * The registry of a runtime directory; keep it while sockets are used.  A name
 * in it is that of a session's socket, DGRAM_OPERATOR, or NULL for the relay's.
 * Returns false with errno set (ENAMETOOLONG when a socket's path would be
 * longer than the 107 bytes of unix(7)).
 */
struct dgram_registry {
	char dir[108];
};
bool dgram_registry_init(struct dgram_registry *, const char *runtime_dir);

/* Whether a file in the registry is named like a session's socket. */
bool dgram_is_name(const char *);

/*
 * Bind a new session's socket under a random name, stored in name.  It reports
 * its senders' credentials, sends without blocking.  Returns it or -1.
 */
int dgram_session_bind(
    const struct dgram_registry *, char name[DGRAM_NAME_MAX + 1]);
/*
 * When the socket of that name is missing from the registry, because the
 * directory was made anew: bind another one there.  Returns it, or -1 if it is
 * still there or cannot be bound.
 */
int dgram_session_rebind(const struct dgram_registry *, const char *name);

/*
 * Bind a socket of which there is one, the relay's or the operator's, in the
 * place of one that nobody reads any more.  Returns it or -1 with errno set:
 * EADDRINUSE when somebody does.
 */
int dgram_bind(const struct dgram_registry *, const char *name);
/* Remove the file of any socket. */
void dgram_unlink(const struct dgram_registry *, const char *name);

/*
 * Make a receiving socket that was handed over report its senders'
 * credentials.  Those bound here do so by themselves.
 */
bool dgram_ask_credentials(int fd);

/* A sending socket connected to one session's, non-blocking, or -1. */
int dgram_session_connect(const struct dgram_registry *, const char *name);

/*
 * Whether somebody still reads the socket of that name.  When that cannot be
 * found out (no file descriptor is left), the answer is yes.
 */
bool dgram_session_alive(const struct dgram_registry *, const char *name);

/* ---- sending and receiving ---- */

/*
 * Send head and body from a socket to the one of that name.  The version is put
 * into the head.  Returns false with errno set: EAGAIN when the queue is full,
 * ECONNREFUSED or ENOENT when nobody is there.
 */
bool dgram_send(int fd, const struct dgram_registry *, const char *name,
    const struct dgram_head *, const void *body, size_t len);

/*
 * The same from a socket made for it: what a stopped receiver has not read
 * counts for nobody else then.
 */
bool dgram_tell(const struct dgram_registry *, const char *name,
    const struct dgram_head *, const void *body, size_t len);

/*
 * Receive one datagram: its body is appended to `body`.  Returns its length
 * without the head, -1 with errno set (EAGAIN when there is none), or -2 for
 * one that was dropped: another user's, of another version, of an unknown
 * type, or of a length that its type cannot have.  When it is not >= 0, nothing
 * is changed.
 */
ssize_t dgram_receive(
    int fd, struct dgram_head *, struct buf *body, struct dgram_from *);

#endif
