/*
 * Blocks in the SQLite store: who is kept out, and until when.
 */
#include <stdio.h>
#include <string.h>

#include "store-internal.h"

bool
store_column_address(sqlite3_stmt *st, int column, struct net_addr *a)
{
	const void *bytes = sqlite3_column_blob(st, column);

	if (bytes == NULL || sqlite3_column_bytes(st, column) != NET_ADDR_LEN)
		return false;
	memcpy(a->bytes, bytes, NET_ADDR_LEN);
	return true;
}

enum store_result
store_blocks(
    struct store *s, bool (*row)(void *, const struct store_block *), void *arg)
{
	sqlite3_stmt *st = store_query(s, ST_BLOCKS,
	    "SELECT username, first, last, reason, expires_at FROM blocks"
	    " WHERE expires_at IS NULL OR expires_at > :now");
	struct store_block b;
	int rc;

	if (st == NULL)
		return STORE_UNAVAILABLE;
	sqlite3_bind_int64(st, 1, store_now());
	while ((rc = store_step(s, st)) == SQLITE_ROW) {
		b = (struct store_block){
			.username = (const char *)sqlite3_column_text(st, 0),
			.reason = (const char *)sqlite3_column_text(st, 3),
			.until = sqlite3_column_int64(st, 4),
		};
		if (b.username == NULL &&
		    (!store_column_address(st, 1, &b.first) ||
			!store_column_address(st, 2, &b.last)))
			continue;
		if (!row(arg, &b)) {
			sqlite3_reset(st);
			return STORE_OK;
		}
	}
	return rc == SQLITE_DONE ? STORE_OK : STORE_UNAVAILABLE;
}

/* The first row of reason and expires_at, which lasts longest. */
static enum store_result
blocked_read(struct store *s, sqlite3_stmt *st, struct store_blocked *out)
{
	struct store_blocked b = { .blocked = false };
	const unsigned char *reason;
	int rc = store_step(s, st);

	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return STORE_UNAVAILABLE;
	if (rc == SQLITE_ROW) {
		reason = sqlite3_column_text(st, 0);
		b.blocked = true;
		b.until = sqlite3_column_int64(st, 1);
		snprintf(b.reason, sizeof(b.reason), "%s",
		    reason != NULL ? (const char *)reason : "");
		sqlite3_reset(st);
	}
	*out = b;
	return STORE_OK;
}

enum store_result
store_blocked_address(
    struct store *s, const struct net_addr *address, struct store_blocked *out)
{
	sqlite3_stmt *st = store_query(s, ST_BLOCKED_ADDRESS,
	    "SELECT reason, expires_at FROM blocks INDEXED BY blocks_network"
	    " WHERE first <= :address AND last >= :address"
	    " AND (expires_at IS NULL OR expires_at > :now)"
	    " ORDER BY expires_at IS NULL DESC, expires_at DESC LIMIT 1");

	if (st == NULL)
		return STORE_UNAVAILABLE;
	sqlite3_bind_blob(st, 1, address->bytes, NET_ADDR_LEN, SQLITE_STATIC);
	sqlite3_bind_int64(st, 2, store_now());
	return blocked_read(s, st, out);
}

enum store_result
store_blocked_user(
    struct store *s, const char *username, struct store_blocked *out)
{
	sqlite3_stmt *st = store_query(s, ST_BLOCKED_USER,
	    "SELECT reason, expires_at FROM blocks INDEXED BY blocks_username"
	    " WHERE username = :username"
	    " AND (expires_at IS NULL OR expires_at > :now)");

	if (st == NULL)
		return STORE_UNAVAILABLE;
	sqlite3_bind_text(st, 1, username, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 2, store_now());
	return blocked_read(s, st, out);
}

static bool
block_write(struct store *s, const struct store_block *b)
{
	sqlite3_stmt *over = store_statement(
	    s, ST_BLOCKS_OVER, "DELETE FROM blocks WHERE expires_at <= :now");
	sqlite3_stmt *st = store_statement(s, ST_BLOCK_ADD,
	    "INSERT INTO blocks (first, last, reason, created_at, expires_at)"
	    " VALUES (:first, :last, :reason, :now, :until)"
	    " ON CONFLICT (first, last) WHERE first IS NOT NULL DO UPDATE"
	    " SET expires_at = excluded.expires_at, reason = excluded.reason"
	    " WHERE expires_at < excluded.expires_at");

	if (over == NULL || st == NULL)
		return false;
	sqlite3_bind_int64(over, 1, store_now());
	if (!store_run(s, over))
		return false;
	sqlite3_bind_blob(st, 1, b->first.bytes, NET_ADDR_LEN, SQLITE_STATIC);
	sqlite3_bind_blob(st, 2, b->last.bytes, NET_ADDR_LEN, SQLITE_STATIC);
	sqlite3_bind_text(st, 3, b->reason, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 4, store_now());
	sqlite3_bind_int64(st, 5, b->until);
	return store_run(s, st);
}

enum store_result
store_block_add(struct store *s, const struct store_block *b)
{
	enum store_result result = store_begin(s);

	if (result != STORE_OK)
		return result;
	return store_finish(
	    s, block_write(s, b) ? STORE_OK : STORE_UNAVAILABLE, true);
}
