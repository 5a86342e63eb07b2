/*
 * The connection of conn.h.  Addresses are tried one after the other, each
 * with a deadline; what goes over it then is conn-bytes.c's.  Called by link.c,
 * which owns it.
 */
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bounds.h"
#include "conn.h"
#include "limit.h"
#include "resolve.h"

void
conn_init(struct conn *c, const struct tls_context *context)
{
	*c = (struct conn){
		.fd = -1, .in.max = SERVER_LINE_MAX, .tls_context = context
	};
}

void
conn_set_error(struct conn *c, const char *what)
{
	snprintf(c->error, sizeof(c->error), "%s", what);
}

static void
forget_addresses(struct conn *c)
{
	resolve_drop(c->resolve);
	c->resolve = NULL;
	if (c->list != NULL)
		freeaddrinfo(c->list);
	c->list = c->next = NULL;
}

static void
close_socket(struct conn *c)
{
	tls_free(c->tls);
	c->tls = NULL;
	if (c->fd != -1)
		close(c->fd);
	c->fd = -1;
}

void
conn_close(struct conn *c)
{
	forget_addresses(c);
	close_socket(c);
	c->state = CONN_CLOSED;
	buf_free(&c->in.in);
	c->in.scanned = 0;
	conn_drop_output(c);
	c->paused = false;
}

static void try_next(struct conn *, int64_t now);

/* A certificate that proves nothing is no reason to try another address. */
static void
refuse_certificate(struct conn *c)
{
	conn_set_error(c, tls_error(c->tls));
	c->untrusted = true;
	memcpy(c->fingerprint, tls_fingerprint(c->tls), sizeof(c->fingerprint));
	forget_addresses(c);
	close_socket(c);
	c->state = CONN_CLOSED;
}

static void
secure(struct conn *c, int64_t now)
{
	switch (tls_handshake(c->tls)) {
	case TLS_DONE:
		forget_addresses(c);
		c->state = CONN_OPEN;
		break;
	case TLS_WAIT:
		break;
	case TLS_UNTRUSTED:
		refuse_certificate(c);
		break;
	case TLS_END:
	case TLS_FAILED:
		conn_set_error(c, tls_error(c->tls));
		try_next(c, now);
		break;
	}
}

static void
opened(struct conn *c, int64_t now)
{
	int on = 1;

	/* Of no use on a UNIX socket, and refused there. */
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (c->tls_context == NULL) {
		forget_addresses(c);
		c->state = CONN_OPEN;
		return;
	}
	c->tls = tls_new(c->tls_context, c->address->host, c->fd);
	if (c->tls == NULL) {
		conn_set_error(c, "TLS cannot be used with this address");
		try_next(c, now);
		return;
	}
	c->state = CONN_SECURING;
	c->deadline = now + ATTEMPT_WAIT;
	secure(c, now);
}

/* Returns false if the address cannot be connected to. */
static bool
attempt(struct conn *c, const struct sockaddr *sa, socklen_t len, int64_t now)
{
	c->fd = socket(
	    sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd == -1) {
		conn_set_error(c, strerror(errno));
		return false;
	}
	if (connect(c->fd, sa, len) == 0) {
		opened(c, now);
		return true;
	}
	if (errno == EINPROGRESS) {
		c->state = CONN_CONNECTING;
		c->deadline = now + ATTEMPT_WAIT;
		return true;
	}
	conn_set_error(c, strerror(errno));
	close_socket(c);
	return false;
}

/* Try what is left of the list; the last error stays when nothing works. */
static void
try_next(struct conn *c, int64_t now)
{
	struct addrinfo *ai;

	close_socket(c);
	while ((ai = c->next) != NULL) {
		c->next = ai->ai_next;
		if (attempt(c, ai->ai_addr, ai->ai_addrlen, now))
			return;
	}
	forget_addresses(c);
	c->state = CONN_CLOSED;
}

static void
take_addresses(struct conn *c, int result, int64_t now)
{
	conn_set_error(c, result != 0 ? gai_strerror(result) : "no address");
	c->next = c->list;
	try_next(c, now);
}

