/*
 * The login form's half of the user: what is typed into it, and what that
 * does.  Called by screen-input.c for keys, by screen-event.c when a login
 * needs something.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "screen-parts.h"
#include "text.h"

void
screen_form_say(struct screen *s, const char *what)
{
	snprintf(s->trouble, sizeof(s->trouble), "%s", what);
}

static void
go_to(struct screen *s, enum form_step step)
{
	credential_wipe(&s->answer);
	if (step != FORM_AGAIN)
		credential_wipe(&s->first);
	s->step = step;
	s->form = true;
	s->changed = true;
}

/* As the user of the form, who may be the one the link has already. */
static void
connect_now(struct screen *s, int64_t now)
{
	const char *name = edit_text(&s->name);

	s->trouble[0] = '\0';
	credential_wipe(&s->answer);
	credential_wipe(&s->first);
	link_start(s->link,
	    strcasecmp(name, s->link->username) == 0 ? NULL : name, now);
}

void
screen_form_need(struct screen *s, enum login_need need, int64_t now)
{
	switch (need) {
	case LOGIN_NOTHING:
		go_to(s, FORM_NAME);
		break;
	case LOGIN_READY:
		connect_now(s, now);
		break;
	case LOGIN_PASSWORD:
		go_to(s, FORM_PASSWORD);
		break;
	case LOGIN_NEW_PASSWORD:
		go_to(s, FORM_NEW_PASSWORD);
		break;
	case LOGIN_INVITE:
		go_to(s, FORM_INVITE);
		break;
	case LOGIN_TRUST:
		go_to(s, FORM_TRUST);
		break;
	}
}

static void
enter_name(struct screen *s, int64_t now)
{
	const char *name = edit_text(&s->name);

	if (!text_is_username(name, strlen(name))) {
		snprintf(s->trouble, sizeof(s->trouble),
		    "A name is 1 to %d "
		    "of A-Z a-z 0-9 _ . - and not \"all\".",
		    USERNAME_MAX);
		return;
	}
	s->trouble[0] = '\0';
	screen_form_need(s, login_prepare(s->login, s->link, name), now);
}

static void
enter_new_password(struct screen *s)
{
	struct credential first = s->answer;

	s->trouble[0] = '\0';
	go_to(s, FORM_AGAIN);
	s->first = first;
	credential_wipe(&first);
}

static void
enter_again(struct screen *s, int64_t now)
{
	if (strcmp(s->first.text, s->answer.text) != 0) {
		go_to(s, FORM_NEW_PASSWORD);
		screen_form_say(s, "These were two different ones.");
		return;
	}
	login_give_password(s->login, s->link, &s->first);
	connect_now(s, now);
}

static void
enter_trust(struct screen *s, int64_t now)
{
	if (strcasecmp(s->answer.text, "yes") == 0) {
		login_give_trust(s->login, s->link);
		connect_now(s, now);
	} else {
		go_to(s, FORM_NAME);
		screen_form_say(s, "Not connected.");
	}
}

static void
enter(struct screen *s, int64_t now)
{
	if (s->link->state != LINK_IDLE ||
	    (s->step != FORM_NAME && s->answer.len == 0))
		return;
	switch (s->step) {
	case FORM_NAME:
		enter_name(s, now);
		break;
	case FORM_PASSWORD:
		login_give_password(s->login, s->link, &s->answer);
		connect_now(s, now);
		break;
	case FORM_NEW_PASSWORD:
		enter_new_password(s);
		break;
	case FORM_AGAIN:
		enter_again(s, now);
		break;
	case FORM_INVITE:
		login_give_invite(s->login, s->link, &s->answer);
		connect_now(s, now);
		break;
	case FORM_TRUST:
		enter_trust(s, now);
		break;
	}
}

/* A secret has no cursor: it is typed, rubbed out, or begun again. */
static void
edit_answer(struct screen *s, const struct key *key, enum action action)
{
	if (key->kind == KEYS_TEXT)
		credential_add(&s->answer, key->text, key->len);
	else if (action == ACTION_BACKSPACE)
		credential_rub_out(&s->answer);
	else if (action == ACTION_KILL_TO_HOME)
		credential_wipe(&s->answer);
}

static void
edit_name(struct screen *s, const struct key *key, enum action action)
{
	if (key->kind == KEYS_TEXT)
		edit_insert(&s->name, key->text, key->len);
	else if (action != ACTION_NONE && action_row(action)->op >= 0)
		edit_do(&s->name, (enum edit_op)action_row(action)->op);
}

bool
screen_form_back(struct screen *s, int64_t now)
{
	if (s->step == FORM_NAME)
		return false;
	if (s->link->state != LINK_IDLE)
		link_leave(s->link, 0, now);
	link_set_password(s->link, NULL);
	s->trouble[0] = '\0';
	go_to(s, FORM_NAME);
	return true;
}

void
screen_form_key(
    struct screen *s, const struct key *key, enum action action, int64_t now)
{
	if (action == ACTION_SEND)
		enter(s, now);
	else if (s->step == FORM_NAME)
		edit_name(s, key, action);
	else
		edit_answer(s, key, action);
}
