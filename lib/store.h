/*
 * The store: users, messages and sessions, kept for good.  It knows nothing of
 * JSON or sockets, and nothing above it knows which database is beneath.
 *
 * The log is the sequence of all messages, in the order of their ids.  A
 * position is an id: everything up to it has been seen.  Ids have gaps.
 *
 * One process may hold several stores, each used by one thread.  Functions that
 * return enum store_result leave their outputs untouched unless it is STORE_OK.
 * After STORE_UNAVAILABLE, store_error() says what happened and where; nothing
 * counts as stored (but a later try may find it there, by its ref); close the
 * store and open it again for the next try.
 */
#ifndef STORE_H
#define STORE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limit.h"
#include "net.h"

#define STORE_HASH_LEN	 32 /* bytes of a hashed secret */
#define STORE_SOCKET_MAX 32 /* bytes of a session socket's name */

struct shared;
struct store;

enum store_result {
	STORE_OK,
	STORE_UNAVAILABLE, /* busy, full, away or broken: try later */
	STORE_TAKEN,	   /* the name is online and there is no proof */
	STORE_REFUSED,	   /* the name is registered and there is no proof */
	STORE_NO_USER,	   /* neither online nor registered */
	STORE_REF_REUSED,  /* the ref stands for another message */
	STORE_ENDED,	   /* the session's row was closed already */
	STORE_REPLACED,	   /* so, because another has the name now */
	STORE_BAD_INVITE   /* unknown, expired or used up */
};

struct store_options {
	const char *path;	 /* database file */
	const char *runtime_dir; /* where the shared page is */
	/* It, if it is mapped already, for as long as the store is open. */
	struct shared *page;
	int page_fd;
	bool full; /* on disk before it counts as stored */
	/* Told of things the log should say (may be NULL). */
	void (*notice)(void *arg, const char *text);
	void *arg;
};

/*
 * For a process with one store, used by one thread: what is the same for every
 * database is done now, so that a fork(2) hands it on, and SQLite takes no
 * locks, counts no memory and gets no pages before it needs them.  Call it
 * before the first store_open(), or not at all.
 */
void store_setup(void);
/*
 * Open the store, make or migrate the database when needed.  On failure
 * returns NULL with a sentence in error (of size bytes).
 */
struct store *
store_open(const struct store_options *, char *error, size_t size);
void store_close(struct store *);
const char *store_error(const struct store *);

/*
 * Give back what a store costs that is not used for some time: the database is
 * closed, and opened again by the next function that needs it (some 0.5 ms of
 * processor time).  Not in a transaction.  Returns whether it was open.
 */
bool store_rest(struct store *);

/* ms since 1970, the clock of all timestamps. */
int64_t store_now(void);

/*
 * Whether the database or the runtime directory was replaced by another:
 * what this store says is then about one that nobody uses any more.
 */
bool store_is_stale(const struct store *);
/* The same of a database that was replaced alone.  Costs a read of memory. */
bool store_is_replaced(const struct store *);

/*
 * The position up to which the log may be shown: with full durability what is
 * on disk, else what is committed.  Costs a read of memory.
 */
int64_t store_position(const struct store *);
/* The id of the oldest message, 0 when there is none. */
enum store_result store_oldest(struct store *, int64_t *id);

/* ---- sessions ---- */

struct store_login {
	const char *username;
	const unsigned char *proof;  /* hash of the resume secret, or NULL */
	const unsigned char *secret; /* hash of a new one, kept if no proof */
	const char *socket;	     /* this session's socket, already bound */
	const char *peer;
	pid_t pid;
	/* One of these for a registered user, else both NULL: */
	const char *password;	    /* the hash that was checked */
	const unsigned char *token; /* hash of a token */
	/* Whether the session with that socket answers. */
	bool (*alive)(void *arg, const char *socket);
	void *arg;
};

struct store_session {
	int64_t id, user_id;
	char username[USERNAME_MAX + 1]; /* as the store spells it */
	bool proven;			 /* the same person as before */
	/* A registered user's, at login; else empty. */
	char password[PASSWORD_HASH_MAX];
	int64_t private_from;  /* private messages up to here are another's */
	int64_t kept_position; /* where the user's last session ended */
	int64_t position;      /* the log's, at login */
	char replaced[STORE_SOCKET_MAX + 1]; /* session closed by this one */
};

/*
 * Take a name in one transaction: open sessions of that user that do not
 * answer are closed; one that does answer is replaced if the proof is right,
 * else STORE_TAKEN.  A registered user's are left alone; STORE_REFUSED if the
 * password is not (or no longer) that, or the token is not the user's.
 */
