/*
 * Messages in the SQLite store: sending, catching up, history.
 */
#include <stdio.h>
#include <string.h>

#include "store-internal.h"

/* The columns of every query that gives struct store_message. */
#define MESSAGE_COLUMNS \
	"m.id, m.created_at, m.sender_id, m.recipient_id, m.session_id," \
	" f.username, t.username, m.body"
#define MESSAGE_JOINS \
	" JOIN users AS f ON f.id = m.sender_id" \
	" LEFT JOIN users AS t ON t.id = m.recipient_id"

enum store_result
store_session_check(struct store *s, int64_t session)
{
	sqlite3_stmt *st = store_statement(
	    s, ST_SESSION_OPEN, "SELECT reason FROM sessions WHERE id = :id");
	enum store_result result = STORE_OK;
	const char *reason;
	int rc;

	if (st == NULL)
		return STORE_UNAVAILABLE;
	sqlite3_bind_int64(st, 1, session);
	if ((rc = store_step(s, st)) != SQLITE_ROW)
		return rc == SQLITE_DONE ? STORE_ENDED : STORE_UNAVAILABLE;
	reason = (const char *)sqlite3_column_text(st, 0);
	if (reason != NULL)
		result = strcmp(reason, "replaced") == 0 ? STORE_REPLACED
							 : STORE_ENDED;
	sqlite3_reset(st);
	return result;
}

/* *reachable: online or registered. */
static enum store_result
recipient_find(
    struct store *s, const char *to, struct store_sent *out, bool *reachable)
{
	sqlite3_stmt *st = store_statement(s, ST_RECIPIENT,
	    "SELECT id, username, ifnull(password, '!') <> '!' OR EXISTS"
	    " (SELECT 1 FROM sessions WHERE user_id = users.id AND ended_at IS NULL)"
	    " FROM users WHERE username = :username");
	int rc;

	if (st == NULL)
		return STORE_UNAVAILABLE;
	sqlite3_bind_text(st, 1, to, -1, SQLITE_STATIC);
	if ((rc = store_step(s, st)) != SQLITE_ROW)
		return rc == SQLITE_DONE ? STORE_NO_USER : STORE_UNAVAILABLE;
	out->recipient_id = sqlite3_column_int64(st, 0);
	snprintf(out->to, sizeof(out->to), "%s",
	    (const char *)sqlite3_column_text(st, 1));
	*reachable = sqlite3_column_int(st, 2) != 0;
	sqlite3_reset(st);
	return STORE_OK;
}

static bool
ref_forget(struct store *s, int64_t id)
{
	sqlite3_stmt *st = store_statement(
	    s, ST_REF_FORGET, "UPDATE messages SET ref = NULL WHERE id = :id");

	if (st == NULL)
		return false;
	sqlite3_bind_int64(st, 1, id);
	return store_run(s, st);
}

/*
 * Look for the message that this ref stands for.  A former holder's of the
 * name, or one of more than a day ago, is forgotten.  Sets out->id and
 * out->again when it is the same message.
 */
static enum store_result
ref_find(struct store *s, const struct store_session *session,
    const struct store_send *in, struct store_sent *out)
{
	sqlite3_stmt *st = store_statement(s, ST_REF,
	    "SELECT id, recipient_id, body, created_at FROM messages"
	    " WHERE sender_id = :sender AND ref = :ref");
	bool same, stale;
	int64_t id;
	int rc;

	if (st == NULL)
		return STORE_UNAVAILABLE;
	sqlite3_bind_int64(st, 1, session->user_id);
	sqlite3_bind_text(st, 2, in->ref, -1, SQLITE_STATIC);
	if ((rc = store_step(s, st)) != SQLITE_ROW)
		return rc == SQLITE_DONE ? STORE_OK : STORE_UNAVAILABLE;
	id = sqlite3_column_int64(st, 0);
	same = sqlite3_column_int64(st, 1) == out->recipient_id &&
	    (size_t)sqlite3_column_bytes(st, 2) == in->body_len &&
	    memcmp(sqlite3_column_text(st, 2), in->body, in->body_len) == 0;
	stale = id <= session->private_from ||
	    sqlite3_column_int64(st, 3) < store_now() - REF_AGE;
	if (!stale && same) {
		out->id = id;
		out->time = sqlite3_column_int64(st, 3);
		out->again = true;
	}
	sqlite3_reset(st);
	if (stale)
		return ref_forget(s, id) ? STORE_OK : STORE_UNAVAILABLE;
	return same ? STORE_OK : STORE_REF_REUSED;
}

