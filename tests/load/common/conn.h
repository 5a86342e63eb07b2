/*
 * One non-blocking TCP connection of a load program, registered with an epoll
 * descriptor: lines in, bytes out.  It knows nothing of the protocol.
 */
#ifndef CONN_H
#define CONN_H

#include <sys/socket.h>

#include <stdbool.h>
#include <stdint.h>

#include "line.h"

struct conn_target {
	struct sockaddr_storage addr;
	socklen_t len;
};

struct conn {
	int fd;	   /* -1: closed */
	int error; /* errno of what ended it, 0: the other side did */
	int epoll;
	bool connecting;
	uint32_t wanted; /* what epoll is asked for */
	void *tag;	 /* what epoll gives back */
	struct line_buf in;
	struct buf out;
};

/* HOST:PORT, [HOST]:PORT for IPv6, or unix:PATH; false: none, or unknown. */
bool conn_resolve(const char *, struct conn_target *);
/* Whether it is on this machine for sure: loopback, or a UNIX socket. */
bool conn_is_local(const struct conn_target *);

/*
 * Start to connect; `rcvbuf` bytes of kernel buffer if not 0.  False: refused
 * at once or out of descriptors, and the connection is closed.
 */
bool conn_open(struct conn *, const struct conn_target *, int rcvbuf);
/* Take over a connected, non-blocking socket. */
void conn_adopt(struct conn *, int fd);
/* Close it, with a TCP reset when `abort`; what is queued is forgotten. */
void conn_close(struct conn *, bool abort);

/*
 * Do what epoll says is possible: finish connecting, write, read.  False: the
 * connection is lost, but lines that came before that can still be taken.
 */
bool conn_ready(struct conn *, uint32_t events);
/* Write what is queued in `out`, as far as it goes.  False: lost. */
bool conn_flush(struct conn *);
/*
 * The next complete line, NULL: none.  Valid until the next call, or until any
 * connection reads: all share the memory that is read into.
 */
char *conn_line(struct conn *, size_t *len);
/* Take no notice of what arrives, or do so again. */
void conn_pause(struct conn *, bool pause);

/* Raise the limit of open descriptors as far as allowed.  Returns it. */
size_t conn_raise_limit(void);

#endif
