/*
 * What the parts of the SQLite store share.  Nobody else includes this (but
 * the store's own tests).
 */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include <sqlite3.h>

#include "shared.h"
#include "store.h"

#define STORE_ERROR_MAX 512

/* One prepared statement each, made at its first use. */
enum statement {
	ST_BEGIN,
	ST_COMMIT,
	ST_SEQUENCE,
	ST_OLDEST,
	ST_USER,
	ST_USER_ADD,
	ST_USER_TAKE,
	ST_USER_LEFT,
	ST_USERS,
	ST_SESSION_ADD,
	ST_SESSION_FIND,
	ST_SESSION_END,
	ST_SESSION_OPEN,
	ST_USER_SESSIONS,
	ST_SESSIONS_OPEN,
	ST_ACCOUNT_FIND,
	ST_ACCOUNT_GET,
	ST_ACCOUNT_ADD,
	ST_ACCOUNT_REGISTER,
	ST_ACCOUNT_PASSWORD,
	ST_ACCOUNT_COST,
	ST_INVITE_USE,
	ST_TOKEN_ADD,
	ST_TOKEN_FIND,
	ST_TOKEN_TRIM,
	ST_TOKEN_EXPIRED,
	ST_TOKEN_EXPIRE,
	ST_TOKEN_REVOKE,
	ST_TOKEN_REVOKE_ALL,
	ST_RECIPIENT,
	ST_REF,
	ST_REF_FORGET,
	ST_MESSAGE_ADD,
	ST_MESSAGE_OF,
	ST_CATCH_UP,
	ST_NEXT,
	ST_LOG,
	ST_HISTORY_ALL,
	ST_HISTORY_ALL_AFTER,
	ST_HISTORY_WITH,
	ST_HISTORY_WITH_AFTER,
	ST_BLOCKS,
	ST_BLOCKED_ADDRESS,
	ST_BLOCKED_USER,
	ST_BLOCK_ADD,
	ST_BLOCKS_OVER,
	ST_ADMIN_USERS,
	ST_ADMIN_USER,
	ST_ADMIN_USER_DISOWN,
	ST_ADMIN_USER_RENAME,
	ST_ADMIN_SESSIONS,
	ST_ADMIN_SESSION,
	ST_ADMIN_SESSIONS_PAGE,
	ST_ADMIN_SESSIONS_END,
	ST_ADMIN_USER_SESSIONS,
	ST_ADMIN_SERVER_SESSION,
	ST_ADMIN_INVITE_ADD,
	ST_ADMIN_INVITES,
	ST_ADMIN_INVITE_REMOVE,
	ST_ADMIN_BLOCK_ADD,
	ST_ADMIN_BLOCK_REMOVE,
	ST_ADMIN_BLOCK_RENAME,
	ST_ADMIN_BLOCKS,
	ST_ADMIN_BLOCKS_WHY,
	ST_ADMIN_STATS,
	ST_ADMIN_PRUNE_MESSAGES,
	ST_ADMIN_PRUNE_MESSAGES_REMOVE,
	ST_ADMIN_PRUNE_SESSIONS,
	ST_ADMIN_PRUNE_SESSIONS_REMOVE,
	ST_ADMIN_PRUNE_FREE,
	ST_ADMIN_PRUNE_PAGES,
	ST_COUNT
};

struct store {
	struct store_options options;
	char *path;
	sqlite3 *db;
	struct shared *shared;
	int shared_fd;
	uint32_t generation; /* of the page when opened */
	int place;	     /* of the queue, that we had last, or -1 */
	sqlite3_stmt *statements[ST_COUNT];
	bool in_transaction;
	struct shared_lock *hashing; /* NULL when it is not our turn */
	int64_t last_id;	     /* the log's, in the transaction */
	int64_t changes;	     /* rows, when it began */
	uint64_t commit;	     /* number of our last one */
	int64_t since; /* shared_now() when we began to send, or 0 */
	char error[STORE_ERROR_MAX];
};

/*
 * Open the database again if it was closed by store_rest(); never with a lock
 * of the shared page.  False with the error kept.
 */
bool store_wake(struct store *);

/* The statement for sql, reset; NULL with the error kept. */
sqlite3_stmt *store_statement(struct store *, enum statement, const char *sql);

