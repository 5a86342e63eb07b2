/*
 * What a link (link.h) says once it is online: messages, from the outbox and
 * as fast as the server takes them, and questions.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "link.h"
#include "request.h"
#include "text.h"

void
link_pump(struct link *l)
{
	struct outbox_item *item;
	size_t in_flight;

	if (l->state != LINK_ONLINE || l->too_long || l->now < l->hold_until ||
	    l->conn.secret)
		return;
	in_flight = outbox_in_flight(&l->outbox);
	while (in_flight < l->window && buf_len(&l->conn.out) < OUTPUT_MAX &&
	    (item = outbox_unsent(&l->outbox)) != NULL) {
		request_message(
		    &l->conn.out, item->to, item->text, item->len, item->ref);
		item->sent = true;
		item->sent_at = l->now;
		in_flight++;
	}
	if (l->outbox.len == 0)
		l->window = OUTBOX_MAX;
	if (l->flushing && !l->flush_sent &&
	    outbox_unsent(&l->outbox) == NULL) {
		l->flush_sent = true;
		link_ping(l, "flush");
	}
}

/* Whether the server takes a text of that length, as it counts. */
static bool
text_fits(const struct link *l, const char *text, size_t len)
{
	struct buf copy = { 0 };
	bool fits;

	if (l->text_max == 0 || len <= (size_t)l->text_max)
		return true;
	buf_add(&copy, text, len);
	fits = text_strip_controls(buf_head(&copy), len) <= (size_t)l->text_max;
	buf_free(&copy);
	return fits;
}

/* A line the server would end the connection for is never sent. */
static bool
line_fits(const struct link *l, const char *to, const char *text, size_t len,
    const char *ref)
{
	struct buf line = { 0 };
	bool fits;

	request_message(&line, to, text, len, ref);
	/* (What it sends ends with an LF, which does not count.) */
	fits = l->line_max == 0 || (int64_t)buf_len(&line) - 1 <= l->line_max;
	buf_free(&line);
	return fits;
}

const struct outbox_item *
link_too_long(const struct link *l)
{
	const struct outbox_item *item;
	size_t i;

	for (i = 0; i < l->outbox.len; i++) {
		item = l->outbox.items[i];
		if (!item->sent &&
		    !line_fits(l, item->to, item->text, item->len, item->ref))
			return item;
	}
	return NULL;
}

enum link_said
link_say(struct link *l, const char *to, const char *text, size_t len,
    const char **ref)
{
	char name[REF_MAX + 1];
	struct outbox_item *item;

	snprintf(name, sizeof(name), "%s-%llu", l->prefix,
	    (unsigned long long)l->refs + 1);
	/* Names are the same in any case; everybody has one spelling. */
	if (strcasecmp(to, "all") == 0)
		to = "all";
	if (!text_fits(l, text, len) || !line_fits(l, to, text, len, name))
		return LINK_TOO_LONG;
	if ((item = outbox_add(&l->outbox, name, to, text, len)) == NULL)
		return LINK_FULL;
	l->refs++;
	if (ref != NULL)
		*ref = item->ref;
	/* At once, so that whatever is said next comes behind it. */
	link_pump(l);
	return LINK_SAID;
}

enum link_said
link_raw(struct link *l, const char *line, size_t len)
{
	if (l->line_max != 0 && (int64_t)len > l->line_max)
		return LINK_TOO_LONG;
	buf_add(&l->conn.out, line, len);
	buf_add(&l->conn.out, "\n", 1);
	return LINK_SAID;
}

void
link_ask_users(struct link *l)
{
	if (l->state == LINK_ONLINE)
		request_simple(&l->conn.out, "USERS", NULL);
}

bool
link_ask_history(
    struct link *l, const char *with, int64_t before, int64_t limit)
{
	char ref[REF_MAX + 1];

	if (l->state != LINK_ONLINE)
		return false;
	request_history(
	    &l->conn.out, with, before, limit, link_own_ref(l, "history", ref));
	return true;
}

void
link_flush(struct link *l)
{
	l->flushing = true;
	l->flush_sent = l->flushed = false;
}

bool
link_is_busy(const struct link *l)
{
	return l->outbox.len == OUTBOX_MAX ||
	    outbox_unsent(&l->outbox) != NULL ||
	    buf_len(&l->conn.out) >= OUTPUT_MAX;
}
