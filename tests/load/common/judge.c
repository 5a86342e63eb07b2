/*
 * The judge keeps one entry for each message, one bit for each recipient of
 * it, and the last id that each client has seen.  It never forgives: what it
 * has counted once stays counted.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "judge.h"

#define STORIES_MAX 20 /* violations told in full */
#define STORY_MAX   512

struct message {
	int64_t id; /* 0: not known yet */
	uint32_t from;
	uint32_t to;
	uint32_t connection; /* the sender's, when first sent */
	bool acked;
};

struct receipt {
	int64_t id;
	uint32_t connection;
};

struct start { /* of a connection */
	int64_t since;
	int64_t last_id;
};

struct client {
	int64_t last;
	uint32_t connections;
	struct start *starts;
	struct receipt *receipts; /* ascending unless a violation */
	size_t nreceipts;
};

struct judge {
	bool trace;
	bool fifo;
	bool any_order;
	size_t nclients;
	struct client *clients;
	uint32_t nmessages;
	struct message *messages;
	uint64_t *got;	 /* a bit for each message and client */
	size_t words;	 /* of `got` for each message */
	uint32_t *by_id; /* hash: message number + 1, 0 empty */
	size_t by_id_size;
	size_t nids;
	uint64_t missing, unacked, delivered, echoed;
	uint64_t count[JUDGE_KINDS];
	char stories[STORIES_MAX][STORY_MAX];
	size_t nstories;
};

static const char *const names[JUDGE_KINDS] = { "lost", "unacked", "doubled",
	"disorder", "foreign", "ghost", "damaged", "wrong", "id_reused",
	"id_changed", "echo", "overtaken" };

/* Room for one more in an array whose size grows by doubling. */
static void *
grown(void *array, size_t n, size_t size)
{
	if ((n & (n - 1)) != 0)
		return array;
	array = realloc(array, (n == 0 ? 1 : 2 * n) * size);
	if (array == NULL)
		abort();
	return array;
}

struct judge *
judge_new(size_t clients, bool trace, bool fifo)
{
	struct judge *j = calloc(1, sizeof(*j));

	if (j == NULL ||
	    (j->clients = calloc(clients, sizeof(*j->clients))) == NULL)
		abort();
	j->nclients = clients;
	j->words = (clients + 63) / 64;
	j->trace = trace;
	j->fifo = fifo;
	return j;
}

void
judge_any_order(struct judge *j)
{
	j->any_order = true;
}

void
judge_free(struct judge *j)
{
	size_t i;

	for (i = 0; i < j->nclients; i++) {
		free(j->clients[i].starts);
		free(j->clients[i].receipts);
	}
	free(j->clients);
	free(j->messages);
	free(j->got);
	free(j->by_id);
	free(j);
}

static void __attribute__((format(printf, 3, 4)))
violation(struct judge *j, enum judge_kind kind, const char *format, ...)
{
	char *story;
	va_list args;
	int n;

	j->count[kind]++;
	if (j->nstories == STORIES_MAX)
		return;
	story = j->stories[j->nstories++];
	n = snprintf(story, STORY_MAX, "%s: ", names[kind]);
	va_start(args, format);
	vsnprintf(story + n, (size_t)(STORY_MAX - n), format, args);
	va_end(args);
}

/* "message 12 (client 3 to all, id 77)" in a buffer of the caller's. */
#define TITLE_MAX 128
static const char *
title(const struct judge *j, uint32_t message, char out[TITLE_MAX])
{
	const struct message *m = &j->messages[message];
	char to[32] = "all";

	if (m->to != JUDGE_ALL)
		snprintf(to, sizeof(to), "client %u", m->to);
	snprintf(out, TITLE_MAX, "message %u (client %u to %s, id %" PRId64 ")",
	    message, m->from, to, m->id);
	return out;
}

static bool
has_got(const struct judge *j, uint32_t message, uint32_t client)
{
	return j->got[message * j->words + client / 64] >> (client % 64) & 1;
}

static bool
is_recipient(const struct message *m, uint32_t client)
{
	if (m->from == client)
		return false;
	return m->to == JUDGE_ALL || m->to == client;
}

void
judge_connected(
    struct judge *j, uint32_t client, int64_t since, int64_t last_id)
{
	struct client *c = &j->clients[client];

	assert(j->nmessages == 0 || c->connections > 0);
	c->starts = grown(c->starts, c->connections, sizeof(*c->starts));
	c->starts[c->connections++] = (struct start){ since, last_id };
	if (c->connections == 1)
		c->last = since > 0 ? since : last_id;
}

