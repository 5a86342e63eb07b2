/*
 * A client's connection for the load programs: connecting, reading and writing
 * without ever blocking.  What the lines mean is the callers' matter.
 */
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
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
#define UNIX_PREFIX   "unix:"

static struct conn *reader; /* that has the memory to read into, or NULL */

static bool
conn_resolve_unix(const char *path, struct conn_target *target)
{
	struct sockaddr_un *un = (void *)&target->addr;
	size_t n = strlen(path);

	if (n == 0 || n >= sizeof(un->sun_path))
		return false;
	memset(un, 0, sizeof(*un));
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path, n);
	target->len = sizeof(*un);
	return true;
}

bool
conn_resolve(const char *text, struct conn_target *target)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
	char host[256];
	const char *colon = strrchr(text, ':'), *start = text;
	size_t n;

	if (strncmp(text, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0)
		return conn_resolve_unix(text + strlen(UNIX_PREFIX), target);
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

bool
conn_is_local(const struct conn_target *target)
{
	const struct sockaddr_in *in = (const void *)&target->addr;
	const struct sockaddr_in6 *in6 = (const void *)&target->addr;
	const struct in6_addr *addr = &in6->sin6_addr;

	switch (target->addr.ss_family) {
	case AF_UNIX:
		return true;
	case AF_INET:
		return ntohl(in->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	default:
		return IN6_IS_ADDR_LOOPBACK(addr) ||
		    (IN6_IS_ADDR_V4MAPPED(addr) &&
			addr->s6_addr[12] == IN_LOOPBACKNET);
	}
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
	c->error = 0;
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
	/* (A UNIX socket would say EAGAIN where its queue is full.) */
	bool waits = target->addr.ss_family == AF_UNIX;
	int fd = socket(target->addr.ss_family,
	    SOCK_STREAM | SOCK_CLOEXEC | (waits ? 0 : SOCK_NONBLOCK), 0);

	if (fd == -1) {
		c->error = errno;
		return false;
	}
	conn_begin(c, fd);
	if (rcvbuf > 0)
		setsockopt(
		    c->fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf));
	c->connecting = true;
	if (connect(c->fd, (const struct sockaddr *)&target->addr,
		target->len) == -1 &&
	    errno != EINPROGRESS) {
		c->error = errno;
		conn_close(c, false);
		return false;
	}
	if (waits)
		fcntl(c->fd, F_SETFL, O_NONBLOCK);
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
	if (reader == c)
		reader = NULL;
	buf_free(&c->out);
	buf_free(&c->in.in);
}

static bool
conn_finish(struct conn *c)
{
	socklen_t len = sizeof(c->error);

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &c->error, &len) == -1 ||
	    c->error != 0)
		return false;
	c->connecting = false;
	return true;
}

/*
 * Memory that is read into again and again stays in the processor's caches;
 * that of many connections, were it their own, would not.  So the one that read
 * last hands it on and keeps a copy of what it has left, unless that is long.
 */
static void
conn_take_memory(struct conn *c)
{
	struct conn *last = reader;
	struct buf rest = c->in.in;

	reader = c;
	if (last == c || last == NULL || buf_len(&rest) >= READ_SIZE ||
	    buf_len(&last->in.in) >= READ_SIZE)
		return;
	c->in.in = last->in.in;
	last->in.in = (struct buf){ 0 };
	buf_add(&last->in.in, buf_head(&c->in.in), buf_len(&c->in.in));
	buf_cut(&c->in.in, 0);
	buf_add(&c->in.in, buf_head(&rest), buf_len(&rest));
	buf_free(&rest);
}

static bool
conn_read(struct conn *c)
{
	ssize_t n;
	int turn;

	conn_take_memory(c);
	for (turn = 0; turn < READS_AT_ONCE; turn++) {
		n = recv(c->fd, buf_room(&c->in.in, READ_SIZE), READ_SIZE, 0);
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			return true;
		c->error = n == -1 ? errno : 0;
		if (n <= 0)
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
		if (n == -1 && errno != EINTR) {
			c->error = errno;
			return false;
		}
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

size_t
conn_raise_limit(void)
{
	struct rlimit limit = { 0 };

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	return (size_t)limit.rlim_cur;
}
