/*
 * What the operator's tool asks of the SQLite store about users, sessions and
 * announcements.  Invitations and blocks are in store-admin-door.c.
 */
#include <stdio.h>
#include <string.h>

#include "password.h"
#include "store-admin.h"
#include "store-internal.h"

struct store_text
store_column_text(sqlite3_stmt *st, int column)
{
	const char *s = (const char *)sqlite3_column_text(st, column);

	return (struct store_text){ .s = s != NULL ? s : "",
		.len =
		    s != NULL ? (size_t)sqlite3_column_bytes(st, column) : 0 };
}

/* ---- users ---- */

#define USER_COLUMNS \
	"u.id, u.username, CASE WHEN u.password IS NULL THEN 0" \
	" WHEN u.password = '!' THEN 2 ELSE 1 END," \
	" (SELECT count(*) FROM sessions AS s WHERE s.user_id = u.id" \
	" AND s.ended_at IS NULL), (SELECT count(*) FROM tokens AS t" \
	" WHERE t.user_id = u.id AND t.expires_at > :now)," \
	" u.created_at, u.seen_at"

static void
user_read(sqlite3_stmt *st, struct store_admin_user *u)
{
	*u = (struct store_admin_user){
		.id = sqlite3_column_int64(st, 0),
		.username = store_column_text(st, 1),
		.state = (enum store_user_state)sqlite3_column_int(st, 2),
		.sessions = sqlite3_column_int64(st, 3),
		.tokens = sqlite3_column_int64(st, 4),
		.created_at = sqlite3_column_int64(st, 5),
		.seen_at = sqlite3_column_int64(st, 6),
	};
}

enum store_result
store_admin_users(struct store *s,
    void (*row)(void *, const struct store_admin_user *), void *arg)
{
	sqlite3_stmt *st = store_query(s, ST_ADMIN_USERS,
	    "SELECT " USER_COLUMNS " FROM users AS u ORDER BY u.username");
	struct store_admin_user u;
	int rc;

	if (st == NULL)
		return STORE_UNAVAILABLE;
	sqlite3_bind_int64(st, 1, store_now());
	while ((rc = store_step(s, st)) == SQLITE_ROW) {
		user_read(st, &u);
		row(arg, &u);
	}
	return rc == SQLITE_DONE ? STORE_OK : STORE_UNAVAILABLE;
}

enum store_result
store_admin_user(
    struct store *s, const char *username, struct store_admin_user *out)
{
	sqlite3_stmt *st = store_query(s, ST_ADMIN_USER,
	    "SELECT " USER_COLUMNS " FROM users AS u"
	    " WHERE u.username = :username");
	int rc;

	if (st == NULL)
		return STORE_UNAVAILABLE;
	sqlite3_bind_int64(st, 1, store_now());
	sqlite3_bind_text(st, 2, username, -1, SQLITE_STATIC);
	if ((rc = store_step(s, st)) != SQLITE_ROW)
		return rc == SQLITE_DONE ? STORE_NO_USER : STORE_UNAVAILABLE;
	user_read(st, out);
	sqlite3_reset(st);
	out->username = (struct store_text){ username, strlen(username) };
	return STORE_OK;
}

/* ---- sessions ---- */

#define SESSION_COLUMNS \
	"s.id, u.username, s.peer, s.reason, s.socket, s.pid, s.started_at," \
	" s.ended_at"
#define SESSION_FROM " FROM sessions AS s JOIN users AS u ON u.id = s.user_id"

static enum store_result
sessions_give(
    struct store *s, sqlite3_stmt *st, store_session_row row, void *arg)
{
	struct store_admin_session session;
	int rc;

	while ((rc = store_step(s, st)) == SQLITE_ROW) {
		session = (struct store_admin_session){
			.id = sqlite3_column_int64(st, 0),
			.username = store_column_text(st, 1),
			.peer = store_column_text(st, 2),
			.reason = store_column_text(st, 3),
			.pid = sqlite3_column_int(st, 5),
			.started_at = sqlite3_column_int64(st, 6),
			.ended_at = sqlite3_column_int64(st, 7),
		};
		snprintf(session.socket, sizeof(session.socket), "%s",
		    store_column_text(st, 4).s);
		row(arg, &session);
	}
	return rc == SQLITE_DONE ? STORE_OK : STORE_UNAVAILABLE;
}

