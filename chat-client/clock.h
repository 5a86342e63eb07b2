/*
 * The two clocks, in ms: one for waits that never jumps, one for dates; and
 * how long to wait.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

int64_t clock_now(void);
int64_t clock_date(void);

/* The earlier of two times, of which -1 is none. */
int64_t clock_earlier(int64_t a, int64_t b);
/* How long poll(2) may wait for it: a minute at most; for none, for ever. */
int clock_wait(int64_t at, int64_t now);

#endif
