/*
 * The bytes that a connection (conn.h) moves once it is open, through TLS or
 * not.
 */
#include <sys/socket.h>
#include <sys/types.h>

#include <errno.h>
#include <string.h>

#include "bounds.h"
#include "conn.h"
#include "limit.h"

/* Give up what was to be sent. */
void
conn_drop_output(struct conn *c)
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

bool
conn_has_pending(const struct conn *c)
{
	return c->tls != NULL && !c->paused && tls_pending(c->tls);
}

static void
ended(struct conn *c, const char *why)
{
	conn_set_error(c, why);
	c->state = CONN_EOF;
}

/*
 * What TLS did as recv(2) and send(2) tell it, with errno EAGAIN or, when the
 * peer or what it says is in error, EPROTO.
 */
static ssize_t
told(enum tls_result result, size_t n)
{
	if (result == TLS_DONE)
		return (ssize_t)n;
	errno = result == TLS_WAIT ? EAGAIN : EPROTO;
	return -1;
}

static ssize_t
take_bytes(struct conn *c, void *data, size_t size)
{
	enum tls_result result;
	size_t n = 0;

	if (c->tls == NULL)
		return recv(c->fd, data, size, 0);
	result = tls_read(c->tls, data, size, &n);
	return result == TLS_END ? 0 : told(result, n);
}

static bool
is_readable(const struct conn *c, short revents)
{
	if (c->paused)
		return false;
	return (revents & (POLLIN | POLLHUP | POLLERR)) ||
	    conn_has_pending(c) || (revents != 0 && c->tls != NULL);
}

void
conn_receive(struct conn *c, short revents)
{
	size_t want = line_wanted(&c->in);
	ssize_t n;

	if (!is_readable(c, revents))
		return;
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

static ssize_t
give_bytes(struct conn *c)
{
	enum tls_result result;
	size_t n = 0;

	if (c->tls == NULL)
		return send(
		    c->fd, buf_head(&c->out), buf_len(&c->out), MSG_NOSIGNAL);
	result = tls_write(c->tls, buf_head(&c->out), buf_len(&c->out), &n);
	return told(result, n);
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
				conn_drop_output(c);
			return;
		}
		buf_consume(&c->out, (size_t)n);
	}
	if (c->secret && buf_len(&c->out) == 0)
		conn_drop_output(c);
}
