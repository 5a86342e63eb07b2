/*
 * Whether the SQLite database is sound: what SQLite itself can find, and what
 * must hold between our tables.  It only reads.
 */
#include <stdio.h>
#include <string.h>

#include "store-copy.h"
#include "store-internal.h"

#define PROGRESS_STEPS 1000 /* of SQLite's machine, between two looks */

/* Each counts the rows that are not as they should be. */
static const struct {
	const char *sql, *sentence;
} invariants[] = {
	{ "SELECT count(*) FROM users WHERE length(username) NOT BETWEEN 1"
	  " AND 32 OR username GLOB '*[^A-Za-z0-9_.-]*' OR username = 'all'"
	  " OR typeof(username) <> 'text'",
	    "users have a name that is none" },
	{ "SELECT count(*) FROM users WHERE private_from > (SELECT"
	  " ifnull(max(seq), 0) FROM sqlite_sequence WHERE name = 'messages')"
	  " OR position > (SELECT ifnull(max(seq), 0) FROM sqlite_sequence"
	  " WHERE name = 'messages')",
	    "users have a position beyond the end of the log" },
	{ "SELECT count(*) FROM users WHERE resume IS NOT NULL"
	  " AND length(resume) <> 32",
	    "users have a resume secret's hash of a wrong length" },
	{ "SELECT count(*) FROM messages WHERE id > (SELECT"
	  " ifnull(max(seq), 0) FROM sqlite_sequence WHERE name = 'messages')"
	  " OR id < 1",
	    "messages have an id beyond the end of the log" },
	{ "SELECT count(*) FROM messages WHERE kind = 0"
	  " AND target_id IS NOT NULL",
	    "messages are texts, but about another message" },
	{ "SELECT count(*) FROM messages AS m LEFT JOIN sessions AS s"
	  " ON s.id = m.session_id WHERE s.user_id <> m.sender_id",
	    "messages come from a session of another user" },
	{ "SELECT count(*) FROM sessions"
	  " WHERE (ended_at IS NULL) <> (reason IS NULL)",
	    "sessions have ended without a reason, or have one too early" },
	{ "SELECT count(*) FROM (SELECT user_id FROM sessions AS s"
	  " JOIN users AS u ON u.id = s.user_id WHERE s.ended_at IS NULL"
	  " AND u.password IS NULL GROUP BY user_id HAVING count(*) > 1)",
	    "users that are not registered have several open sessions" },
	{ "SELECT count(*) FROM tokens AS t JOIN users AS u"
	  " ON u.id = t.user_id WHERE ifnull(u.password, '!') = '!'",
	    "tokens belong to users that nobody may be" },
	{ "SELECT (SELECT count(*) FROM tokens WHERE length(hash) <> 32)"
	  " + (SELECT count(*) FROM invites WHERE length(hash) <> 32)",
	    "tokens or invitations have a hash of a wrong length" },
	{ "SELECT count(*) FROM invites WHERE uses_left < 0",
	    "invitations were used too often" },
	{ "SELECT count(*) FROM blocks WHERE (username IS NULL) ="
	  " (first IS NULL) OR (first IS NULL) <> (last IS NULL)"
	  " OR length(first) <> 16 OR length(last) <> 16 OR first > last",
	    "blocks are neither of a network nor of a user" },
};
#define NINVARIANTS (sizeof(invariants) / sizeof(invariants[0]))

static bool
invariant_check(sqlite3 *db, const char *sql, const char *sentence,
    store_fault fault, void *arg)
{
	sqlite3_stmt *st;
	char text[160];
	bool ok = sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW;

	if (ok && sqlite3_column_int64(st, 0) > 0) {
		snprintf(text, sizeof(text), "%lld %s",
		    (long long)sqlite3_column_int64(st, 0), sentence);
		fault(arg, text);
	}
	sqlite3_finalize(st);
	return ok;
}

/* Each row that is not "ok" is a fault. */
static bool
integrity_check(sqlite3 *db, store_fault fault, void *arg)
{
	sqlite3_stmt *st;
	const char *text;
	int rc = sqlite3_prepare_v2(
	    db, "PRAGMA integrity_check(100)", -1, &st, NULL);

	while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		text = (const char *)sqlite3_column_text(st, 0);
		if (text != NULL && strcmp(text, "ok") != 0)
			fault(arg, text);
		rc = SQLITE_OK;
	}
	sqlite3_finalize(st);
	return rc == SQLITE_DONE;
}

static bool
foreign_key_check(sqlite3 *db, store_fault fault, void *arg)
{
	sqlite3_stmt *st;
	char text[160];
	int rc =
	    sqlite3_prepare_v2(db, "PRAGMA foreign_key_check", -1, &st, NULL);

	while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		snprintf(text, sizeof(text),
		    "row %lld of %.32s refers to a row of %.32s that is not"
		    " there",
		    (long long)sqlite3_column_int64(st, 1),
		    (const char *)sqlite3_column_text(st, 0),
		    (const char *)sqlite3_column_text(st, 2));
		fault(arg, text);
		rc = SQLITE_OK;
	}
	sqlite3_finalize(st);
	return rc == SQLITE_DONE;
}

/* A long look keeps the WAL from being emptied: end it before that hurts. */
static int
wal_watch(void *arg)
{
	return store_wal_bytes(arg) > COPY_WAL_MAX;
}

enum store_result
store_check(struct store *s, store_fault fault, void *arg)
{
	bool ok;
	size_t i;

	sqlite3_progress_handler(s->db, PROGRESS_STEPS, wal_watch, s);
	ok = integrity_check(s->db, fault, arg) &&
	    foreign_key_check(s->db, fault, arg);
	for (i = 0; ok && i < NINVARIANTS; i++)
		ok = invariant_check(s->db, invariants[i].sql,
		    invariants[i].sentence, fault, arg);
	if (!ok)
		store_fail(s, "check");
	sqlite3_progress_handler(s->db, 0, NULL, NULL);
	return ok ? STORE_OK : STORE_UNAVAILABLE;
}

/* The copy has the WAL mode of what it was copied from: one file by itself. */
static bool
copy_settle(sqlite3 *db)
{
	return sqlite3_exec(db, "PRAGMA journal_mode = DELETE", NULL, NULL,
		   NULL) == SQLITE_OK;
}

bool
store_copy_verify(const char *path, int64_t position, store_fault fault,
    void *arg, char *error, size_t size)
{
	sqlite3 *db;
	sqlite3_stmt *st = NULL;
	bool ok = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) ==
		SQLITE_OK &&
	    copy_settle(db) && integrity_check(db, fault, arg) &&
	    foreign_key_check(db, fault, arg) &&
	    sqlite3_prepare_v2(db,
		"SELECT ifnull(max(seq), 0) FROM sqlite_sequence"
		" WHERE name = 'messages'",
		-1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW;

	if (!ok)
		snprintf(error, size, "%.256s: %s", path, sqlite3_errmsg(db));
	else if (sqlite3_column_int64(st, 0) != position)
		fault(arg, "it ends before the log did");
	sqlite3_finalize(st);
	sqlite3_close(db);
	return ok;
}
