/*
 * Accounts in the SQLite store: registered users, their password hashes,
 * tokens and invitations.  Of secrets it sees hashes only.
 */
#include <stdio.h>
#include <string.h>

#include "store-internal.h"

#define ACCOUNT_COLUMNS "SELECT id, username, password FROM users WHERE "

/* The account that a query with ACCOUNT_COLUMNS finds. */
static enum store_result
account_read(struct store *s, sqlite3_stmt *st, struct store_account *out)
{
	struct store_account a = { 0 };
	const char *password;
	int rc;

	if ((rc = store_step(s, st)) != SQLITE_ROW)
		return rc == SQLITE_DONE ? STORE_NO_USER : STORE_UNAVAILABLE;
	a.id = sqlite3_column_int64(st, 0);
	snprintf(a.username, sizeof(a.username), "%s",
	    (const char *)sqlite3_column_text(st, 1));
	password = (const char *)sqlite3_column_text(st, 2);
	a.registered = password != NULL;
	if (a.registered)
		snprintf(a.password, sizeof(a.password), "%s", password);
	sqlite3_reset(st);
	*out = a;
	return STORE_OK;
}

enum store_result
store_account_find(
    struct store *s, const char *username, struct store_account *out)
{
	sqlite3_stmt *st = store_query(
	    s, ST_ACCOUNT_FIND, ACCOUNT_COLUMNS "username = :username");

	if (st == NULL)
		return STORE_UNAVAILABLE;
	sqlite3_bind_text(st, 1, username, -1, SQLITE_STATIC);
	return account_read(s, st, out);
}

enum store_result
store_account_get(struct store *s, int64_t user, struct store_account *out)
{
	sqlite3_stmt *st =
	    store_query(s, ST_ACCOUNT_GET, ACCOUNT_COLUMNS "id = :id");

	if (st == NULL)
		return STORE_UNAVAILABLE;
	sqlite3_bind_int64(st, 1, user);
	return account_read(s, st, out);
}

/* ---- registration ---- */

static enum store_result
invite_use(struct store *s, const unsigned char *hash)
{
	sqlite3_stmt *st = store_statement(s, ST_INVITE_USE,
	    "UPDATE invites SET uses_left = uses_left - 1 WHERE hash = :hash"
	    " AND uses_left > 0 AND expires_at > :now");

	if (st == NULL)
		return STORE_UNAVAILABLE;
	sqlite3_bind_blob(st, 1, hash, STORE_HASH_LEN, SQLITE_STATIC);
	sqlite3_bind_int64(st, 2, store_now());
	if (!store_run(s, st))
		return STORE_UNAVAILABLE;
	return sqlite3_changes(s->db) == 1 ? STORE_OK : STORE_BAD_INVITE;
}

enum store_result
store_account_add(
    struct store *s, const char *username, const char *password, int64_t *user)
{
	sqlite3_stmt *st = store_statement(s, ST_ACCOUNT_ADD,
	    "INSERT INTO users (username, password, private_from, position,"
	    " created_at, seen_at)"
	    " VALUES (:username, :password, :position, :position, :now, :now)");

	if (st == NULL)
		return STORE_UNAVAILABLE;
	sqlite3_bind_text(st, 1, username, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 2, password, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 3, s->last_id);
	sqlite3_bind_int64(st, 4, store_now());
	if (!store_run(s, st))
		return STORE_UNAVAILABLE;
	*user = sqlite3_last_insert_rowid(s->db);
	return STORE_OK;
}

/* A name that was used: what was private then is not the new user's. */
static enum store_result
account_take(struct store *s, const struct store_registration *in, int64_t user)
{
	sqlite3_stmt *st = store_statement(s, ST_ACCOUNT_REGISTER,
	    "UPDATE users SET username = :username, password = :password,"
	    " resume = NULL, private_from = max(private_from, :position),"
	    " position = max(position, :position), seen_at = :now"
	    " WHERE id = :id");

	if (st == NULL)
		return STORE_UNAVAILABLE;
	sqlite3_bind_text(st, 1, in->username, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 2, in->password, -1, SQLITE_STATIC);
	/* Who holds it keeps what is private since then. */
	sqlite3_bind_int64(st, 3, in->session != 0 ? 0 : s->last_id);
	sqlite3_bind_int64(st, 4, store_now());
	sqlite3_bind_int64(st, 5, user);
	return store_run(s, st) ? STORE_OK : STORE_UNAVAILABLE;
}

/* Whether the name is free for this registration.  *user: 0 if never used. */
static enum store_result
name_check(struct store *s, const struct store_registration *in, int64_t *user)
{
	struct store_closing closing = {
		.own = in->session, .alive = in->alive, .arg = in->arg
	};
	struct store_account account;
	enum store_result result;

	*user = 0;
	if (in->session != 0 &&
	    (result = store_session_check(s, in->session)) != STORE_OK)
		return result;
	result = store_account_find(s, in->username, &account);
	if (result == STORE_NO_USER)
		return STORE_OK;
	if (result != STORE_OK)
		return result;
	if (account.registered)
		return STORE_REFUSED;
	closing.user = *user = account.id;
	return store_others_close(s, &closing);
}

