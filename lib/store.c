/*
 * Opens the SQLite store: file, schema, shared page.  What is stored is in the
 * other store-*.c, which share store-internal.h.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "store-internal.h"

#define CACHE_KIB "256"

int64_t
store_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

const char *
store_error(const struct store *s)
{
	return s->error;
}

enum store_result
store_fail(struct store *s, const char *what)
{
	int code = sqlite3_extended_errcode(s->db);
	int system = sqlite3_system_errno(s->db);

	/* It is kept from earlier calls: only these two kinds set it. */
	if ((code & 0xff) != SQLITE_CANTOPEN && (code & 0xff) != SQLITE_IOERR)
		system = 0;
	snprintf(s->error, sizeof(s->error), "%s: %.64s: %s (%d)%s%s", s->path,
	    what, sqlite3_errmsg(s->db), code, system != 0 ? ": " : "",
	    system != 0 ? strerror(system) : "");
	return STORE_UNAVAILABLE;
}

sqlite3_stmt *
store_statement(struct store *s, enum statement id, const char *sql)
{
	if (!store_wake(s))
		return NULL;
	if (s->statements[id] == NULL &&
	    sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
		&s->statements[id], NULL) != SQLITE_OK)
		store_fail(s, "prepare");
	return s->statements[id];
}

int
store_step(struct store *s, sqlite3_stmt *st)
{
	int rc = sqlite3_step(st);

	if (rc == SQLITE_ROW)
		return rc;
	if (rc != SQLITE_DONE)
		store_fail(s, sqlite3_sql(st));
	sqlite3_reset(st);
	return rc;
}

bool
store_run(struct store *s, sqlite3_stmt *st)
{
	return st != NULL && store_step(s, st) == SQLITE_DONE;
}

bool
store_exec(struct store *s, const char *sql)
{
	if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return true;
	store_fail(s, sql);
	return false;
}

bool
store_int(struct store *s, const char *sql, int64_t otherwise, int64_t *value)
{
	sqlite3_stmt *st;
	int rc;

	if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) != SQLITE_OK) {
		store_fail(s, sql);
		return false;
	}
	if ((rc = sqlite3_step(st)) == SQLITE_ROW)
		*value = sqlite3_column_int64(st, 0);
	else if (rc == SQLITE_DONE)
		*value = otherwise;
	else
		store_fail(s, sql);
	sqlite3_finalize(st);
	return rc == SQLITE_ROW || rc == SQLITE_DONE;
}

/*
 * Leave ids out that somebody may have seen since a backup was made that is put
 * in place now: it has no WAL yet, as has a new database, where there is nothing
 * to leave out.
 */
static bool
skip_ids_of_backup(struct store *s)
{
	int64_t version;

	if (store_wal_file(s) != NULL)
		return true;
	if (!store_int(s, "PRAGMA user_version", 0, &version))
		return false;
	_Static_assert(
	    BACKUP_ID_MARGIN == 1000000, "the number in the statement");
	return version == 0 ||
	    store_exec(s,
		"UPDATE sqlite_sequence SET seq = seq + 1000000"
		" WHERE name = 'messages'");
}

/*
 * Leave ids out that somebody may have seen although they are not in this
 * database: after a power cut, that is, at the first use in another boot, and
 * when an older database was put in place of the one the page knew.
 */
static bool
skip_seen_ids(struct store *s, int64_t seen)
{
	char boot[SHARED_BOOT_MAX], *sql;
	bool ok;

	shared_boot_id(boot);
	sql = sqlite3_mprintf(
	    "BEGIN IMMEDIATE;"
	    "UPDATE sqlite_sequence SET seq = seq + %d"
	    " WHERE name = 'messages' AND EXISTS (SELECT 1 FROM meta"
	    " WHERE key = 'boot_id' AND value <> %Q);"
	    "INSERT OR REPLACE INTO meta VALUES ('boot_id', %Q);"
	    "INSERT INTO sqlite_sequence SELECT 'messages', 0 WHERE NOT EXISTS"
	    " (SELECT 1 FROM sqlite_sequence WHERE name = 'messages');"
	    "UPDATE sqlite_sequence SET seq = max(seq, %lld) + %d"
	    " WHERE name = 'messages' AND %lld > 0;"
	    "COMMIT",
	    ID_MARGIN, boot, boot, (long long)seen, ID_MARGIN, (long long)seen);
	if (sql == NULL)
		abort();
	ok = store_exec(s, sql);
	if (!ok)
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	sqlite3_free(sql);
	return ok;
}

