/*
 * Passwords: what may be one, and its bcrypt hash ("$2b$", crypt(5)).  Slow by
 * intent, without I/O and without memory of its own: what was computed with is
 * wiped before these return.  Used by the session and by chat-admin.
 */
#ifndef PASSWORD_H
#define PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

#include "limit.h"

/* The hash of a registered user whom nobody may log in as. */
#define PASSWORD_NOBODY "!"

/*
 * Why this cannot be a new password, as a sentence to show; NULL if it can.
 * password_unusable() says only why it cannot be looked at: bcrypt would
 * silently ignore what follows byte PASSWORD_MAX, or a NUL.
 */
const char *password_refusal(const char *password, size_t len);
const char *password_unusable(const char *password, size_t len);

/*
 * Hash with a random salt; takes 2^cost steps (cost: PASSWORD_COST_MIN to
 * PASSWORD_COST_MAX).  False if the system has no randomness or no bcrypt.
 */
bool password_hash(const char *password, int cost, char out[PASSWORD_HASH_MAX]);

/*
 * Whether the password is the hash's.  A hash that is NULL, PASSWORD_NOBODY or
 * no hash at all is nobody's: the answer is no, after as long as a wrong
 * password for a hash of this cost takes.  So does a wrong one for a hash of
 * lower cost.  (Who is to learn nothing gives the highest cost of all hashes.)
 */
bool password_check(const char *password, const char *hash, int cost);

/* Whether the hash was made otherwise than password_hash() does now. */
bool password_is_outdated(const char *hash, int cost);

#endif
