/*
 * The counts of limits.h.  What fades with time is kept as the time when it
 * will have faded (as in ATM's generic cell rate algorithm): no clock has to
 * count anything down.
 */
#include <stdlib.h>
#include <string.h>

#include "limits.h"
#include "penalty.h"

#define CHAINS 16384	   /* of the table of sources; a power of two */
#define MINUTE (60 * 1000) /* ms */

void
limits_init(struct limits *l, const struct limits_options *options)
{
	*l = (struct limits){ .options = *options };
	l->sources = calloc(SOURCES_MAX, sizeof(*l->sources));
	l->chains = calloc(CHAINS, sizeof(struct limits_source *));
	if (l->sources == NULL || l->chains == NULL)
		abort();
}

void
limits_free(struct limits *l)
{
	free(l->sources);
	free(l->chains);
	*l = (struct limits){ .connections = 0 };
}

/* ---- the table ---- */

/* Nobody who does not know the seed can fill one chain. */
static struct limits_source **
chain(struct limits *l, const struct net_addr *a)
{
	uint64_t words[2], h = l->options.seed;
	int i;

	memcpy(words, a->bytes, sizeof(words));
	for (i = 0; i < 2; i++) {
		h = (h ^ words[i]) * 0x9e3779b97f4a7c15u;
		h ^= h >> 29;
		h = (h + l->options.seed) * 0xbf58476d1ce4e5b9u;
		h ^= h >> 32;
	}
	return &l->chains[h & (CHAINS - 1)];
}

static void
idle_add(struct limits *l, struct limits_source *s)
{
	s->newer = NULL;
	s->older = l->newest;
	if (l->newest != NULL)
		l->newest->newer = s;
	else
		l->oldest = s;
	l->newest = s;
}

static void
idle_take(struct limits *l, struct limits_source *s)
{
	*(s->older != NULL ? &s->older->newer : &l->oldest) = s->newer;
	*(s->newer != NULL ? &s->newer->older : &l->newest) = s->older;
	s->older = s->newer = NULL;
}

/* An unused place: a new one, or that of the source heard of least lately. */
static struct limits_source *
place(struct limits *l)
{
	struct limits_source *s = l->oldest, **p;

	if (l->used < SOURCES_MAX)
		return &l->sources[l->used++];
	if (s == NULL)
		return NULL;
	idle_take(l, s);
	for (p = chain(l, &s->addr); *p != s; p = &(*p)->next)
		;
	*p = s->next;
	return s;
}

/* The address's source, not among the idle ones; NULL when there is no room. */
static struct limits_source *
source_take(struct limits *l, const struct net_addr *address)
{
	struct net net = net_source(address);
	struct limits_source **first = chain(l, &net.addr), *s;

	for (s = *first; s != NULL; s = s->next) {
		if (memcmp(&s->addr, &net.addr, sizeof(s->addr)) != 0)
			continue;
		if (s->connections == 0)
			idle_take(l, s);
		return s;
	}
	if ((s = place(l)) == NULL)
		return NULL;
	*s = (struct limits_source){ .addr = net.addr, .next = *first };
	*first = s;
	return s;
}

/* ---- what fades ---- */

/* How many of `each` ms lie between now and then, begun ones as well. */
static int64_t
left(int64_t then, int64_t each, int64_t now)
{
	return then <= now ? 0 : (then - now + each - 1) / each;
}

static void
add(int64_t *then, int64_t each, int64_t now)
{
	if (*then < now)
		*then = now;
	*then += each;
}

/* One more connection of a minute.  Twice the rate is beyond patience. */
static enum limits_verdict
rate_judge(
    struct limits *l, struct limits_source *s, int64_t now, int64_t *wait)
{
	long rate = l->options.source_rate;

	if (rate == 0)
		return LIMITS_OK;
	add(&s->rate, MINUTE / rate, now);
	if (s->rate - now <= MINUTE)
		return LIMITS_OK;
	*wait = s->rate - now - MINUTE;
	if (*wait <= MINUTE || l->options.login_failures == 0) {
		if (*wait > MINUTE)
			s->rate = now + 2 * MINUTE;
		return LIMITS_OFTEN;
	}
	s->rate = now;
	return LIMITS_BLOCK;
}

/* ---- the verdicts ---- */

bool
limits_nearly_full(const struct limits *l)
{
	return (int64_t)l->connections * 100 >=
	    (int64_t)l->options.max_connections * NEARLY_FULL;
}

/* Without being counted yet. */
static enum limits_verdict
judge(struct limits *l, struct limits_source *s, int64_t now, int64_t *wait)
{
	long many = l->options.source_connections;
	enum limits_verdict verdict = LIMITS_OK;

	if (s != NULL)
		verdict = rate_judge(l, s, now, wait);
	if (verdict != LIMITS_OK)
		return verdict;
	if (l->connections >= (unsigned long)l->options.max_connections)
		return LIMITS_FULL;
	if (s != NULL && many != 0 && s->connections >= (unsigned long)many)
		return LIMITS_MANY;
	*wait = s != NULL && s->wait > now ? s->wait - now : 0;
	return LIMITS_OK;
}

struct limits_answer
limits_enter(
    struct limits *l, const struct net_addr *address, bool again, int64_t now)
{
	struct limits_answer a = { .verdict = LIMITS_OK };

	if (address != NULL && !net_list_has(&l->options.trusted, address))
		a.source = source_take(l, address);
	if (!again)
		a.verdict = judge(l, a.source, now, &a.wait);
	if (a.verdict == LIMITS_OK) {
		l->connections++;
		if (a.source != NULL)
			a.source->connections++;
		a.nearly_full = limits_nearly_full(l);
		return a;
	}
	if (a.source != NULL && a.source->connections == 0)
		idle_add(l, a.source);
	a.source = NULL;
	return a;
}

void
limits_leave(struct limits *l, struct limits_source *s)
{
	l->connections--;
	if (s != NULL && --s->connections == 0)
		idle_add(l, s);
}

static struct limits_answer
offence(struct limits *l, struct limits_source *s, int64_t now)
{
	struct limits_answer a = { .verdict = LIMITS_OK };
	int64_t count;

	add(&s->offences, LOGIN_FORGET, now);
	count = left(s->offences, LOGIN_FORGET, now);
	a.wait = penalty_delay(count);
	s->wait = now + a.wait;
	if (l->options.login_failures != 0 &&
	    count >= l->options.login_failures) {
		a.verdict = LIMITS_BLOCK;
		s->offences = s->wait = now;
	}
	return a;
}

static bool
is_remembered(const struct limits_source *s, uint64_t print)
{
	unsigned i,
	    n = s->nprints < LOGIN_REMEMBERED ? s->nprints : LOGIN_REMEMBERED;

	for (i = 0; i < n; i++)
		if (s->prints[i] == print)
			return true;
	return false;
}

struct limits_answer
limits_login(
    struct limits *l, struct limits_source *s, uint64_t print, int64_t now)
{
	if (s == NULL)
		return (struct limits_answer){ .verdict = LIMITS_OK };
	if (is_remembered(s, print))
		return (struct limits_answer){ .verdict = LIMITS_OK,
			.wait = penalty_delay(1) };
	s->prints[s->nprints++ % LOGIN_REMEMBERED] = print;
	return offence(l, s, now);
}

struct limits_answer
limits_offence(struct limits *l, struct limits_source *s, int64_t now)
{
	if (s == NULL)
		return (struct limits_answer){ .verdict = LIMITS_OK };
	return offence(l, s, now);
}
