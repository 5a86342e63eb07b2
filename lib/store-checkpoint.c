/*
 * Checkpoints: what is in the WAL goes into the database, so that the WAL can
 * begin anew.  Only the relay's housekeeper calls this; nobody else does any.
 *
 * Two passes: a passive one for the bulk beside readers and writers, then a
 * short one under the lock between writers, which waits for readers and starts
 * the WAL anew.  A pass is begun only if something was committed since the
 * last whole checkpoint: SQLite up to 3.51.2 can corrupt a database when a
 * checkpoint that starts right after a complete one races a commit that resets
 * the WAL (sqlite.org/wal.html), and this order leaves that no room.  (Nor does
 * store_wal_empty(), which is under the lock from beginning to end.)
 */
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store-internal.h"

/* The read locks of a WAL's index (sqlite.org/walformat.html, 2.3.1). */
#define READ_LOCK_FIRST 123
#define READ_LOCK_LAST	127

bool
store_checkpoint_due(const struct store *s)
{
	return atomic_load(&s->shared->commits) !=
	    atomic_load(&s->shared->checkpointed) ||
	    store_sync_failed(s);
}

/*
 * Another process that holds a read lock, 0 if none does.  proc(5) is read
 * because opening and closing the index here would drop SQLite's own locks.
 */
static pid_t
reader_find(const struct store *s)
{
	char path[4096], line[256], type[8];
	unsigned int maj, min;
	unsigned long long inode, first, last;
	struct stat st;
	int pid, found = 0;
	FILE *f;

	if ((size_t)snprintf(path, sizeof(path), "%s-shm", s->path) >=
		sizeof(path) ||
	    stat(path, &st) == -1 || (f = fopen("/proc/locks", "re")) == NULL)
		return 0;
	while (found == 0 && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "%*u: POSIX %*s %7s %d %x:%x:%llu %llu %llu",
			type, &pid, &maj, &min, &inode, &first, &last) == 7 &&
		    strcmp(type, "READ") == 0 && inode == st.st_ino &&
		    maj == major(st.st_dev) && min == minor(st.st_dev) &&
		    first <= READ_LOCK_LAST && last >= READ_LOCK_FIRST &&
		    pid != (int)getpid())
			found = pid;
	fclose(f);
	return found;
}

/*
 * One pass; *whole when nothing is left in the WAL that is not also in the
 * database, whether or not readers kept it from beginning anew.
 */
static bool
pass(struct store *s, int mode, bool *whole)
{
	int pages = -1, copied = -1, rc;

	rc = sqlite3_wal_checkpoint_v2(s->db, "main", mode, &pages, &copied);
	*whole = pages >= 0 && pages == copied;
	if (rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY)
		return true;
	*whole = false;
	/* It may have been the sync of the WAL, which must not be forgotten. */
	if ((rc & 0xff) == SQLITE_IOERR)
		atomic_store(&s->shared->sync_failed, 1);
	store_fail(s, "checkpoint");
	return false;
}

/* With no writer beside us; readers are waited for a little. */
static bool
final_pass(struct store *s, int mode, bool *whole)
{
	struct shared *page = s->shared;
	uint64_t commits;
	int64_t id;
	bool ok;

	if (!store_lock(s, &page->write)) {
		*whole = false;
		return true;
	}
	commits = atomic_load(&page->commits);
	id = atomic_load(&page->committed_id);
	sqlite3_busy_timeout(s->db, CHECKPOINT_READERS);
	ok = pass(s, mode, whole);
	sqlite3_busy_timeout(s->db, STORE_BUSY);
	if (*whole && store_lock(s, &page->sync)) {
		/* It synced the database: all up to here is on disk. */
		atomic_store(&page->synced_id, id);
		atomic_store(&page->synced_commits, commits);
		atomic_store(&page->sync_failed, 0);
		atomic_store(&page->checkpointed, commits);
		store_sync_unlock(s);
	}
	shared_unlock(&page->write);
	return ok;
}

enum store_result
store_checkpoint(struct store *s, struct store_checkpoint *result)
{
	struct store_checkpoint c = { .wal_bytes = store_wal_bytes(s) };
	bool whole,
	    written = atomic_load(&s->shared->commits) !=
	    atomic_load(&s->shared->checkpointed);

	if (store_is_stale(s))
		return store_stale_fail(s);
	if (store_checkpoint_due(s)) {
		if ((written && !pass(s, SQLITE_CHECKPOINT_PASSIVE, &whole)) ||
		    !final_pass(s,
			store_wal_bytes(s) > WAL_TRUNCATE
			    ? SQLITE_CHECKPOINT_TRUNCATE
			    : SQLITE_CHECKPOINT_RESTART,
			&c.done))
			return STORE_UNAVAILABLE;
		if (!c.done)
			c.reader = reader_find(s);
	} else {
		c.done = true;
	}
	*result = c;
	return STORE_OK;
}

enum store_result
store_wal_empty(struct store *s)
{
	bool whole;

	if (store_is_stale(s))
		return store_stale_fail(s);
	return store_wal_bytes(s) == 0 ||
		final_pass(s, SQLITE_CHECKPOINT_TRUNCATE, &whole)
	    ? STORE_OK
	    : STORE_UNAVAILABLE;
}
