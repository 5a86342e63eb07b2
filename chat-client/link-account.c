/*
 * What a link (link.h) asks about its user's account once it is connected:
 * registering the name, another password.  Both make a new token needed, for
 * which the new password is kept until the token has come.
 */
#include <stdio.h>
#include <string.h>

#include "link.h"
#include "request.h"

/* The refs of these, and the news of their answers. */
static const struct {
	const char *ref;
	enum link_news done, denied;
} questions[] = {
	[LINK_ASKS_REGISTER] = { "enrol", LINK_REGISTERED,
	    LINK_REGISTER_DENIED },
	[LINK_ASKS_PASSWORD] = { "password", LINK_PASSWORD_CHANGED,
	    LINK_PASSWORD_DENIED },
};

/* It is answered at once, by us. */
static bool
deny_exposure(struct link *l, enum link_asking what)
{
	if (!l->exposed)
		return false;
	snprintf(l->news_why, sizeof(l->news_why), "%s", LINK_EXPOSED_WHY);
	l->news = questions[what].denied;
	return true;
}

static bool
may_ask(const struct link *l)
{
	return l->state == LINK_ONLINE && l->asking == LINK_NO_QUESTION &&
	    !l->token_due && !l->revoking;
}

/* At once: no other line may make the buffer with a secret in it grow. */
static void
asked(struct link *l, enum link_asking what, const struct credential *fresh)
{
	l->asking = what;
	l->fresh = *fresh;
	conn_flush(&l->conn);
}

bool
link_register_now(struct link *l, const struct credential *password,
    const struct credential *invite)
{
	char ref[REF_MAX + 1];
	struct request_login login = { .username = l->username,
		.password = password->text,
		.invite = invite->len > 0 ? invite->text : NULL,
		.ref =
		    link_own_ref(l, questions[LINK_ASKS_REGISTER].ref, ref) };

	if (!may_ask(l))
		return false;
	if (deny_exposure(l, LINK_ASKS_REGISTER))
		return true;
	conn_expect_secret(&l->conn, LINK_SECRET_ROOM);
	request_register(&l->conn.out, &login);
	asked(l, LINK_ASKS_REGISTER, password);
	return true;
}

bool
link_change_password(struct link *l, const struct credential *old_one,
    const struct credential *new_one)
{
	char ref[REF_MAX + 1];

	if (!may_ask(l))
		return false;
	if (deny_exposure(l, LINK_ASKS_PASSWORD))
		return true;
	conn_expect_secret(&l->conn, LINK_SECRET_ROOM);
	request_password(&l->conn.out, old_one->text, new_one->text,
	    link_own_ref(l, questions[LINK_ASKS_PASSWORD].ref, ref));
	asked(l, LINK_ASKS_PASSWORD, new_one);
	return true;
}

static bool
is_answer(const struct link *l, struct span ref)
{
	return l->asking != LINK_NO_QUESTION &&
	    link_is_own_ref(l, ref, questions[l->asking].ref);
}

static void
answered(struct link *l, bool well)
{
	l->news =
	    well ? questions[l->asking].done : questions[l->asking].denied;
	l->asking = LINK_NO_QUESTION;
	credential_wipe(&l->fresh);
}

/* What proved the login so far proves it no more. */
bool
link_take_account(struct link *l, const struct event *e)
{
	if (!is_answer(l, e->ref))
		return false;
	link_set_token(l, 0, NULL);
	l->resume[0] = '\0';
	link_set_password(l, &l->fresh);
	answered(l, true);
	l->proof = LINK_PASSWORD;
	link_logged_in(l);
	return true;
}

bool
link_take_account_error(struct link *l, const struct event *e)
{
	if (!is_answer(l, e->ref))
		return false;
	snprintf(l->news_why, sizeof(l->news_why), "%.*s: %.*s",
	    (int)(e->code.n < REF_MAX ? e->code.n : REF_MAX), e->code.s,
	    (int)(e->text.n < SHOWN_ERROR_MAX ? e->text.n : SHOWN_ERROR_MAX),
	    e->text.s);
	answered(l, false);
	return true;
}

/*
 * Nobody knows whether it was done.  If it was, the token is refused at the
 * next login, and the password is asked for.
 */
void
link_lose_account(struct link *l)
{
	if (l->asking == LINK_NO_QUESTION)
		return;
	snprintf(l->news_why, sizeof(l->news_why), "%s",
	    "the connection was lost: it may have been done or not");
	answered(l, false);
}
