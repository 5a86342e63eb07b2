/*
 * With what to log in: which certificate is trusted, where the password comes
 * from, which token is kept; and what a person has to be asked when that is
 * not enough.  It asks nobody itself: plain.c and the screen do.
 */
#ifndef LOGIN_H
#define LOGIN_H

#include <stdbool.h>

#include "buf.h"
#include "credential.h"
#include "link.h"
#include "options.h"
#include "state.h"
#include "tls.h"

enum login_need {
	LOGIN_NOTHING, /* nothing helps */
	LOGIN_READY,   /* start the link (again) */
	LOGIN_PASSWORD,
	LOGIN_NEW_PASSWORD, /* of a name to be registered */
	LOGIN_INVITE,
	LOGIN_TRUST /* in the certificate that link->fingerprint names */
};

struct login {
	const struct options *options;
	struct options other;	 /* what they are after login_use_server() */
	struct tls_context *tls; /* NULL: without */
	struct state state;
	struct credential password; /* as the options say, not yet used */
	struct credential invite;
	void (*pause)(bool begins); /* of a screen, around a command; or NULL */
	bool command_failed;	    /* it is not run again */
	bool password_used;	    /* that of the options */
	bool registered;	    /* or not to be */
	bool forgotten;		    /* there is no token any more */
	int64_t renew_at;	    /* the token, in s since 1970; 0: never */
	char known[FINGERPRINT_LEN + 1];    /* agreed to before, or "" */
	char message[STATE_PATH_MAX + 256]; /* see login_message() */
};

/*
 * Read what the options name: authorities, password, invitation.  Ends the
 * process (STATUS_INPUT) if one cannot be used.
 */
void login_init(struct login *, const struct options *);
void login_free(struct login *);

/*
 * Give the link what a login as that user begins with.  LOGIN_READY, or
 * LOGIN_NEW_PASSWORD if that has to be asked for first.
 */
enum login_need
login_prepare(struct login *, struct link *, const char *username);

/* The link has ended (LINK_IDLE): what would it take to go on? */
enum login_need login_continue(struct login *, struct link *);

/*
 * Another server, with TLS or without: no password goes there that was meant
 * for the one of the options.  A link that uses the old tls has to be freed
 * before.  False: there is no TLS, and login_message() says why.
 */
bool login_use_server(struct login *, const struct address *, bool tls);

/* Whether the next login registers the name. */
void login_set_registers(struct login *, bool);

/* The answers; then start the link. */
void
login_give_password(struct login *, struct link *, const struct credential *);
void
login_give_invite(struct login *, struct link *, const struct credential *);
void login_give_trust(struct login *, struct link *);

/*
 * Act on link->news: keep or forget the token.  Returns false if it could not
 * be revoked.
 */
bool login_take_news(struct login *, struct link *);

/* Have a token renewed that is about to expire; while the link is used. */
void login_renew(struct login *, struct link *);

/*
 * What is to be told once about all this, such as that something cannot be
 * remembered; not sanitised.  Returns out, or NULL if there is nothing.
 */
const char *login_message(struct login *, char *out, size_t size);

/* Whether there is a token for that user. */
bool login_has_token(struct login *, const char *username);

/*
 * Why the link ended and, if something can be done about it, what; not
 * sanitised.  It may have several lines.
 */
void login_explain(const struct login *, const struct link *, struct buf *);

#endif