static bool
message_add(struct store *s, const struct store_session *session,
    const struct store_send *in, struct store_sent *out)
{
	sqlite3_stmt *st = store_statement(s, ST_MESSAGE_ADD,
	    "INSERT INTO messages (sender_id, recipient_id, session_id, ref,"
	    " body, created_at) VALUES (:sender, :recipient, :session, :ref,"
	    " :body, :now)");

	if (st == NULL)
		return false;
	out->time = store_now();
	sqlite3_bind_int64(st, 1, session->user_id);
	if (out->recipient_id != 0)
		sqlite3_bind_int64(st, 2, out->recipient_id);
	else
		sqlite3_bind_null(st, 2);
	sqlite3_bind_int64(st, 3, session->id);
	sqlite3_bind_text(st, 4, in->ref, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 5, in->body, (int)in->body_len, SQLITE_STATIC);
	sqlite3_bind_int64(st, 6, out->time);
	if (!store_run(s, st))
		return false;
	out->id = s->last_id = sqlite3_last_insert_rowid(s->db);
	return true;
}

enum store_result
store_message_send(struct store *s, const struct store_session *session,
    const struct store_send *in, struct store_sent *out)
{
	struct store_sent sent = { .to = "all" };
	enum store_result result;
	bool reachable = true;

	if (in->to != NULL &&
	    (result = recipient_find(s, in->to, &sent, &reachable)) != STORE_OK)
		return result;
	if (in->ref != NULL &&
	    (result = ref_find(s, session, in, &sent)) != STORE_OK)
		return result;
	if (sent.again) {
		/* Who stored it may have died before it could be synced. */
		store_changed(s);
	} else if (!reachable) {
		return STORE_NO_USER;
	} else if (!message_add(s, session, in, &sent)) {
		return STORE_UNAVAILABLE;
	}
	*out = sent;
	return STORE_OK;
}

static enum store_result
rows_give(struct store *s, sqlite3_stmt *st, store_row row, void *arg)
{
	struct store_message m;
	int rc;

	while ((rc = store_step(s, st)) == SQLITE_ROW) {
		m = (struct store_message){
			.id = sqlite3_column_int64(st, 0),
			.time = sqlite3_column_int64(st, 1),
			.sender_id = sqlite3_column_int64(st, 2),
			.recipient_id = sqlite3_column_int64(st, 3),
			.session_id = sqlite3_column_int64(st, 4),
			.from = (const char *)sqlite3_column_text(st, 5),
			.to = (const char *)sqlite3_column_text(st, 6),
			.body = (const char *)sqlite3_column_text(st, 7),
			.body_len = (size_t)sqlite3_column_bytes(st, 7),
		};
		if (!row(arg, &m)) {
			sqlite3_reset(st);
			return STORE_OK;
		}
	}
	return rc == SQLITE_DONE ? STORE_OK : STORE_UNAVAILABLE;
}

/* Where reading has come to. */
struct progress {
	store_row row;
	void *arg;
	int64_t last; /* id */
	int count;
	bool stopped;
};

static bool
row_catch_up(void *arg, const struct store_message *m)
{
	struct progress *p = arg;

	p->last = m->id;
	p->count++;
	p->stopped = !p->row(p->arg, m);
	return !p->stopped;
}

/*
 * Where looking goes on after ids of which none was wanted: before the next one
 * that there is.  Ids that were left out, or removed, may be more than can be
 * gone through in a day.
 */
static enum store_result
gap_skip(struct store *s, int64_t limit, int64_t *position)
{
	sqlite3_stmt *st = store_query(s, ST_NEXT,
	    "SELECT ifnull(min(id) - 1, :limit) FROM messages"
	    " WHERE id > :from AND id <= :limit");

	if (st == NULL)
		return STORE_UNAVAILABLE;
	sqlite3_bind_int64(st, 1, limit);
	sqlite3_bind_int64(st, 2, *position);
	if (store_step(s, st) != SQLITE_ROW)
		return STORE_UNAVAILABLE;
	*position = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	return STORE_OK;
}

