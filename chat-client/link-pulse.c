/*
 * Whether the server of a link (link.h) is still there, and how long it takes
 * to answer: a PING now and then.  A peer that is gone without a word is only
 * found by asking.
 */
#include <stdio.h>

#include "link.h"
#include "request.h"

void
link_ping(struct link *l, const char *what)
{
	char ref[REF_MAX + 1];

	request_simple(&l->conn.out, "PING", link_own_ref(l, what, ref));
}

/* In raw mode, asking is not ours. */
static bool
has_pulse(const struct link *l)
{
	return !l->config.raw &&
	    (l->state == LINK_ONLINE || l->state == LINK_LEAVING);
}

void
link_pulse_start(struct link *l, int64_t now)
{
	l->heard_at = l->pulse_at = now;
	l->asked = false;
	l->lag = -1;
}

/*
 * Silence counts from the question: who was asleep meanwhile, as a laptop may
 * be, asks before it gives up.
 */
static int64_t
due(const struct link *l)
{
	if (!l->asked)
		return l->pulse_at + PULSE_EVERY;
	return (l->heard_at > l->pulse_at ? l->heard_at : l->pulse_at) +
	    PULSE_DEAD;
}

int64_t
link_pulse_deadline(const struct link *l)
{
	return has_pulse(l) ? due(l) : -1;
}

void
link_pulse_step(struct link *l, int64_t now)
{
	if (!has_pulse(l) || now < due(l))
		return;
	if (l->asked) {
		link_fail(l, LINK_LOST, "the server does not answer", now);
		return;
	}
	l->asked = true;
	l->pulse_at = now;
	link_ping(l, "pulse");
}

/* Whether it answers link_ping(), well or not. */
bool
link_pulse_take(struct link *l, struct span ref, int64_t now)
{
	if (link_is_own_ref(l, ref, "flush")) {
		l->flushed = true;
	} else if (link_is_own_ref(l, ref, "pulse")) {
		if (l->asked)
			l->lag = now - l->pulse_at;
		l->asked = false;
	} else if (!link_is_own_ref(l, ref, "pong")) {
		return false;
	}
	return true;
}

void
link_pulse_confirmed(
    struct link *l, const struct outbox_item *item, int64_t now)
{
	if (item->sent)
		l->lag = now - item->sent_at;
}

int64_t
link_lag(const struct link *l, int64_t now)
{
	const struct outbox_item *oldest = outbox_sent(&l->outbox);
	int64_t lag = l->lag;

	if (l->state != LINK_ONLINE)
		return -1;
	if (l->asked && now - l->pulse_at > lag)
		lag = now - l->pulse_at;
	if (oldest != NULL && now - oldest->sent_at > lag)
		lag = now - oldest->sent_at;
	return lag;
}
