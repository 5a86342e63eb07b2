/*
 * REGISTER, PASSWORD and TOKEN: making a name one's own.
 */
#include <string.h>
#include <strings.h>

#include "command.h"
#include "event.h"
#include "request.h"
#include "secret.h"
#include "session.h"

#define DAY (24 * 60 * 60 * 1000LL)

/* ---- REGISTER ---- */

struct wish {
	const char *username, *password, *invite;
};

static bool
wish_read(struct session *s, const struct request *r, struct wish *w)
{
	size_t len;

	return request_username(s, r, &w->username) &&
	    request_password(s, r, "password", PASSWORD_NEW, &w->password) &&
	    request_string(s, r, "invite", false, &w->invite, &len);
}

/* Whether this server, and this session, may register that name. */
static bool
registration_allowed(
    struct session *s, const struct request *r, const struct wish *w)
{
	bool connected = s->state == STATE_CONNECTED;

	if (s->config.registration == REGISTRATION_CLOSED)
		session_error(s, r, "REGISTRATION_CLOSED",
		    "this server registers nobody: ask its operator");
	else if (s->config.registration == REGISTRATION_INVITE &&
	    w->invite == NULL)
		session_error(s, r, "BAD_INVITE",
		    "this server registers by invitation: give invite");
	else if (connected && strcasecmp(w->username, s->me.username) != 0)
		session_error(s, r, "BAD_REQUEST",
		    "username must be %s, which this connection has",
		    s->me.username);
	else
		return true;
	return false;
}

/* What the store said, when it was not STORE_OK. */
static void
registration_refused(struct session *s, const struct request *r,
    const struct wish *w, enum store_result result)
{
	switch (result) {
	case STORE_REFUSED:
		session_error(s, r, "USERNAME_TAKEN",
		    "%s is registered already", w->username);
		break;
	case STORE_TAKEN:
		session_error(s, r, "USERNAME_TAKEN", "%s is online already",
		    w->username);
		break;
	case STORE_BAD_INVITE:
		session_error(s, r, "BAD_INVITE",
		    "that is no invitation that can be used (any more): ask the"
		    " operator for one");
		admit_login_failed(s, "", w->invite);
		break;
	case STORE_REPLACED:
	case STORE_ENDED:
		session_row_gone(s, result);
		break;
	default:
		session_store_failed(s);
		session_unavailable(s, r->ref);
		break;
	}
}

/*
 * With hash NULL a trial, else *user is whose name it is.  False: it was answered
 * with why not.
 */
static bool
registration_try(struct session *s, const struct request *r,
    const struct wish *w, const char *hash, int64_t *user)
{
	struct store *store = session_store(s);
	bool connected = s->state == STATE_CONNECTED;
	unsigned char invite[STORE_HASH_LEN];
	struct store_registration in = {
		.username = connected ? s->me.username : w->username,
		.password = hash,
		.session = connected ? s->me.id : 0,
		.alive = session_alive,
		.arg = s,
	};
	enum store_result result;

	/* (Whether another session answers is asked through our socket.) */
	if (store == NULL || !deliver_bind(s)) {
		session_unavailable(s, r->ref);
		return false;
	}
	if (s->config.registration == REGISTRATION_INVITE) {
		secret_hash(invite, w->invite);
		in.invite = invite;
	}
	result = store_account_register(store, &in, user);
	if (result != STORE_OK)
		registration_refused(s, r, w, result);
	return result == STORE_OK;
}

void
cmd_register(struct session *s, const struct request *r)
{
	struct buf *out = &s->client.output;
	char hash[PASSWORD_HASH_MAX];
	struct wish w = { 0 };
	int64_t user;

	/* The trial, so that only what will succeed costs a hash. */
	if (!wish_read(s, r, &w) || !admit_user(s, r, w.username) ||
	    !registration_allowed(s, r, &w) ||
	    !registration_try(s, r, &w, NULL, &user) ||
	    !hash_make(s, r, w.password, hash) ||
	    !registration_try(s, r, &w, hash, &user))
		return;
	if (s->state == STATE_CONNECTED) {
		w.username = s->me.username;
		strcpy(s->me.password, hash);
		s->resume[0] = '\0';
	}
	admit_offence(s, DGRAM_REGISTRATION, user);
	log_event(LEVEL_INFO, "registered", "%s", w.username);
	event_begin(out, "REGISTERED", r->ref);
	event_str(out, "username", w.username, strlen(w.username));
	event_end(out);
}

/* ---- PASSWORD and TOKEN ---- */

static bool
must_be_registered(struct session *s, const struct request *r)
{
	if (session_is_registered(s))
		return true;
	session_error(s, r, "AUTH_REQUIRED",
	    "%s is not registered: REGISTER it first", s->me.username);
	return false;
}

