/*
 * The client's side of a session: logs in, keeps what is not confirmed, sends
 * it again after a lost connection, comes back with `resume' and `since', and
 * hands out the server's events, each message once.
 *
 * The owner waits for what link_poll() and link_deadline() say, calls
 * link_step(), then link_next() until there is nothing more, and looks at
 * `state' and `why'.  Times are those of a monotonic clock in ms.
 */
#ifndef LINK_H
#define LINK_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "address.h"
#include "bounds.h"
#include "conn.h"
#include "credential.h"
#include "incoming.h"
#include "limit.h"
#include "outbox.h"
#include "seen.h"

enum link_state {
	LINK_IDLE, /* not started, or over: see `why' */
	LINK_CONNECTING,
	LINK_LOGIN, /* CONNECT was sent */
	LINK_ONLINE,
	LINK_LEAVING, /* DISCONNECT was sent */
	LINK_WAITING  /* to connect again, at `wake' */
};

enum link_why {
	LINK_NOTHING,	  /* no connection ended yet */
	LINK_LEFT,	  /* DISCONNECTED came */
	LINK_UNREACHABLE, /* never connected */
	LINK_LOST,
	LINK_SILENT,	/* no answer to CONNECT in time */
	LINK_NONSENSE,	/* a line that is too long */
	LINK_REFUSED,	/* the login was, see `code' and `proof' */
	LINK_UNTRUSTED, /* the certificate is, see `fingerprint' */
	LINK_EXPOSED	/* a secret was to go where others can read it */
};

/* What the last login was tried with. */
enum link_proof { LINK_NO_PROOF, LINK_RESUME, LINK_TOKEN, LINK_PASSWORD };

/* What became of the token; the owner sets it back once it has acted. */
enum link_news {
	LINK_NO_NEWS,
	LINK_TOKEN_CAME,   /* keep it */
	LINK_TOKEN_DENIED, /* the server gives none */
	LINK_TOKEN_REVOKED,
	LINK_TOKEN_STAYS, /* it could not be revoked */
	LINK_REGISTERED,  /* link_register_now() */
	LINK_REGISTER_DENIED,
	LINK_PASSWORD_CHANGED, /* link_change_password() */
	LINK_PASSWORD_DENIED
};

/* What the link itself asked about the account and awaits an answer to. */
enum link_asking { LINK_NO_QUESTION, LINK_ASKS_REGISTER, LINK_ASKS_PASSWORD };

struct link_config {
	struct address address;
	struct tls_context *tls; /* NULL: without TLS; borrowed */
	int64_t since;		 /* -1: none */
	int64_t history;	 /* at the first login, -1: none */
	int64_t timeout;	 /* for a login, in ms */
	bool raw;		 /* the user says CONNECT himself */
	bool reconnect;
	bool waits;    /* to log in first, for another to leave the name */
	bool insecure; /* secrets may go where others can read them */
};

struct link {
	struct link_config config;
	enum link_state state;
	enum link_why why;
	char error[SHOWN_ERROR_MAX]; /* not sanitised */
	char code[REF_MAX];	     /* of the ERROR that ended it, or "" */
	char username[USERNAME_MAX + 1];
	int64_t wake;	  /* when WAITING: the next attempt */
	bool was_online;  /* logged in at least once */
	bool flushing;	  /* link_flush() was called, */
	bool flushed;	  /* and answered */
	int64_t line_max; /* for what is sent; 0: unknown */
	int64_t text_max; /* and for the text of a message, in bytes */
	struct outbox outbox;
	enum link_proof proof;
	bool exposed;	/* no secret may go over the last connection */
	bool registers; /* the name is to be registered first */
	enum link_news news;
	char news_why[SHOWN_ERROR_MAX]; /* DENIED, STAYS; not sanitised */
	char token[TOKEN_TEXT_MAX + 1]; /* "": none; printable ASCII */
	int64_t token_id;
	int64_t token_expires; /* in ms since 1970, 0: unknown */
	char fingerprint[FINGERPRINT_LEN + 1]; /* when UNTRUSTED */

