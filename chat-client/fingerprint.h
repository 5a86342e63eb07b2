/*
 * How the fingerprint of a certificate is written.  Pure.
 */
#ifndef FINGERPRINT_H
#define FINGERPRINT_H

#include <stdbool.h>

/* SHA-256 as `openssl x509 -fingerprint' writes it: AB:CD:... */
#define FINGERPRINT_LEN 95

/*
 * A fingerprint as a person may write it (with or without "SHA256:" and
 * colons, in any case) as it is written here.  False if it is none.
 */
bool fingerprint_parse(char out[FINGERPRINT_LEN + 1], const char *s);

#endif
