/*
 * A client's TCP connection for the load programs: connecting, reading and
 * writing without ever blocking.  What the lines mean is the callers' matter.
 */
#include <sys/epoll.h>
#include <sys/resource.h>

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conn.h"

#define READ_SIZE     (64 * 1024)
#define READS_AT_ONCE 4 /* then the other clients have a turn */
#define CONN_LINE_MAX (16 * 1024 * 1024)

bool
conn_resolve(const char *text, struct conn_target *target)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
	char host[256];
	const char *colon = strrchr(text, ':'), *start = text;
	size_t n;

	if (colon == NULL)
		return false;
	n = (size_t)(colon - text);
	if (n >= 2 && text[0] == '[' && text[n - 1] == ']') {
		start++;
		n -= 2;
	}
	if (n >= sizeof(host))
		return false;
	memcpy(host, start, n);
	host[n] = '\0';
	if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
		return false;
	memcpy(&target->addr, found->ai_addr, found->ai_addrlen);
	target->len = found->ai_addrlen;
	freeaddrinfo(found);
	return true;
}

static void
conn_want(struct conn *c, uint32_t wanted)
{
	struct epoll_event ev = { .events = wanted, .data.ptr = c->tag };

	if (wanted == c->wanted)
		return;
	/* Errors are reported unasked, so a paused one is taken out. */
	if (c->wanted == 0)
		epoll_ctl(c->epoll, EPOLL_CTL_ADD, c->fd, &ev);
	else if (wanted == 0)
		epoll_ctl(c->epoll, EPOLL_CTL_DEL, c->fd, NULL);
	else
		epoll_ctl(c->epoll, EPOLL_CTL_MOD, c->fd, &ev);
	c->wanted = wanted;
}

static void
conn_begin(struct conn *c, int fd)
{
	int on = 1;

	buf_reset(&c->out, 0);
	buf_reset(&c->in.in, 0);
	c->in.scanned = 0;
	c->in.max = CONN_LINE_MAX;
	c->wanted = 0;
	c->fd = fd;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

void
conn_adopt(struct conn *c, int fd)
{
	conn_begin(c, fd);
	c->connecting = false;
	conn_want(c, EPOLLIN);
}

bool
conn_open(struct conn *c, const struct conn_target *target, int rcvbuf)
{
	int fd = socket(target->addr.ss_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return false;
	conn_begin(c, fd);
	if (rcvbuf > 0)
		setsockopt(
		    c->fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf));
	c->connecting = true;
	if (connect(c->fd, (const struct sockaddr *)&target->addr,
		target->len) == -1 &&
	    errno != EINPROGRESS) {
		conn_close(c, false);
		return false;
	}
	conn_want(c, EPOLLIN | EPOLLOUT);
	return true;
}

void
conn_close(struct conn *c, bool abort)
{
	struct linger now = { .l_onoff = 1 };

	if (c->fd == -1)
		return;
	if (abort)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(c->fd);
	c->fd = -1;
	buf_free(&c->out);
	buf_free(&c->in.in);
}

static bool
conn_finish(struct conn *c)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1 ||
	    error != 0)
		return false;
	c->connecting = false;
	return true;
}

static bool
conn_read(struct conn *c)
{
	ssize_t n;
	int turn;

	for (turn = 0; turn < READS_AT_ONCE; turn++) {
		n = recv(c->fd, buf_room(&c->in.in, READ_SIZE), READ_SIZE, 0);
		if (n == -1)
			return errno == EAGAIN || errno == EINTR;
		if (n == 0)
			return false;
		buf_added(&c->in.in, (size_t)n);
		if (n < READ_SIZE)
			break;
	}
	return true;
}

bool
conn_flush(struct conn *c)
{
	ssize_t n;

	if (c->fd == -1 || c->connecting)
		return true;
	while (buf_len(&c->out) > 0) {
		n = send(
		    c->fd, buf_head(&c->out), buf_len(&c->out), MSG_NOSIGNAL);
		if (n == -1 && errno == EAGAIN)
			break;
		if (n == -1 && errno != EINTR)
			return false;
		if (n > 0)
			buf_consume(&c->out, (size_t)n);
	}
	if (c->wanted != 0)
		conn_want(
		    c, buf_len(&c->out) > 0 ? EPOLLIN | EPOLLOUT : EPOLLIN);
	return true;
}

bool
conn_ready(struct conn *c, uint32_t events)
{
	if (c->connecting && !conn_finish(c))
		return false;
	if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && !conn_read(c))
		return false;
	return !(events & EPOLLOUT) || conn_flush(c);
}

char *
conn_line(struct conn *c, size_t *len)
{
	char *line;

	if (c->fd == -1 || line_next(&c->in, &line, len) != LINE_FOUND)
		return NULL;
	return line;
}

void
conn_pause(struct conn *c, bool pause)
{
	if (c->fd != -1)
		conn_want(c, pause ? 0 : EPOLLIN | EPOLLOUT);
}

void
conn_raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}
