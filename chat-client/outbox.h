/*
 * Messages that the server has not confirmed, oldest first: what is sent
 * again after a lost connection, each with the ref it always had.  Pure.
 */
#ifndef OUTBOX_H
#define OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bounds.h"
#include "limit.h"

struct outbox_item {
	char ref[REF_MAX + 1];
	char *to;
	char *text; /* valid UTF-8 */
	size_t len;
	bool sent;	 /* on the present connection, */
	int64_t sent_at; /* then; in ms, of the owner's clock */
};

struct outbox {
	struct outbox_item *items[OUTBOX_MAX];
	size_t len;
};

/* Returns NULL when it is full. */
struct outbox_item *outbox_add(struct outbox *, const char *ref, const char *to,
    const char *text, size_t len);

/* The item with that ref, or NULL. */
struct outbox_item *
outbox_find(const struct outbox *, const char *ref, size_t len);

/* The oldest that is not sent, or NULL. */
struct outbox_item *outbox_unsent(const struct outbox *);

/* The oldest that is sent, or NULL. */
struct outbox_item *outbox_sent(const struct outbox *);

/* How many are sent. */
size_t outbox_in_flight(const struct outbox *);

/* The connection was lost: nothing counts as sent. */
void outbox_rewind(struct outbox *);

/* Take it out; it is the caller's then. */
void outbox_remove(struct outbox *, struct outbox_item *);
void outbox_item_free(struct outbox_item *);
void outbox_free(struct outbox *);

#endif
