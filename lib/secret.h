/*
 * Secrets that a machine keeps for a person: made at random, written in
 * hexadecimal digits, and stored as their SHA-256 only.
 */
#ifndef SECRET_H
#define SECRET_H

#include <stddef.h>

#define SECRET_HASH_LEN 32

/* Fill in so many random digits (an even number) and a NUL. */
void secret_make(char *digits, size_t n);

/* SHA-256 of the string. */
void secret_hash(unsigned char out[SECRET_HASH_LEN], const char *secret);

#endif
