/*
 * What the server says, as a link sees it (link_next() of link.h): keeps
 * track of the login, of what is confirmed and of what was seen, and drops
 * what the owner need not know.
 */
#include <stdio.h>
#include <string.h>

#include "link.h"
#include "text.h"

/* Copy at most as much as fits; spans may hold anything, NULs too. */
static void
copy_span(char *out, size_t size, struct span span)
{
	size_t n = span.n < size ? span.n : size - 1, i;

	for (i = 0; i < n; i++)
		out[i] = span.s[i] != '\0' ? span.s[i] : '?';
	out[n] = '\0';
}

bool
link_is_own_ref(const struct link *l, struct span ref, const char *what)
{
	size_t n = strlen(l->prefix);

	return ref.n == n + 1 + strlen(what) &&
	    memcmp(ref.s, l->prefix, n) == 0 && ref.s[n] == '-' &&
	    memcmp(ref.s + n + 1, what, ref.n - n - 1) == 0;
}

static bool
take_connected(struct link *l, struct event *e, int64_t now)
{
	if (l->state != LINK_LOGIN && !l->config.raw)
		return false;
	if (e->line_max > 0)
		l->line_max = e->line_max;
	l->text_max = e->message_max;
	l->too_long = link_too_long(l) != NULL;
	if (l->config.raw)
		return true;
	/* The server knows how the name is spelt; a proof fits or is none. */
	if (text_is_username(e->username.s, e->username.n))
		copy_span(l->username, sizeof(l->username), e->username);
	if (e->resume.n <= RESUME_MAX)
		copy_span(l->resume, sizeof(l->resume), e->resume);
	if (e->reset) {
		seen_reset(&l->seen, e->last_id);
		l->base = e->last_id;
	} else if (!l->was_online) {
		l->base = e->last_id;
	}
	l->state = LINK_ONLINE;
	l->was_online = true;
	l->deadline = -1;
	l->online_at = now;
	link_logged_in(l);
	return true;
}

/* The outbox's item becomes part of the event and lives as long. */
static void
complete(struct link *l, struct event *e, struct outbox_item *item)
{
	outbox_remove(&l->outbox, item);
	l->taken = item;
	e->message.from = (struct span){ l->username, strlen(l->username) };
	e->message.to = (struct span){ item->to, strlen(item->to) };
	e->message.text = (struct span){ item->text, item->len };
}

/*
 * The position tells nothing here: a later message of somebody else may have
 * come before this ACK.
 */
static bool
take_ack(struct link *l, struct event *e, int64_t now)
{
	struct outbox_item *item = outbox_find(&l->outbox, e->ref.s, e->ref.n);

	seen_add(&l->seen, e->message.id);
	e->seen = !seen_add(&l->mine, e->message.id);
	if (item != NULL) {
		link_pulse_confirmed(l, item, now);
		complete(l, e, item);
	}
	if (l->outbox.len == 0)
		seen_reset(&l->mine, 0);
	return true;
}

/*
 * After a lost connection, one's own message may come back as MESSAGE before
 * the ACK of its resend says so.
 */
static bool
take_message(struct link *l, struct event *e)
{
	bool new = seen_add(&l->seen, e->message.id);

	if (new && l->outbox.len > 0 && span_is(e->message.from, l->username))
		seen_add(&l->mine, e->message.id);
	seen_advance(&l->seen, e->message.id);
	return new;
}

/* What is shown as history does not come again as a message. */
static bool
take_history(struct link *l, struct event *e)
{
	struct message m;
	size_t i, n = incoming_count(e);

	for (i = 0; i < n; i++)
		if (incoming_message(e, i, &m))
			seen_add(&l->seen, m.id);
	return true;
}

static bool
is_one_of(struct span code, const char *const *codes)
{
	for (; *codes != NULL; codes++)
		if (span_is(code, *codes))
			return true;
	return false;
}

/* The server is busy: the message keeps its place and goes out later. */
static void
hold_back(
    struct link *l, struct event *e, struct outbox_item *item, int64_t now)
{
	int64_t wait = RETRY_AFTER;

	if (e->wait > 0)
		wait = 1000 *
		    (e->wait < RETRY_AFTER_MAX ? e->wait : RETRY_AFTER_MAX);
	item->sent = false;
	if (now + wait > l->hold_until)
		l->hold_until = now + wait;
	l->window = 1;
}

/* Whether a login that was refused with that may succeed a little later. */
static bool
may_pass(const struct link *l, struct span code)
{
	static const char *const passing[] = { "SERVER_FULL", "SHUTDOWN",
		"UNAVAILABLE", "INTERNAL", "RATE_LIMITED", "TIMEOUT", NULL };

	if (l->config.waits && !l->was_online && !l->registers &&
	    span_is(code, "USERNAME_TAKEN"))
		return true;
	return is_one_of(code, passing);
}