bool
store_last_id(struct store *s, int64_t *id)
{
	sqlite3_stmt *st = store_statement(s, ST_SEQUENCE,
	    "SELECT seq FROM sqlite_sequence WHERE name = 'messages'");
	int rc;

	if (st == NULL)
		return false;
	if ((rc = store_step(s, st)) != SQLITE_ROW) {
		*id = 0;
		return rc == SQLITE_DONE;
	}
	*id = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	return true;
}

/* With the lock between writers: make the database and the page agree. */
static bool
agree(struct store *s, const struct stat *st)
{
	struct shared *page = s->shared;
	int64_t last;
	bool older;

	atomic_store(&page->ready, 0);
	/*
	 * auto_vacuum counts only before the first table is made.  With a WAL it
	 * is no backup any more; and until then who commits keeps others from
	 * reading, so all else comes later.
	 */
	if (!store_schema_read(s, &older) || !skip_ids_of_backup(s) ||
	    !store_exec(s, "PRAGMA auto_vacuum = INCREMENTAL") ||
	    !store_exec(s, "PRAGMA journal_mode = WAL") || !store_migrate(s) ||
	    !skip_seen_ids(s, atomic_load(&page->committed_id)) ||
	    !store_last_id(s, &last))
		return false;
	page->db_device = st->st_dev;
	page->db_inode = st->st_ino;
	atomic_fetch_add(&page->generation, 1);
	atomic_store(&page->committed_id, last);
	atomic_store(&page->sync_failed, 0);
	s->commit = atomic_fetch_add(&page->commits, 1) + 1;
	/* What a crash left in the WAL may not be on disk yet. */
	atomic_store(&page->synced_id, 0);
	if (store_sync(s) != STORE_OK)
		return false;
	atomic_store(&page->ready, 1);
	return true;
}

/*
 * Whether the page is about this database.  A file that was replaced may have
 * the same inode, but it ends before what the page knows, or has no log; or
 * nothing was stored since it was copied, and it has no WAL, as a backup.  Returns
 * false with the error kept if it cannot be read just now: that is no reason to
 * have all others open theirs anew.
 */
static bool
page_fits(struct store *s, const struct stat *st, bool *fits)
{
	const struct shared *page = s->shared;
	int64_t known, last;

	*fits = false;
	if (!atomic_load(&page->ready) || page->db_device != st->st_dev ||
	    page->db_inode != st->st_ino)
		return true;
	known = atomic_load(&page->committed_id);
	if (!store_last_id(s, &last))
		return (sqlite3_errcode(s->db) & 0xff) == SQLITE_ERROR;
	*fits = last >= known && store_wal_file(s) != NULL;
	return true;
}

/*
 * Have the page agree with this database; no transaction runs meanwhile.  The
 * generation is read before others can replace both.
 */
static bool
prepare_page(struct store *s, const struct stat *st)
{
	bool ok, fits;

	if (!store_lock(s, &s->shared->write))
		return false;
	ok = page_fits(s, st, &fits) && (fits || agree(s, st));
	s->generation = atomic_load(&s->shared->generation);
	shared_unlock(&s->shared->write);
	return ok;
}

