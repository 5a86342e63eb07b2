/*
 * The connection of conn.h.  Addresses are tried one after the other, each
 * with a deadline.  Called by link.c, which owns it.
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
conn_init(struct conn *c, size_t line_max, const struct tls_context *context)
{
	*c = (struct conn){
		.fd = -1, .in.max = line_max, .tls_context = context
	};
}

static void
set_error(struct conn *c, const char *what)
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

/* Give up what was to be sent. */
static void
drop_output(struct conn *c)
{
	if (c->secret && c->out.data != NULL)
		explicit_bzero(c->out.data, c->out.size);
	c->secret = false;
	buf_free(&c->out);
}

void
conn_expect_secret(struct conn *c, size_t room)
{
	buf_room(&c->out, room);
	c->secret = true;
}

void
conn_close(struct conn *c)
{
	forget_addresses(c);
	close_socket(c);
	c->state = CONN_CLOSED;
	buf_free(&c->in.in);
	c->in.scanned = 0;
	drop_output(c);
	c->paused = false;
}

static void try_next(struct conn *, int64_t now);

/* A certificate that proves nothing is no reason to try another address. */
static void
refuse_certificate(struct conn *c)
{
	set_error(c, tls_error(c->tls));
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
		set_error(c, tls_error(c->tls));
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
		set_error(c, "TLS cannot be used with this address");
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
		set_error(c, strerror(errno));
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
	set_error(c, strerror(errno));
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
	set_error(c, result != 0 ? gai_strerror(result) : "no address");
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
		set_error(c, strerror(errno));
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

static bool
has_pending(const struct conn *c)
{
	return c->tls != NULL && !c->paused && tls_pending(c->tls);
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
		return has_pending(c) ? 0 : -1;
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
	set_error(c, strerror(error));
	try_next(c, now);
}

static void
ended(struct conn *c, const char *why)
{
	set_error(c, why);
	c->state = CONN_EOF;
}

/* As recv(2), with errno EAGAIN or, when what it says is in error, EPROTO. */
static ssize_t
take_bytes(struct conn *c, void *data, size_t size)
{
	size_t n = 0;

	if (c->tls == NULL)
		return recv(c->fd, data, size, 0);
	switch (tls_read(c->tls, data, size, &n)) {
	case TLS_DONE:
		return (ssize_t)n;
	case TLS_END:
		return 0;
	case TLS_WAIT:
		errno = EAGAIN;
		return -1;
	case TLS_UNTRUSTED:
	case TLS_FAILED:
		break;
	}
	errno = EPROTO;
	return -1;
}

static void
receive(struct conn *c)
{
	size_t want = line_wanted(&c->in);
	ssize_t n;

	if (want > INPUT_CHUNK)
		want = INPUT_CHUNK;
	if (want == 0)
		return;
	n = take_bytes(c, buf_room(&c->in.in, want), want);
	if (n > 0)
		buf_added(&c->in.in, (size_t)n);
	else if (n == 0)
		ended(c, "the server closed the connection");
	else if (errno == EPROTO && c->tls != NULL)
		ended(c, tls_error(c->tls));
	else if (errno != EAGAIN && errno != EINTR)
		ended(c, strerror(errno));
}

/* As send(2). */
static ssize_t
give_bytes(struct conn *c)
{
	size_t n = 0;

	if (c->tls == NULL)
		return send(
		    c->fd, buf_head(&c->out), buf_len(&c->out), MSG_NOSIGNAL);
	switch (tls_write(c->tls, buf_head(&c->out), buf_len(&c->out), &n)) {
	case TLS_DONE:
		return (ssize_t)n;
	case TLS_WAIT:
		errno = EAGAIN;
		return -1;
	case TLS_END:
	case TLS_UNTRUSTED:
	case TLS_FAILED:
		break;
	}
	errno = EPROTO;
	return -1;
}

void
conn_flush(struct conn *c)
{
	ssize_t n;

	while (c->state == CONN_OPEN && buf_len(&c->out) > 0) {
		n = give_bytes(c);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			/*
			 * Only reading tells the end: what the server said
			 * before it closed is still to be read.
			 */
			if (errno != EAGAIN)
				drop_output(c);
			return;
		}
		buf_consume(&c->out, (size_t)n);
	}
	if (c->secret && buf_len(&c->out) == 0)
		drop_output(c);
}

static bool
is_readable(const struct conn *c, short revents)
{
	if (c->paused)
		return false;
	return (revents & (POLLIN | POLLHUP | POLLERR)) || has_pending(c) ||
	    (revents != 0 && c->tls != NULL);
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
			set_error(c, "the name could not be resolved in time");
			c->state = CONN_CLOSED;
		}
		break;
	case CONN_CONNECTING:
		if (revents != 0) {
			finish_connect(c, now);
		} else if (late) {
			set_error(c, strerror(ETIMEDOUT));
			try_next(c, now);
		}
		break;
	case CONN_SECURING:
		/* A server that sends a byte now and then is late as well. */
		if (late) {
			set_error(c, CONN_NO_HANDSHAKE);
			try_next(c, now);
		} else if (revents != 0) {
			secure(c, now);
		}
		break;
	case CONN_OPEN:
		conn_flush(c);
		if (is_readable(c, revents))
			receive(c);
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

enum line_result
conn_line(struct conn *c, char **line, size_t *len)
{
	return line_next(&c->in, line, len);
}