static bool
take_error(struct link *l, struct event *e, int64_t now)
{
	static const char *const later[] = { "RATE_LIMITED", "UNAVAILABLE",
		NULL };
	static const char *const for_good[] = { "REPLACED", "BLOCKED", NULL };
	static const char *const closing[] = { "LINE_TOO_LONG", "BLOCKED",
		"TIMEOUT", "SERVER_FULL", "REPLACED", "SHUTDOWN", NULL };
	struct outbox_item *item =
	    e->ref.n == 0 ? NULL : outbox_find(&l->outbox, e->ref.s, e->ref.n);

	if (item != NULL && is_one_of(e->code, later)) {
		hold_back(l, e, item, now);
		return false;
	}
	if (item != NULL)
		complete(l, e, item);
	if (link_pulse_take(l, e->ref, now) || link_take_token_error(l, e) ||
	    link_take_account_error(l, e))
		return false;
	if (l->state != LINK_LOGIN && !is_one_of(e->code, closing))
		return true;
	/* The connection ends with this; the end itself is seen by reading. */
	copy_span(l->code, sizeof(l->code), e->code);
	copy_span(l->error, sizeof(l->error), e->text);
	l->wait = e->wait < RECONNECT_AFTER_MAX ? e->wait : RECONNECT_AFTER_MAX;
	l->again = l->state == LINK_LOGIN ? may_pass(l, e->code)
					  : !is_one_of(e->code, for_good);
	if (l->state == LINK_LOGIN)
		link_fail(l, LINK_REFUSED, l->error, now);
	return true;
}

/* Returns whether the owner is to see it. */
static bool
take(struct link *l, struct event *e, int64_t now)
{
	switch (e->kind) {
	case EVENT_CONNECTED:
		return take_connected(l, e, now);
	case EVENT_ACK:
		return take_ack(l, e, now);
	case EVENT_MESSAGE:
		return take_message(l, e);
	case EVENT_HISTORY:
		return take_history(l, e);
	case EVENT_ERROR:
		return take_error(l, e, now);
	case EVENT_PING:
		/* What waits to be sent answers it as well. */
		if (buf_len(&l->conn.out) < OUTPUT_MAX)
			link_ping(l, "pong");
		return false;
	case EVENT_PONG:
		return !link_pulse_take(l, e->ref, now);
	case EVENT_REGISTERED:
		link_take_registered(l, e);
		return !link_take_account(l, e);
	case EVENT_PASSWORD_CHANGED:
		return !link_take_account(l, e);
	case EVENT_TOKEN:
		return !link_take_token(l, e);
	case EVENT_DISCONNECTED:
		link_fail(l, LINK_LEFT, "", now);
		return true;
	case EVENT_OTHER:
	case EVENT_USERS:
	case EVENT_JOINED:
	case EVENT_LEFT:
		break;
	}
	return true;
}

/* What wants TLS has nothing to say to who begins without it. */
static bool
may_want_tls(const struct link *l)
{
	return l->state == LINK_LOGIN && !l->was_online &&
	    l->config.tls == NULL && l->config.address.path[0] == '\0' &&
	    buf_len(&l->conn.in.in) == 0;
}

static void
connection_ended(struct link *l, int64_t now)
{
	/* What the server said last tells more than how it hung up. */
	if (l->code[0] == '\0')
		snprintf(l->error, sizeof(l->error), "%s%s", l->conn.error,
		    may_want_tls(l)
			? " without an answer; does this port want TLS?"
			: "");
	link_fail(l, LINK_LOST, l->error, now);
}

/* The next line parsed; empty ones mean nothing, bad ones are passed over. */
static bool
next_event(struct link *l, struct event *e, int64_t now)
{
	char *line;
	size_t len;

	for (;;) {
		switch (line_next(&l->conn.in, &line, &len)) {
		case LINE_NONE:
			if (l->conn.state == CONN_EOF)
				connection_ended(l, now);
			return false;
		case LINE_TOO_LONG:
			link_fail(l, LINK_NONSENSE,
			    "the server sent a line that is too long", now);
			return false;
		case LINE_FOUND:
			if (len > 0 && incoming_parse(e, line, len))
				return true;
			break;
		}
	}
}

/*
 * A line that is too long ends the connection, and would end the next ones.  So
 * it is refused here, in the server's words.
 */
static bool
next_refusal(struct link *l, struct event *e)
{
	const struct outbox_item *item;
	char line[200 + REF_MAX];
	int n;

	if (l->state != LINK_ONLINE || !l->too_long)
		return false;
	if ((item = link_too_long(l)) == NULL) {
		l->too_long = false;
		return false;
	}
	n = snprintf(line, sizeof(line),
	    "{\"event\":\"ERROR\",\"code\":\"TOO_LARGE\",\"message\":\"the "
	    "server takes lines of %lld bytes now: not sent again\","
	    "\"ref\":\"%s\"}",
	    (long long)l->line_max, item->ref);
	return incoming_parse(e, line, (size_t)n);
}

bool
link_next(struct link *l, struct event *e, int64_t now)
{
	outbox_item_free(l->taken);
	l->taken = NULL;
	while (l->state == LINK_LOGIN || l->state == LINK_ONLINE ||
	    l->state == LINK_LEAVING) {
		if (!next_refusal(l, e) && !next_event(l, e, now))
			return false;
		if (take(l, e, now))
			return true;
		incoming_free(e);
	}
	return false;
}
