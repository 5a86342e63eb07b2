/*
 * The crowd: every client of chat-load in one thread around one epoll loop.
 */
#include <sys/epoll.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "advice.h"
#include "crowd.h"
#include "name.h"
#include "progress.h"
#include "wire.h"

#define EVENTS_AT_ONCE 256
#define SAMPLE_EVERY   (500 * MILLISECOND)
#define TROUBLES_SHOWN 10

struct crowd crowd;

static int epoll;
static uint64_t next_sample;

void
crowd_trouble(const char *what, const char *detail, size_t n)
{
	if (crowd.errors++ >= TROUBLES_SHOWN)
		return;
	progress_end();
	fprintf(stderr, "chat-load: %s%s%.*s\n", what, n > 0 ? ": " : "",
	    (int)n, detail);
}

bool
crowd_is_in_trouble(void)
{
	if (crowd.errors > 0 || crowd.refused > 0)
		return true;
	if (clock_ns() - crowd.last_progress < (uint64_t)crowd.timeout * SECOND)
		return false;
	crowd_trouble("nothing came for too long", "", 0);
	return true;
}

/* The connection is over; why is known from where it was. */
static void
client_lost(struct client *c)
{
	bool silent = c->state == LOGIN && buf_len(&c->conn.in.in) == 0;

	if (c->state == GONE)
		return;
	if (crowd.refused == 0 && silent) {
		progress_end();
		advice_connect(crowd.server, c->conn.error, c->conn.connecting);
		crowd.refused++;
	} else if (crowd.refused == 0) {
		crowd_trouble("a connection is lost", "", 0);
	}
	if (c->state == READY)
		crowd.ready--;
	c->state = GONE;
	crowd.gone++;
	conn_close(&c->conn, false);
}

void
crowd_flush(struct client *c)
{
	if (buf_len(&c->conn.out) > 0 && !conn_flush(&c->conn))
		client_lost(c);
}

static void
client_open(struct client *c)
{
	char name[NAME_LEN];

	c->state = LOGIN;
	c->opened = clock_ns();
	c->conn.epoll = epoll;
	c->conn.tag = c;
	if (!conn_open(&c->conn, &crowd.target, 0)) {
		c->conn.connecting = true;
		client_lost(c);
		return;
	}
	name_write(name, crowd.run, c->index);
	crowd.dialect->greet(&c->conn.out, name, crowd.room);
}

static void
client_connected(struct client *c, int64_t last_id, uint64_t now)
{
	c->state = READY;
	crowd.ready++;
	crowd.last_progress = now;
	hist_add(&crowd.login, now - c->opened);
	if (crowd.judge != NULL)
		judge_connected(crowd.judge, c->index, 0, last_id);
}

/* What the server's settings forbid is no fault, and has a remedy. */
static void
client_refused(const struct wire *ev, const char *line, size_t n)
{
	const char *advice = advice_code(ev->code.s, ev->code.n);

	if (advice == NULL) {
		crowd_trouble("the server says", line, n);
		return;
	}
	if (crowd.refused++ > 0)
		return;
	progress_end();
	fprintf(stderr, "chat-load: the server says: %.*s\nchat-load: %s\n",
	    (int)n, line, advice);
}

static void
client_line(struct client *c, char *line, size_t n, uint64_t now)
{
	const struct said *said = said_read(line, n, &c->conn.out);

	crowd.lines++;
	if (said == NULL)
		crowd_trouble("not an event", line, n);
	else if (said->ev.kind == WIRE_CONNECTED && c->state == LOGIN)
		client_connected(c, said->ev.last_id, now);
	else if (said->ev.kind == WIRE_ERROR)
		client_refused(&said->ev, line, n);
	else if (crowd.heard != NULL)
		crowd.heard(c, said, now);
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
	while ((line = crowd.dialect->next(&c->conn, &n)) != NULL)
		client_line(c, line, n, now);
	if (!alive)
		client_lost(c);
	else
		crowd_flush(c);
}

void
crowd_step(uint64_t nanoseconds)
{
	static struct epoll_event events[EVENTS_AT_ONCE];
	struct timespec wait = { (time_t)(nanoseconds / SECOND),
		(long)(nanoseconds % SECOND) };
	struct client *c;
	uint64_t now;
	int n, i;

	n = epoll_pwait2(epoll, events, EVENTS_AT_ONCE, &wait, NULL);
	for (i = 0; i < n; i++) {
		c = events[i].data.ptr;
		if (c->state == LOGIN || c->state == READY)
			client_event(c, events[i].events);
	}
	if (!crowd.sampling || (now = clock_ns()) < next_sample)
		return;
	proc_sample(&crowd.filter);
	next_sample = now + SAMPLE_EVERY;
}

/* Close those that have logged in; returns up to where all are done with. */
static size_t
close_ready(size_t closed, size_t opened)
{
	size_t i;

	for (i = closed; i < opened; i++) {
		if (crowd.client[i].state == READY)
			conn_close(&crowd.client[i].conn, false);
		if (crowd.client[i].state != LOGIN && i == closed)
			closed++;
	}
	return closed;
}

double
crowd_login(bool close_at_once)
{
	uint64_t start = clock_ns();
	size_t opened = 0, open = 0, closed = 0;

	crowd.last_progress = start;
	progress_begin("logging in", (double)crowd.clients);
	while (crowd.ready + crowd.gone < crowd.clients &&
	    !crowd_is_in_trouble()) {
		open = opened - crowd.ready - crowd.gone;
		while (opened < crowd.clients && open++ < crowd.concurrency)
			client_open(&crowd.client[opened++]);
		crowd_step(100 * MILLISECOND);
		if (close_at_once)
			closed = close_ready(closed, opened);
		progress_show((double)crowd.ready);
	}
	progress_end();
	return (double)(clock_ns() - start) / (double)SECOND;
}

void
crowd_new(size_t n, bool judged)
{
	size_t i;

	crowd.run = name_run();
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll == -1)
		abort();
	crowd.clients = n;
	if (judged)
		crowd.judge = judge_new(n, false, true);
	crowd.client = calloc(n, sizeof(*crowd.client));
	if (crowd.client == NULL)
		abort();
	for (i = 0; i < n; i++) {
		crowd.client[i].index = (uint32_t)i;
		crowd.client[i].conn.fd = -1;
	}
}
