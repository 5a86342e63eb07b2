/*
 * Who is blocked: networks, found by address, and users.  A copy of the store's
 * table, with what the relay has blocked itself and the housekeeper has not
 * written yet.  Pure; times are ms since 1970.
 */
#ifndef BLOCKS_H
#define BLOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include "limit.h"
#include "net.h"

struct store_block;

struct block {
	struct net_addr first, last;	 /* of a network, or */
	char username[USERNAME_MAX + 1]; /* of a user; else empty */
	int64_t until;			 /* 0: until it is removed */
	uint64_t serial; /* of the relay's own; 0: the store's */
	char reason[BLOCK_REASON_MAX + 1];
};

struct blocks_list {
	struct block *list;
	unsigned n, size;
};

struct blocks {
	struct blocks_list nets;  /* by their first addresses */
	struct blocks_list users; /* by name */
	struct net_addr *reach;	  /* the highest address of nets[0] to [i] */
	unsigned left_out;	  /* beyond BLOCKS_MAX of each */
};

/* Take a row (for store_blocks()); after the last one, blocks_sort(). */
bool blocks_take(void *blocks, const struct store_block *);
void blocks_sort(struct blocks *);

/*
 * Add a network of our own to sorted blocks.  Those whose time is over are
 * dropped.  Returns false when there are BLOCKS_OWN_MAX temporary ones.
 */
bool blocks_add(struct blocks *, const struct block *, int64_t now);

/*
 * Put the store's new list in the place of the old one, keeping those of our
 * own that came after serial.  What was in *new is moved, what was in *old is
 * freed.
 */
void blocks_replace(struct blocks *old, struct blocks *new, uint64_t serial);
/*
 * Put into *added, which is empty, what is in the new list and was not in the
 * old one, or otherwise.  Both are sorted.
 */
void blocks_added(
    struct blocks *added, const struct blocks *new, const struct blocks *old);

/* The block that lasts longest, NULL if there is none now. */
const struct block *
blocks_address(const struct blocks *, const struct net_addr *, int64_t now);
const struct block *
blocks_user(const struct blocks *, const char *username, int64_t now);

void blocks_free(struct blocks *);

#endif
