/*
 * Clients that never give up, for chat-chaos.  Whether what they see is right
 * is the judge's business; here only answers that fit no question are errors.
 */
#include <sys/epoll.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "body.h"
#include "clock.h"
#include "member.h"
#include "name.h"
#include "wire.h"

#define EVENTS_AT_ONCE 64
#define LOGIN_TIMEOUT  (20 * SECOND)
#define RETRY_MESSAGE  (100 * MILLISECOND)
#define ABANDONED_MAX  32
/* Small, but with room for several segments of loopback, or it crawls. */
#define SLOW_RCVBUF (256 * 1024)
#define RESUME_MAX  128

struct slot { /* a message that waits for its ACK */
	bool used;
	bool sent;  /* on this connection */
	bool again; /* has its ACK, wants it once more */
	uint32_t number;
	uint32_t to;
	uint64_t retry; /* not before */
};

struct member {
	struct conn conn;
	uint32_t index;
	enum { WAITING, LOGIN, READY } state;
	bool known; /* was connected once */
	bool paused;
	char resume[RESUME_MAX];
	int64_t since;
	uint64_t when;	  /* to connect, or login is late */
	uint64_t failing; /* since when it has no login */
	uint64_t next_send;
	uint32_t begun; /* messages */
	struct slot slots[WINDOW_MAX];
};

struct members members;

static int epoll;
static uint32_t run;
static struct member *all;
static int abandoned[ABANDONED_MAX];
static size_t nabandoned;

static void
error(const struct member *m, const char *what, const char *detail, size_t n)
{
	if (members.errors++ < 10)
		fprintf(stderr, "error: client %u: %s%s%.*s\n", m->index, what,
		    n > 0 ? ": " : "", (int)n, detail);
}

static void
trouble(const char *what, size_t n)
{
	struct trouble *t = members.troubles;
	struct trouble *end = t + TROUBLES_MAX - 1;

	while (t < end && t->count > 0 &&
	    (strlen(t->what) != n || memcmp(t->what, what, n) != 0))
		t++;
	if (t->count++ == 0 && n < sizeof(t->what))
		memcpy(t->what, what, n);
}

static bool
chance(unsigned percent)
{
	return (unsigned)(random() % 100) < percent;
}

/* Sizes differ: mostly short ones, now and then a long one. */
static size_t
body_size(uint32_t number)
{
	if (number % 64 == 63)
		return 1000 + number % 1000;
	return 30 + number % 120;
}

static void
member_lose(struct member *m, const char *why, uint64_t wait)
{
	uint64_t now = clock_ns();
	size_t i;

	trouble(why, strlen(why));
	if (m->state == READY) {
		members.ready--;
		m->failing = now;
	}
	conn_close(&m->conn, false);
	m->state = WAITING;
	m->paused = false;
	m->when = now + wait + (uint64_t)(random() % 60 + 20) * MILLISECOND;
	for (i = 0; i < WINDOW_MAX; i++) {
		m->slots[i].sent = false;
		m->slots[i].retry = 0;
	}
}

static void
member_connect(struct member *m)
{
	char line[320], name[NAME_LEN], since[32] = "";
	int rcvbuf = 0;

	if (m->index >= members.count - members.slow)
		rcvbuf = SLOW_RCVBUF;
	m->conn.epoll = epoll;
	m->conn.tag = m;
	if (!conn_open(&m->conn, &members.target, rcvbuf)) {
		member_lose(m, "refused", 0);
		return;
	}
	m->state = LOGIN;
	m->when = clock_ns() + LOGIN_TIMEOUT;
	if (m->known)
		snprintf(since, sizeof(since), ",\"since\":%lld",
		    (long long)m->since);
	name_write(name, run, m->index);
	snprintf(line, sizeof(line),
	    "{\"command\":\"CONNECT\","
	    "\"username\":\"%s\"%s%s%s%s}\n",
	    name, since, m->known ? ",\"resume\":\"" : "", m->resume,
	    m->known ? "\"" : "");
	buf_add_str(&m->conn.out, line);
}

static void
member_connected(
    struct member *m, const struct wire *ev, const char *line, size_t n)
{
	if (m->state != LOGIN || ev->resume.n >= RESUME_MAX ||
	    ev->resume.n == 0 || ev->reset) {
		error(m, "strange CONNECTED", line, n);
		return;
	}
	memcpy(m->resume, ev->resume.s, ev->resume.n);
	m->resume[ev->resume.n] = '\0';
	judge_connected(
	    members.judge, m->index, m->known ? m->since : 0, ev->last_id);
	if (!m->known)
		m->since = ev->last_id;
	m->known = true;
	m->state = READY;
	members.ready++;
	members.logins++;
}