	/* The rest is the link's own. */
	struct credential password; /* for the next login */
	struct credential invite;
	enum link_asking asking;
	struct credential fresh; /* what the password is to become */
	bool token_due;		 /* it was asked for */
	bool revoking;		 /* link_revoke() was called, no answer came */
	int64_t old_id;		 /* of a token that is replaced, or 0 */
	struct conn conn;
	struct seen seen;
	struct seen mine;	   /* seen as MESSAGE, while ACKs are due */
	struct outbox_item *taken; /* what the last event was about */
	bool flush_sent;	   /* on this connection */
	bool too_long;		   /* something that waits is, now */
	bool again;		   /* may connect again after this end */
	int64_t wait;		   /* seconds the server asked for */
	char resume[RESUME_MAX + 1];
	int64_t base;	       /* last_id at the first login */
	int64_t deadline;      /* of the login, -1: none */
	int64_t farewell_wait; /* in ms, when LEAVING */
	int64_t online_at;     /* when this login succeeded */
	int64_t heard_at;      /* when something came last */
	int64_t pulse_at;      /* when the last PING was sent */
	bool asked;	       /* it was not answered yet */
	int64_t lag;	       /* see link_lag() */
	int64_t hold_until;    /* no message is sent before */
	int64_t now;	       /* of the last step */
	size_t window;	       /* messages in flight at most */
	unsigned int failures; /* in a row */
	char prefix[17];       /* of every ref */
	uint64_t refs;	       /* given out */
};

enum link_said { LINK_SAID, LINK_FULL, LINK_TOO_LONG };

#define LINK_EXPOSED_WHY \
	"a password or token is not sent to another machine without TLS"

/* Room for a command with credentials in it, each byte of them escaped. */
#define LINK_SECRET_ROOM (12 * SECRET_MAX + 4096)

/* Allocated, for it is large; ends the process if it cannot be. */
struct link *link_new(const struct link_config *);
void link_free(struct link *);

/* Connect as that user (NULL: the one it was); again after an end, too. */
void link_start(struct link *, const char *username, int64_t now);

/*
 * What the next logins are tried with, copied; NULL: nothing.  A password is
 * wiped as soon as the server has given a token for it.  A refused login keeps
 * what it was tried with: the owner takes it away, or link_free() does.
 */
void link_set_password(struct link *, const struct credential *);
void link_set_token(struct link *, int64_t id, const char *token);

/* Register the name at the next login, with an invitation if there is one. */
void link_register(struct link *, const struct credential *invite);

/*
 * Revoke the token, or the one that is about to come; see `news'.  False:
 * there is none, or no connection.
 */
bool link_revoke(struct link *);

/*
 * When online: ask for another token, which comes as LINK_TOKEN_CAME; the one
 * there is stays good.  Once the other is kept, revoke the old one; or revoke
 * the new one, and have none.  Whether the server did any of it is not told if
 * it did not.
 */
void link_renew(struct link *);
void link_drop_old(struct link *);
void link_drop_new(struct link *);

/*
 * When online: register the name one is connected with, or change its
 * password; then a new token is asked for.  What came of it is in `news'.
 * False: there is no connection, or such a question is open.
 */
bool link_register_now(struct link *, const struct credential *password,
    const struct credential *invite);
bool link_change_password(struct link *, const struct credential *old_one,
    const struct credential *new_one);

/*
 * Connect at once: instead of waiting, after an end, or, for whoever trusts
 * the present connection no more, anew.
 */
void link_reconnect_now(struct link *, int64_t now);

struct pollfd link_poll(const struct link *);
/* When link_step() is to be called at the latest; -1: no such time. */
int64_t link_deadline(const struct link *);
void link_step(struct link *, short revents, int64_t now);

