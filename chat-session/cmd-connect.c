/*
 * CONNECT and DISCONNECT: taking a name, and giving it back.
 */
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "command.h"
#include "count.h"
#include "event.h"
#include "request.h"
#include "secret.h"
#include "session.h"

struct wish {
	const char *username, *resume, *password, *token;
	int64_t since, history; /* since -1: not given */
};

static bool
wish_read(struct session *s, const struct request *r, struct wish *w)
{
	size_t len;

	if (!request_username(s, r, &w->username) ||
	    !request_string(s, r, "resume", false, &w->resume, &len) ||
	    !request_password(
		s, r, "password", PASSWORD_IF_GIVEN, &w->password) ||
	    !request_string(s, r, "token", false, &w->token, &len))
		return false;
	if (w->password != NULL && w->token != NULL) {
		session_error(s, r, "BAD_REQUEST",
		    "password and token: give one of them");
		return false;
	}
	return request_timestamp(s, r) &&
	    request_int(s, r, "since", 0, &w->since) &&
	    request_int(s, r, "history", 0, &w->history);
}

void
credentials_failed(struct session *s, const struct request *r,
    const char *username, const char *secret)
{
	count_add(COUNT_LOGIN_FAILURES, 1);
	log_field("CHAT_LOGIN", "%s", username);
	log_event(LEVEL_WARNING, "login_failed", "as %s", username);
	session_error(s, r, "AUTH_FAILED", "wrong username, password or token");
	admit_login_failed(s, username, secret);
}

static void
login_needed(struct session *s, const struct request *r, const char *username)
{
	if (s->config.auth_required)
		session_error(s, r, "AUTH_REQUIRED",
		    "this server admits registered users only: give a password"
		    " or a token");
	else
		session_error(s, r, "AUTH_REQUIRED",
		    "%s is registered: give its password or a token", username);
}

/* If it cannot be kept now, it will be at the next login. */
static void
password_renew(struct session *s, const struct store_account *account,
    const char *renewed, char hash[PASSWORD_HASH_MAX])
{
	struct store *store = session_store(s);
	enum store_result result = STORE_UNAVAILABLE;

	if (store != NULL)
		result = store_account_replace_password(
		    store, account->id, account->password, renewed, false);
	if (result == STORE_OK)
		strcpy(hash, renewed);
	else if (result == STORE_UNAVAILABLE)
		session_store_failed(s);
}

/*
 * Whether the password is right, at the same cost for a user that there is
 * not.  hash: that of the right one, renewed if its cost has changed.
 */
static bool
password_is_right(struct session *s, const struct request *r,
    const struct wish *w, char hash[PASSWORD_HASH_MAX])
{
	struct store_account account = { 0 };
	struct store *store = session_store(s);
	struct hash_answer answer;

	if (store == NULL ||
	    store_account_find(store, w->username, &account) ==
		STORE_UNAVAILABLE) {
		session_store_failed(s);
		session_unavailable(s, r->ref);
		return false;
	}
	if (!hash_check(s, r, w->password,
		account.registered ? account.password : NULL, &answer))
		return false;
	if (!answer.right) {
		credentials_failed(s, r, w->username, w->password);
		return false;
	}
	strcpy(hash, account.password);
	if (answer.renewed)
		password_renew(s, &account, answer.hash, hash);
	return true;
}

/* A wrong token is refused before it can take the lock between writers. */
static bool
token_is_known(struct session *s, const struct request *r, const struct wish *w,
    unsigned char hash[STORE_HASH_LEN])
{
	struct store *store = session_store(s);
	struct store_token token;
	enum store_result result = STORE_UNAVAILABLE;

	secret_hash(hash, w->token);
	if (store != NULL)
		result = store_token_find(store, hash, &token);
	if (result == STORE_OK)
		return true;
	if (result == STORE_REFUSED) {
		credentials_failed(s, r, w->username, w->token);
	} else {
		session_store_failed(s);
		session_unavailable(s, r->ref);
	}
	return false;
}

/* The hashes of what proves who it is.  Both stay empty without. */
struct proof {
	char password[PASSWORD_HASH_MAX];
	unsigned char token[STORE_HASH_LEN];
};

/* False: it was answered with what is wrong. */
static bool
proof_check(struct session *s, const struct request *r, const struct wish *w,
    struct proof *proof)
{
	if (w->password != NULL)
		return password_is_right(s, r, w, proof->password);
	if (w->token != NULL)
		return token_is_known(s, r, w, proof->token);
	if (s->config.auth_required) {
		login_needed(s, r, w->username);
		return false;
	}
	return true;
}

