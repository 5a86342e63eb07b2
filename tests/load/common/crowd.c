/*
 * The crowd: every client of chat-load in one thread around one epoll loop,
 * each telling the judge what it receives.
 */
#include <sys/epoll.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "body.h"
#include "crowd.h"
#include "name.h"
#include "wire.h"

#define EVENTS_AT_ONCE 256
#define SAMPLE_EVERY   (500 * MILLISECOND)

struct client {
	struct conn conn;
	uint32_t index;
	enum { UNUSED, LOGIN, READY, GONE } state;
	uint64_t opened;
	unsigned in_flight;
};

struct flight { /* a message under way */
	uint64_t sent;
	uint32_t left; /* recipients that have not got it */
	bool acked;
};

struct crowd crowd;

static int epoll;
static uint32_t run;
static struct client *clients;
static struct flight *flights;
static size_t flights_size;
static uint64_t last_progress, next_sample;
static bool by_ack;

static void
trouble(const char *what, const char *detail, size_t n)
{
	if (crowd.errors++ < 10)
		fprintf(stderr, "chat-load: %s%s%.*s\n", what,
		    n > 0 ? ": " : "", (int)n, detail);
}

static void
client_lost(struct client *c, const char *why)
{
	if (c->state == GONE)
		return;
	trouble(why, "", 0);
	if (c->state == READY)
		crowd.ready--;
	c->state = GONE;
	crowd.gone++;
	conn_close(&c->conn, false);
}

static void
client_open(struct client *c)
{
	char line[128], name[NAME_LEN];

	c->state = LOGIN;
	c->opened = clock_ns();
	c->conn.epoll = epoll;
	c->conn.tag = c;
	if (!conn_open(&c->conn, &crowd.target, 0)) {
		client_lost(c, "cannot connect");
		return;
	}
	name_write(name, run, c->index);
	snprintf(line, sizeof(line),
	    "{\"command\":\"CONNECT\",\"username\":\"%s\"}\n", name);
	buf_add_str(&c->conn.out, line);
}

static void
client_connected(struct client *c, int64_t last_id, uint64_t now)
{
	c->state = READY;
	crowd.ready++;
	last_progress = now;
	hist_add(&crowd.login, now - c->opened);
	if (crowd.judge != NULL)
		judge_connected(crowd.judge, c->index, 0, last_id);
}

static void
flight_landed(const struct flight *f, uint32_t sender)
{
	if (f->acked && (by_ack || f->left == 0))
		clients[sender].in_flight--;
}

static void
client_heard(struct client *c, const struct wire *ev, uint64_t now)
{
	struct judge_heard h = { .id = ev->id };
	struct flight *f;

	h.message = body_number(ev->message.s, ev->message.n, run);
	h.from = name_client(ev->from.s, ev->from.n, run);
	h.to = JUDGE_ALL;
	if (!slice_is(ev->to, "all"))
		h.to = name_client(ev->to.s, ev->to.n, run);
	h.intact = body_is_intact(
	    ev->message.s, ev->message.n, run, h.message, crowd.size, false);
	judge_received(crowd.judge, c->index, &h);
	if (h.message >= flights_size || flights[h.message].left == 0)
		return;
	f = &flights[h.message];
	crowd.last_delivery = last_progress = now;
	hist_add(&crowd.delivery, now - f->sent);
	if (--f->left == 0 && !by_ack && h.from < crowd.clients)
		flight_landed(f, h.from);
}

static void
client_acked(struct client *c, const struct wire *ev, uint64_t now)
{
	unsigned long n = JUDGE_UNKNOWN;
	struct flight *f;

	if (ev->ref.s != NULL)
		n = strtoul(ev->ref.s, NULL, 16);
	judge_acked(crowd.judge,
	    n > JUDGE_UNKNOWN ? JUDGE_UNKNOWN : (uint32_t)n, ev->id);
	if (n >= flights_size || flights[n].sent == 0 || flights[n].acked)
		return;
	f = &flights[n];
	f->acked = true;
	crowd.acked++;
	crowd.last_ack = last_progress = now;
	hist_add(&crowd.ack, now - f->sent);
	flight_landed(f, c->index);
}

static void
client_line(struct client *c, const char *line, size_t n, uint64_t now)
{
	struct wire ev;

	crowd.lines++;
	if (!wire_scan(&ev, line, n) && !wire_parse(&ev, line, n)) {
		trouble("not an event", line, n);
		return;
	}
	if (ev.kind == WIRE_CONNECTED && c->state == LOGIN)
		client_connected(c, ev.last_id, now);
	else if (ev.kind == WIRE_MESSAGE && crowd.judge != NULL)
		client_heard(c, &ev, now);
	else if (ev.kind == WIRE_ACK && crowd.judge != NULL)
		client_acked(c, &ev, now);
	else if (ev.kind == WIRE_PING)
		buf_add_str(&c->conn.out, "{\"command\":\"PING\"}\n");
	else if (ev.kind == WIRE_ERROR)
		trouble("the server says", line, n);
	wire_free(&ev);
}

