/*
 * A monotonic clock and a log-linear histogram: below HIST_STEPS nanoseconds
 * every value has its bucket, above that each power of two has HIST_STEPS / 2.
 */
#include <stdio.h>
#include <time.h>

#include "clock.h"

uint64_t
clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

/* The power of two to divide by, so that the quotient fits one row. */
static unsigned
hist_shift(uint64_t ns)
{
	if (ns < HIST_STEPS)
		return 0;
	return 63 - (unsigned)__builtin_clzll(ns) - 6;
}

void
hist_add(struct hist *h, uint64_t ns)
{
	unsigned shift = hist_shift(ns);

	h->count[shift * HIST_STEPS + (ns >> shift)]++;
	h->n++;
	if (ns > h->worst)
		h->worst = ns;
}

void
hist_join(struct hist *h, const struct hist *other)
{
	size_t i;

	for (i = 0; i < HIST_SIZE; i++)
		h->count[i] += other->count[i];
	h->n += other->n;
	if (other->worst > h->worst)
		h->worst = other->worst;
}

/* The shortest duration of a bucket, in milliseconds. */
static double
bucket_ms(size_t i)
{
	return (double)((uint64_t)(i % HIST_STEPS) << (i / HIST_STEPS)) /
	    (double)MILLISECOND;
}

double
hist_ms(const struct hist *h, double share)
{
	double wanted = share * (double)h->n, sum = 0;
	size_t i;

	for (i = 0; i < HIST_SIZE; i++) {
		sum += (double)h->count[i];
		if (h->count[i] > 0 && sum >= wanted)
			return bucket_ms(i);
	}
	return 0;
}

uint64_t
hist_below(const struct hist *h, double ms)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < HIST_SIZE; i++)
		if (h->count[i] > 0 && bucket_ms(i) < ms)
			sum += h->count[i];
	return sum;
}

void
hist_print(const struct hist *h, const char *name)
{
	printf("%s_p50_ms=%.3f\n", name, hist_ms(h, 0.50));
	printf("%s_p99_ms=%.3f\n", name, hist_ms(h, 0.99));
	printf("%s_p99.9_ms=%.3f\n", name, hist_ms(h, 0.999));
	printf(
	    "%s_worst_ms=%.3f\n", name, (double)h->worst / (double)MILLISECOND);
}