uint32_t
judge_sent(struct judge *j, uint32_t from, uint32_t to)
{
	uint32_t n = j->nmessages;

	j->messages = grown(j->messages, n, sizeof(*j->messages));
	j->got = grown(j->got, n, j->words * sizeof(*j->got));
	memset(j->got + n * j->words, 0, j->words * sizeof(*j->got));
	j->messages[n] = (struct message){ .from = from,
		.to = to,
		.connection = j->clients[from].connections };
	j->unacked++;
	return j->nmessages++;
}

static size_t
id_slot(const struct judge *j, int64_t id)
{
	size_t i = (size_t)((uint64_t)id * 0x9e3779b97f4a7c15ULL);

	i &= j->by_id_size - 1;
	while (j->by_id[i] != 0 && j->messages[j->by_id[i] - 1].id != id)
		i = (i + 1) & (j->by_id_size - 1);
	return i;
}

static void
ids_grow(struct judge *j)
{
	uint32_t *old = j->by_id;
	size_t i, size = j->by_id_size;

	if (2 * (j->nids + 1) < size)
		return;
	j->by_id_size = size == 0 ? 1024 : 2 * size;
	j->by_id = calloc(j->by_id_size, sizeof(*j->by_id));
	if (j->by_id == NULL)
		abort();
	for (i = 0; i < size; i++)
		if (old[i] != 0)
			j->by_id[id_slot(j, j->messages[old[i] - 1].id)] =
			    old[i];
	free(old);
}

/* The message is said to have this id: the first time it gets it. */
static void
learn_id(struct judge *j, uint32_t message, int64_t id, const char *how)
{
	struct message *m = &j->messages[message];
	char a[TITLE_MAX], b[TITLE_MAX];
	size_t slot;

	if (m->id == id)
		return;
	if (m->id != 0) {
		violation(j, JUDGE_ID_CHANGED, "%s %s with id %" PRId64,
		    title(j, message, a), how, id);
		return;
	}
	ids_grow(j);
	slot = id_slot(j, id);
	if (id <= 0 || j->by_id[slot] != 0) {
		violation(j, JUDGE_ID_REUSED, "%s %s with id %" PRId64 " of %s",
		    title(j, message, a), how, id,
		    id <= 0 ? "nothing" : title(j, j->by_id[slot] - 1, b));
		return;
	}
	m->id = id;
	j->by_id[slot] = message + 1;
	j->nids++;
}

void
judge_acked(struct judge *j, uint32_t message, int64_t id)
{
	struct message *m;
	uint32_t i;

	if (message >= j->nmessages) {
		violation(j, JUDGE_GHOST,
		    "ACK of id %" PRId64 " for a message that was never sent",
		    id);
		return;
	}
	learn_id(j, message, id, "is ACKed");
	m = &j->messages[message];
	if (m->acked)
		return;
	m->acked = true;
	j->unacked--;
	for (i = 0; i < j->nclients; i++)
		if (is_recipient(m, i) && !has_got(j, message, i))
			j->missing++;
}

/* Whether the message may be here at all. */
static bool
may_have(struct judge *j, uint32_t client, const struct judge_heard *h)
{
	const struct message *m = &j->messages[h->message];
	const struct client *c = &j->clients[client];
	char a[TITLE_MAX];

	if (!h->intact)
		violation(j, JUDGE_DAMAGED,
		    "%s has another text at client "
		    "%u",
		    title(j, h->message, a), client);
	if (h->from != m->from || h->to != m->to)
		violation(j, JUDGE_WRONG,
		    "%s has another from or to at "
		    "client %u",
		    title(j, h->message, a), client);
	if (m->from == client && c->connections <= m->connection)
		violation(j, JUDGE_ECHO,
		    "%s came back with id %" PRId64
		    " on the connection that sent it",
		    title(j, h->message, a), h->id);
	if (m->from == client || is_recipient(m, client))
		return true;
	violation(j, JUDGE_FOREIGN, "%s was shown to client %u",
	    title(j, h->message, a), client);
	return false;
}

static void
take(struct judge *j, uint32_t client, const struct judge_heard *h)
{
	struct message *m = &j->messages[h->message];
	struct client *c = &j->clients[client];

	learn_id(j, h->message, h->id, "is received");
	j->got[h->message * j->words + client / 64] |= 1ULL << (client % 64);
	if (m->from == client) {
		j->echoed++;
	} else {
		j->delivered++;
		if (m->acked)
			j->missing--;
	}
	if (j->trace) {
		c->receipts =
		    grown(c->receipts, c->nreceipts, sizeof(*c->receipts));
		c->receipts[c->nreceipts++] =
		    (struct receipt){ h->id, c->connections };
	}
}

