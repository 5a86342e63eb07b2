/*
 * How a link logs in (link.h): by name, resume secret, password or token, or
 * registering first; and the token it asks for once it is in.  What is secret
 * goes nowhere but into the connection, which wipes it.
 */
#include <stdio.h>
#include <string.h>

#include "link.h"
#include "request.h"

static bool
is_set(const struct credential *s)
{
	return s->len > 0;
}

const char *
link_own_ref(const struct link *l, const char *what, char out[REF_MAX + 1])
{
	snprintf(out, REF_MAX + 1, "%s-%s", l->prefix, what);
	return out;
}

static void
say_register(struct link *l)
{
	char ref[REF_MAX + 1];
	struct request_login login = { .username = l->username,
		.password = l->password.text,
		.invite = is_set(&l->invite) ? l->invite.text : NULL,
		.ref = link_own_ref(l, "register", ref) };

	conn_expect_secret(&l->conn, LINK_SECRET_ROOM);
	request_register(&l->conn.out, &login);
	l->proof = LINK_PASSWORD;
}

/* Not even a hint of it goes where others can read along. */
static bool
would_expose(const struct link *l)
{
	return l->exposed &&
	    (l->registers || is_set(&l->password) || l->token[0] != '\0');
}

/* The strongest there is: what was just given, what is kept, what is left. */
static void
say_connect(struct link *l)
{
	char ref[REF_MAX + 1];
	struct request_login login = { .username = l->username,
		.ref = link_own_ref(l, "login", ref),
		.since = l->was_online || l->config.since >= 0
		    ? l->seen.position
		    : -1,
		.history = l->was_online ? -1 : l->config.history };

	l->proof = LINK_NO_PROOF;
	if (is_set(&l->password)) {
		l->proof = LINK_PASSWORD;
		login.password = l->password.text;
	} else if (l->token[0] != '\0') {
		l->proof = LINK_TOKEN;
		login.token = l->token;
	} else if (l->resume[0] != '\0') {
		l->proof = LINK_RESUME;
		login.resume = l->resume;
	}
	if (l->proof != LINK_NO_PROOF)
		conn_expect_secret(&l->conn, LINK_SECRET_ROOM);
	request_connect(&l->conn.out, &login);
}

void
link_log_in(struct link *l, int64_t now)
{
	link_pulse_start(l, now);
	l->exposed = !l->config.insecure && !conn_is_private(&l->conn);
	if (!l->config.raw && would_expose(l)) {
		link_fail(l, LINK_EXPOSED, LINK_EXPOSED_WHY, now);
		return;
	}
	if (l->config.raw) {
		l->state = LINK_ONLINE;
		l->was_online = true;
		l->deadline = -1;
		return;
	}
	if (l->registers)
		say_register(l);
	else
		say_connect(l);
	l->state = LINK_LOGIN;
	l->deadline = now + l->config.timeout;
}

/* Once the name is registered, it is logged in with like any other. */
void
link_take_registered(struct link *l, const struct event *e)
{
	if (l->state != LINK_LOGIN || !l->registers ||
	    !link_is_own_ref(l, e->ref, "register"))
		return;
	l->registers = false;
	credential_wipe(&l->invite);
	say_connect(l);
}

static void
ask_token(struct link *l, int64_t old_id)
{
	char ref[REF_MAX + 1];

	request_token(&l->conn.out, -1, link_own_ref(l, "token", ref));
	l->token_due = true;
	l->old_id = old_id;
}

/* A password has done its work once there is a token instead. */
void
link_logged_in(struct link *l)
{
	if (l->proof == LINK_PASSWORD)
		ask_token(l, 0);
}

void
link_renew(struct link *l)
{
	if (l->state == LINK_ONLINE && l->token[0] != '\0' && !l->token_due &&
	    !l->revoking && l->asking == LINK_NO_QUESTION)
		ask_token(l, l->token_id);
}

static void
drop(struct link *l, int64_t id)
{
	char ref[REF_MAX + 1];

	if (l->state == LINK_ONLINE && id != 0)
		request_token(&l->conn.out, id, link_own_ref(l, "drop", ref));
}

void
link_drop_old(struct link *l)
{
	drop(l, l->old_id);
	l->old_id = 0;
}

