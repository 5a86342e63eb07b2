/*
 * CONNECT and DISCONNECT: taking a name, and giving it back.
 */
#include <sys/random.h>

#include <sha256.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "event.h"
#include "session.h"
#include "text.h"

struct wish {
	const char *username, *resume;
	int64_t since, history;
	bool has_since, has_history;
};

static bool
wish_read(struct session *s, const struct request *r, struct wish *w)
{
	size_t len, resume_len;

	if (!request_string(s, r, "username", true, &w->username, &len))
		return false;
	if (!text_is_username(w->username, len)) {
		session_error(s, r, "BAD_USERNAME",
		    "a username is 1 to %d of"
		    " A-Z a-z 0-9 _ . - and not 'all'",
		    USERNAME_MAX);
		return false;
	}
	return request_string(s, r, "resume", false, &w->resume, &resume_len) &&
	    request_timestamp(s, r) &&
	    request_int(s, r, "since", 0, &w->since, &w->has_since) &&
	    request_int(s, r, "history", 0, &w->history, &w->has_history);
}

/* The one answer to wrong credentials, whatever is wrong; then it costs. */
static void
credentials_failed(struct session *s, const struct request *r,
    const char *username, const char *secret)
{
	session_error(s, r, "AUTH_FAILED", "wrong username, password or token");
	admit_login_failed(s, username, secret);
}

/* Nobody has a password or a token yet, so none can be right. */
static bool
credentials_refuse(
    struct session *s, const struct request *r, const char *username)
{
	const char *value;
	size_t len;

	if (!request_string(s, r, "password", false, &value, &len))
		return true;
	if (value == NULL &&
	    !request_string(s, r, "token", false, &value, &len))
		return true;
	if (value != NULL)
		credentials_failed(s, r, username, value);
	else if (s->config.auth_required)
		session_error(s, r, "AUTH_REQUIRED",
		    "this server admits registered users only");
	else
		return false;
	return true;
}

static void
hash(unsigned char out[STORE_HASH_LEN], const char *secret)
{
	SHA2_CTX ctx;

	SHA256Init(&ctx);
	SHA256Update(&ctx, (const uint8_t *)secret, strlen(secret));
	SHA256Final(out, &ctx);
}

static bool
alive(void *arg, const char *socket)
{
	const struct session *s = arg;

	return dgram_session_alive(&s->delivery.registry, socket);
}

/* The name's transaction.  Fills in s->me and s->resume. */
static enum store_result
login(struct session *s, const struct wish *w)
{
	unsigned char proof[STORE_HASH_LEN], secret[STORE_HASH_LEN];
	unsigned char random[RESUME_LEN / 2];
	struct store *store;
	enum store_result result;
	struct store_login in = {
		.username = w->username,
		.secret = secret,
		.socket = s->delivery.name,
		.peer = s->client.peer,
		.pid = getpid(),
		.alive = alive,
		.arg = s,
	};

	if ((store = session_store(s)) == NULL || !deliver_bind(s))
		return STORE_UNAVAILABLE;
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		abort();
	text_hex(s->resume, random, sizeof(random));
	hash(secret, s->resume);
	if (w->resume != NULL) {
		hash(proof, w->resume);
		in.proof = proof;
	}
	result = store_session_begin(store, &in, &s->me);
	if (result == STORE_UNAVAILABLE)
		session_store_failed(s);
	else
		session_store_works(s);
	/* Who has proven to be the same keeps the secret. */
	if (result == STORE_OK && s->me.proven)
		memcpy(s->resume, w->resume, sizeof(s->resume));
	return result;
}

static void
refused(struct session *s, const struct request *r, enum store_result result,
    const char *username)
{
	switch (result) {
	case STORE_TAKEN:
		session_error(
		    s, r, "USERNAME_TAKEN", "%s is online already", username);
		break;
	case STORE_REFUSED:
		session_error(
		    s, r, "AUTH_FAILED", "wrong username, password or token");
		break;
	default:
		session_unavailable(s, r->ref);
		break;
	}
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

	if (w->has_since && !reset)
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
	struct wish w = { 0 };
	struct store_page page = { .after = -1 };
	enum store_result result;
	int64_t oldest = 0;
	bool reset;

	if (!wish_read(s, r, &w) || !admit_user(s, r, w.username) ||
	    credentials_refuse(s, r, w.username))
		return;
	if ((result = login(s, &w)) != STORE_OK) {
		refused(s, r, result, w.username);
		return;
	}
	s->state = STATE_CONNECTED;
	log_set_user(s->me.username);
	log_set_session(s->me.id);
	log_event(LEVEL_INFO, "connected", "%s", s->me.proven ? "again" : "");
	if (store_oldest(s->store, &oldest) != STORE_OK)
		session_store_failed(s);
	reset = w.has_since && w.since > s->me.position;
	connected_event(s, r, oldest, reset);
	if (w.has_history && w.history > 0) {
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