static enum store_result
account_register(
    struct store *s, const struct store_registration *in, int64_t *user)
{
	enum store_result result;

	if ((result = name_check(s, in, user)) != STORE_OK)
		return result;
	if (in->invite != NULL &&
	    (result = invite_use(s, in->invite)) != STORE_OK)
		return result;
	if (in->password == NULL)
		return STORE_OK;
	if (*user != 0)
		return account_take(s, in, *user);
	return store_account_add(s, in->username, in->password, user);
}

enum store_result
store_account_register(
    struct store *s, const struct store_registration *in, int64_t *user)
{
	enum store_result result;

	if ((result = store_begin(s)) != STORE_OK)
		return result;
	result = account_register(s, in, user);
	if (in->password != NULL)
		return store_finish(s, result, true);
	store_rollback(s);
	return result;
}

/* ---- tokens ---- */

enum store_result
store_tokens_revoke(struct store *s, int64_t user)
{
	sqlite3_stmt *st = store_statement(
	    s, ST_TOKEN_REVOKE_ALL, "DELETE FROM tokens WHERE user_id = :user");

	if (st == NULL)
		return STORE_UNAVAILABLE;
	sqlite3_bind_int64(st, 1, user);
	return store_run(s, st) ? STORE_OK : STORE_UNAVAILABLE;
}

/* Forget what has expired, and the oldest, so that one more has room. */
static enum store_result
tokens_trim(struct store *s, int64_t user)
{
	sqlite3_stmt *st = store_statement(s, ST_TOKEN_TRIM,
	    "DELETE FROM tokens WHERE user_id = :user AND (expires_at <= :now"
	    " OR id <= (SELECT id FROM tokens WHERE user_id = :user"
	    " ORDER BY id DESC LIMIT 1 OFFSET :keep))");

	if (st == NULL)
		return STORE_UNAVAILABLE;
	sqlite3_bind_int64(st, 1, user);
	sqlite3_bind_int64(st, 2, store_now());
	sqlite3_bind_int(st, 3, TOKENS_MAX - 1);
	return store_run(s, st) ? STORE_OK : STORE_UNAVAILABLE;
}

static enum store_result
token_insert(struct store *s, const unsigned char *hash, struct store_token *t)
{
	sqlite3_stmt *st = store_statement(s, ST_TOKEN_ADD,
	    "INSERT INTO tokens (user_id, hash, created_at, expires_at)"
	    " VALUES (:user, :hash, :now, :expires)");

	if (st == NULL)
		return STORE_UNAVAILABLE;
	sqlite3_bind_int64(st, 1, t->user_id);
	sqlite3_bind_blob(st, 2, hash, STORE_HASH_LEN, SQLITE_STATIC);
	sqlite3_bind_int64(st, 3, store_now());
	sqlite3_bind_int64(st, 4, t->expires);
	if (!store_run(s, st))
		return STORE_UNAVAILABLE;
	t->id = sqlite3_last_insert_rowid(s->db);
	return STORE_OK;
}

/* STORE_OK while the user is registered with that password's hash. */
static enum store_result
password_is(struct store *s, int64_t user, const char *password)
{
	struct store_account account;
	enum store_result result = store_account_get(s, user, &account);

	if (result != STORE_OK)
		return result;
	if (!account.registered)
		return STORE_NO_USER;
	return password == NULL || strcmp(password, account.password) == 0
	    ? STORE_OK
	    : STORE_REFUSED;
}

enum store_result
store_token_add(struct store *s, int64_t user, const char *password,
    const unsigned char *hash, int64_t lifetime, struct store_token *out)
{
	struct store_token token = { .user_id = user,
		.expires = store_now() + lifetime };
	enum store_result result;

	if ((result = store_begin(s)) != STORE_OK)
		return result;
	if ((result = password_is(s, user, password)) == STORE_OK &&
	    (result = tokens_trim(s, user)) == STORE_OK)
		result = token_insert(s, hash, &token);
	if ((result = store_finish(s, result, true)) == STORE_OK)
		*out = token;
	return result;
}

enum store_result
store_token_find(
    struct store *s, const unsigned char *hash, struct store_token *out)
{
	sqlite3_stmt *st = store_query(s, ST_TOKEN_FIND,
	    "SELECT id, user_id, expires_at FROM tokens"
	    " WHERE hash = :hash AND expires_at > :now");
	int rc;

	if (st == NULL)
		return STORE_UNAVAILABLE;
	sqlite3_bind_blob(st, 1, hash, STORE_HASH_LEN, SQLITE_STATIC);
	sqlite3_bind_int64(st, 2, store_now());
	if ((rc = store_step(s, st)) != SQLITE_ROW)
		return rc == SQLITE_DONE ? STORE_REFUSED : STORE_UNAVAILABLE;
	out->id = sqlite3_column_int64(st, 0);
	out->user_id = sqlite3_column_int64(st, 1);
	out->expires = sqlite3_column_int64(st, 2);
	sqlite3_reset(st);
	return STORE_OK;
}

