/*
 * How long to wait before connecting again.  Pure.
 */
#ifndef BACKOFF_H
#define BACKOFF_H

#include <stdint.h>

/*
 * Milliseconds to wait after that many failures in a row (0: the first): from
 * 1 s, doubling up to 60 s, with up to half of it left to chance, so that the
 * clients of a restarted server do not come back all at once.
 */
int64_t backoff_delay(unsigned int failures, uint32_t chance);

#endif
