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
conn_init(struct conn *c, size_t line_max)
{
	*c = (struct conn){ .fd = -1, .in.max = line_max };
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

void
conn_close(struct conn *c)
{
	forget_addresses(c);
	if (c->fd != -1)
		close(c->fd);
	c->fd = -1;
	c->state = CONN_CLOSED;
	buf_free(&c->in.in);
	c->in.scanned = 0;
	buf_free(&c->out);
	c->paused = false;
}

static void
opened(struct conn *c)
{
	int on = 1;

	/* Of no use on a UNIX socket, and refused there. */
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	forget_addresses(c);
	c->state = CONN_OPEN;
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
		opened(c);
		return true;
	}
	if (errno == EINPROGRESS) {
		c->state = CONN_CONNECTING;
		c->deadline = now + ATTEMPT_WAIT;
		return true;
	}
	set_error(c, strerror(errno));
	close(c->fd);
	c->fd = -1;
	return false;
}

/* Try what is left of the list; the last error stays when nothing works. */
static void
try_next(struct conn *c, int64_t now)
{
	struct addrinfo *ai;

	if (c->fd != -1)
		close(c->fd);
	c->fd = -1;
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
	case CONN_OPEN:
		if (!c->paused)
			p.events |= POLLIN;
		if (buf_len(&c->out) > 0)
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
	if (c->state == CONN_RESOLVING || c->state == CONN_CONNECTING)
		return c->deadline;
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
		opened(c);
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

static void
receive(struct conn *c)
{
	size_t want = line_wanted(&c->in);
	ssize_t n;

	if (want > INPUT_CHUNK)
		want = INPUT_CHUNK;
	if (want == 0)
		return;
	n = recv(c->fd, buf_room(&c->in.in, want), want, 0);
	if (n > 0)
		buf_added(&c->in.in, (size_t)n);
	else if (n == 0)
		ended(c, "the server closed the connection");
	else if (errno != EAGAIN && errno != EINTR)
		ended(c, strerror(errno));
}

void
conn_flush(struct conn *c)
{
	ssize_t n;

	while (c->state == CONN_OPEN && buf_len(&c->out) > 0) {
		n = send(
		    c->fd, buf_head(&c->out), buf_len(&c->out), MSG_NOSIGNAL);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			/*
			 * Only reading tells the end: what the server said
			 * before it closed is still to be read.
			 */
			if (errno != EAGAIN)
				buf_free(&c->out);
			return;
		}
		buf_consume(&c->out, (size_t)n);
	}
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
	case CONN_OPEN:
		conn_flush(c);
		if (!c->paused && (revents & (POLLIN | POLLHUP | POLLERR)))
			receive(c);
		break;
	case CONN_CLOSED:
	case CONN_EOF:
		break;
	}
}

enum line_result
conn_line(struct conn *c, char **line, size_t *len)
{
	return line_next(&c->in, line, len);
}
