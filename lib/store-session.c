/*
 * Sessions and users in the SQLite store: who holds a name, who is online.
 */
#include <stdio.h>
#include <string.h>

#include "password.h"
#include "store-internal.h"

struct user {
	int64_t id, private_from, position;
	char username[USERNAME_MAX + 1];
	char password[PASSWORD_HASH_MAX]; /* empty: not registered */
	bool proven;
};

/* In constant time: how much of a secret was right must not be measurable. */
static bool
hash_equal(const unsigned char *a, const unsigned char *b)
{
	unsigned int diff = 0;
	size_t i;

	for (i = 0; i < STORE_HASH_LEN; i++)
		diff |= a[i] ^ b[i];
	return diff == 0;
}

static void
copy_name(char *to, size_t size, const unsigned char *from)
{
	snprintf(to, size, "%s", from != NULL ? (const char *)from : "");
}

static bool
user_find(struct store *s, const struct store_login *in, struct user *u)
{
	sqlite3_stmt *st = store_statement(s, ST_USER,
	    "SELECT id, username, password, resume, private_from,"
	    " position FROM users WHERE username = :username");
	const void *resume;
	int rc;

	*u = (struct user){ 0 };
	if (st == NULL)
		return false;
	sqlite3_bind_text(st, 1, in->username, -1, SQLITE_STATIC);
	if ((rc = store_step(s, st)) != SQLITE_ROW)
		return rc == SQLITE_DONE;
	u->id = sqlite3_column_int64(st, 0);
	copy_name(u->username, sizeof(u->username), sqlite3_column_text(st, 1));
	copy_name(u->password, sizeof(u->password), sqlite3_column_text(st, 2));
	resume = sqlite3_column_blob(st, 3);
	u->proven = in->proof != NULL && resume != NULL &&
	    sqlite3_column_bytes(st, 3) == STORE_HASH_LEN &&
	    hash_equal(in->proof, resume);
	u->private_from = sqlite3_column_int64(st, 4);
	u->position = sqlite3_column_int64(st, 5);
	sqlite3_reset(st);
	return true;
}

/* A name nobody used before, or one whose new holder has no proof. */
static bool
user_take(struct store *s, const struct store_login *in, struct user *u)
{
	bool known = u->id != 0;
	sqlite3_stmt *st = known
	    ? store_statement(s, ST_USER_TAKE,
		  "UPDATE users SET"
		  " username = :username, resume = :resume, private_from = :position,"
		  " position = :position, seen_at = :now WHERE id = :id")
	    : store_statement(s, ST_USER_ADD,
		  "INSERT INTO users (username,"
		  " resume, private_from, position, created_at, seen_at)"
		  " VALUES (:username, :resume, :position, :position, :now, :now)");

	if (st == NULL)
		return false;
	sqlite3_bind_text(st, 1, in->username, -1, SQLITE_STATIC);
	sqlite3_bind_blob(st, 2, in->secret, STORE_HASH_LEN, SQLITE_STATIC);
	sqlite3_bind_int64(st, 3, s->last_id);
	sqlite3_bind_int64(st, 4, store_now());
	if (known)
		sqlite3_bind_int64(st, 5, u->id);
	if (!store_run(s, st))
		return false;
	if (!known)
		u->id = sqlite3_last_insert_rowid(s->db);
	snprintf(u->username, sizeof(u->username), "%s", in->username);
	u->private_from = u->position = s->last_id;
	return true;
}

static bool
row_close(
    struct store *s, int64_t session, const char *socket, const char *reason)
{
	sqlite3_stmt *st = store_statement(s, ST_SESSION_END,
	    "UPDATE sessions SET ended_at = :now, reason = :reason"
	    " WHERE id = :id AND socket = :socket AND ended_at IS NULL");

	if (st == NULL)
		return false;
	sqlite3_bind_int64(st, 1, store_now());
	sqlite3_bind_text(st, 2, reason, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 3, session);
	sqlite3_bind_text(st, 4, socket, -1, SQLITE_STATIC);
	return store_run(s, st);
}

