/*
 * Time and its distribution, for the load programs: a monotonic clock and a
 * histogram of durations with an error below 1 %.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define SECOND	    1000000000ULL
#define MILLISECOND 1000000ULL

#define HIST_STEPS 128 /* buckets for each power of two */
#define HIST_SIZE  ((64 - 6) * HIST_STEPS)

struct hist {
	uint64_t n;
	uint64_t worst; /* nanoseconds */
	uint64_t count[HIST_SIZE];
};

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t clock_ns(void);

void hist_add(struct hist *, uint64_t ns);
/* Add all of the second to the first. */
void hist_join(struct hist *, const struct hist *);
/* The duration in milliseconds that a share (0..1) of them does not exceed. */
double hist_ms(const struct hist *, double share);
/* How many were shorter than so many milliseconds. */
uint64_t hist_below(const struct hist *, double ms);
/* Print NAME_p50_ms=, _p99_ms=, _p99.9_ms= and _worst_ms=, a line each. */
void hist_print(const struct hist *, const char *name);

#endif