/*
 * The next event; the caller ends it with incoming_free().  For an ACK the
 * event's message is complete, and for an ERROR about a message its recipient
 * and text are there.  What waits and is longer than a server takes that came
 * back is told as an ERROR of its own.  False: there is none now.
 */
bool link_next(struct link *, struct event *, int64_t now);

/* Read nothing more for now, or go on. */
void link_pause(struct link *, bool);

/*
 * Say something to somebody ("all" in any case, or a name).  With LINK_SAID it
 * is in the outbox, and *ref (if not NULL) is its ref, until the ACK or ERROR
 * comes.
 */
enum link_said link_say(struct link *, const char *to, const char *text,
    size_t len, const char **ref);

/* When online: ask for the users, for history; send a line as it is. */
void link_ask_users(struct link *);
/*
 * The last messages with somebody (NULL: to all), of those before that id (-1:
 * of all).  The answer, well or not, has the ref "history" of our own:
 * link_is_own_ref().  False: there is no connection.
 */
bool link_ask_history(
    struct link *, const char *with, int64_t before, int64_t limit);
enum link_said link_raw(struct link *, const char *line, size_t len);

/* Ask whether everything sent so far was answered; `flushed' tells. */
void link_flush(struct link *);

/* Say DISCONNECT and wait so long; or, when not logged in, just end. */
void link_leave(struct link *, int64_t wait, int64_t now);

/* End now, with a DISCONNECT if it can go out at once. */
void link_abandon(struct link *);

/*
 * How long the server takes to answer, in ms: what was measured last (every
 * 30 s, and with each message), or how long an answer is due, if that is more.
 * -1: unknown.
 */
int64_t link_lag(const struct link *, int64_t now);

/* The seconds until the next attempt, when WAITING; otherwise -1. */
int64_t link_countdown(const struct link *, int64_t now);

/* "TLSv1.3" or the like, or NULL: without TLS, or not connected. */
const char *link_tls(const struct link *);

/* Whether what was said has to go out before more is taken. */
bool link_is_busy(const struct link *);

/* Whether the login was refused for now only. */
bool link_is_busy_server(const struct link *);

/* Why the last connection ended, not sanitised; returns out. */
const char *link_reason(const struct link *, char *out, size_t size);

/*
 * Between the link's own parts.  This connection is over:
 */
void link_fail(struct link *, enum link_why, const char *error, int64_t now);
/* The ref of what the link asks for itself, from out. */
const char *
link_own_ref(const struct link *, const char *what, char out[REF_MAX + 1]);
/* Ask with a ref of our own, whose PONG is not handed out. */
void link_ping(struct link *, const char *what);
/* The pulse: a login, a turn of the loop, an answer; when it is due. */
void link_pulse_start(struct link *, int64_t now);
void link_pulse_step(struct link *, int64_t now);
bool link_pulse_take(struct link *, struct span ref, int64_t now);
int64_t link_pulse_deadline(const struct link *);
void
link_pulse_confirmed(struct link *, const struct outbox_item *, int64_t now);
bool link_is_own_ref(const struct link *, struct span ref, const char *what);
/* Send what may be sent, oldest first. */
void link_pump(struct link *);
/* The oldest that waits and is longer than the server takes, or NULL. */
const struct outbox_item *link_too_long(const struct link *);
/* The connection is open: say who we are.  Then what came of it: */
void link_log_in(struct link *, int64_t now);
void link_take_registered(struct link *, const struct event *);
void link_logged_in(struct link *);
/* Whether it answers what the link itself asked about its token. */
bool link_take_token(struct link *, const struct event *);
bool link_take_token_error(struct link *, const struct event *);
bool link_take_account(struct link *, const struct event *);
bool link_take_account_error(struct link *, const struct event *);
/* The connection is lost, and with it answers that are due: */
void link_lose_revocation(struct link *);
void link_lose_account(struct link *);

#endif
