/*
 * Who may come in and who may not, as the operator's tool asks it of the
 * SQLite store: invitations and blocks.
 */
#include "store-admin.h"
#include "store-internal.h"

/* Run one statement that is bound already, and end its transaction. */
static enum store_result
run_alone(struct store *s, sqlite3_stmt *st, int *changes)
{
	enum store_result result =
	    store_run(s, st) ? STORE_OK : STORE_UNAVAILABLE;

	*changes = sqlite3_changes(s->db);
	return store_finish(s, result, true);
}

/* The statement, in a transaction; NULL: none was begun. */
static sqlite3_stmt *
begin_with(struct store *s, enum statement id, const char *sql,
    enum store_result *result)
{
	sqlite3_stmt *st = store_statement(s, id, sql);

	*result = st == NULL ? STORE_UNAVAILABLE : store_begin(s);
	return *result == STORE_OK ? st : NULL;
}

/* ---- invitations ---- */

enum store_result
store_admin_invite_add(struct store *s,
    const unsigned char hash[STORE_HASH_LEN],
    const struct store_admin_invite *invite, int64_t *id)
{
	enum store_result result;
	sqlite3_stmt *st = begin_with(s, ST_ADMIN_INVITE_ADD,
	    "INSERT INTO invites (hash, uses_left, note, created_at,"
	    " expires_at) VALUES (:hash, :uses, :note, :now, :expires)",
	    &result);
	int64_t added;
	int changes;

	if (st == NULL)
		return result;
	sqlite3_bind_blob(st, 1, hash, STORE_HASH_LEN, SQLITE_STATIC);
	sqlite3_bind_int64(st, 2, invite->uses_left);
	sqlite3_bind_text(st, 3, invite->note.s, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 4, store_now());
	sqlite3_bind_int64(st, 5, invite->expires_at);
	if ((result = run_alone(s, st, &changes)) != STORE_OK)
		return result;
	added = sqlite3_last_insert_rowid(s->db);
	*id = added;
	return STORE_OK;
}

enum store_result
store_admin_invites(struct store *s,
    void (*row)(void *, const struct store_admin_invite *), void *arg)
{
	sqlite3_stmt *st = store_query(s, ST_ADMIN_INVITES,
	    "SELECT id, uses_left, note, created_at, expires_at FROM invites"
	    " ORDER BY id");
	struct store_admin_invite invite;
	int rc;

	if (st == NULL)
		return STORE_UNAVAILABLE;
	while ((rc = store_step(s, st)) == SQLITE_ROW) {
		invite = (struct store_admin_invite){
			.id = sqlite3_column_int64(st, 0),
			.uses_left = sqlite3_column_int64(st, 1),
			.note = store_column_text(st, 2),
			.created_at = sqlite3_column_int64(st, 3),
			.expires_at = sqlite3_column_int64(st, 4),
		};
		row(arg, &invite);
	}
	return rc == SQLITE_DONE ? STORE_OK : STORE_UNAVAILABLE;
}

enum store_result
store_admin_invite_remove(struct store *s, int64_t id, bool *found)
{
	enum store_result result;
	sqlite3_stmt *st = begin_with(s, ST_ADMIN_INVITE_REMOVE,
	    "DELETE FROM invites WHERE id = :id", &result);
	int changes;

	if (st == NULL)
		return result;
	sqlite3_bind_int64(st, 1, id);
	if ((result = run_alone(s, st, &changes)) == STORE_OK)
		*found = changes > 0;
	return result;
}

/* ---- blocks ---- */

/* The first three parameters: a network, or a username. */
static void
bind_target(sqlite3_stmt *st, const struct store_admin_block *b)
{
	if (b->is_user) {
		sqlite3_bind_null(st, 1);
		sqlite3_bind_null(st, 2);
		sqlite3_bind_text(
		    st, 3, b->username.s, (int)b->username.len, SQLITE_STATIC);
	} else {
		sqlite3_bind_blob(
		    st, 1, b->first.bytes, NET_ADDR_LEN, SQLITE_STATIC);
		sqlite3_bind_blob(
		    st, 2, b->last.bytes, NET_ADDR_LEN, SQLITE_STATIC);
		sqlite3_bind_null(st, 3);
	}
}

