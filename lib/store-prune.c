/*
 * Pruning of the SQLite store, as store-prune.h says.
 *
 * Rows are looked at by id, of which age is nearly the order: no index on the
 * time is kept for it by all who write.  A row with a time of the future, from
 * a clock that was wrong, stays until then and keeps nothing else.
 */
#include "store-internal.h"
#include "store-prune.h"

/*
 * A table: how many rows of the next ids began early enough, and whether any is
 * of the future; their removal.
 */
struct prunable {
	enum statement window, remove;
	const char *window_sql, *remove_sql;
};

static const struct prunable messages = { ST_ADMIN_PRUNE_MESSAGES,
	ST_ADMIN_PRUNE_MESSAGES_REMOVE,
	"SELECT max(id), total(created_at < :before), max(created_at) > :now"
	" FROM (SELECT id, created_at FROM messages WHERE id > :after"
	" ORDER BY id LIMIT :rows)",
	"DELETE FROM messages WHERE id > :after AND id <= :last"
	" AND created_at < :before" };

static const struct prunable sessions = { ST_ADMIN_PRUNE_SESSIONS,
	ST_ADMIN_PRUNE_SESSIONS_REMOVE,
	"SELECT max(id), total(started_at < :before), max(started_at) > :now"
	" FROM (SELECT id, started_at FROM sessions WHERE id > :after"
	" ORDER BY id LIMIT :rows)",
	"DELETE FROM sessions WHERE id > :after AND id <= :last"
	" AND ended_at < :before" };

/* The next ids. */
struct window {
	int64_t last, old; /* of them (0: there are none); so many may go */
	bool future;	   /* what comes after them may be older */
};

static bool
window_find(struct store *s, const struct prunable *t, int64_t before,
    int64_t after, struct window *w)
{
	sqlite3_stmt *st = store_statement(s, t->window, t->window_sql);

	if (st == NULL)
		return false;
	sqlite3_bind_int64(st, 1, before);
	sqlite3_bind_int64(st, 2, store_now());
	sqlite3_bind_int64(st, 3, after);
	sqlite3_bind_int64(st, 4, PRUNE_ROWS);
	if (store_step(s, st) != SQLITE_ROW)
		return false;
	w->last = sqlite3_column_int64(st, 0);
	w->old = sqlite3_column_int64(st, 1);
	w->future = sqlite3_column_int(st, 2) != 0;
	sqlite3_reset(st);
	return true;
}

static bool
window_remove(struct store *s, const struct prunable *t, int64_t before,
    int64_t after, int64_t last)
{
	sqlite3_stmt *st = store_statement(s, t->remove, t->remove_sql);

	if (st == NULL)
		return false;
	sqlite3_bind_int64(st, 1, after);
	sqlite3_bind_int64(st, 2, last);
	sqlite3_bind_int64(st, 3, before);
	return store_run(s, st);
}

/*
 * One window of a table.  A window in which nothing is old, nor of the future,
 * is the table's last: *cursor goes to the end.
 */
static bool
rows_prune(struct store *s, const struct prunable *t, int64_t before,
    int64_t *cursor, int64_t *removed)
{
	struct window w;

	if (!window_find(s, t, before, *cursor, &w))
		return false;
	if (w.old > 0 && !window_remove(s, t, before, *cursor, w.last))
		return false;
	if (w.old > 0)
		*removed += sqlite3_changes64(s->db);
	*cursor = w.old > 0 || w.future ? w.last : INT64_MAX;
	return true;
}

static bool
free_pages(struct store *s, int64_t *count)
{
	sqlite3_stmt *st =
	    store_statement(s, ST_ADMIN_PRUNE_FREE, "PRAGMA freelist_count");

	if (st == NULL || store_step(s, st) != SQLITE_ROW)
		return false;
	*count = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	return true;
}

static bool
pages_prune(struct store *s, struct store_prune *p)
{
	sqlite3_stmt *st;
	int64_t before, after;
	int rc;

	if (!free_pages(s, &before))
		return false;
	p->done = before == 0;
	if (p->done)
		return true;
	_Static_assert(PRUNE_PAGES == 100, "the number in the statement");
	st = store_statement(
	    s, ST_ADMIN_PRUNE_PAGES, "PRAGMA incremental_vacuum(100)");
	if (st == NULL)
		return false;
	while ((rc = store_step(s, st)) == SQLITE_ROW)
		;
	if (rc != SQLITE_DONE || !free_pages(s, &after))
		return false;
	/* It cannot be given back where the file was made without. */
	p->done = after >= before;
	p->pages += before - after;
	store_changed(s);
	return true;
}

static bool
step(struct store *s, struct store_prune *p)
{
	if (p->message != INT64_MAX)
		return rows_prune(
		    s, &messages, p->before, &p->message, &p->messages);
	if (p->session != INT64_MAX)
		return rows_prune(
		    s, &sessions, p->before, &p->session, &p->sessions);
	return pages_prune(s, p);
}

enum store_result
store_prune(struct store *s, struct store_prune *prune)
{
	struct store_prune p = *prune;
	enum store_result result = store_begin(s);

	if (result != STORE_OK)
		return result;
	result = step(s, &p) ? STORE_OK : STORE_UNAVAILABLE;
	if ((result = store_finish(s, result, false)) == STORE_OK)
		*prune = p;
	return result;
}