enum store_result store_session_begin(
    struct store *, const struct store_login *, struct store_session *);

/*
 * Whether the session's row is there, has that socket and is open; else
 * STORE_ENDED, or STORE_REPLACED.  Another database, put in the place of the one
 * that the session began in, has given its id to somebody else, or to nobody.
 */
enum store_result
store_session_find(struct store *, int64_t session, const char *socket);

/*
 * Close the session's row; STORE_ENDED if it is closed already, or not there
 * with that socket.  reason is a word.  With position >= 0 it becomes the user's
 * kept position.
 */
enum store_result store_session_end(struct store *, int64_t session,
    const char *socket, const char *reason, int64_t position);

struct store_open_session {
	int64_t id, user_id;
	const char *username, *socket;
};

/* All sessions whose row is open.  row() returns false to stop. */
enum store_result store_sessions_open(struct store *,
    bool (*row)(void *, const struct store_open_session *), void *arg);

struct store_user {
	const char *username;
	bool online;
	int64_t since; /* ms since 1970 */
};

/*
 * Everybody online and everybody registered, by name; of those who are away the
 * first USERS_AWAY_MAX.  *more: there are more of them.
 */
enum store_result store_users(struct store *,
    bool (*row)(void *, const struct store_user *), void *arg, bool *more);

/* ---- accounts ---- */

struct store_account {
	int64_t id;
	char username[USERNAME_MAX + 1]; /* as the store spells it */
	/* crypt(5), or PASSWORD_NOBODY; empty if not registered. */
	char password[PASSWORD_HASH_MAX];
	bool registered;
};

/* Look one up by its name, in any case, or by its id.  STORE_NO_USER if that
 * name was never used. */
enum store_result store_account_find(
    struct store *, const char *username, struct store_account *);
enum store_result
store_account_get(struct store *, int64_t user, struct store_account *);

struct store_registration {
	const char *username;
	const char *password;	     /* hash; NULL: only say how it would end */
	const unsigned char *invite; /* hash of its code; NULL: none needed */
	int64_t session; /* the caller's, that holds the name; 0: none */
	/* Whether the session with that socket answers. */
	bool (*alive)(void *arg, const char *socket);
	void *arg;
};

/*
 * Make the name a registered user's, on disk, and use the invitation once, in
 * one transaction.  Nothing older than the registration is the user's, but for
 * a session that holds the name already, which keeps what it has.
 * STORE_REFUSED: is registered; STORE_TAKEN: another session is online with
 * it; STORE_BAD_INVITE; STORE_ENDED or STORE_REPLACED: the caller's session is
 * over.  *user is whose name it is, once it is registered.
 */
enum store_result store_account_register(
    struct store *, const struct store_registration *, int64_t *user);

/*
 * Give a registered user another password hash, on disk; if it is still the old
 * one (NULL: whatever it is), else STORE_REFUSED.  With revoke all tokens are
 * forgotten.  STORE_NO_USER if it is no registered user.
 */
enum store_result store_account_replace_password(struct store *, int64_t user,
    const char *old, const char *hash, bool revoke);

/* The highest cost of all users' password hashes, 0 when there is none. */
enum store_result store_password_cost(struct store *, int *cost);

struct store_token {
	int64_t id; /* never used again */
	int64_t user_id;
	int64_t expires; /* ms since 1970 */
};

/*
 * Keep the hash of a new token of a registered user, on disk, for so many ms.
 * The user's expired ones are forgotten, and the oldest above TOKENS_MAX.
 * STORE_REFUSED if the password's hash is not `password` (any more).
 */
enum store_result
store_token_add(struct store *, int64_t user, const char *password,
    const unsigned char *hash, int64_t lifetime, struct store_token *);
/* STORE_REFUSED if there is no such token, or it has expired. */
enum store_result store_token_find(
    struct store *, const unsigned char *hash, struct store_token *);
/* Forget one token of a user, or with id 0 all; *revoked says how many. */
enum store_result
store_token_revoke(struct store *, int64_t user, int64_t id, int64_t *revoked);

/*
 * One's turn to hash a password, since only some may at a time; waits at most
 * HASH_WAIT.  False if it did not come.  Given back by the same thread.
 */
bool store_hash_begin(struct store *);
void store_hash_end(struct store *);

/* ---- messages ---- */

struct store_message {
	int64_t id, time;		 /* time: ms since 1970 */
	int64_t sender_id, recipient_id; /* recipient 0: all */
	int64_t session_id;		 /* that sent it */
	const char *from, *to;		 /* to NULL: all */
	const char *body;
	size_t body_len;
};

