/*
 * The output of the plain and JSON modes (plain-parts.h): what the server
 * says goes to standard output, trouble to standard error.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "bounds.h"
#include "format.h"
#include "plain-ask.h"
#include "plain-parts.h"
#include "sanitise.h"

void
plain_complain_of(const char *what, const char *reason)
{
	char text[SHOWN_ERROR_MAX + 128];

	snprintf(text, sizeof(text), "%s%s", what, reason);
	plain_complain(text);
}

void
plain_refuse(struct plain *p, const char *why)
{
	plain_complain(why);
	p->refused = true;
}

/* ---- what is wanted ---- */

/* Whether it belongs to the conversation that was asked for. */
static bool
concerns(const struct plain *p, const struct message *m)
{
	const char *with = p->options->with;
	struct span other;

	if (with == NULL)
		return true;
	if (strcasecmp(with, "all") == 0 || span_is(m->to, "all"))
		return strcasecmp(with, "all") == 0 && span_is(m->to, "all");
	other = span_is(m->from, p->link->username) ? m->to : m->from;
	return other.n == strlen(with) &&
	    strncasecmp(other.s, with, other.n) == 0;
}

/* Only the last messages are to be printed before it ends. */
static bool
prints_history(const struct plain *p)
{
	return p->options->history >= 0 && !p->options->tail;
}

static bool
is_wanted(const struct plain *p, const struct event *e)
{
	if (p->options->send || p->options->forget)
		return false;
	if (prints_history(p))
		return e->kind == EVENT_HISTORY;
	if (p->options->with == NULL || e->kind == EVENT_HISTORY)
		return true;
	/* One's own is complete; another program's ACK is its business. */
	return (e->kind == EVENT_MESSAGE || e->kind == EVENT_ACK) &&
	    e->message.to.n > 0 && concerns(p, &e->message);
}

/* ---- printing ---- */

static void
add_event(const struct plain *p, struct buf *out, const struct event *e)
{
	if (p->options->mode != MODE_JSON)
		format_event(out, e);
	else if (sanitise_add_json(out, e->line.s, e->line.n))
		buf_add(out, "\n", 1);
}

/*
 * At the first login, before any input and whatever else comes; again if the
 * connection was lost before the answer.
 */
static void
ask_history(struct plain *p)
{
	if ((p->greeted && p->missing == 0) || p->options->history < 0 ||
	    (p->options->tail && p->options->with == NULL))
		return;
	buf_free(&p->page);
	p->missing = p->options->history;
	link_ask_history(p->link, p->options->with, -1, p->missing);
}

static void
print_pages(struct plain *p)
{
	p->missing = 0;
	buf_add(&p->out, buf_head(&p->page), buf_len(&p->page));
	buf_free(&p->page);
}

/* 1,000 of the longest messages that there can be are less. */
static bool
is_too_much(struct plain *p)
{
	if (buf_len(&p->page) <= HISTORY_HELD_MAX)
		return false;
	plain_refuse(p,
	    "the server sends too much history: older messages are"
	    " left out");
	print_pages(p);
	return true;
}

/*
 * An answer may hold less than was asked for.  What is older is asked for
 * then, and all of it printed when the oldest is there.
 */
static void
take_page(struct plain *p, const struct event *e)
{
	struct buf page = { 0 };
	struct message first;
	size_t n = incoming_count(e);

	add_event(p, &page, e);
	buf_add(&page, buf_head(&p->page), buf_len(&p->page));
	buf_free(&p->page);
	p->page = page;
	if (is_too_much(p))
		return;
	p->missing -= (int64_t)n;
	if (e->more && n > 0 && p->missing > 0 &&
	    incoming_message(e, 0, &first)) {
		link_ask_history(
		    p->link, p->options->with, first.id, p->missing);
		return;
	}
	print_pages(p);
}

/*
 * Until the first answer, whatever comes is in it; after that, it goes behind
 * what is printed then.
 */
static void
take_between(struct plain *p, const struct event *e)
{
	if (buf_len(&p->page) > 0)
		add_event(p, &p->page, e);
	is_too_much(p);
}

static void
tell_error(struct plain *p, const struct event *e)
{
	struct buf text = { 0 };

	/* How a login or a connection ended is told at its end. */
	if (p->link->state == LINK_ONLINE && p->link->code[0] == '\0') {
		format_error(&text, e);
		buf_add(&text, "", 1);
		plain_refuse(p, buf_head(&text));
	}
	buf_free(&text);
}

static void
take_connected(struct plain *p, const struct event *e)
{
	if (e->reset)
		plain_complain("the server's store was restored: messages may "
			       "be missing");
	ask_history(p);
}

void
plain_print(struct plain *p, const struct event *e)
{
	bool page =
	    p->missing > 0 && link_is_own_ref(p->link, e->ref, "history");

	if (e->kind == EVENT_ERROR)
		tell_error(p, e);
	if (e->kind == EVENT_CONNECTED)
		take_connected(p, e);
	if (page && e->kind == EVENT_ERROR)
		print_pages(p);
	else if (!is_wanted(p, e))
		return;
	else if (page && e->kind == EVENT_HISTORY)
		take_page(p, e);
	else if (p->missing > 0)
		take_between(p, e);
	else
		add_event(p, &p->out, e);
}

/* ---- writing ---- */

/*
 * Of a terminal poll(2) promises no more than a byte of room; it is opened anew,
 * for others that have it do wait.
 */
int
plain_open_output(void)
{
	const char *path = ttyname(STDOUT_FILENO);
	int fd = -1;

	if (path != NULL)
		fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd != -1 ? fd : STDOUT_FILENO;
}

/* Of a pipe it promises PIPE_BUF bytes, so this does not block. */
void
plain_write(struct plain *p)
{
	size_t len = buf_len(&p->out);
	ssize_t n = write(
	    p->out_fd, buf_head(&p->out), len < PIPE_BUF ? len : PIPE_BUF);

	if (n >= 0)
		buf_consume(&p->out, (size_t)n);
	else if (errno != EAGAIN && errno != EINTR)
		p->failed = true;
}

void
plain_drain(struct plain *p)
{
	struct pollfd out = { p->out_fd, POLLOUT, 0 };

	while (buf_len(&p->out) > 0 && !p->failed && poll(&out, 1, 0) == 1 &&
	    out.revents == POLLOUT)
		plain_write(p);
}
