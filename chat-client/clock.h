/*
 * The two clocks, in ms: one for waits that never jumps, one for dates.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

int64_t clock_now(void);
int64_t clock_date(void);

#endif
