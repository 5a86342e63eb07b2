/*
 * One connection: the state of a chat-session, and what its smaller parts offer
 * each other; the others have headers of their own.  Data flows one way:
 * client.c reads, request.c and command.c parse, the cmd-*.c check and store,
 * batch.c commits and publishes, deliver.c brings what others said, client.c
 * writes.
 */
#ifndef SESSION_H
#define SESSION_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "admit.h"
#include "buf.h"
#include "client.h"
#include "config.h"
#include "deliver.h"
#include "monotonic.h"
#include "rate.h"
#include "store.h"
#include "upgrade.h"

struct request;

enum session_state {
	STATE_PROXY, /* the header of a proxy has not come */
	STATE_NEW,   /* CONNECT has not come */
	STATE_CONNECTED,
	STATE_ENDING, /* the last events are on their way */
	STATE_ENDED
};

/* Messages taken from the client and not yet stored (batch.c). */
struct batch;

struct session {
	struct config config;
	enum session_state state;
	struct client client;
	struct delivery delivery;
	struct admission admission;
	struct rate rate;
	struct upgrade upgrade;
	struct store *store;	 /* NULL until needed, and after trouble */
	int64_t store_used;	 /* when it last was */
	struct store_session me; /* valid when connected */
	char resume[RESUME_LEN + 1];
	struct batch *batch;
	struct buf scratch; /* a repaired line, a page of history */
	int64_t started;
	int64_t ended;	       /* when STATE_ENDING began */
	int64_t deadline;      /* of its present step */
	bool rested;	       /* spare memory was given back */
	bool trouble;	       /* with the store, already in the log */
	enum store_result row; /* not STORE_OK: no longer ours, as found out */
	int64_t messages;      /* stored and acknowledged */
	int64_t slowest;       /* us, of its commits */
};

/* ---- loop.c ---- */

/*
 * Take the signals that end or upgrade a session.  They are blocked but for
 * when the loop waits with this mask.
 */
void loop_signals(sigset_t *mask);
/* Serve until the end. */
void loop_run(struct session *, const sigset_t *mask);
/* Instead of serving: what is to be said goes out, and that is the end. */
void loop_last_words(struct session *);

/* ---- listen.c ---- */

#define LISTEN_SESSION (-1)
/*
 * Listen on the address, "HOST:PORT" in numbers, or on the sockets of
 * LISTEN_FDS if it is NULL, and fork for each connection.  Returns
 * LISTEN_SESSION in the copies, each with its connection as standard input and
 * output; in the one that listens the exit status, when it is told to end or
 * cannot begin (logged).
 */
int listen_run(struct session *, const char *address);

/* ---- confine.c ---- */

/* Read the configuration.  False: error says what is wrong with it. */
bool session_configure(struct session *, char error[CONFIG_ERROR_MAX]);
/*
 * Before a fork: give up what neither this process nor its copies need, as soon
 * as the runtime directory is there, so that they have less to do.
 */
void session_prepare(const struct session *);
/*
 * Give up what a session does not need.  EX_OK, or the exit status (logged),
 * and nothing may be read from the client.
 */
int session_lock_in(const struct session *, bool configured);

/* ---- session.c ---- */

/*
 * End the session: close its row, tell the relay, let the last events out.
 * reason is the word for row and log.
 */
void session_end(struct session *, const char *reason);
/* ERROR with code, then session_end() with the code in lower case. */
void session_end_error(struct session *, const char *code, const char *format,
    ...) __attribute__((format(printf, 3, 4)));

/* After STORE_REPLACED or STORE_ENDED: another has closed our row. */
void session_row_gone(struct session *, enum store_result);

/* The store, opened when needed; NULL (and logged) when there is trouble. */
struct store *session_store(struct session *);
/*
 * After STORE_UNAVAILABLE: log why, and open it anew at the next need.  Without
 * a store, which was logged when it could not be opened, nothing.
 */
void session_store_failed(struct session *);
/* After a success: trouble is over, the next one is logged again. */
void session_store_works(struct session *);

/* ERROR event (after answering what came before it), and a line in the log. */
void session_error(struct session *, const struct request *, const char *code,
    const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The same with one more member, such as the limit that was passed. */
void session_error_limit(struct session *, const struct request *,
    const char *code, int64_t limit, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* RATE_LIMITED: the command was not run, and will be in so many ms. */
void session_rate_limited(struct session *, const struct request *, int64_t ms);
/* UNAVAILABLE for what has that ref (may be NULL); the batch is left alone. */
void session_unavailable(struct session *, const char *ref);
/* BLOCKED, until a time in ms since 1970 (0: for good), and the end. */
void session_end_blocked(struct session *, int64_t until, const char *text);

/* Whether the session with that socket answers; arg is a session. */
bool session_alive(void *arg, const char *socket);
/* Whether its user is, and so has no resume secret. */
bool session_is_registered(const struct session *);

/* ---- origin.c ---- */

/*
 * Whether the peer is in CHAT_PROXY_FROM, so that its connection must begin
 * with a PROXY header.  For a UNIX socket it reads passwd(5).
 */
bool origin_is_proxy(const struct session *);
/*
 * In STATE_PROXY: take the header, if it has come, which puts the client's
 * address in the place of the proxy's and the session in STATE_NEW, and asks
 * whether that may come in.  False: it has not, or was wrong, which ends the
 * session.
 */
bool origin_take(struct session *);
/* In STATE_PROXY: end it when the header is late.  When that is. */
int64_t origin_deadline(struct session *, int64_t now);

/* ---- hash.c ---- */

struct hash_answer {
	bool right;
	bool renewed; /* it is right, and should be kept as this hash now */
	char hash[PASSWORD_HASH_MAX];
};

/*
 * Hash a password, or check it against a hash (NULL: nobody's, which takes as
 * long).  Waits for its turn, for at most HASH_WAIT, and for the hash.  False:
 * it was answered with why not.
 */
bool hash_make(struct session *, const struct request *, const char *password,
    char out[PASSWORD_HASH_MAX]);
bool hash_check(struct session *, const struct request *, const char *password,
    const char *hash, struct hash_answer *);

/* ---- batch.c ---- */

/* Take a message; it is stored and answered by batch_flush(). */
void batch_add(struct session *, const char *to, const char *ref, bool repaired,
    const char *body, size_t len);
/* Store all that were taken, publish them, answer in order. */
void batch_flush(struct session *);
void batch_free(struct session *);

#endif