void
link_drop_new(struct link *l)
{
	drop(l, l->token_id);
	link_set_token(l, 0, NULL);
}

/* Nothing that could not be written to a file of lines and columns. */
static bool
is_token(struct span token)
{
	size_t i;

	for (i = 0; i < token.n; i++)
		if (token.s[i] <= ' ' || token.s[i] >= 0x7f)
			return false;
	return token.n > 0 && token.n <= TOKEN_TEXT_MAX;
}

static void
set_news(struct link *l, enum link_news news, const char *why, size_t n)
{
	l->news = news;
	snprintf(l->news_why, sizeof(l->news_why), "%.*s", (int)n, why);
}

static void
say_revoke(struct link *l)
{
	char ref[REF_MAX + 1];

	request_token(
	    &l->conn.out, l->token_id, link_own_ref(l, "revoke", ref));
}

/* There is no new one; of one that was to be renewed nothing is lost yet. */
static void
deny_token(struct link *l, const char *why, size_t n)
{
	l->token_due = false;
	credential_wipe(&l->password);
	if (l->old_id != 0 && l->revoking)
		say_revoke(l);
	else if (l->old_id == 0)
		set_news(l, LINK_TOKEN_DENIED, why, n);
	l->revoking = l->revoking && l->old_id != 0;
	l->old_id = 0;
}

static void
take_new_token(struct link *l, const struct event *e)
{
	static const char bad[] = "it is not one";

	if (e->revoked || !is_token(e->token) || e->token_id <= 0) {
		deny_token(l, bad, strlen(bad));
		return;
	}
	l->token_due = false;
	credential_wipe(&l->password);
	explicit_bzero(l->token, sizeof(l->token));
	memcpy(l->token, e->token.s, e->token.n);
	l->token_id = e->token_id;
	l->token_expires = e->expires;
	if (l->revoking) {
		say_revoke(l);
		link_drop_old(l);
	} else {
		set_news(l, LINK_TOKEN_CAME, "", 0);
	}
}

bool
link_take_token(struct link *l, const struct event *e)
{
	if (l->token_due && link_is_own_ref(l, e->ref, "token")) {
		take_new_token(l, e);
		return true;
	}
	if (link_is_own_ref(l, e->ref, "drop"))
		return true;
	if (!l->revoking || !e->revoked ||
	    !link_is_own_ref(l, e->ref, "revoke"))
		return false;
	l->revoking = false;
	link_set_token(l, 0, NULL);
	set_news(l, LINK_TOKEN_REVOKED, "", 0);
	return true;
}

bool
link_take_token_error(struct link *l, const struct event *e)
{
	size_t n = e->code.n < REF_MAX ? e->code.n : REF_MAX;

	if (l->token_due && link_is_own_ref(l, e->ref, "token")) {
		deny_token(l, e->code.s, n);
		return true;
	}
	if (link_is_own_ref(l, e->ref, "drop"))
		return true;
	if (!l->revoking || !link_is_own_ref(l, e->ref, "revoke"))
		return false;
	l->revoking = false;
	set_news(l, LINK_TOKEN_STAYS, e->code.s, n);
	return true;
}

/* The answer will not come on another connection. */
void
link_lose_revocation(struct link *l)
{
	static const char lost[] = "the connection was lost";

	if (l->revoking)
		set_news(l, LINK_TOKEN_STAYS, lost, strlen(lost));
	l->revoking = l->token_due = false;
	l->old_id = 0;
}

bool
link_revoke(struct link *l)
{
	if (l->state != LINK_ONLINE || (l->token[0] == '\0' && !l->token_due))
		return false;
	l->revoking = true;
	if (!l->token_due)
		say_revoke(l);
	return true;
}

void
link_set_password(struct link *l, const struct credential *password)
{
	credential_wipe(&l->password);
	if (password != NULL)
		l->password = *password;
}

void
link_set_token(struct link *l, int64_t id, const char *token)
{
	explicit_bzero(l->token, sizeof(l->token));
	l->token_id = id;
	l->token_expires = 0;
	if (token != NULL)
		snprintf(l->token, sizeof(l->token), "%s", token);
}

void
link_register(struct link *l, const struct credential *invite)
{
	l->registers = true;
	l->invite = *invite;
}
