/*
 * Transactions.  Writers queue for a lock of our own, since SQLite's busy
 * polling starves some of them.  Commits write the WAL without syncing it;
 * with full durability it is synced after the lock is given back, once for
 * all who wait (group commit): who finds its commit synced need not sync.
 * (Messages are stored by one for all who wait: store-send.c.)
 */
#include <sys/stat.h>

#include <limits.h>
#include <stdio.h>

#include "futex.h"
#include "store-internal.h"

static enum store_result
unavailable(struct store *s, const char *why)
{
	snprintf(s->error, sizeof(s->error), "%s: %s", s->path, why);
	return STORE_UNAVAILABLE;
}

sqlite3_file *
store_wal_file(struct store *s)
{
	sqlite3_file *wal = NULL;

	if (sqlite3_file_control(s->db, "main", SQLITE_FCNTL_JOURNAL_POINTER,
		&wal) != SQLITE_OK ||
	    wal == NULL || wal->pMethods == NULL)
		return NULL;
	return wal;
}

int64_t
store_wal_bytes(struct store *s)
{
	sqlite3_file *wal = store_wal_file(s);
	sqlite3_int64 size = 0;

	if (wal == NULL || wal->pMethods->xFileSize(wal, &size) != SQLITE_OK)
		return 0;
	return size;
}

/* Whether the path still leads to the database that the page is about. */
static bool
file_is_ours(const struct store *s)
{
	struct stat st;

	return stat(s->path, &st) == 0 && st.st_dev == s->shared->db_device &&
	    st.st_ino == s->shared->db_inode;
}

/* Reasons not to write, with the lock: they do not come up before the end. */
static enum store_result
check_usable(struct store *s)
{
	if (store_is_stale(s) || !file_is_ours(s))
		return store_stale_fail(s);
	if (s->options.full && store_sync_failed(s))
		return unavailable(s,
		    "a sync failed; waiting for a checkpoint"
		    " by chat-notify");
	return STORE_OK;
}

int64_t
store_since(const struct store *s)
{
	return s->since != 0 ? s->since : shared_now();
}

bool
store_lock(struct store *s, struct shared_lock *l)
{
	if (shared_lock(l, store_since(s), s->options.notice, s->options.arg) ==
	    0)
		return true;
	unavailable(s, "busy: the lock between writers was not to be had");
	return false;
}

enum store_result
store_begin(struct store *s)
{
	enum store_result result;

	if (!store_wake(s))
		return STORE_UNAVAILABLE;
	if (!store_lock(s, &s->shared->write))
		return STORE_UNAVAILABLE;
	result = check_usable(s);
	if (result == STORE_OK &&
	    !store_run(s, store_statement(s, ST_BEGIN, "BEGIN IMMEDIATE")))
		result = STORE_UNAVAILABLE;
	if (result != STORE_OK) {
		shared_unlock(&s->shared->write);
		return result;
	}
	s->in_transaction = true;
	s->changes = sqlite3_total_changes64(s->db);
	if (store_last_id(s, &s->last_id))
		return STORE_OK;
	store_rollback(s);
	return STORE_UNAVAILABLE;
}

void
store_rollback(struct store *s)
{
	if (!s->in_transaction)
		return;
	/* SQLite may have rolled back by itself; then this fails, rightly. */
	sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	s->in_transaction = false;
	shared_unlock(&s->shared->write);
}

void
store_changed(struct store *s)
{
	s->changes = -1;
}

/*
 * Only what wrote something counts: checkpoints go by it.  The rest waits for
 * the syncs of all who came before.  (The log's id is ahead of what is known
 * when a process died between its commit and this.)
 */
static void
count_commit(struct store *s)
{
	struct shared *page = s->shared;

	if (sqlite3_total_changes64(s->db) == s->changes &&
	    atomic_load(&page->committed_id) == s->last_id) {
		s->commit = atomic_load(&page->commits);
		return;
	}
	atomic_store(&page->committed_id, s->last_id);
	s->commit = atomic_fetch_add(&page->commits, 1) + 1;
}

enum store_result
store_commit(struct store *s, bool durable)
{
	if (!store_run(s, store_statement(s, ST_COMMIT, "COMMIT"))) {
		store_rollback(s);
		return STORE_UNAVAILABLE;
	}
	count_commit(s);
	s->in_transaction = false;
	shared_unlock(&s->shared->write);
	return durable && s->options.full ? store_sync(s) : STORE_OK;
}

enum store_result
store_finish(struct store *s, enum store_result result, bool durable)
{
	if (result == STORE_OK)
		return store_commit(s, durable);
	store_rollback(s);
	return result;
}

static bool
sync_wal(struct store *s)
{
	sqlite3_file *wal = store_wal_file(s);

	return wal != NULL &&
	    wal->pMethods->xSync(
		wal, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY) == SQLITE_OK;
}

static bool
is_synced(const struct store *s)
{
	return atomic_load(&s->shared->synced_commits) >= s->commit;
}

/* With the lock, which is given back.  All that is committed by now. */
static enum store_result
sync_all(struct store *s)
{
	struct shared *page = s->shared;
	/* In this order, so that id is never ahead of what is written. */
	uint64_t commits = atomic_load(&page->commits);
	int64_t id = atomic_load(&page->committed_id);
	bool ok = !store_sync_failed(s) && sync_wal(s);

	if (ok) {
		atomic_store(&page->synced_id, id);
		atomic_store(&page->synced_commits, commits);
	} else {
		/* A later sync may succeed without having written anything. */
		atomic_store(&page->sync_failed, 1);
	}
	store_sync_unlock(s);
	return ok ? STORE_OK : unavailable(s, "a sync of the WAL failed");
}

void
store_sync_unlock(struct store *s)
{
	shared_unlock(&s->shared->sync);
	atomic_fetch_add(&s->shared->syncs, 1);
	futex_wake(&s->shared->syncs, INT_MAX);
}

/*
 * Who waits does so for the end of a sync, which may have begun after our
 * commit, and not for the lock: that all would get one by one.
 */
enum store_result
store_sync(struct store *s)
{
	struct shared *page = s->shared;
	struct shared_watch watch;
	uint32_t syncs;

	shared_watch_begin(&watch, &page->sync, store_since(s));
	do {
		syncs = atomic_load(&page->syncs);
		if (is_synced(s))
			return STORE_OK;
		if (shared_trylock(&page->sync)) {
			if (!is_synced(s))
				return sync_all(s);
			store_sync_unlock(s);
			return STORE_OK;
		}
		futex_wait(&page->syncs, syncs, QUEUE_WAIT);
	} while (shared_watch(
	    &watch, &page->sync, s->options.notice, s->options.arg));
	return unavailable(s, "busy: the disk did not answer");
}

bool
store_sync_failed(const struct store *s)
{
	return atomic_load(&s->shared->sync_failed) != 0;
}

enum store_result
store_settle(struct store *s)
{
	enum store_result result = store_begin(s);

	return result == STORE_OK ? store_commit(s, true) : result;
}
