/*
 * The housekeeper's work on the store: closing the rows of the dead, looking
 * for open rows without a session, blocks, expired tokens, checkpoints.  Belongs
 * to the housekeeper's thread alone; whatever takes long may take long here.
 */
#ifndef CHORES_H
#define CHORES_H

#include <stdbool.h>
#include <stdint.h>

#include "dgram.h"
#include "keeper.h"
#include "plan.h"
#include "store.h"

/* A dead session whose row is to be closed. */
struct chores_death {
	struct chores_death *next;
	int64_t session, user;
	char socket[DGRAM_NAME_MAX + 1];
	bool closed; /* and it was still open */
	bool reported;
};

/* A block that is to be written. */
struct chores_block {
	struct chores_block *next;
	struct block block;
};

struct chores {
	struct store_options options;
	const struct dgram_registry *registry;
	void (*report)(void *arg, const struct keeper_report *);
	void *arg;
	struct store *store;
	bool unavailable; /* and reported so */
	struct chores_death *deaths;
	struct chores_block *blocks;
	uint64_t serial; /* of the last one written */
	bool blocks_due; /* to be read */
	bool sweep_due;
	int64_t *registered; /* known to be alive */
	size_t nregistered;
	int64_t expire_at; /* ms; when to look for expired tokens */
	struct plan plan;
};

/* Open the store if it is not; false (and reported once) if it cannot be. */
bool chores_open(struct chores *);
void chores_close(struct chores *);

/* Close the rows of all deaths, then look at all open rows if that is due. */
void chores_rows(struct chores *);

/* Write the relay's own blocks, then read all, if that is due. */
void chores_blocks(struct chores *);

/* Remove some of the tokens that have expired, if that is due. */
void chores_expire(struct chores *);

/* A checkpoint if it is time for one; `last` when there is no later time. */
void chores_checkpoint(struct chores *, bool last);

/* After that: leave an empty WAL. */
void chores_finish(struct chores *);

/* Whether something is left that cannot wait until it is asked for. */
bool chores_left(const struct chores *);

#endif
