/*
 * Copies of the store, and whether it is sound: for the operator's tool.
 */
#ifndef STORE_COPY_H
#define STORE_COPY_H

#include "store.h"

struct store_copy {
	const char *path; /* an empty file */
	/* Called now and then; false ends the copying. */
	bool (*progress)(void *arg);
	void *arg;
};

/*
 * Copy the whole database as it is at this moment, with all that was ever
 * acknowledged, while others write: SQLite's backup within one read
 * transaction.  Since that keeps the WAL from being emptied, it gives up when
 * the WAL has COPY_WAL_MAX bytes.  The copy is one file by itself (no WAL),
 * not yet synced.  *position is its log's last id.
 */
enum store_result
store_copy(struct store *, const struct store_copy *, int64_t *position);

typedef void (*store_fault)(void *arg, const char *text);

/*
 * Open a copy and check it: SQLite's own checks and that its last id is
 * `position`.  Each fault is told.  False with a sentence in error when it
 * cannot be read at all.
 */
bool store_copy_verify(const char *path, int64_t position, store_fault,
    void *arg, char *error, size_t size);

/*
 * SQLite's integrity_check and foreign_key_check, and what must hold between
 * our tables.  Each fault is told in a sentence.
 */
enum store_result store_check(struct store *, store_fault, void *arg);

#endif
