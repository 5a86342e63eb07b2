/*
 * Waiting for a word of shared memory to change, futex(2).  Whoever changes it
 * wakes; who waits looks again by itself, since that one may die.
 */
#ifndef FUTEX_H
#define FUTEX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* While it has this value and nobody wakes us; false after so many ms. */
bool futex_wait(_Atomic uint32_t *, uint32_t value, long ms);
void futex_wake(_Atomic uint32_t *, int most);

#endif
