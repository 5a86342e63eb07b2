/*
 * The little of HTTP/1.1 (RFC 9112) that a scrape needs: one GET or HEAD of
 * /metrics on one connection, then it ends.  Whatever comes is answered with
 * the status that fits, or with nothing.
 */
#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "limit.h"
#include "metrics.h"
#include "monotonic.h"

#define PLAIN "text/plain; charset=utf-8"

struct request {
	char head[HTTP_HEAD_MAX + 1];
	size_t len;
	int64_t until; /* ms */
};

struct answer {
	int status;
	const char *reason, *type, *more; /* more: fields, with CR LF */
	const char *body;
	size_t len;
	bool head; /* without the body */
};

/* Whether it comes before the deadline. */
static bool
wait_for(int fd, short events, int64_t until)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t left;

	while ((left = until - monotonic_ms()) > 0) {
		int n = poll(&p, 1, (int)left);

		if (n > 0)
			return true;
		if (n == -1 && errno != EINTR)
			return false;
	}
	return false;
}

/* The status to answer with if the head is not all there: 0 if it is. */
static int
head_read(int fd, struct request *r)
{
	ssize_t n;

	for (;;) {
		r->head[r->len] = '\0';
		/* (A NUL ends what is looked at, and the head never does.) */
		if (strstr(r->head, "\r\n\r\n") != NULL)
			return 0;
		if (memchr(r->head, '\0', r->len) != NULL)
			return 400;
		if (r->len == HTTP_HEAD_MAX)
			return strchr(r->head, '\n') != NULL ? 431 : 414;
		if (!wait_for(fd, POLLIN, r->until))
			return 408;
		n = recv(
		    fd, r->head + r->len, HTTP_HEAD_MAX - r->len, MSG_DONTWAIT);
		if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR))
			return -1;
		if (n > 0)
			r->len += (size_t)n;
	}
}

/* The value of a field, NULL if there is none; *twice if there are more. */
static const char *
field(const char *head, const char *name, bool *twice)
{
	const char *line = head, *found = NULL;
	size_t n = strlen(name);

	while ((line = strstr(line, "\r\n")) != NULL) {
		line += 2;
		if (strncasecmp(line, name, n) != 0 || line[n] != ':')
			continue;
		*twice = found != NULL;
		found = line + n + 1;
	}
	return found;
}

/* Whether what the client accepts names OpenMetrics. */
static bool
wants_openmetrics(const char *head)
{
	bool twice = false;
	const char *accept = field(head, "Accept", &twice), *end;
	const char *word = "application/openmetrics-text";

	if (accept == NULL)
		return false;
	end = strstr(accept, "\r\n");
	for (; accept < end; accept++)
		if (strncasecmp(accept, word, strlen(word)) == 0)
			return true;
	return false;
}

/* Cut the request line into its three parts; false if it has not these. */
static bool
line_cut(char *line, char **target, char **version)
{
	char *end = strstr(line, "\r\n"), *c;

	*end = '\0';
	for (c = line; c < end; c++)
		if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e)
			return false;
	if ((*target = strchr(line, ' ')) == NULL)
		return false;
	*(*target)++ = '\0';
	if ((*version = strchr(*target, ' ')) == NULL)
		return false;
	*(*version)++ = '\0';
	return line[0] != '\0' && (*target)[0] == '/' &&
	    strncmp(*version, "HTTP/", 5) == 0 && strchr(*version, ' ') == NULL;
}

/* The status for a head that is all there. */
static int
judge(struct request *r, bool *head, bool *open)
{
	char *target, *version, *fields = strstr(r->head, "\r\n");
	bool twice = false, host;
	size_t len;

	/* What follows the head is nobody's business. */
	strstr(r->head, "\r\n\r\n")[2] = '\0';
	/* Taken first: cutting the line puts NULs into it. */
	*open = wants_openmetrics(fields);
	host = field(fields, "Host", &twice) != NULL;
	if (!line_cut(r->head, &target, &version))
		return 400;
	if (strcmp(version, "HTTP/1.1") != 0 &&
	    strcmp(version, "HTTP/1.0") != 0)
		return 505;
	if (twice || (!host && strcmp(version, "HTTP/1.1") == 0))
		return 400;
	*head = strcmp(r->head, "HEAD") == 0;
	len = strcspn(target, "?");
	if (len != strlen("/metrics") || strncmp(target, "/metrics", len) != 0)
		return 404;
	return *head || strcmp(r->head, "GET") == 0 ? 200 : 405;
}

static const char *
reason_of(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 408:
		return "Request Timeout";
	case 414:
		return "URI Too Long";
	case 431:
		return "Request Header Fields Too Large";
	case 505:
		return "HTTP Version Not Supported";
	default:
		return "Bad Request";
	}
}

static bool
send_all(int fd, const char *data, size_t len, int64_t until)
{
	ssize_t n;

	while (len > 0) {
		n = send(fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		} else if (n == -1 && errno == EAGAIN) {
			if (!wait_for(fd, POLLOUT, until))
				return false;
		} else if (n == -1 && errno != EINTR) {
			return false;
		}
	}
	return true;
}

static bool
answer_send(int fd, const struct answer *a, int64_t until)
{
	char head[512];
	int n = snprintf(head, sizeof(head),
	    "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
	    "%sConnection: close\r\n\r\n",
	    a->status, a->reason, a->type, a->len, a->more);

	return send_all(fd, head, (size_t)n, until) &&
	    (a->head || send_all(fd, a->body, a->len, until));
}

/* Closing with unread input would reset the connection: read what is left. */
static void
drain(int fd, int64_t until)
{
	char data[1024];
	int64_t end = monotonic_ms() + DRAIN_WAIT;

	shutdown(fd, SHUT_WR);
	if (end > until)
		end = until;
	while (wait_for(fd, POLLIN, end)) {
		ssize_t n = recv(fd, data, sizeof(data), MSG_DONTWAIT);

		if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR))
			return;
	}
}

int
http_answer(int fd, const struct buf *prometheus, const struct buf *openmetrics)
{
	struct request r = { .until = monotonic_ms() + HTTP_WAIT };
	struct answer a = { .type = PLAIN, .more = "" };
	bool open = false;
	char text[64];

	a.status = head_read(fd, &r);
	if (a.status == -1)
		return 0;
	if (a.status == 0)
		a.status = judge(&r, &a.head, &open);
	a.reason = reason_of(a.status);
	if (a.status == 200) {
		const struct buf *out = open ? openmetrics : prometheus;

		a.type = open ? "application/openmetrics-text; version=1.0.0;"
				" charset=utf-8"
			      : "text/plain; version=0.0.4; charset=utf-8";
		a.body = buf_head(out);
		a.len = buf_len(out);
	} else {
		a.len = (size_t)snprintf(
		    text, sizeof(text), "%d %s\n", a.status, a.reason);
		a.body = text;
		if (a.status == 405)
			a.more = "Allow: GET, HEAD\r\n";
	}
	/* Who let the time go by is told all the same. */
	if (a.status == 408)
		r.until += DRAIN_WAIT;
	if (!answer_send(fd, &a, r.until))
		return 0;
	drain(fd, r.until);
	return a.status;
}
