/*
 * The connection to the server: resolving, connecting, securing and moving
 * bytes, all without ever blocking.  It knows lines, but nothing of what is
 * in them.
 */
#ifndef CONN_H
#define CONN_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"
#include "buf.h"
#include "line.h"
#include "tls.h"

/* The error when it takes too long, which the port may be the reason of. */
#define CONN_NO_HANDSHAKE \
	"no answer to the TLS handshake in time; is it a port without TLS?"

enum conn_state {
	CONN_CLOSED, /* never opened, or failed: see error */
	CONN_RESOLVING,
	CONN_CONNECTING,
	CONN_SECURING, /* the TLS handshake */
	CONN_OPEN,
	CONN_EOF /* nothing more comes; lines may be left */
};

struct conn {
	enum conn_state state;
	int fd;
	const struct tls_context *tls_context; /* NULL: without TLS */
	struct tls *tls;
	const struct address *address; /* of the last start */
	struct line_buf in;
	struct buf out; /* what is to be sent */
	struct resolve *resolve;
	struct addrinfo *list, *next; /* addresses, the next one to try */
	int64_t deadline;	      /* for the present attempt, in ms */
	bool paused;		      /* read nothing for now */
	bool secret;		      /* `out' holds one: wipe it */
	bool untrusted;		      /* CLOSED because of its certificate, */
	char fingerprint[FINGERPRINT_LEN + 1]; /* this one */
	char error[128];		       /* why it is CLOSED or at EOF */
};

/* Connections are made with TLS if there is a context; it is borrowed. */
void conn_init(struct conn *, const struct tls_context *);

/*
 * Begin to connect to an address, which is borrowed.  Times are those of a
 * monotonic clock, in ms.
 */
void conn_start(struct conn *, const struct address *, int64_t now);

/* What to wait for; fd is -1 when there is nothing. */
struct pollfd conn_poll(const struct conn *);
/* When to call conn_step() at the latest, or -1. */
int64_t conn_deadline(const struct conn *);

/* Do what can be done now. */
void conn_step(struct conn *, short revents, int64_t now);

/* Send what waits, as far as it goes at once. */
void conn_flush(struct conn *);

/*
 * The next that is put into `out', which is empty, is secret: room is made for
 * so much, and no copy of it stays in memory once it is sent or given up.
 */
void conn_expect_secret(struct conn *, size_t room);

/*
 * Whether nobody on the way can read along: TLS, or it does not leave the
 * machine.
 */
bool conn_is_private(const struct conn *);

/* Close it and forget what was neither sent nor read. */
void conn_close(struct conn *);

/*
 * Between conn.c and conn-bytes.c: take what has come, if something has; give
 * up what was to be sent; whether there is more to read, already decrypted.
 */
void conn_receive(struct conn *, short revents);
void conn_drop_output(struct conn *);
bool conn_has_pending(const struct conn *);
void conn_set_error(struct conn *, const char *what);

#endif