/* The same for queries outside transactions: NULL when the store is stale. */
sqlite3_stmt *store_query(struct store *, enum statement, const char *sql);

/*
 * Step it: SQLITE_ROW, or SQLITE_DONE (and it is reset), or another code with
 * the error kept (and it is reset).
 */
int store_step(struct store *, sqlite3_stmt *);
/* The same for statements without rows; true when it is done. */
bool store_run(struct store *, sqlite3_stmt *);
enum store_result store_fail(struct store *, const char *what);

/* Keep as the error why what we have open is not used any more. */
enum store_result store_stale_fail(struct store *);

/* SQL without rows; false with the error kept. */
bool store_exec(struct store *, const char *sql);
/* The first column of the first row; otherwise when there is none. */
bool
store_int(struct store *, const char *sql, int64_t otherwise, int64_t *value);

/* The WAL, NULL if there is none, once something was read (store-tx.c). */
sqlite3_file *store_wal_file(struct store *);

/*
 * Whether the schema is older than this program's (store-migrate.c).  False
 * with the error kept if it is a newer one that this program cannot use.
 */
bool store_schema_read(struct store *, bool *older);
/*
 * Bring it up to this program's, with the lock of all writers.  Who has it
 * open and cannot use it any more finds that its store is stale.
 */
bool store_migrate(struct store *);
/* The same at any time: takes the lock if there is something to do. */
bool store_schema_update(struct store *);

/*
 * The log's last id, also of transactions whose process died after its commit;
 * 0 when there never was a message.
 */
bool store_last_id(struct store *, int64_t *id);

/* What becomes of a user's other sessions that answer. */
enum store_others {
	STORE_OTHERS_REFUSE,  /* STORE_TAKEN */
	STORE_OTHERS_REPLACE, /* closed, the last one's socket is named */
	STORE_OTHERS_LEAVE
};

struct store_closing {
	int64_t user, own; /* own: a session that is not looked at, or 0 */
	enum store_others others;
	bool (*alive)(void *arg, const char *socket);
	void *arg;
	char replaced[STORE_SOCKET_MAX + 1];
};

/* Close the rows of a user's sessions that do not answer (store-session.c). */
enum store_result store_others_close(struct store *, struct store_closing *);
/* In a transaction (store-account.c): make a user of a name that was never
 * used; revoke all tokens of a user. */
enum store_result store_account_add(
    struct store *, const char *username, const char *password, int64_t *user);
enum store_result store_tokens_revoke(struct store *, int64_t user);
/* In a transaction (store-message.c): STORE_OK while the session's row is
 * open; store one message of a session. */
enum store_result store_session_check(struct store *, int64_t session);
enum store_result
store_message_send(struct store *, const struct store_session *,
    const struct store_send *, struct store_sent *);
/*
 * Give the lock of who stores for the queue back, to one who waits there
 * (store-send.c).
 */
void store_send_unlock(struct store *);

/* From when on a wait counts: all waits of who sends are one. */
int64_t store_since(const struct store *);

/*
 * Take a lock of the page that writers have among each other.  False with the
 * error kept.
 */
bool store_lock(struct store *, struct shared_lock *);

/* Transactions of any kind (store-tx.c). */
enum store_result store_begin(struct store *);
/* One that stores messages, if the WAL has room for more (store-send.c). */
enum store_result store_begin_send(struct store *);
enum store_result store_commit(struct store *, bool durable);
void store_rollback(struct store *);
/*
 * The end of one that came to this result: STORE_OK is committed, all else
 * rolled back.  Returns what came of it.
 */
enum store_result store_finish(struct store *, enum store_result, bool durable);
/* The transaction writes, though it changes no row. */
void store_changed(struct store *);
/* Our last commit, and all before it, are on disk after this. */
enum store_result store_sync(struct store *);
/* Give the lock around syncs back, and have all look who wait for one. */
void store_sync_unlock(struct store *);

/* A text as it is there; what is NULL is empty (for store-admin*.c). */
struct store_text;
struct store_text store_column_text(sqlite3_stmt *, int column);
/* False, and nothing changed, for what is no address. */
bool store_column_address(sqlite3_stmt *, int column, struct net_addr *);

#endif