enum store_result
store_others_close(struct store *s, struct store_closing *c)
{
	sqlite3_stmt *st = store_statement(s, ST_USER_SESSIONS,
	    "SELECT id, socket FROM sessions"
	    " WHERE user_id = :user AND ended_at IS NULL AND id > :after"
	    " ORDER BY id");
	char socket[STORE_SOCKET_MAX + 1];
	const char *reason;
	int64_t id = 0;
	int rc, looked = 0;

	if (st == NULL)
		return STORE_UNAVAILABLE;
	for (;;) {
		sqlite3_bind_int64(st, 1, c->user);
		sqlite3_bind_int64(st, 2, id);
		if ((rc = store_step(s, st)) != SQLITE_ROW)
			break;
		id = sqlite3_column_int64(st, 0);
		copy_name(socket, sizeof(socket), sqlite3_column_text(st, 1));
		sqlite3_reset(st);
		if (id == c->own)
			continue;
		reason = "died";
		if (c->alive(c->arg, socket)) {
			if (c->others == STORE_OTHERS_REFUSE)
				return STORE_TAKEN;
			if (c->others == STORE_OTHERS_LEAVE) {
				if (++looked < SESSIONS_LOOKED)
					continue;
				return STORE_OK;
			}
			reason = "replaced";
			memcpy(c->replaced, socket, sizeof(socket));
		}
		if (!row_close(s, id, socket, reason))
			return STORE_UNAVAILABLE;
	}
	return rc == SQLITE_DONE ? STORE_OK : STORE_UNAVAILABLE;
}

static bool
row_add(
    struct store *s, const struct store_login *in, int64_t user, int64_t *id)
{
	sqlite3_stmt *st = store_statement(s, ST_SESSION_ADD,
	    "INSERT INTO sessions (user_id, socket, peer, pid, started_at)"
	    " VALUES (:user, :socket, :peer, :pid, :now)");

	if (st == NULL)
		return false;
	sqlite3_bind_int64(st, 1, user);
	sqlite3_bind_text(st, 2, in->socket, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 3, in->peer, -1, SQLITE_STATIC);
	sqlite3_bind_int(st, 4, in->pid);
	sqlite3_bind_int64(st, 5, store_now());
	if (!store_run(s, st))
		return false;
	*id = sqlite3_last_insert_rowid(s->db);
	return true;
}

/* A registered user needs a password or token that is right at this moment. */
static enum store_result
credentials_check(
    struct store *s, const struct store_login *in, const struct user *u)
{
	struct store_token token;
	enum store_result result;

	if (strcmp(u->password, PASSWORD_NOBODY) == 0)
		return STORE_REFUSED;
	if (in->password != NULL)
		return strcmp(in->password, u->password) == 0 ? STORE_OK
							      : STORE_REFUSED;
	if (in->token == NULL)
		return STORE_REFUSED;
	if ((result = store_token_find(s, in->token, &token)) != STORE_OK)
		return result;
	return token.user_id == u->id ? STORE_OK : STORE_REFUSED;
}

static enum store_result
session_begin(struct store *s, const struct store_login *in, struct user *u,
    struct store_session *out)
{
	struct store_closing closing = { .alive = in->alive, .arg = in->arg };
	enum store_result result;

	if (!user_find(s, in, u))
		return STORE_UNAVAILABLE;
	closing.user = u->id;
	closing.others = u->proven ? STORE_OTHERS_REPLACE : STORE_OTHERS_REFUSE;
	if (u->password[0] != '\0') {
		if ((result = credentials_check(s, in, u)) != STORE_OK)
			return result;
		u->proven = true;
		closing.others = STORE_OTHERS_LEAVE;
	} else if (in->password != NULL || in->token != NULL) {
		return STORE_REFUSED;
	}
	if (u->id != 0 &&
	    (result = store_others_close(s, &closing)) != STORE_OK)
		return result;
	memcpy(out->replaced, closing.replaced, sizeof(out->replaced));
	if (!u->proven && !user_take(s, in, u))
		return STORE_UNAVAILABLE;
	return row_add(s, in, u->id, &out->id) ? STORE_OK : STORE_UNAVAILABLE;
}

enum store_result
store_session_begin(
    struct store *s, const struct store_login *in, struct store_session *out)
{
	struct store_session session = { 0 };
	struct user u;
	enum store_result result;

	if ((result = store_begin(s)) != STORE_OK)
		return result;
	result = session_begin(s, in, &u, &session);
	if ((result = store_finish(s, result, false)) != STORE_OK)
		return result;
	session.user_id = u.id;
	memcpy(session.username, u.username, sizeof(u.username));
	memcpy(session.password, u.password, sizeof(u.password));
	session.proven = u.proven;
	session.private_from = u.private_from;
	session.kept_position = u.position;
	session.position = store_position(s);
	*out = session;
	return STORE_OK;
}