static void
client_event(struct client *c, uint32_t events)
{
	bool alive = conn_ready(&c->conn, events);
	uint64_t now = clock_ns();
	size_t n;
	char *line;

	if (crowd.first_byte) {
		if (c->state == LOGIN && buf_len(&c->conn.in.in) > 0)
			client_connected(c, 0, now);
		buf_reset(&c->conn.in.in, 0);
		c->conn.in.scanned = 0;
	}
	while ((line = conn_line(&c->conn, &n)) != NULL)
		client_line(c, line, n, now);
	if (!alive)
		client_lost(c, "a connection is lost");
}

void
crowd_step(int milliseconds)
{
	static struct epoll_event events[EVENTS_AT_ONCE];
	struct client *c;
	uint64_t now;
	size_t i;
	int n;

	n = epoll_wait(epoll, events, EVENTS_AT_ONCE, milliseconds);
	for (i = 0; n > 0 && i < (size_t)n; i++) {
		c = events[i].data.ptr;
		if (c->state == LOGIN || c->state == READY)
			client_event(c, events[i].events);
	}
	for (i = 0; i < crowd.clients; i++)
		if (buf_len(&clients[i].conn.out) > 0 &&
		    !conn_flush(&clients[i].conn))
			client_lost(&clients[i], "a connection is lost");
	now = clock_ns();
	if (now >= next_sample) {
		proc_sample(&crowd.filter);
		next_sample = now + SAMPLE_EVERY;
	}
}

static bool
is_stalled(void)
{
	if (clock_ns() - last_progress < (uint64_t)crowd.timeout * SECOND)
		return false;
	trouble("nothing came for too long", "", 0);
	return true;
}

double
crowd_login(bool close_at_once)
{
	uint64_t start = clock_ns();
	size_t opened = 0, open = 0, closed = 0, i;

	last_progress = start;
	while (crowd.ready + crowd.gone < crowd.clients && !is_stalled()) {
		open = opened - crowd.ready - crowd.gone;
		while (opened < crowd.clients && open++ < crowd.concurrency)
			client_open(&clients[opened++]);
		crowd_step(100);
		for (i = closed; close_at_once && i < opened; i++) {
			if (clients[i].state == READY)
				conn_close(&clients[i].conn, false);
			if (clients[i].state != LOGIN && i == closed)
				closed++;
		}
	}
	return (double)(clock_ns() - start) / (double)SECOND;
}

void
crowd_new(size_t n, bool judged)
{
	size_t i;

	run = name_run();
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll == -1)
		abort();
	crowd.clients = n;
	if (judged)
		crowd.judge = judge_new(n, false, true);
	clients = calloc(n, sizeof(*clients));
	if (clients == NULL)
		abort();
	for (i = 0; i < n; i++) {
		clients[i].index = (uint32_t)i;
		clients[i].conn.fd = -1;
	}
}

static void
message_send(struct client *c)
{
	uint32_t n = judge_sent(crowd.judge, c->index, JUDGE_ALL);
	char text[BODY_MAX], line[64];

	if (n >= flights_size) {
		flights_size = flights_size == 0 ? 4096 : 2 * flights_size;
		flights = realloc(flights, flights_size * sizeof(*flights));
		if (flights == NULL)
			abort();
		memset(flights + n, 0, (flights_size - n) * sizeof(*flights));
	}
	body_write(text, run, n, crowd.size, false);
	snprintf(line, sizeof(line), "\",\"ref\":\"%x\"}\n", n);
	buf_add_str(&c->conn.out,
	    "{\"command\":\"MESSAGE\",\"to\":\"all\",\"message\":\"");
	buf_add(&c->conn.out, text, crowd.size);
	buf_add_str(&c->conn.out, line);
	flights[n].sent = clock_ns();
	flights[n].left = (uint32_t)crowd.clients - 1;
	c->in_flight++;
}

uint64_t
crowd_talk(const struct crowd_talk *t)
{
	uint64_t start = clock_ns(), end = UINT64_MAX;
	long sent = 0, left = t->messages > 0 ? t->messages : 0;
	bool more = true;
	size_t i;

	if (t->messages <= 0)
		end = start + (uint64_t)(t->seconds * (double)SECOND);
	by_ack = t->by_ack;
	last_progress = start;
	while (crowd.errors == 0 && !is_stalled()) {
		if (clock_ns() >= end || (left > 0 && sent == left))
			more = false;
		if (!more && judge_unacked(crowd.judge) == 0 &&
		    judge_missing(crowd.judge) == 0)
			break;
		for (i = 0; more && i < t->senders; i++)
			while (clients[i].in_flight < t->window &&
			    (left == 0 || sent < left)) {
				message_send(&clients[i]);
				sent++;
			}
		for (i = 0; i < t->senders; i++)
			if (!conn_flush(&clients[i].conn))
				client_lost(
				    &clients[i], "a connection is lost");
		crowd_step(50);
	}
	return start;
}
