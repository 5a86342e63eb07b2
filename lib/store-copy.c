/*
 * A copy of the SQLite database while others write.  The backup runs within
 * one read transaction of ours: so it is the database of one moment, never
 * starts over because somebody has written, and keeps nobody from writing.
 * What it does keep is the WAL from being emptied, so it watches that.
 */
#include <stdio.h>

#include "store-copy.h"
#include "store-internal.h"

static bool
run(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

/* The file that is written.  Who asked for the copy syncs it. */
static sqlite3 *
target_open(struct store *s, const char *path)
{
	sqlite3 *db;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) ==
		SQLITE_OK &&
	    run(db,
		"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
		"PRAGMA cache_size = -1024"))
		return db;
	snprintf(
	    s->error, sizeof(s->error), "%.256s: %s", path, sqlite3_errmsg(db));
	sqlite3_close(db);
	return NULL;
}

/* Begin to read; what is committed later is not seen until the end. */
static bool
snapshot_begin(struct store *s, int64_t *position)
{
	if (!run(s->db, "BEGIN")) {
		store_fail(s, "begin");
		return false;
	}
	if (store_last_id(s, position))
		return true;
	run(s->db, "ROLLBACK");
	return false;
}

/* Why it goes on no more; NULL is to go on. */
static const char *
stopped(struct store *s, const struct store_copy *copy)
{
	if (store_wal_bytes(s) > COPY_WAL_MAX)
		return "so much is written meanwhile that writers would soon"
		       " be held up: try again when it is quieter";
	return copy->progress(copy->arg) ? NULL : "was ended";
}

static bool
pages_copy(struct store *s, const struct store_copy *copy, sqlite3 *db)
{
	sqlite3_backup *b = sqlite3_backup_init(db, "main", s->db, "main");
	const char *why = NULL;
	int rc = b != NULL ? SQLITE_OK : SQLITE_ERROR;

	while (rc == SQLITE_OK && why == NULL) {
		rc = sqlite3_backup_step(b, COPY_PAGES);
		if (rc == SQLITE_OK)
			why = stopped(s, copy);
	}
	if (b != NULL && sqlite3_backup_finish(b) != SQLITE_OK)
		rc = SQLITE_ERROR;
	if (rc == SQLITE_DONE)
		return true;
	snprintf(s->error, sizeof(s->error), "%.256s: %s", copy->path,
	    why != NULL ? why : sqlite3_errmsg(db));
	return false;
}

enum store_result
store_copy(struct store *s, const struct store_copy *copy, int64_t *position)
{
	sqlite3 *db = target_open(s, copy->path);
	int64_t last;
	bool ok;

	if (db == NULL)
		return STORE_UNAVAILABLE;
	ok = snapshot_begin(s, &last);
	if (ok) {
		ok = pages_copy(s, copy, db);
		run(s->db, "ROLLBACK");
	}
	sqlite3_close(db);
	if (!ok)
		return STORE_UNAVAILABLE;
	*position = last;
	return STORE_OK;
}