/* In a transaction. */
static bool
block_delete(struct store *s, const struct store_admin_block *b, bool *found)
{
	sqlite3_stmt *st = store_statement(s, ST_ADMIN_BLOCK_REMOVE,
	    "DELETE FROM blocks WHERE (first = :first AND last = :last)"
	    " OR username = :username");

	if (st == NULL)
		return false;
	bind_target(st, b);
	if (!store_run(s, st))
		return false;
	*found = sqlite3_changes(s->db) > 0;
	return true;
}

enum store_result
store_admin_block_add(
    struct store *s, const struct store_admin_block *b, bool *again)
{
	enum store_result result;
	sqlite3_stmt *st = begin_with(s, ST_ADMIN_BLOCK_ADD,
	    "INSERT INTO blocks (first, last, username, reason, created_at,"
	    " expires_at) VALUES (:first, :last, :username, :reason, :now,"
	    " nullif(:expires, 0))",
	    &result);
	bool found;
	int changes;

	if (st == NULL)
		return result;
	if (!block_delete(s, b, &found)) {
		store_rollback(s);
		return STORE_UNAVAILABLE;
	}
	bind_target(st, b);
	sqlite3_bind_text(
	    st, 4, b->reason.s, (int)b->reason.len, SQLITE_STATIC);
	sqlite3_bind_int64(st, 5, store_now());
	sqlite3_bind_int64(st, 6, b->expires_at);
	if ((result = run_alone(s, st, &changes)) == STORE_OK)
		*again = found;
	return result;
}

enum store_result
store_admin_block_remove(
    struct store *s, const struct store_admin_block *b, bool *found)
{
	enum store_result result = store_begin(s);
	bool was = false;

	if (result != STORE_OK)
		return result;
	if (!block_delete(s, b, &was))
		result = STORE_UNAVAILABLE;
	if ((result = store_finish(s, result, true)) == STORE_OK)
		*found = was;
	return result;
}

static enum store_result
blocks_give(struct store *s, sqlite3_stmt *st, store_block_row row, void *arg)
{
	struct store_admin_block b;
	int rc;

	while ((rc = store_step(s, st)) == SQLITE_ROW) {
		b = (struct store_admin_block){
			.id = sqlite3_column_int64(st, 0),
			.is_user = sqlite3_column_type(st, 1) == SQLITE_NULL,
			.username = store_column_text(st, 3),
			.reason = store_column_text(st, 4),
			.created_at = sqlite3_column_int64(st, 5),
			.expires_at = sqlite3_column_int64(st, 6),
		};
		store_column_address(st, 1, &b.first);
		store_column_address(st, 2, &b.last);
		row(arg, &b);
	}
	return rc == SQLITE_DONE ? STORE_OK : STORE_UNAVAILABLE;
}

#define BLOCK_COLUMNS \
	"id, first, last, username, reason, created_at, expires_at"

enum store_result
store_admin_blocks(struct store *s, store_block_row row, void *arg)
{
	sqlite3_stmt *st = store_query(s, ST_ADMIN_BLOCKS,
	    "SELECT " BLOCK_COLUMNS " FROM blocks ORDER BY id");

	return st == NULL ? STORE_UNAVAILABLE : blocks_give(s, st, row, arg);
}

enum store_result
store_admin_blocks_why(struct store *s, const struct store_admin_block *b,
    store_block_row row, void *arg)
{
	sqlite3_stmt *st = store_query(s, ST_ADMIN_BLOCKS_WHY,
	    "SELECT " BLOCK_COLUMNS " FROM blocks WHERE ((first <= :first"
	    " AND last >= :last) OR username = :username)"
	    " AND (expires_at IS NULL OR expires_at > :now) ORDER BY id");
	struct store_admin_block who = *b;

	if (st == NULL)
		return STORE_UNAVAILABLE;
	who.last = who.first;
	bind_target(st, &who);
	sqlite3_bind_int64(st, 4, store_now());
	return blocks_give(s, st, row, arg);
}