void
judge_received(struct judge *j, uint32_t client, const struct judge_heard *h)
{
	struct client *c = &j->clients[client];
	char a[TITLE_MAX];

	if (h->message >= j->nmessages) {
		violation(j, JUDGE_GHOST,
		    "client %u got id %" PRId64 ", which nobody sent", client,
		    h->id);
		return;
	}
	if (!may_have(j, client, h))
		return;
	if (has_got(j, h->message, client)) {
		violation(j, JUDGE_DOUBLED,
		    "%s came again with id %" PRId64
		    " to client %u on its connection %u (since %" PRId64
		    "), which was at %" PRId64,
		    title(j, h->message, a), h->id, client, c->connections,
		    c->starts[c->connections - 1].since, c->last);
		return;
	}
	if (h->id <= c->last && !j->any_order)
		violation(j, JUDGE_DISORDER,
		    "%s came with id %" PRId64 " after %" PRId64
		    " to client %u on its connection %u",
		    title(j, h->message, a), h->id, c->last, client,
		    c->connections);
	else
		c->last = h->id;
	take(j, client, h);
}

/* Where the client's ids went past the lost one. */
static void
tell_lost(struct judge *j, uint32_t message, uint32_t client)
{
	const struct client *c = &j->clients[client];
	const struct message *m = &j->messages[message];
	struct receipt before = { 0, 1 }, after = { 0, c->connections };
	const struct start *s;
	char a[TITLE_MAX];
	size_t i;

	for (i = 0; i < c->nreceipts && after.id == 0; i++) {
		if (c->receipts[i].id < m->id)
			before = c->receipts[i];
		else
			after = c->receipts[i];
	}
	s = &c->starts[after.connection - 1];
	violation(j, JUDGE_LOST,
	    "%s never reached client %u: it got id %" PRId64
	    " on its connection %u and %" PRId64 " on %u (since %" PRId64
	    ", last_id %" PRId64 ") of %u",
	    title(j, message, a), client, before.id, before.connection,
	    after.id, after.connection, s->since, s->last_id, c->connections);
}

static void
check_fifo(struct judge *j)
{
	int64_t *last = calloc(j->nclients, sizeof(*last));
	const struct message *m;
	char a[TITLE_MAX];
	uint32_t i;

	if (last == NULL)
		abort();
	for (i = 0; i < j->nmessages; i++) {
		m = &j->messages[i];
		if (m->id == 0)
			continue;
		if (m->id < last[m->from])
			violation(j, JUDGE_OVERTAKEN,
			    "%s was sent after id %" PRId64, title(j, i, a),
			    last[m->from]);
		else
			last[m->from] = m->id;
	}
	free(last);
}

void
judge_finish(struct judge *j)
{
	const struct message *m;
	char a[TITLE_MAX];
	uint32_t i, client;

	for (i = 0; i < j->nmessages; i++) {
		m = &j->messages[i];
		if (!m->acked) {
			violation(
			    j, JUDGE_UNACKED, "%s has no ACK", title(j, i, a));
			continue;
		}
		for (client = 0; client < j->nclients; client++)
			if (is_recipient(m, client) && !has_got(j, i, client))
				tell_lost(j, i, client);
	}
	if (j->fifo)
		check_fifo(j);
}

uint64_t
judge_missing(const struct judge *j)
{
	return j->missing;
}

uint64_t
judge_unacked(const struct judge *j)
{
	return j->unacked;
}

uint64_t
judge_delivered(const struct judge *j)
{
	return j->delivered;
}

uint64_t
judge_echoed(const struct judge *j)
{
	return j->echoed;
}

uint64_t
judge_count(const struct judge *j, enum judge_kind kind)
{
	uint64_t sum = 0;
	int i;

	if (kind != JUDGE_KINDS)
		return j->count[kind];
	for (i = 0; i < JUDGE_KINDS; i++)
		sum += j->count[i];
	return sum;
}

const char *
judge_name(enum judge_kind kind)
{
	return names[kind];
}

void
judge_print(const struct judge *j, FILE *out)
{
	uint64_t all = judge_count(j, JUDGE_KINDS);
	size_t i;

	for (i = 0; i < j->nstories; i++)
		fprintf(out, "violation: %s\n", j->stories[i]);
	if (all > j->nstories)
		fprintf(out, "violation: and %" PRIu64 " more\n",
		    all - j->nstories);
}
