/*
 * What the client says: each function appends one command as a line.  Pure;
 * strings have to be valid UTF-8, a NULL or negative argument is left out.
 */
#ifndef REQUEST_H
#define REQUEST_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"

void request_connect(struct buf *, const char *username, const char *resume,
    int64_t since, int64_t history, const char *ref);
void request_message(struct buf *, const char *to, const char *text, size_t len,
    const char *ref);
void
request_history(struct buf *, const char *with, int64_t limit, const char *ref);
/* A command without members of its own: USERS, PING, DISCONNECT. */
void request_simple(struct buf *, const char *command, const char *ref);

#endif