enum store_result
store_admin_sessions(struct store *s, store_session_row row, void *arg)
{
	sqlite3_stmt *st = store_query(s, ST_ADMIN_SESSIONS,
	    "SELECT " SESSION_COLUMNS " FROM sessions AS s INDEXED BY"
	    " sessions_open JOIN users AS u ON u.id = s.user_id"
	    " WHERE s.ended_at IS NULL ORDER BY s.id");

	if (st == NULL)
		return STORE_UNAVAILABLE;
	return sessions_give(s, st, row, arg);
}

enum store_result
store_admin_session(
    struct store *s, int64_t id, store_session_row row, void *arg)
{
	sqlite3_stmt *st = store_query(s, ST_ADMIN_SESSION,
	    "SELECT " SESSION_COLUMNS SESSION_FROM " WHERE s.id = :id");

	if (st == NULL)
		return STORE_UNAVAILABLE;
	sqlite3_bind_int64(st, 1, id);
	return sessions_give(s, st, row, arg);
}

enum store_result
store_admin_sessions_page(struct store *s, int64_t from, int64_t rows,
    store_session_row row, void *arg)
{
	sqlite3_stmt *st = store_query(s, ST_ADMIN_SESSIONS_PAGE,
	    "SELECT " SESSION_COLUMNS SESSION_FROM
	    " WHERE s.id > :from ORDER BY s.id LIMIT :rows");

	if (st == NULL)
		return STORE_UNAVAILABLE;
	sqlite3_bind_int64(st, 1, from);
	sqlite3_bind_int64(st, 2, rows);
	return sessions_give(s, st, row, arg);
}

/* In a transaction: close the user's open rows, and tell of them. */
static bool
sessions_close(struct store *s, int64_t user, const char *reason,
    store_session_row ended, void *arg)
{
	sqlite3_stmt *st = store_statement(s, ST_ADMIN_USER_SESSIONS,
	    "SELECT " SESSION_COLUMNS SESSION_FROM
	    " WHERE s.user_id = :user AND s.ended_at IS NULL");

	if (st == NULL)
		return false;
	sqlite3_bind_int64(st, 1, user);
	if (sessions_give(s, st, ended, arg) != STORE_OK)
		return false;
	st = store_statement(s, ST_ADMIN_SESSIONS_END,
	    "UPDATE sessions SET ended_at = :now, reason = :reason"
	    " WHERE user_id = :user AND ended_at IS NULL");
	if (st == NULL)
		return false;
	sqlite3_bind_int64(st, 1, store_now());
	sqlite3_bind_text(st, 2, reason, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 3, user);
	return store_run(s, st);
}

/* ---- removing and renaming ---- */

/*
 * Set what opens the name: '!' nobody, NULL whoever comes.  Who comes is
 * another person, from whom the private messages so far are kept.
 */
static bool
user_disown(struct store *s, int64_t user, const char *password)
{
	sqlite3_stmt *st = store_statement(s, ST_ADMIN_USER_DISOWN,
	    "UPDATE users SET password = :password, resume = NULL,"
	    " private_from = :last, position = :last WHERE id = :id");

	if (st == NULL)
		return false;
	sqlite3_bind_text(st, 1, password, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 2, s->last_id);
	sqlite3_bind_int64(st, 3, user);
	return store_run(s, st);
}

enum store_result
store_admin_user_removable(struct store *s, const char *username, bool freed,
    struct store_admin_user *out)
{
	enum store_result result = store_admin_user(s, username, out);

	if (result != STORE_OK)
		return result;
	return out->state == (freed ? STORE_USER_OPEN : STORE_USER_LOCKED)
	    ? STORE_REFUSED
	    : STORE_OK;
}

