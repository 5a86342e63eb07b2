/*
 * The bucket of rate.h.
 */
#include "limit.h"
#include "rate.h"

#define UNIT 1000 /* in a tenth of a message: so many ms at a tenth a second */

static int64_t
full(const struct rate *r)
{
	return (int64_t)r->burst * RATE_MESSAGE * UNIT;
}

/* What has come in since the last look. */
static void
fill(struct rate *r, int64_t now)
{
	int64_t gain = (now - r->at) * r->rate * RATE_MESSAGE;

	/* After a long time the product means nothing, and it is full. */
	if (now - r->at > full(r))
		gain = full(r) - r->level;
	r->level += gain;
	if (r->level > full(r))
		r->level = full(r);
	r->at = now;
}

void
rate_init(struct rate *r, long rate, long burst, int64_t now)
{
	*r = (struct rate){ .rate = rate, .burst = burst, .at = now };
	r->level = full(r);
}

/* Milliseconds until the level is there. */
static int64_t
until(struct rate *r, int64_t level, int64_t now)
{
	int64_t each = (int64_t)r->rate * RATE_MESSAGE;

	if (r->rate == 0)
		return 0;
	fill(r, now);
	return r->level >= level ? 0 : (level - r->level + each - 1) / each;
}

int64_t
rate_wait(struct rate *r, int64_t now)
{
	return until(r, RATE_MESSAGE * UNIT, now);
}

int64_t
rate_afford(struct rate *r, int cost, int64_t now)
{
	int64_t level = (int64_t)cost * UNIT;

	return until(r, level < full(r) ? level : full(r), now);
}

void
rate_spend(struct rate *r, int cost, int64_t now)
{
	if (r->rate == 0)
		return;
	fill(r, now);
	r->level -= (int64_t)cost * UNIT;
	if (r->level < -full(r))
		r->level = -full(r);
}

bool
rate_waits(struct rate *r, int64_t now)
{
	r->waiting = true;
	if (r->flooded == 0)
		r->flooded = now;
	if (now - r->flooded < FLOOD_TIME)
		return false;
	r->flooded = now;
	return true;
}

void
rate_taken(struct rate *r)
{
	if (!r->waiting)
		r->flooded = 0;
	r->waiting = false;
}
