/*
 * What the client says: each function appends one command as a line.  Pure;
 * strings have to be valid UTF-8, a NULL or negative argument is left out.
 */
#ifndef REQUEST_H
#define REQUEST_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"

struct request_login {
	const char *username, *password, *token, *resume, *invite, *ref;
	int64_t since, history;
};

void request_connect(struct buf *, const struct request_login *);
void request_register(struct buf *, const struct request_login *);
void request_password(
    struct buf *, const char *old_one, const char *new_one, const char *ref);
/* For a new token, or to revoke the one with that id. */
void request_token(struct buf *, int64_t revoke, const char *ref);
void request_message(struct buf *, const char *to, const char *text, size_t len,
    const char *ref);
void request_history(struct buf *, const char *with, int64_t before,
    int64_t limit, const char *ref);
/* A command without members of its own: USERS, PING, DISCONNECT. */
void request_simple(struct buf *, const char *command, const char *ref);

#endif