static void
member_message(struct member *m, const struct wire *ev)
{
	struct judge_heard h = { .id = ev->id };

	h.message = body_number(ev->message.s, ev->message.n, run);
	h.from = name_client(ev->from.s, ev->from.n, run);
	h.to = JUDGE_ALL;
	if (!slice_is(ev->to, "all"))
		h.to = name_client(ev->to.s, ev->to.n, run);
	h.intact = body_is_intact(ev->message.s, ev->message.n, run, h.message,
	    body_size(h.message), true);
	judge_received(members.judge, m->index, &h);
	m->since = ev->id;
}

/* The slot whose message an answer is about, NULL: none. */
static struct slot *
member_slot(struct member *m, struct slice ref)
{
	uint32_t number = body_ref_number(ref.s, ref.n, run);
	struct slot *s;

	if (number == BODY_UNKNOWN)
		return NULL;
	for (s = m->slots; s < m->slots + members.window; s++)
		if (s->used && s->sent && s->number == number)
			return s;
	return NULL;
}

static void
member_acked(
    struct member *m, const struct wire *ev, const char *line, size_t n)
{
	struct slot *s = member_slot(m, ev->ref);

	if (s == NULL) {
		error(m, "an ACK for nothing", line, n);
		return;
	}
	judge_acked(members.judge, s->number, ev->id);
	if (!s->again)
		members.acked++;
	if (!s->again && chance(members.again_share)) {
		members.again++;
		s->again = true;
		s->sent = false;
		s->retry = 0;
	} else {
		s->used = false;
	}
}

/* What a crash may bring; anything else is an error. */
static bool
is_excused(struct slice code)
{
	static const char *const codes[] = { "UNAVAILABLE", "SHUTDOWN",
		"REPLACED", "USERNAME_TAKEN", "NO_SUCH_USER", "RATE_LIMITED",
		"SERVER_FULL", "TIMEOUT" };
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (slice_is(code, codes[i]))
			return true;
	return false;
}

static void
member_refused(
    struct member *m, const struct wire *ev, const char *line, size_t n)
{
	struct slot *s = member_slot(m, ev->ref);
	uint64_t wait = (uint64_t)(ev->retry_after * (double)SECOND);
	char code[32];

	if (!is_excused(ev->code)) {
		error(m, "the server says", line, n);
		return;
	}
	if (s != NULL) {
		trouble(ev->code.s, ev->code.n);
		s->sent = false;
		s->retry = clock_ns() + (wait > 0 ? wait : RETRY_MESSAGE);
		return;
	}
	/* The event, and what its code points to, end with the connection. */
	snprintf(code, sizeof(code), "%.*s", (int)ev->code.n, ev->code.s);
	if (m->known && slice_is(ev->code, "USERNAME_TAKEN"))
		snprintf(code, sizeof(code), "resume_refused");
	member_lose(m, code, wait);
}

static void
member_line(struct member *m, const char *line, size_t n)
{
	struct wire ev;

	if (!wire_parse(&ev, line, n)) {
		error(m, "not an event", line, n);
		return;
	}
	if (ev.kind == WIRE_CONNECTED)
		member_connected(m, &ev, line, n);
	else if (ev.kind == WIRE_MESSAGE)
		member_message(m, &ev);
	else if (ev.kind == WIRE_ACK)
		member_acked(m, &ev, line, n);
	else if (ev.kind == WIRE_ERROR)
		member_refused(m, &ev, line, n);
	else if (ev.kind == WIRE_PING)
		buf_add_str(&m->conn.out, "{\"command\":\"PING\"}\n");
	wire_free(&ev);
}

static void
member_event(struct member *m, uint32_t events)
{
	bool connecting = m->conn.connecting;
	bool alive = conn_ready(&m->conn, events);
	size_t n;
	char *line;

	while ((line = conn_line(&m->conn, &n)) != NULL)
		member_line(m, line, n);
	if (!alive && m->conn.fd != -1)
		member_lose(m, connecting ? "refused" : "connection_lost", 0);
}