static void
connect_path(struct conn *c, const char *path, int64_t now)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	memcpy(sun.sun_path, path, strlen(path));
	if (!attempt(c, (struct sockaddr *)&sun, sizeof(sun), now))
		c->state = CONN_CLOSED;
}

void
conn_start(struct conn *c, const struct address *a, int64_t now)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };

	conn_close(c);
	c->address = a;
	c->untrusted = false;
	if (a->path[0] != '\0') {
		connect_path(c, a->path, now);
	} else if (getaddrinfo(a->host, a->port, &hints, &c->list) == 0) {
		take_addresses(c, 0, now);
	} else if ((c->resolve = resolve_start(a->host, a->port)) == NULL) {
		conn_set_error(c, strerror(errno));
	} else {
		c->state = CONN_RESOLVING;
		c->deadline = now + ATTEMPT_WAIT;
	}
}

/* With TLS, reading may need to write first. */
static bool
wants_room(const struct conn *c)
{
	return buf_len(&c->out) > 0 ||
	    (c->tls != NULL && tls_wants_write(c->tls));
}

struct pollfd
conn_poll(const struct conn *c)
{
	struct pollfd p = { .fd = c->fd };

	switch (c->state) {
	case CONN_RESOLVING:
		p.fd = resolve_fd(c->resolve);
		p.events = POLLIN;
		break;
	case CONN_CONNECTING:
		p.events = POLLOUT;
		break;
	case CONN_SECURING:
		p.events = tls_wants_write(c->tls) ? POLLOUT : POLLIN;
		break;
	case CONN_OPEN:
		if (!c->paused)
			p.events |= POLLIN;
		if (wants_room(c))
			p.events |= POLLOUT;
		/* A pause must not spin on a peer that has hung up. */
		if (p.events == 0)
			p.fd = -1;
		break;
	case CONN_CLOSED:
	case CONN_EOF:
		p.fd = -1;
		break;
	}
	return p;
}

int64_t
conn_deadline(const struct conn *c)
{
	switch (c->state) {
	case CONN_RESOLVING:
	case CONN_CONNECTING:
	case CONN_SECURING:
		return c->deadline;
	case CONN_OPEN:
		/* What is decrypted already is no event of the socket. */
		return conn_has_pending(c) ? 0 : -1;
	case CONN_CLOSED:
	case CONN_EOF:
		break;
	}
	return -1;
}

static void
finish_connect(struct conn *c, int64_t now)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		error = errno;
	if (error == 0) {
		opened(c, now);
		return;
	}
	conn_set_error(c, strerror(error));
	try_next(c, now);
}

void
conn_step(struct conn *c, short revents, int64_t now)
{
	bool late = conn_deadline(c) != -1 && now >= conn_deadline(c);

	switch (c->state) {
	case CONN_RESOLVING:
		if (revents != 0) {
			take_addresses(
			    c, resolve_take(c->resolve, &c->list), now);
		} else if (late) {
			forget_addresses(c);
			conn_set_error(
			    c, "the name could not be resolved in time");
			c->state = CONN_CLOSED;
		}
		break;
	case CONN_CONNECTING:
		if (revents != 0) {
			finish_connect(c, now);
		} else if (late) {
			conn_set_error(c, strerror(ETIMEDOUT));
			try_next(c, now);
		}
		break;
	case CONN_SECURING:
		/* A server that sends a byte now and then is late as well. */
		if (late) {
			conn_set_error(c, CONN_NO_HANDSHAKE);
			try_next(c, now);
		} else if (revents != 0) {
			secure(c, now);
		}
		break;
	case CONN_OPEN:
		conn_flush(c);
		conn_receive(c, revents);
		break;
	case CONN_CLOSED:
	case CONN_EOF:
		break;
	}
}

bool
conn_is_private(const struct conn *c)
{
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_storage any;
	} peer;
	socklen_t len = sizeof(peer);

	if (c->tls != NULL)
		return true;
	if (getpeername(c->fd, &peer.sa, &len) == -1)
		return false;
	switch (peer.sa.sa_family) {
	case AF_UNIX:
		return true;
	case AF_INET:
		return ntohl(peer.in.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	case AF_INET6:
		return IN6_IS_ADDR_LOOPBACK(&peer.in6.sin6_addr);
	default:
		return false;
	}
}
