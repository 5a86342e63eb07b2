/*
 * What the operator's tool asks of the store (store.h says what all of its
 * functions have in common).  Sessions and relay use none of this.
 *
 * Rows are given to row() while the statement runs, so it must not wait for
 * anybody: it keeps what it needs.  Texts in them come from the database as
 * they are, and may hold anything.
 */
#ifndef STORE_ADMIN_H
#define STORE_ADMIN_H

#include "net.h"
#include "store.h"

/* The user that announcements come from. */
#define STORE_SERVER "server"

struct store_text {
	const char *s;
	size_t len;
};

/* ---- users ---- */

enum store_user_state {
	STORE_USER_OPEN,       /* not registered: whoever is connected has it */
	STORE_USER_REGISTERED, /* has a password */
	STORE_USER_LOCKED      /* nobody gets in: removed, or STORE_SERVER */
};

struct store_admin_user {
	int64_t id;
	struct store_text username;
	enum store_user_state state;
	int64_t sessions, tokens; /* open ones; valid ones */
	int64_t created_at, seen_at;
};

/* All users, by name. */
enum store_result store_admin_users(struct store *,
    void (*row)(void *, const struct store_admin_user *), void *arg);

/* One user; STORE_NO_USER.  Its text is the caller's `username`. */
enum store_result store_admin_user(
    struct store *, const char *username, struct store_admin_user *);

/* A session's row. */
struct store_admin_session {
	int64_t id;
	struct store_text username, peer, reason; /* reason: of its end */
	char socket[STORE_SOCKET_MAX + 1];
	pid_t pid;
	int64_t started_at, ended_at; /* ended_at 0: open */
};
typedef void (*store_session_row)(
    void *arg, const struct store_admin_session *);

/*
 * Whether there is something for store_admin_user_remove() to do, for who asks
 * first; returns what that would.  *out as from store_admin_user().
 */
enum store_result store_admin_user_removable(struct store *,
    const char *username, bool freed, struct store_admin_user *out);

/*
 * Remove a user: its tokens are revoked, its open sessions' rows closed (and
 * given to ended(), whose processes the caller then ends), and what it was
 * known by is forgotten.  Messages and the ended sessions' rows stay.  The name
 * is locked, or with `freed` anybody's again, who then sees no private message
 * of before.  STORE_NO_USER; STORE_REFUSED if it is so already.
 */
enum store_result store_admin_user_remove(struct store *, const char *username,
    bool freed, store_session_row ended, void *arg);

/*
 * Give a user another name, that of all its messages as well; blocks of the
 * user go along, and its open sessions are closed as by removing.
 * STORE_NO_USER; STORE_TAKEN if somebody else has or had the new name.
 */
enum store_result store_admin_user_rename(struct store *, const char *from,
    const char *to, store_session_row ended, void *arg);

/* ---- invitations ---- */

struct store_admin_invite {
	int64_t id, uses_left, created_at, expires_at;
	struct store_text note;
};

/* hash: SHA-256 of the code.  id, created_at and note.len need no value. */
enum store_result
store_admin_invite_add(struct store *, const unsigned char hash[STORE_HASH_LEN],
    const struct store_admin_invite *, int64_t *id);
enum store_result store_admin_invites(struct store *,
    void (*row)(void *, const struct store_admin_invite *), void *arg);
enum store_result
store_admin_invite_remove(struct store *, int64_t id, bool *found);

/* ---- blocks ---- */

struct store_admin_block {
	int64_t id;
	bool is_user; /* username, else network */
	struct store_text username;
	struct net_addr first, last; /* of the network */
	struct store_text reason;
	int64_t created_at, expires_at; /* expires_at 0: until removed */
};
typedef void (*store_block_row)(void *arg, const struct store_admin_block *);

/* Replaces a block of the same network or user; *again says so. */
enum store_result store_admin_block_add(
    struct store *, const struct store_admin_block *, bool *again);
/* By its network or username. */
enum store_result store_admin_block_remove(
    struct store *, const struct store_admin_block *, bool *found);
/* All, the expired ones as well. */
enum store_result
store_admin_blocks(struct store *, store_block_row, void *arg);
/*
 * Those that hold now for an address (first), or for a user: address or
 * username are taken from the struct.
 */
enum store_result store_admin_blocks_why(
    struct store *, const struct store_admin_block *, store_block_row, void *);

/* ---- sessions ---- */

/* The open ones. */
enum store_result
store_admin_sessions(struct store *, store_session_row, void *arg);
/* One, open or not, if there is one of that id. */
enum store_result
store_admin_session(struct store *, int64_t id, store_session_row, void *arg);
/* All, ended or not, of ids above `from`, at most `rows` of them. */
enum store_result store_admin_sessions_page(
    struct store *, int64_t from, int64_t rows, store_session_row, void *arg);

/* ---- announcements ---- */

struct store_announcement {
	const char *body;
	size_t body_len;
	/* Whether the session with that socket answers. */
	bool (*alive)(void *arg, const char *socket);
	void *arg;
};

/*
 * Store a message to all from STORE_SERVER, which is made when needed.  The
 * session that it belongs to was never open.  STORE_TAKEN while somebody is
 * online with that name; STORE_REFUSED if somebody has registered it.
 * On disk when it returns; *before is the log's last id before it.
 */
enum store_result
store_admin_announce(struct store *, const struct store_announcement *,
    struct store_session *, struct store_sent *, int64_t *before);

/* ---- numbers ---- */

struct store_stats {
	int64_t users, registered, locked;
	int64_t sessions, online; /* open sessions; users with one */
	int64_t messages, oldest, last, today; /* today: of the last 24 h */
	int64_t tokens, invites, blocks;       /* those that are valid */
	int64_t bytes, free_bytes, wal_bytes;
	int64_t position, commits; /* of this boot: what the page says */
};

enum store_result store_admin_stats(struct store *, struct store_stats *);

#endif
