/*
 * TLS over a socket that never blocks, with OpenSSL: TLS 1.2 at least, and
 * the server's certificate is judged before a byte is said to it.  Only tls.c
 * knows OpenSSL; who is trusted beyond the authorities is said by the owner.
 */
#ifndef TLS_H
#define TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "fingerprint.h"

enum tls_result {
	TLS_DONE,
	TLS_WAIT,      /* nothing can be done now, see tls_wants_write() */
	TLS_END,       /* reading: the server has said that it ends */
	TLS_UNTRUSTED, /* its certificate proves nothing */
	TLS_FAILED     /* see tls_error() */
};

struct tls_context;
struct tls;

/*
 * What all connections of the process share: the authorities of the system,
 * or those in ca_file alone.  NULL with the reason in error[size] if the file
 * cannot be used.
 */
struct tls_context *
tls_context_new(const char *ca_file, char *error, size_t size);
void tls_context_free(struct tls_context *);

/*
 * Trust the certificate with that fingerprint, whatever else is wrong with
 * it; with `only', trust no other, however good it is.  It replaces one that
 * was given before.
 */
void tls_context_trust(struct tls_context *,
    const char fingerprint[FINGERPRINT_LEN + 1], bool only);

/*
 * A client's end on a connected socket, which stays the caller's.  host, a
 * name or an address, is what the certificate has to be for.  NULL: no memory.
 */
struct tls *tls_new(const struct tls_context *, const char *host, int fd);
/* Says that it ends, if that goes at once. */
void tls_free(struct tls *);

/* Agree on keys and judge the certificate; until TLS_DONE, nothing else. */
enum tls_result tls_handshake(struct tls *);

/* As read(2) and write(2); *n is how much, with TLS_DONE. */
enum tls_result tls_read(struct tls *, void *, size_t, size_t *n);
enum tls_result tls_write(struct tls *, const void *, size_t, size_t *n);

/* Whether a TLS_WAIT is for room to write, though it may have been a read. */
bool tls_wants_write(const struct tls *);

/* Whether there is something to read that poll(2) does not know of. */
bool tls_pending(const struct tls *);

/* The version that was agreed on, such as "TLSv1.3". */
const char *tls_version(const struct tls *);

/* What failed, or why it is not trusted; never NULL. */
const char *tls_error(const struct tls *);

/* Of the server's certificate; "" before there was one. */
const char *tls_fingerprint(const struct tls *);

#endif