enum store_result
store_catch_up(struct store *s, struct store_view *view, int64_t limit,
    store_row row, void *arg)
{
	sqlite3_stmt *st = store_query(s, ST_CATCH_UP,
	    "SELECT " MESSAGE_COLUMNS " FROM messages AS m" MESSAGE_JOINS
	    " WHERE m.id > :from AND m.id <= :to AND m.session_id <> :session"
	    " AND CASE WHEN m.recipient_id IS NULL THEN m.id > :public"
	    " ELSE m.id > :private AND :user IN (m.recipient_id, m.sender_id)"
	    " END ORDER BY m.id LIMIT :rows");
	struct progress p = { .row = row, .arg = arg, .last = view->position };
	int64_t to = limit;
	enum store_result result;

	if (st == NULL)
		return STORE_UNAVAILABLE;
	if (limit <= view->position)
		return STORE_OK;
	if (to - view->position > CATCHUP_SPAN)
		to = view->position + CATCHUP_SPAN;
	sqlite3_bind_int64(st, 1, view->position);
	sqlite3_bind_int64(st, 2, to);
	sqlite3_bind_int64(st, 3, view->session_id);
	sqlite3_bind_int64(st, 4, view->public_from);
	sqlite3_bind_int64(st, 5, view->private_from);
	sqlite3_bind_int64(st, 6, view->user_id);
	sqlite3_bind_int(st, 7, CATCHUP_ROWS);
	result = rows_give(s, st, row_catch_up, &p);
	/* Rows that were given are delivered, whatever happened then. */
	if (p.stopped || p.count == CATCHUP_ROWS || result != STORE_OK)
		view->position = p.last;
	else
		view->position = to;
	if (result == STORE_OK && p.count == 0 && to < limit)
		result = gap_skip(s, limit, &view->position);
	return result;
}

enum store_result
store_log(
    struct store *s, int64_t from, int64_t limit, store_row row, void *arg)
{
	sqlite3_stmt *st = store_query(s, ST_LOG,
	    "SELECT " MESSAGE_COLUMNS " FROM messages AS m" MESSAGE_JOINS
	    " WHERE m.id > :from AND m.id <= :to ORDER BY m.id");

	if (st == NULL)
		return STORE_UNAVAILABLE;
	sqlite3_bind_int64(st, 1, from);
	sqlite3_bind_int64(st, 2, limit);
	return rows_give(s, st, row, arg);
}

static sqlite3_stmt *
history_all(struct store *s, bool after)
{
	if (after)
		return store_query(s, ST_HISTORY_ALL_AFTER,
		    "SELECT " MESSAGE_COLUMNS " FROM messages AS m"
		    " INDEXED BY messages_public" MESSAGE_JOINS
		    " WHERE m.recipient_id IS NULL AND m.id > :after"
		    " AND m.id < :before ORDER BY m.id LIMIT :limit");
	return store_query(s, ST_HISTORY_ALL,
	    "SELECT " MESSAGE_COLUMNS " FROM messages AS m"
	    " INDEXED BY messages_public" MESSAGE_JOINS
	    " WHERE m.recipient_id IS NULL AND m.id > :after"
	    " AND m.id < :before ORDER BY m.id DESC LIMIT :limit");
}

/* Both directions are on one index each and are merged in order. */
#define HISTORY_WITH \
	"SELECT " MESSAGE_COLUMNS " FROM messages AS m" \
	" INDEXED BY messages_private" MESSAGE_JOINS \
	" WHERE m.sender_id = :me AND m.recipient_id = :other" \
	" AND m.id > :after AND m.id < :before" \
	" UNION ALL SELECT " MESSAGE_COLUMNS " FROM messages AS m" \
	" INDEXED BY messages_private" MESSAGE_JOINS \
	" WHERE m.sender_id = :other AND m.recipient_id = :me" \
	" AND :me <> :other AND m.id > :after AND m.id < :before"

static sqlite3_stmt *
history_with(struct store *s, bool after)
{
	if (after)
		return store_query(s, ST_HISTORY_WITH_AFTER,
		    HISTORY_WITH " ORDER BY 1 LIMIT :limit");
	return store_query(
	    s, ST_HISTORY_WITH, HISTORY_WITH " ORDER BY 1 DESC LIMIT :limit");
}

static void
bind_named(sqlite3_stmt *st, const char *name, int64_t value)
{
	int i = sqlite3_bind_parameter_index(st, name);

	if (i != 0)
		sqlite3_bind_int64(st, i, value);
}

enum store_result
store_history(struct store *s, const struct store_view *view,
    const struct store_page *page, store_row row, void *arg)
{
	struct store_sent other = { 0 };
	int64_t floor = page->after > 0 ? page->after : 0;
	int64_t top = store_position(s) + 1;
	enum store_result result;
	bool reachable, after = page->after >= 0;
	sqlite3_stmt *st;

	if (page->with != NULL) {
		if ((result = recipient_find(
			 s, page->with, &other, &reachable)) != STORE_OK)
			return result;
		if (floor < view->private_from)
			floor = view->private_from;
		st = history_with(s, after);
	} else {
		st = history_all(s, after);
	}
	if (st == NULL)
		return STORE_UNAVAILABLE;
	if (page->before > 0 && page->before < top)
		top = page->before;
	bind_named(st, ":me", view->user_id);
	bind_named(st, ":other", other.recipient_id);
	bind_named(st, ":after", floor);
	bind_named(st, ":before", top);
	bind_named(st, ":limit", page->limit);
	return rows_give(s, st, row, arg);
}