/* The session's account as it is now.  False: answered with UNAVAILABLE. */
static bool
account_now(
    struct session *s, const struct request *r, struct store_account *account)
{
	struct store *store = session_store(s);

	*account = (struct store_account){ 0 };
	/* A user who was removed has no password that is right. */
	if (store != NULL &&
	    store_account_get(store, s->me.user_id, account) !=
		STORE_UNAVAILABLE)
		return true;
	session_store_failed(s);
	session_unavailable(s, r->ref);
	return false;
}

static void
password_change(struct session *s, const struct request *r,
    const struct store_account *account, const char *old, const char *hash)
{
	struct buf *out = &s->client.output;
	struct store *store = session_store(s);
	enum store_result result = STORE_UNAVAILABLE;

	if (store != NULL)
		result = store_account_replace_password(
		    store, account->id, account->password, hash, true);
	if (result == STORE_UNAVAILABLE) {
		session_store_failed(s);
		session_unavailable(s, r->ref);
		return;
	}
	/* Somebody else was quicker: the old one is no longer right. */
	if (result != STORE_OK) {
		credentials_failed(s, r, s->me.username, old);
		return;
	}
	strcpy(s->me.password, hash);
	log_event(LEVEL_INFO, "password_changed", "%s", "");
	event_begin(out, "PASSWORD_CHANGED", r->ref);
	event_end(out);
}

void
cmd_password(struct session *s, const struct request *r)
{
	struct store_account account;
	struct hash_answer answer;
	char hash[PASSWORD_HASH_MAX];
	const char *old, *new;

	if (!must_be_registered(s, r) ||
	    !request_password(s, r, "old", PASSWORD_OLD, &old) ||
	    !request_password(s, r, "new", PASSWORD_NEW, &new) ||
	    !account_now(s, r, &account) ||
	    !hash_check(s, r, old, account.password, &answer))
		return;
	if (!answer.right) {
		credentials_failed(s, r, s->me.username, old);
		return;
	}
	if (hash_make(s, r, new, hash))
		password_change(s, r, &account, old, hash);
}

static void
token_event(struct session *s, const struct request *r,
    const struct store_token *token, const char *digits)
{
	struct buf *out = &s->client.output;

	event_begin(out, "TOKEN", r->ref);
	event_int(out, "id", token->id);
	event_str(out, "token", digits, TOKEN_LEN);
	event_time(out, "expires", token->expires);
	event_end(out);
	s->client.secret = true;
}

static void
token_give(struct session *s, const struct request *r)
{
	unsigned char hash[STORE_HASH_LEN];
	char digits[TOKEN_LEN + 1];
	struct store *store = session_store(s);
	struct store_token token;
	enum store_result result = STORE_UNAVAILABLE;

	secret_make(digits, TOKEN_LEN);
	secret_hash(hash, digits);
	if (store != NULL)
		result = store_token_add(store, s->me.user_id, s->me.password,
		    hash, s->config.token_days * DAY, &token);
	if (result == STORE_OK) {
		token_event(s, r, &token, digits);
	} else if (result == STORE_UNAVAILABLE) {
		session_store_failed(s);
		session_unavailable(s, r->ref);
	} else {
		session_error(s, r, "AUTH_REQUIRED",
		    "the password of %s was changed: connect again with it",
		    s->me.username);
	}
	explicit_bzero(digits, sizeof(digits));
}

/* id 0: all of them. */
static void
token_revoke(struct session *s, const struct request *r, int64_t id)
{
	struct buf *out = &s->client.output;
	struct store *store = session_store(s);
	int64_t revoked = 0;

	if (store == NULL ||
	    store_token_revoke(store, s->me.user_id, id, &revoked) !=
		STORE_OK) {
		session_store_failed(s);
		session_unavailable(s, r->ref);
		return;
	}
	event_begin(out, "TOKEN", r->ref);
	event_int(out, "revoked", revoked);
	event_end(out);
}

void
cmd_token(struct session *s, const struct request *r)
{
	const char *word;
	int64_t id = 0;
	size_t len;

	if (!must_be_registered(s, r))
		return;
	if (request_is_string(r, "revoke")) {
		request_string(s, r, "revoke", true, &word, &len);
		if (strcmp(word, "all") == 0)
			token_revoke(s, r, 0);
		else
			session_error(s, r, "BAD_REQUEST",
			    "revoke must be a token's id or \"all\"");
	} else if (request_int(s, r, "revoke", 1, &id)) {
		if (id != 0)
			token_revoke(s, r, id);
		else
			token_give(s, r);
	}
}