/* The name's transaction.  Fills in s->me and s->resume. */
static enum store_result
login(struct session *s, const struct wish *w, const struct proof *proof)
{
	unsigned char resume[STORE_HASH_LEN], secret[STORE_HASH_LEN];
	struct store *store;
	enum store_result result;
	struct store_login in = {
		.username = w->username,
		.secret = secret,
		.socket = s->delivery.name,
		.peer = s->client.peer,
		.pid = getpid(),
		.password = w->password != NULL ? proof->password : NULL,
		.token = w->token != NULL ? proof->token : NULL,
		.alive = session_alive,
		.arg = s,
	};

	if ((store = session_store(s)) == NULL || !deliver_bind(s))
		return STORE_UNAVAILABLE;
	secret_make(s->resume, RESUME_LEN);
	secret_hash(secret, s->resume);
	if (w->resume != NULL) {
		secret_hash(resume, w->resume);
		in.proof = resume;
	}
	result = store_session_begin(store, &in, &s->me);
	if (result == STORE_UNAVAILABLE)
		session_store_failed(s);
	else
		session_store_works(s);
	if (result != STORE_OK)
		return result;
	if (session_is_registered(s))
		s->resume[0] = '\0';
	else if (s->me.proven)
		/* Who has proven to be the same keeps the secret. */
		memcpy(s->resume, w->resume, sizeof(s->resume));
	return STORE_OK;
}

static void
refused(struct session *s, const struct request *r, enum store_result result,
    const struct wish *w)
{
	const char *secret = w->password != NULL ? w->password
	    : w->token != NULL			 ? w->token
						 : w->resume;

	if (result == STORE_TAKEN)
		session_error(s, r, "USERNAME_TAKEN", "%s is online already",
		    w->username);
	else if (result != STORE_REFUSED)
		session_unavailable(s, r->ref);
	else if (secret != NULL)
		credentials_failed(s, r, w->username, secret);
	else
		login_needed(s, r, w->username);
}

/* For the log: how it became clear who this is. */
static const char *
how(const struct session *s, const struct wish *w)
{
	if (w->password != NULL)
		return "by password";
	if (w->token != NULL)
		return "by token";
	return s->me.proven ? "again" : "";
}

static void
connected_event(
    struct session *s, const struct request *r, int64_t oldest, bool reset)
{
	struct buf *out = &s->client.output;

	event_begin(out, "CONNECTED", r->ref);
	event_int(out, "session", s->me.id);
	event_str(out, "username", s->me.username, strlen(s->me.username));
	event_int(out, "last_id", s->me.position);
	event_int(out, "oldest_id", oldest);
	if (!session_is_registered(s))
		event_str(out, "resume", s->resume, strlen(s->resume));
	if (reset)
		event_true(out, "reset");
	buf_add_str(out, ",\"limits\":{\"message_max_size\":");
	buf_add_int(out, s->config.message_max_size);
	event_int(out, "line_max_size", (int64_t)s->client.lines.max);
	event_int(out, "history_max", HISTORY_MAX);
	event_int(out, "idle_timeout", s->config.idle_timeout);
	buf_add_str(out, "}");
	event_end(out);
}

/*
 * Where delivery begins.  With since: all from there.  Without: what comes
 * from now on, and for the same person as before private messages from where
 * the last session ended.
 */
static struct store_view
view_make(const struct session *s, const struct wish *w, bool reset)
{
	struct store_view view = {
		.user_id = s->me.user_id,
		.session_id = s->me.id,
		.public_from = s->me.position,
		/* For a name just taken: its transaction's place in the log. */
		.private_from = s->me.kept_position,
	};

	if (w->since != -1 && !reset)
		view.public_from = view.private_from = w->since;
	view.position = view.public_from < view.private_from
	    ? view.public_from
	    : view.private_from;
	if (view.private_from < s->me.private_from)
		view.private_from = s->me.private_from;
	return view;
}

void
cmd_connect(struct session *s, const struct request *r)
{
	struct wish w = { .since = -1 };
	struct proof proof = { 0 };
	struct store_page page = { .after = -1 };
	enum store_result result;
	int64_t oldest = 0;
	bool reset;

	if (!wish_read(s, r, &w) || !admit_user(s, r, w.username) ||
	    !proof_check(s, r, &w, &proof))
		return;
	if ((result = login(s, &w, &proof)) != STORE_OK) {
		refused(s, r, result, &w);
		return;
	}
	s->state = STATE_CONNECTED;
	log_set_user(s->me.username);
	log_set_session(s->me.id);
	count_add(COUNT_LOGINS, 1);
	log_event(LEVEL_INFO, "connected", "%s", how(s, &w));
	if (store_oldest(s->store, &oldest) != STORE_OK)
		session_store_failed(s);
	reset = w.since > s->me.position;
	connected_event(s, r, oldest, reset);
	if (w.history > 0) {
		page.limit =
		    (int)(w.history < HISTORY_MAX ? w.history : HISTORY_MAX);
		history_send(s, NULL, &page);
	}
	s->delivery.view = view_make(s, &w, reset);
	deliver_start(s, s->me.position);
	/* After registering, so that the user is not seen to leave. */
	if (s->me.replaced[0] != '\0')
		deliver_replace(s, s->me.replaced);
}

void
cmd_disconnect(struct session *s, const struct request *r)
{
	struct buf *out = &s->client.output;
	const char *username;
	size_t len;

	if (!request_string(s, r, "username", false, &username, &len))
		return;
	if (username != NULL &&
	    (s->state != STATE_CONNECTED || strlen(username) != len ||
		strcasecmp(username, s->me.username) != 0)) {
		session_error(s, r, "BAD_REQUEST",
		    "username must be your own or left out");
		return;
	}
	session_end(s, "disconnected");
	event_begin(out, "DISCONNECTED", r->ref);
	event_str(out, "reason", "disconnected", strlen("disconnected"));
	event_end(out);
}
