/*
 * The clock for waits and durations: CLOCK_MONOTONIC, which nobody sets
 * (clock_gettime(2)).  Dates are store_now()'s.
 */
#ifndef MONOTONIC_H
#define MONOTONIC_H

#include <stdint.h>

int64_t monotonic_ms(void);
int64_t monotonic_us(void);

#endif