static void
slot_send(struct member *m, struct slot *s)
{
	struct buf *out = &m->conn.out;
	char text[BODY_MAX], to[NAME_LEN] = "all", tail[64];
	size_t size = body_size(s->number);

	if (s->to != JUDGE_ALL)
		name_write(to, run, s->to);
	body_write(text, run, s->number, size, true);
	snprintf(
	    tail, sizeof(tail), ",\"ref\":\"%08x-%08x\"}\n", run, s->number);
	buf_add_str(out, "{\"command\":\"MESSAGE\",\"to\":\"");
	buf_add_str(out, to);
	buf_add_str(out, "\",\"message\":");
	buf_add_json(out, text, size);
	buf_add_str(out, tail);
	s->sent = true;
}

static void
slot_begin(struct member *m, struct slot *s)
{
	memset(s, 0, sizeof(*s));
	s->used = true;
	s->to = JUDGE_ALL;
	if (members.count > 1 && chance(members.private_share)) {
		s->to = (uint32_t)random() % (uint32_t)(members.count - 1);
		if (s->to >= m->index)
			s->to++;
	}
	s->number = judge_sent(members.judge, m->index, s->to);
	m->begun++;
	members.sent++;
}

static bool
may_begin(struct member *m, uint64_t now)
{
	if (!members.sending || now < m->next_send ||
	    (members.limit > 0 && m->begun >= members.limit))
		return false;
	if (members.rate > 0) {
		if (m->next_send + SECOND < now)
			m->next_send = now;
		m->next_send += (uint64_t)((double)SECOND / members.rate);
	}
	return true;
}

static void
member_talk(struct member *m, uint64_t now)
{
	struct slot *s;

	for (s = m->slots; s < m->slots + members.window; s++) {
		if (!s->used && may_begin(m, now))
			slot_begin(m, s);
		if (s->used && !s->sent && s->retry <= now)
			slot_send(m, s);
	}
	if (m->begun < members.limit || members.limit == 0)
		members.done = false;
}

static void
member_tick(struct member *m, uint64_t now)
{
	if (m->state == WAITING && m->when <= now)
		member_connect(m);
	else if (m->state == LOGIN && m->when <= now)
		member_lose(m, "login_timeout", 0);
	if (m->state == READY && m->index < members.senders && !m->paused)
		member_talk(m, now);
	else if (m->index < members.senders &&
	    (members.limit == 0 || m->begun < members.limit))
		members.done = false;
	if (m->state != READY &&
	    now > m->failing + (uint64_t)members.patience * SECOND) {
		error(m, "could not log in for too long", "", 0);
		m->failing = now;
	}
	if (!m->paused && buf_len(&m->conn.out) > 0 && !conn_flush(&m->conn))
		member_lose(m, "connection_lost", 0);
}

void
members_new(void)
{
	size_t i;

	run = name_run();
	epoll = epoll_create1(EPOLL_CLOEXEC);
	all = calloc(members.count, sizeof(*all));
	if (epoll == -1 || all == NULL)
		abort();
	members.judge = judge_new(members.count, true, false);
	for (i = 0; i < members.count; i++) {
		all[i].index = (uint32_t)i;
		all[i].conn.fd = -1;
		all[i].failing = clock_ns();
	}
}

void
members_step(int milliseconds)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	struct member *m;
	uint64_t now;
	size_t i;
	int n, k;

	n = epoll_wait(epoll, events, EVENTS_AT_ONCE, milliseconds);
	for (k = 0; k < n; k++) {
		m = events[k].data.ptr;
		if (m->conn.fd != -1)
			member_event(m, events[k].events);
	}
	now = clock_ns();
	members.done = true;
	for (i = 0; i < members.count; i++)
		member_tick(&all[i], now);
}

bool
members_are_quiet(void)
{
	size_t i, k;

	if (members.ready < members.count)
		return false;
	for (i = 0; i < members.senders; i++)
		for (k = 0; k < members.window; k++)
			if (all[i].slots[k].used)
				return false;
	return judge_missing(members.judge) == 0;
}

void
members_pause(bool pause)
{
	size_t i;

	for (i = members.count - members.slow; i < members.count; i++) {
		if (all[i].state != READY)
			continue;
		all[i].paused = pause;
		conn_pause(&all[i].conn, pause);
	}
}

void
member_drop(size_t index, enum member_drop how)
{
	struct member *m = &all[index];
	int *place = &abandoned[nabandoned % ABANDONED_MAX];

	if (m->state != READY || m->paused)
		return;
	if (how == DROP_ABANDON) {
		if (nabandoned++ >= ABANDONED_MAX)
			close(*place);
		/* The copy keeps it open, so epoll has to forget it first. */
		conn_pause(&m->conn, true);
		*place = dup(m->conn.fd);
	}
	conn_close(&m->conn, how == DROP_RESET);
	member_lose(m, "own_drop", 0);
}