static enum store_result
user_remove(struct store *s, const char *username, bool freed,
    store_session_row ended, void *arg)
{
	struct store_admin_user u;
	enum store_result result =
	    store_admin_user_removable(s, username, freed, &u);

	if (result != STORE_OK)
		return result;
	return user_disown(s, u.id, freed ? NULL : PASSWORD_NOBODY) &&
		store_tokens_revoke(s, u.id) == STORE_OK &&
		sessions_close(s, u.id, "removed", ended, arg)
	    ? STORE_OK
	    : STORE_UNAVAILABLE;
}

enum store_result
store_admin_user_remove(struct store *s, const char *username, bool freed,
    store_session_row ended, void *arg)
{
	enum store_result result = store_begin(s);

	if (result != STORE_OK)
		return result;
	return store_finish(
	    s, user_remove(s, username, freed, ended, arg), true);
}

/* Blocks are by name: those of the person go along. */
static bool
name_change(struct store *s, int64_t user, const char *from, const char *to)
{
	sqlite3_stmt *st = store_statement(s, ST_ADMIN_USER_RENAME,
	    "UPDATE users SET username = :to WHERE id = :id");

	if (st == NULL)
		return false;
	sqlite3_bind_text(st, 1, to, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 2, user);
	if (!store_run(s, st))
		return false;
	st = store_statement(s, ST_ADMIN_BLOCK_RENAME,
	    "UPDATE OR REPLACE blocks SET username = :to"
	    " WHERE username = :from");
	if (st == NULL)
		return false;
	sqlite3_bind_text(st, 1, to, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 2, from, -1, SQLITE_STATIC);
	return store_run(s, st);
}

static enum store_result
user_rename(struct store *s, const char *from, const char *to,
    store_session_row ended, void *arg)
{
	struct store_admin_user u, other;
	enum store_result result = store_admin_user(s, from, &u);

	if (result != STORE_OK)
		return result;
	result = store_admin_user(s, to, &other);
	if (result == STORE_UNAVAILABLE)
		return result;
	/* The same one: its letters become upper or lower case. */
	if (result == STORE_OK && other.id != u.id)
		return STORE_TAKEN;
	return name_change(s, u.id, from, to) &&
		sessions_close(s, u.id, "renamed", ended, arg)
	    ? STORE_OK
	    : STORE_UNAVAILABLE;
}

enum store_result
store_admin_user_rename(struct store *s, const char *from, const char *to,
    store_session_row ended, void *arg)
{
	enum store_result result = store_begin(s);

	if (result != STORE_OK)
		return result;
	return store_finish(s, user_rename(s, from, to, ended, arg), true);
}

/* ---- announcements ---- */

struct holder {
	const struct store_announcement *in;
	bool online;
};

static void
holder_ask(void *arg, const struct store_admin_session *session)
{
	struct holder *h = arg;

	h->online |= h->in->alive(h->in->arg, session->socket);
}

/* The server's user; a name that nobody holds just now becomes it. */
static enum store_result
server_find(struct store *s, const struct store_announcement *in, int64_t *id)
{
	struct holder holder = { .in = in };
	struct store_admin_user u;
	enum store_result result = store_admin_user(s, STORE_SERVER, &u);

	if (result == STORE_NO_USER)
		return store_account_add(s, STORE_SERVER, PASSWORD_NOBODY, id);
	if (result != STORE_OK)
		return result;
	if (u.state == STORE_USER_REGISTERED)
		return STORE_REFUSED;
	if (u.state == STORE_USER_OPEN) {
		if (!sessions_close(s, u.id, "died", holder_ask, &holder))
			return STORE_UNAVAILABLE;
		if (holder.online)
			return STORE_TAKEN;
		if (!user_disown(s, u.id, PASSWORD_NOBODY))
			return STORE_UNAVAILABLE;
	}
	*id = u.id;
	return STORE_OK;
}

