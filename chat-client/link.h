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
	LINK_SILENT,   /* no answer to CONNECT in time */
	LINK_NONSENSE, /* a line that is too long */
	LINK_REFUSED,  /* the login was, see `code' and `proof' */
	LINK_UNTRUSTED /* the certificate is, see `fingerprint' */
};

/* What the last login was tried with. */
enum link_proof { LINK_NO_PROOF, LINK_RESUME, LINK_TOKEN, LINK_PASSWORD };

/* What became of the token; the owner sets it back once it has acted. */
enum link_news {
	LINK_NO_NEWS,
	LINK_TOKEN_CAME,   /* keep it */
	LINK_TOKEN_DENIED, /* the server gives none */
	LINK_TOKEN_REVOKED,
	LINK_TOKEN_STAYS /* it could not be revoked */
};

struct link_config {
	struct address address;
	struct tls_context *tls; /* NULL: without TLS; borrowed */
	int64_t since;		 /* -1: none */
	int64_t history;	 /* at the first login, -1: none */
	int64_t timeout;	 /* for a login, in ms */
	bool raw;		 /* the user says CONNECT himself */
	bool reconnect;
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
	bool flushed;	  /* link_flush() was answered */
	int64_t line_max; /* for what is sent; 0: unknown */
	struct outbox outbox;
	enum link_proof proof;
	bool registers; /* the name is to be registered first */
	enum link_news news;
	char news_why[REF_MAX + 1];	/* DENIED, STAYS; not sanitised */
	char token[TOKEN_TEXT_MAX + 1]; /* "": none; printable ASCII */
	int64_t token_id;
	char fingerprint[TLS_FINGERPRINT_LEN + 1]; /* when UNTRUSTED */

	/* The rest is the link's own. */
	struct credential password; /* for the next login */
	struct credential invite;
	bool token_due; /* it was asked for */
	bool revoking;	/* link_revoke() was called, no answer came */
	struct conn conn;
	struct seen seen;
	struct seen mine;	   /* seen as MESSAGE, while ACKs are due */
	struct outbox_item *taken; /* what the last event was about */
	bool flushing;		   /* link_flush() was called */
	bool flush_sent;	   /* on this connection */
	bool again;		   /* may connect again after this end */
	int64_t wait;		   /* seconds the server asked for */
	char resume[RESUME_MAX + 1];
	int64_t base;	       /* last_id at the first login */
	int64_t deadline;      /* of the login, -1: none */
	int64_t online_at;     /* when this login succeeded */
	int64_t heard_at;      /* when something came last */
	bool asked;	       /* a PING is out because of silence */
	int64_t hold_until;    /* no message is sent before */
	int64_t now;	       /* of the last step */
	size_t window;	       /* messages in flight at most */
	unsigned int failures; /* in a row */
	char prefix[17];       /* of every ref */
	uint64_t refs;	       /* given out */
};

enum link_said { LINK_SAID, LINK_FULL, LINK_TOO_LONG };

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

/* Register the name at the next login, with an invitation or NULL. */
void link_register(struct link *, const struct credential *invite);

/*
 * Revoke the token, or the one that is about to come; see `news'.  False:
 * there is none, or no connection.
 */
bool link_revoke(struct link *);

struct pollfd link_poll(const struct link *);
/* When link_step() is to be called at the latest; -1: no such time. */
int64_t link_deadline(const struct link *);
void link_step(struct link *, short revents, int64_t now);

/*
 * The next event; the caller ends it with incoming_free().  For an ACK the
 * event's message is complete, and for an ERROR about a message its recipient
 * and text are there.  False: there is none now.
 */
bool link_next(struct link *, struct event *, int64_t now);

/* Read nothing more for now, or go on. */
void link_pause(struct link *, bool);

/*
 * Say something to somebody ("all" or a name).  With LINK_SAID it is in the
 * outbox, and *ref (if not NULL) is its ref, until the ACK or ERROR comes.
 */
enum link_said link_say(struct link *, const char *to, const char *text,
    size_t len, const char **ref);

/* When online: ask for the users, for history; send a line as it is. */
void link_ask_users(struct link *);
void link_ask_history(struct link *, const char *with, int64_t limit);
enum link_said link_raw(struct link *, const char *line, size_t len);

/* Ask whether everything sent so far was answered; `flushed' tells. */
void link_flush(struct link *);

/* Say DISCONNECT and wait so long; or, when not logged in, just end. */
void link_leave(struct link *, int64_t wait, int64_t now);

/* End now, with a DISCONNECT if it can go out at once. */
void link_abandon(struct link *);

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
/* Ask with a ref of our own, whose PONG is not handed out. */
void link_ping(struct link *, const char *what);
bool link_is_own_ref(const struct link *, struct span ref, const char *what);
/* The connection is open: say who we are.  Then what came of it: */
void link_log_in(struct link *, int64_t now);
void link_take_registered(struct link *, const struct event *);
void link_logged_in(struct link *);
/* Whether it answers what the link itself asked about its token. */
bool link_take_token(struct link *, const struct event *);
bool link_take_token_error(struct link *, const struct event *);
void link_lose_revocation(struct link *);

#endif