enum store_result
store_session_find(struct store *s, int64_t session, const char *socket)
{
	sqlite3_stmt *st = store_query(s, ST_SESSION_FIND,
	    "SELECT 1 FROM sessions WHERE id = :id AND socket = :socket");
	int rc;

	if (st == NULL)
		return STORE_UNAVAILABLE;
	sqlite3_bind_int64(st, 1, session);
	sqlite3_bind_text(st, 2, socket, -1, SQLITE_STATIC);
	if ((rc = store_step(s, st)) != SQLITE_ROW)
		return rc == SQLITE_DONE ? STORE_ENDED : STORE_UNAVAILABLE;
	sqlite3_reset(st);
	return store_session_check(s, session);
}

/* Whose session it was is away from now on. */
static bool
user_left(struct store *s, int64_t session, int64_t position)
{
	sqlite3_stmt *st = store_statement(s, ST_USER_LEFT,
	    "UPDATE users SET seen_at = :now, position = max(position,"
	    " :position) WHERE id = (SELECT user_id FROM sessions"
	    " WHERE id = :session)");

	if (st == NULL)
		return false;
	sqlite3_bind_int64(st, 1, store_now());
	sqlite3_bind_int64(st, 2, position);
	sqlite3_bind_int64(st, 3, session);
	return store_run(s, st);
}

enum store_result
store_session_end(struct store *s, int64_t session, const char *socket,
    const char *reason, int64_t position)
{
	enum store_result result = store_begin(s);

	if (result != STORE_OK)
		return result;
	if (!row_close(s, session, socket, reason))
		result = STORE_UNAVAILABLE;
	else if (sqlite3_changes(s->db) == 0)
		result = STORE_ENDED;
	else if (!user_left(s, session, position))
		result = STORE_UNAVAILABLE;
	return store_finish(s, result, false);
}

enum store_result
store_sessions_open(struct store *s,
    bool (*row)(void *, const struct store_open_session *), void *arg)
{
	sqlite3_stmt *st = store_query(s, ST_SESSIONS_OPEN,
	    "SELECT s.id, s.user_id, u.username, s.socket"
	    " FROM sessions AS s INDEXED BY sessions_open"
	    " JOIN users AS u ON u.id = s.user_id WHERE s.ended_at IS NULL");
	struct store_open_session session;
	int rc;

	if (st == NULL)
		return STORE_UNAVAILABLE;
	while ((rc = store_step(s, st)) == SQLITE_ROW) {
		session = (struct store_open_session){
			.id = sqlite3_column_int64(st, 0),
			.user_id = sqlite3_column_int64(st, 1),
			.username = (const char *)sqlite3_column_text(st, 2),
			.socket = (const char *)sqlite3_column_text(st, 3),
		};
		if (!row(arg, &session)) {
			sqlite3_reset(st);
			return STORE_OK;
		}
	}
	return rc == SQLITE_DONE ? STORE_OK : STORE_UNAVAILABLE;
}

enum store_result
store_users(struct store *s, bool (*row)(void *, const struct store_user *),
    void *arg, bool *more)
{
	sqlite3_stmt *st = store_query(s, ST_USERS,
	    "SELECT u.username, 1, min(s.started_at)"
	    " FROM sessions AS s INDEXED BY sessions_open"
	    " JOIN users AS u ON u.id = s.user_id"
	    " WHERE s.ended_at IS NULL GROUP BY s.user_id"
	    " UNION ALL SELECT username, 0, seen_at FROM users"
	    " INDEXED BY users_registered WHERE password IS NOT NULL"
	    " AND password <> '!' AND NOT EXISTS (SELECT 1 FROM sessions"
	    " WHERE user_id = users.id"
	    " AND ended_at IS NULL) ORDER BY 1 COLLATE NOCASE");
	struct store_user user;
	int rc, away = 0;

	*more = false;
	if (st == NULL)
		return STORE_UNAVAILABLE;
	while ((rc = store_step(s, st)) == SQLITE_ROW) {
		user = (struct store_user){
			.username = (const char *)sqlite3_column_text(st, 0),
			.online = sqlite3_column_int(st, 1) != 0,
			.since = sqlite3_column_int64(st, 2),
		};
		if (!user.online && ++away > USERS_AWAY_MAX) {
			*more = true;
			continue;
		}
		if (!row(arg, &user)) {
			sqlite3_reset(st);
			return STORE_OK;
		}
	}
	return rc == SQLITE_DONE ? STORE_OK : STORE_UNAVAILABLE;
}
