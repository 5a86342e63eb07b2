/*
 * Removing what is older than it is to be kept (store.h says what all of the
 * store's functions have in common).  The operator's tool alone uses this.
 */
#ifndef STORE_PRUNE_H
#define STORE_PRUNE_H

#include "store.h"

/* Zeros, but for `before`; the rest tells how far it has come. */
struct store_prune {
	int64_t before;		    /* ms since 1970: what is older goes */
	int64_t messages, sessions; /* rows removed */
	int64_t pages;		    /* given back to the file system */
	int64_t message, session;   /* ids that were looked at */
	bool done;		    /* there is nothing more */
};

/*
 * One short transaction: of messages first, then of ended sessions, PRUNE_ROWS
 * are looked at in the order of their ids, and those that are older go; then
 * PRUNE_PAGES of free space are given back, which the file loses at the relay's
 * next checkpoint.  Ids are never used again.  Not on disk when it returns: a
 * power cut may bring back the last of what was removed.
 */
enum store_result store_prune(struct store *, struct store_prune *);

#endif
