/*
 * The lines of format.h.  Called by the plain mode, and by the screen for
 * errors and times.
 */
#include <string.h>
#include <time.h>

#include "bounds.h"
#include "format.h"
#include "sanitise.h"
#include "text.h"

#define EXCERPT_MAX 40 /* bytes of a refused message that are told */

/* Returns false, with a time that can be formatted, if it is unknown. */
static bool
local_time(int64_t ms, struct tm *tm)
{
	time_t seconds = (time_t)(ms / 1000);

	*tm = (struct tm){ .tm_mday = 1 };
	return ms > 0 && localtime_r(&seconds, tm) != NULL;
}

static void
add_time(struct buf *out, char *text, bool known)
{
	char *p;

	for (p = text; *p != '\0'; p++)
		if (!known && *p >= '0' && *p <= '9')
			*p = '-';
	buf_add_str(out, text);
}

void
format_date(struct buf *out, int64_t time)
{
	char text[64];
	struct tm tm;
	bool known = local_time(time, &tm);

	if (strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm) == 0)
		text[0] = '\0';
	add_time(out, text, known);
}

void
format_clock(struct buf *out, int64_t time)
{
	char text[16];
	struct tm tm;
	bool known = local_time(time, &tm);

	if (strftime(text, sizeof(text), "%H:%M", &tm) == 0)
		text[0] = '\0';
	add_time(out, text, known);
}

/* The days of a calendar, as if it had been in use always. */
static int32_t
day_number(int32_t year, int32_t month, int32_t day)
{
	/* The year begins in March, so that a leap day is its last. */
	int32_t y = month > 2 ? year : year - 1;
	int32_t m = month > 2 ? month - 3 : month + 9;

	return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day -
	    719469;
}

int32_t
format_day_number(int64_t time)
{
	struct tm tm;

	if (!local_time(time, &tm) || tm.tm_year < 70 || tm.tm_year > 8099)
		return -1;
	return day_number(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

void
format_day(struct buf *out, int64_t time)
{
	char text[64];
	struct tm tm;
	size_t before = buf_len(out);

	if (!local_time(time, &tm))
		return;
	if (strftime(text, sizeof(text), "%A, ", &tm) > 0)
		buf_add_str(out, text);
	buf_add_int(out, tm.tm_mday);
	if (strftime(text, sizeof(text), " %B %Y", &tm) > 0)
		buf_add_str(out, text);
	if (text_is_utf8(buf_head(out) + before, buf_len(out) - before))
		return;
	buf_cut(out, before);
	if (strftime(text, sizeof(text), "%Y-%m-%d", &tm) > 0)
		buf_add_str(out, text);
}

/* Lines after the first are marked, so that no text can forge a line. */
static void
add_text(struct buf *out, struct span text)
{
	struct buf clean = { 0 };
	const char *s, *end, *lf;

	sanitise_add(&clean, text.s, text.n, SERVER_LINE_MAX, SANITISE_TEXT);
	if (buf_len(&clean) > 0) {
		s = buf_head(&clean);
		end = s + buf_len(&clean);
		while ((lf = memchr(s, '\n', (size_t)(end - s))) != NULL) {
			buf_add(out, s, (size_t)(lf - s));
			buf_add_str(out, "\n\t");
			s = lf + 1;
		}
		buf_add(out, s, (size_t)(end - s));
	}
	buf_add_str(out, "\n");
	buf_free(&clean);
}

void
format_message(struct buf *out, const struct message *m)
{
	format_date(out, m->time);
	buf_add_str(out, " <");
	sanitise_add_name(out, m->from.s, m->from.n);
	if (!span_is(m->to, "all")) {
		buf_add_str(out, " -> ");
		sanitise_add_name(out, m->to.s, m->to.n);
	}
	buf_add_str(out, "> ");
	add_text(out, m->text);
}

static void
add_notice(struct buf *out, struct span name, const char *what)
{
	buf_add_str(out, "-- ");
	sanitise_add_name(out, name.s, name.n);
	buf_add_str(out, what);
}

static void
add_users(struct buf *out, const struct event *e)
{
	struct presence p;
	size_t i, n = incoming_count(e);

	for (i = 0; i < n; i++)
		if (incoming_presence(e, i, &p))
			add_notice(out, p.username,
			    p.online ? " is here\n" : " is away\n");
}

static void
add_history(struct buf *out, const struct event *e)
{
	struct message m;
	size_t i, n = incoming_count(e);

	for (i = 0; i < n; i++)
		if (incoming_message(e, i, &m))
			format_message(out, &m);
}

void
format_event(struct buf *out, const struct event *e)
{
	switch (e->kind) {
	case EVENT_MESSAGE:
		format_message(out, &e->message);
		break;
	case EVENT_ACK:
		/* It has come back already, or was not ours. */
		if (!e->seen && e->message.to.n > 0)
			format_message(out, &e->message);
		break;
	case EVENT_JOINED:
		add_notice(out, e->username, " joined\n");
		break;
	case EVENT_LEFT:
		add_notice(out, e->username, " left\n");
		break;
	case EVENT_USERS:
		add_users(out, e);
		break;
	case EVENT_HISTORY:
		add_history(out, e);
		break;
	case EVENT_CONNECTED:
	case EVENT_ERROR:
	case EVENT_PING:
	case EVENT_PONG:
	case EVENT_DISCONNECTED:
	case EVENT_REGISTERED:
	case EVENT_PASSWORD_CHANGED:
	case EVENT_TOKEN:
	case EVENT_OTHER:
		break;
	}
}

void
format_error(struct buf *out, const struct event *e)
{
	sanitise_add(out, e->code.s, e->code.n, EXCERPT_MAX, SANITISE_LINE);
	if (e->text.n > 0) {
		buf_add_str(out, ": ");
		sanitise_add(
		    out, e->text.s, e->text.n, SHOWN_ERROR_MAX, SANITISE_LINE);
	}
	if (e->message.to.n > 0) {
		buf_add_str(out, " (to ");
		sanitise_add_name(out, e->message.to.s, e->message.to.n);
		buf_add_str(out, ": ");
		sanitise_add(out, e->message.text.s, e->message.text.n,
		    EXCERPT_MAX, SANITISE_LINE);
		buf_add_str(out, ")");
	}
}