/* A row that was never open, so that nobody is told of a session. */
static bool
server_session(struct store *s, struct store_session *me)
{
	sqlite3_stmt *st = store_statement(s, ST_ADMIN_SERVER_SESSION,
	    "INSERT INTO sessions (user_id, socket, peer, pid, started_at,"
	    " ended_at, reason) VALUES (:user, '', 'chat-admin', 0, :now, :now,"
	    " 'announced')");

	if (st == NULL)
		return false;
	sqlite3_bind_int64(st, 1, me->user_id);
	sqlite3_bind_int64(st, 2, store_now());
	if (!store_run(s, st))
		return false;
	me->id = sqlite3_last_insert_rowid(s->db);
	return true;
}

static enum store_result
announce(struct store *s, const struct store_announcement *in,
    struct store_session *me, struct store_sent *sent)
{
	struct store_send send = { .body = in->body, .body_len = in->body_len };
	enum store_result result = server_find(s, in, &me->user_id);

	if (result != STORE_OK)
		return result;
	if (!server_session(s, me))
		return STORE_UNAVAILABLE;
	return store_message_send(s, me, &send, sent);
}

enum store_result
store_admin_announce(struct store *s, const struct store_announcement *in,
    struct store_session *out, struct store_sent *sent, int64_t *before)
{
	struct store_session me = { .username = STORE_SERVER };
	struct store_sent message = { 0 };
	enum store_result result = store_begin_send(s);
	int64_t last = s->last_id;

	if (result != STORE_OK)
		return result;
	result = announce(s, in, &me, &message);
	if ((result = store_finish(s, result, true)) != STORE_OK)
		return result;
	*out = me;
	*sent = message;
	*before = last;
	return STORE_OK;
}

/* ---- numbers ---- */

static void
stats_read(sqlite3_stmt *st, struct store_stats *stats)
{
	int64_t *const values[] = { &stats->users, &stats->registered,
		&stats->locked, &stats->sessions, &stats->online,
		&stats->messages, &stats->oldest, &stats->last, &stats->today,
		&stats->tokens, &stats->invites, &stats->blocks, &stats->bytes,
		&stats->free_bytes };
	int i;

	for (i = 0; i < (int)(sizeof(values) / sizeof(values[0])); i++)
		*values[i] = sqlite3_column_int64(st, i);
}

enum store_result
store_admin_stats(struct store *s, struct store_stats *out)
{
	sqlite3_stmt *st = store_query(s, ST_ADMIN_STATS,
	    "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM users"
	    " WHERE password IS NOT NULL AND password <> '!'),"
	    " (SELECT count(*) FROM users WHERE password = '!'),"
	    " (SELECT count(*) FROM sessions WHERE ended_at IS NULL),"
	    " (SELECT count(DISTINCT user_id) FROM sessions"
	    " WHERE ended_at IS NULL), (SELECT count(*) FROM messages),"
	    " (SELECT min(id) FROM messages), (SELECT max(id) FROM messages),"
	    " (SELECT count(*) FROM messages WHERE created_at > :now"
	    " - 86400000), (SELECT count(*) FROM tokens"
	    " WHERE expires_at > :now), (SELECT count(*) FROM invites"
	    " WHERE expires_at > :now AND uses_left > 0),"
	    " (SELECT count(*) FROM blocks WHERE expires_at IS NULL"
	    " OR expires_at > :now), (SELECT page_count * page_size"
	    " FROM pragma_page_count, pragma_page_size),"
	    " (SELECT freelist_count * page_size"
	    " FROM pragma_freelist_count, pragma_page_size)");
	struct store_stats stats = { 0 };

	if (st == NULL)
		return STORE_UNAVAILABLE;
	sqlite3_bind_int64(st, 1, store_now());
	if (store_step(s, st) != SQLITE_ROW)
		return STORE_UNAVAILABLE;
	stats_read(st, &stats);
	sqlite3_reset(st);
	stats.wal_bytes = store_wal_bytes(s);
	stats.position = store_position(s);
	stats.commits = (int64_t)atomic_load(&s->shared->commits);
	*out = stats;
	return STORE_OK;
}