struct store_send {
	const char *to;	  /* NULL: all */
	const char *ref;  /* NULL: none */
	const char *body; /* not NUL-terminated */
	size_t body_len;
};

struct store_sent {
	int64_t id, time;
	int64_t recipient_id;	   /* 0: all */
	char to[USERNAME_MAX + 1]; /* as the store spells it */
	bool again;		   /* a resend: nothing new stored */
};

/* A message and what came of it. */
struct store_item {
	struct store_send in;
	enum store_result result;
	struct store_sent sent; /* when that is STORE_OK */
};

/*
 * Store messages of one session in one transaction.  STORE_OK: each item has
 * its own result, and with full durability they are on disk; their ids are in
 * the order of items, and *before is the log's last id before the first.
 * STORE_ENDED or STORE_REPLACED if the session's row was closed.
 */
enum store_result store_messages_send(struct store *,
    const struct store_session *, struct store_item *, int n, int64_t *before);

typedef bool (*store_row)(void *arg, const struct store_message *);

/* What one session may see of the log, and what it has seen. */
struct store_view {
	int64_t user_id, session_id;
	int64_t position;     /* all up to here was delivered */
	int64_t public_from;  /* messages to all from above this id */
	int64_t private_from; /* and private ones from above this */
};

/*
 * The next messages of the log above view->position and up to `limit` (a
 * position) that this session should see: those to all, to and from its user,
 * but its own.  At most CATCHUP_ROWS rows; the position moves to where reading
 * stopped, so call until it has reached limit.  row() may return false to stop
 * after the row it got.
 */
enum store_result store_catch_up(
    struct store *, struct store_view *, int64_t limit, store_row, void *arg);

/* The whole log above `from` up to `limit`, in order: for the relay. */
enum store_result
store_log(struct store *, int64_t from, int64_t limit, store_row, void *arg);

struct store_page {
	const char *with; /* NULL: all */
	int64_t before;	  /* ids below; 0: none given */
	int64_t after;	  /* ids above; -1: none given */
	int limit;	  /* rows, at least 1 */
};

/*
 * One page of a conversation.  Rows come ascending if after is given, else
 * descending from the newest.  STORE_NO_USER if `with` was never seen.
 */
enum store_result store_history(struct store *, const struct store_view *,
    const struct store_page *, store_row, void *arg);

/* ---- blocks ---- */

struct store_block {
	const char *username; /* NULL: a network, from first to last */
	struct net_addr first, last;
	const char *reason;
	int64_t until; /* ms since 1970, 0: until it is removed */
};

/* All blocks that are in force.  row() returns false to stop. */
enum store_result store_blocks(
    struct store *, bool (*row)(void *, const struct store_block *), void *arg);

/* What somebody who is kept out is told. */
struct store_blocked {
	bool blocked;
	int64_t until;
	char reason[BLOCK_REASON_MAX + 1]; /* cut if need be */
};

/* Whether an address, or a user, is blocked now, and for how long at most. */
enum store_result store_blocked_address(
    struct store *, const struct net_addr *, struct store_blocked *);
enum store_result store_blocked_user(
    struct store *, const char *username, struct store_blocked *);

/*
 * Block a network until a time; one that is blocked already stays so for the
 * longer of both.  Blocks whose time is over are removed.
 */
enum store_result store_block_add(struct store *, const struct store_block *);

/* ---- housekeeping (the relay's alone) ---- */

struct store_checkpoint {
	bool done;	   /* all of the WAL is in the database */
	int64_t wal_bytes; /* size of the WAL before */
	pid_t reader;	   /* pins the WAL, 0: none */
};

/* Whether anything was committed since the last whole checkpoint. */
bool store_checkpoint_due(const struct store *);
int64_t store_wal_bytes(struct store *);
enum store_result store_checkpoint(struct store *, struct store_checkpoint *);
/*
 * Leave an empty WAL, for when nobody is there: whoever copies another database
 * over this one does not get a mixture of both.
 */
enum store_result store_wal_empty(struct store *);

/* What was committed becomes known and is on disk; for a session that died
 * between its commit and what follows. */
enum store_result store_settle(struct store *);

/*
 * Remove at most EXPIRE_ROWS expired tokens, whosever they are.  *more says
 * whether some are left.  Not on disk when it returns: none of them is any good
 * if a power cut brings it back.
 */
enum store_result store_tokens_expire(struct store *, bool *more);

/* Whether a sync failed and only a whole checkpoint makes the store usable. */
bool store_sync_failed(const struct store *);

#endif