static enum store_result
token_revoke(struct store *s, int64_t user, int64_t id)
{
	sqlite3_stmt *st = store_statement(s, ST_TOKEN_REVOKE,
	    "DELETE FROM tokens WHERE id = :id AND user_id = :user");

	if (st == NULL)
		return STORE_UNAVAILABLE;
	sqlite3_bind_int64(st, 1, id);
	sqlite3_bind_int64(st, 2, user);
	return store_run(s, st) ? STORE_OK : STORE_UNAVAILABLE;
}

enum store_result
store_token_revoke(struct store *s, int64_t user, int64_t id, int64_t *revoked)
{
	enum store_result result;
	int64_t n;

	if ((result = store_begin(s)) != STORE_OK)
		return result;
	result =
	    id == 0 ? store_tokens_revoke(s, user) : token_revoke(s, user, id);
	n = sqlite3_changes(s->db);
	if ((result = store_finish(s, result, true)) == STORE_OK)
		*revoked = n;
	return result;
}

/* Most of the time there are none, and nobody has to wait for the lock. */
static enum store_result
tokens_expired(struct store *s, bool *any)
{
	sqlite3_stmt *st = store_query(s, ST_TOKEN_EXPIRED,
	    "SELECT 1 FROM tokens WHERE expires_at <= :now LIMIT 1");
	int rc;

	if (st == NULL)
		return STORE_UNAVAILABLE;
	sqlite3_bind_int64(st, 1, store_now());
	rc = store_step(s, st);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return STORE_UNAVAILABLE;
	*any = rc == SQLITE_ROW;
	sqlite3_reset(st);
	return STORE_OK;
}

static enum store_result
tokens_remove(struct store *s)
{
	sqlite3_stmt *st = store_statement(s, ST_TOKEN_EXPIRE,
	    "DELETE FROM tokens WHERE id IN (SELECT id FROM tokens"
	    " WHERE expires_at <= :now LIMIT :rows)");

	if (st == NULL)
		return STORE_UNAVAILABLE;
	sqlite3_bind_int64(st, 1, store_now());
	sqlite3_bind_int(st, 2, EXPIRE_ROWS);
	return store_run(s, st) ? STORE_OK : STORE_UNAVAILABLE;
}

enum store_result
store_tokens_expire(struct store *s, bool *more)
{
	enum store_result result;
	bool any = false;

	if ((result = tokens_expired(s, &any)) != STORE_OK)
		return result;
	if (any) {
		if ((result = store_begin(s)) != STORE_OK)
			return result;
		result = tokens_remove(s);
		any = sqlite3_changes(s->db) == EXPIRE_ROWS;
		if ((result = store_finish(s, result, false)) != STORE_OK)
			return result;
	}
	*more = any;
	return STORE_OK;
}

/* ---- passwords ---- */

static enum store_result
password_set(struct store *s, int64_t user, const char *hash)
{
	sqlite3_stmt *st = store_statement(s, ST_ACCOUNT_PASSWORD,
	    "UPDATE users SET password = :password WHERE id = :id");

	if (st == NULL)
		return STORE_UNAVAILABLE;
	sqlite3_bind_text(st, 1, hash, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 2, user);
	return store_run(s, st) ? STORE_OK : STORE_UNAVAILABLE;
}

enum store_result
store_account_replace_password(struct store *s, int64_t user, const char *old,
    const char *hash, bool revoke)
{
	enum store_result result;

	if ((result = store_begin(s)) != STORE_OK)
		return result;
	if ((result = password_is(s, user, old)) == STORE_OK &&
	    (result = password_set(s, user, hash)) == STORE_OK && revoke)
		result = store_tokens_revoke(s, user);
	return store_finish(s, result, true);
}

enum store_result
store_password_cost(struct store *s, int *cost)
{
	sqlite3_stmt *st = store_query(s, ST_ACCOUNT_COST,
	    "SELECT max(substr(password, 5, 2)) FROM users"
	    " WHERE password GLOB '$2b$*' AND substr(password, 5, 2) <= :most");
	char most[3];

	if (st == NULL)
		return STORE_UNAVAILABLE;
	snprintf(most, sizeof(most), "%02d", PASSWORD_COST_MAX);
	sqlite3_bind_text(st, 1, most, -1, SQLITE_STATIC);
	if (store_step(s, st) != SQLITE_ROW)
		return STORE_UNAVAILABLE;
	*cost = sqlite3_column_int(st, 0);
	sqlite3_reset(st);
	return STORE_OK;
}

/* ---- whose turn it is to hash one ---- */

bool
store_hash_begin(struct store *s)
{
	s->hashing = shared_hash_lock(
	    s->shared, HASH_WAIT, s->options.notice, s->options.arg);
	return s->hashing != NULL;
}

void
store_hash_end(struct store *s)
{
	shared_unlock(s->hashing);
	s->hashing = NULL;
}
