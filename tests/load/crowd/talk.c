/*
 * Sends messages to everybody, as many under way as the plan wants or at the
 * times it wants, and tells the judge what every client receives.
 */
#include <stdlib.h>
#include <string.h>

#include "body.h"
#include "progress.h"
#include "talk.h"

#define STEP_MAX (50 * MILLISECOND)

struct flight { /* a message under way */
	uint64_t sent;
	uint32_t from;
	uint32_t left; /* recipients that have not got it */
	bool acked;
};

struct talk talk;

static struct flight *flights;
static uint32_t nflights, flights_size;
static bool by_ack;

static void
flight_landed(const struct flight *f)
{
	if (f->acked && (by_ack || f->left == 0))
		crowd.client[f->from].in_flight--;
}

static void
flight_acked(uint32_t n, int64_t id, uint64_t now)
{
	struct flight *f;

	judge_acked(crowd.judge, n, id);
	if (n >= nflights || flights[n].acked)
		return;
	f = &flights[n];
	f->acked = true;
	talk.acked++;
	talk.last_ack = crowd.last_progress = now;
	hist_add(&talk.ack, now - f->sent);
	flight_landed(f);
}

/*
 * A server without ids: what is missing is as it was sent.  A message counts as
 * acknowledged when its sender has its own copy, or without such copies when
 * the first has heard it.
 */
static bool
complete_heard(
    const struct client *c, struct judge_heard *h, bool told, uint64_t now)
{
	bool own;

	if (h->message >= nflights)
		return true;
	own = flights[h->message].from == c->index;
	h->id = (int64_t)h->message + 1;
	if (own == (crowd.dialect->ack == ACK_COPY))
		flight_acked(h->message, h->id, now);
	if (own)
		return false;
	h->to = JUDGE_ALL;
	if (!told)
		h->from = flights[h->message].from;
	return true;
}

static void
message_heard(struct client *c, const struct said *said, uint64_t now)
{
	struct judge_heard h = said->heard;
	struct flight *f;

	if (crowd.dialect->ack != ACK_ID &&
	    !complete_heard(c, &h, said->ev.from.s != NULL, now))
		return;
	judge_received(crowd.judge, c->index, &h);
	if (h.message >= nflights || flights[h.message].left == 0)
		return;
	f = &flights[h.message];
	talk.last_delivery = crowd.last_progress = now;
	hist_add(&talk.delivery, now - f->sent);
	if (--f->left == 0 && !by_ack)
		flight_landed(f);
}

static void
talk_heard(struct client *c, const struct said *said, uint64_t now)
{
	const struct wire *ev = &said->ev;
	unsigned long n = JUDGE_UNKNOWN;

	if (ev->kind == WIRE_MESSAGE) {
		message_heard(c, said, now);
	} else if (ev->kind == WIRE_ACK) {
		if (ev->ref.s != NULL)
			n = strtoul(ev->ref.s, NULL, 16);
		flight_acked(n > JUDGE_UNKNOWN ? JUDGE_UNKNOWN : (uint32_t)n,
		    ev->id, now);
	}
}

static void
message_send(struct client *c, uint64_t when)
{
	uint32_t n = judge_sent(crowd.judge, c->index, JUDGE_ALL);
	char text[BODY_MAX];

	if (n >= flights_size) {
		flights_size = flights_size == 0 ? 4096 : 2 * flights_size;
		flights = realloc(flights, flights_size * sizeof(*flights));
		if (flights == NULL)
			abort();
	}
	nflights = n + 1;
	body_write(text, crowd.run, n, crowd.size, false);
	crowd.dialect->message(&c->conn.out, text, crowd.size, n);
	flights[n] = (struct flight){ when, c->index,
		(uint32_t)crowd.clients - 1, false };
	c->in_flight++;
}

/* As many as the window of each allows. */
static void
send_windows(const struct talk_plan *p, uint64_t now)
{
	struct client *c;
	size_t i;

	for (i = 0; i < p->senders; i++) {
		c = &crowd.client[i];
		while (c->in_flight < p->window &&
		    (p->messages == 0 || nflights < p->messages))
			message_send(c, now);
		crowd_flush(c);
	}
}

/* When the next message is to be sent, whatever happens. */
static uint64_t
next_due(const struct talk_plan *p)
{
	return talk.start +
	    (uint64_t)((double)nflights / p->rate * (double)SECOND);
}

/* All whose time has come before the end; how long until the next one's. */
static uint64_t
send_due(const struct talk_plan *p, uint64_t now, uint64_t end)
{
	static uint32_t random = 1;
	struct client *c;
	uint64_t when;

	while ((when = next_due(p)) <= now && when < end) {
		random = random * 1664525u + 1013904223u;
		c = &crowd.client[(random >> 8) % p->senders];
		message_send(c, when);
		crowd_flush(c);
	}
	return when > now ? when - now : 0;
}

static bool
is_complete(void)
{
	return judge_unacked(crowd.judge) == 0 &&
	    judge_missing(crowd.judge) == 0;
}

void
talk_run(const struct talk_plan *p)
{
	uint64_t end = UINT64_MAX, now, wait;
	bool more = true;

	crowd.heard = talk_heard;
	by_ack = p->by_ack && crowd.dialect->ack == ACK_ID;
	/* With one sender its order is that of all. */
	if (crowd.dialect->ack != ACK_ID && p->senders > 1)
		judge_any_order(crowd.judge);
	talk.start = now = crowd.last_progress = clock_ns();
	if (p->messages <= 0)
		end = now + (uint64_t)(p->seconds * (double)SECOND);
	progress_begin(p->messages > 0 ? "messages" : "seconds",
	    p->messages > 0 ? (double)p->messages : p->seconds);
	while (!crowd_is_in_trouble()) {
		now = clock_ns();
		/* Who was kept from it owes what was due before the end. */
		more = (p->rate > 0 ? next_due(p) : now) < end &&
		    (p->messages <= 0 || nflights < p->messages);
		if (!more && is_complete())
			break;
		wait = STEP_MAX;
		if (more && p->rate > 0)
			wait = send_due(p, now, end);
		else if (more)
			send_windows(p, now);
		crowd_step(wait < STEP_MAX ? wait : STEP_MAX);
		progress_show(p->messages > 0
			? (double)talk.acked
			: (double)(now - talk.start) / (double)SECOND);
	}
	progress_end();
	judge_finish(crowd.judge);
}