/* *st: of the file that is open.  False: it is gone, or another is there. */
static bool
file_stat(struct store *s, struct stat *st)
{
	int moved = 0;

	if (stat(s->path, st) == -1) {
		snprintf(s->error, sizeof(s->error), "%s: %s", s->path,
		    strerror(errno));
		return false;
	}
	if (sqlite3_file_control(
		s->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK &&
	    !moved)
		return true;
	snprintf(s->error, sizeof(s->error), "%s: was replaced", s->path);
	return false;
}

/*
 * Who makes a database, or gives a backup its WAL, keeps all others from reading
 * until then, for some syncs, and has the lock between writers meanwhile.
 */
static bool
configure(struct store *s)
{
	static const char sql[] =
	    "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -" CACHE_KIB;
	bool ok = store_exec(s, sql);

	if (ok || (sqlite3_errcode(s->db) & 0xff) != SQLITE_BUSY ||
	    !store_lock(s, &s->shared->write))
		return ok;
	ok = store_exec(s, sql);
	shared_unlock(&s->shared->write);
	return ok;
}

static bool
prepare(struct store *s)
{
	struct stat st;
	bool fits;

	sqlite3_busy_timeout(s->db, STORE_BUSY);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_wal_autocheckpoint(s->db, 0);
	if (!configure(s) || !file_stat(s, &st))
		return false;
	s->generation = atomic_load(&s->shared->generation);
	return page_fits(s, &st, &fits) && (fits || prepare_page(s, &st)) &&
	    store_schema_update(s);
}

static bool
database_open(struct store *s)
{
	if (sqlite3_open_v2(s->path, &s->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
		    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
		NULL) != SQLITE_OK)
		store_fail(s, "open");
	else if (prepare(s))
		return true;
	store_rest(s);
	return false;
}

bool
store_wake(struct store *s)
{
	uint32_t generation = s->generation;
	bool ok;

	if (s->db != NULL)
		return true;
	ok = database_open(s);
	/* It may be another one now, for who began with that before. */
	if (ok && s->generation != generation) {
		store_rest(s);
		store_stale_fail(s);
		ok = false;
	}
	s->generation = generation;
	return ok;
}

bool
store_rest(struct store *s)
{
	bool open = s->db != NULL;
	int i;

	for (i = 0; i < ST_COUNT; i++) {
		sqlite3_finalize(s->statements[i]);
		s->statements[i] = NULL;
	}
	sqlite3_close(s->db);
	s->db = NULL;
	return open;
}

/* (Who fails here fails to open a database, too, and is told then.) */
void
store_setup(void)
{
	sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
	sqlite3_initialize();
	shared_setup();
}

struct store *
store_open(const struct store_options *options, char *error, size_t size)
{
	struct store *s = calloc(1, sizeof(*s));

	if (s == NULL || (s->path = strdup(options->path)) == NULL)
		abort();
	s->options = *options;
	s->place = -1;
	s->shared_fd = options->page_fd;
	s->shared = options->page != NULL
	    ? options->page
	    : shared_map(options->runtime_dir, &s->shared_fd);
	if (s->shared == NULL) {
		snprintf(s->error, sizeof(s->error), "%s/%s: %s",
		    options->runtime_dir, SHARED_FILE, strerror(errno));
	} else if (database_open(s)) {
		return s;
	}
	snprintf(error, size, "%s", s->error);
	store_close(s);
	return NULL;
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	store_rollback(s);
	store_rest(s);
	if (s->options.page == NULL)
		shared_unmap(s->shared, s->shared_fd);
	free(s->path);
	free(s);
}

bool
store_is_replaced(const struct store *s)
{
	return atomic_load(&s->shared->generation) != s->generation;
}

bool
store_is_stale(const struct store *s)
{
	return shared_gone(s->shared_fd) || store_is_replaced(s);
}

enum store_result
store_stale_fail(struct store *s)
{
	bool older;

	if (s->db == NULL || store_schema_read(s, &older))
		snprintf(s->error, sizeof(s->error),
		    "%s: the database or the runtime directory was replaced",
		    s->path);
	return STORE_UNAVAILABLE;
}

int64_t
store_position(const struct store *s)
{
	return atomic_load(
	    s->options.full ? &s->shared->synced_id : &s->shared->committed_id);
}

sqlite3_stmt *
store_query(struct store *s, enum statement id, const char *sql)
{
	if (!store_is_stale(s))
		return store_statement(s, id, sql);
	store_stale_fail(s);
	return NULL;
}

enum store_result
store_oldest(struct store *s, int64_t *id)
{
	sqlite3_stmt *st =
	    store_query(s, ST_OLDEST, "SELECT min(id) FROM messages");

	if (st == NULL || store_step(s, st) != SQLITE_ROW)
		return STORE_UNAVAILABLE;
	*id = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	return STORE_OK;
}
