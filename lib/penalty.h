/*
 * What a session and the relay say and do alike to those who are kept out or
 * have to wait.  Pure.
 */
#ifndef PENALTY_H
#define PENALTY_H

#include <stddef.h>
#include <stdint.h>

/* Milliseconds to wait after so many wrong passwords (1: the first). */
int64_t penalty_delay(int64_t failures);

/*
 * "WHAT is blocked until TIME: REASON", for the one who is.  until is in ms
 * since 1970, 0 for good; a longer reason is cut at BLOCK_REASON_MAX bytes, and
 * at a whole character.
 */
void penalty_sentence(char *out, size_t size, const char *what, int64_t until,
    const char *reason);

#endif
