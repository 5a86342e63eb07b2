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
	s->trouble[0] = '\0';
	screen_form_add(s, what);
}

void
screen_form_add(struct screen *s, const char *what)
{
	size_t n = strlen(s->trouble);

	snprintf(s->trouble + n, sizeof(s->trouble) - n, "%s%s",
	    n > 0 ? "\n" : "", what);
	s->changed = true;
}

static void
go_to(struct screen *s, enum form_step step)
{
	credential_wipe(&s->answer);
	if (step != FORM_AGAIN)
		credential_wipe(&s->first);
	s->step = step;
	s->field = FIELD_NAME;
	s->explained = s->bare = s->finding = false;
	page_close(&s->page);
	screen_ask_end(s);
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

void
screen_form_anew(struct screen *s, const struct link_config *config)
{
	struct link_config copy = *config;

	copy.since = -1;
	link_abandon(s->link);
	link_free(s->link);
	s->link = link_new(&copy);
	model_free(s->model);
	s->model = model_new();
	s->form = true;
}

/* With another server, or as another user, nothing is said any more. */
static bool
is_confirmed(struct screen *s)
{
	if (s->link->outbox.len == 0)
		return true;
	screen_form_say(s,
	    "Not everything you said is confirmed; it would be lost with "
	    "another server or name.");
	return false;
}

/* Go to the server of the form, if it is another.  False: that cannot be. */
static bool
use_server(struct screen *s)
{
	struct link_config config = s->link->config;
	struct address address;

	if (!address_parse(&address, edit_text(&s->server),
		s->tls ? ADDRESS_PORT_TLS : ADDRESS_PORT) ||
	    (s->tls && address.path[0] != '\0')) {
		screen_form_say(s,
		    "A server is HOST, HOST:PORT, [IPV6]:PORT or unix:/PATH, "
		    "the last one without TLS.");
		return false;
	}
	if (strcmp(address.text, config.address.text) == 0 &&
	    s->tls == (config.tls != NULL))
		return true;
	if (!is_confirmed(s))
		return false;
	config.address = address;
	config.tls = NULL;
	screen_form_anew(s, &config);
	if (!login_use_server(s->login, &address, s->tls))
		return false;
	s->link->config.tls = s->login->tls;
	return true;
}

/* Who was online as somebody else has that one's conversations. */
static bool
use_name(struct screen *s, const char *name)
{
	if (!s->link->was_online || strcasecmp(name, s->link->username) == 0)
		return true;
	if (!is_confirmed(s))
		return false;
	screen_form_anew(s, &s->link->config);
	return true;
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
	if (!use_server(s) || !use_name(s, name))
		return;
	login_set_registers(s->login, s->registers);
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

/* Only what was seen can be agreed to: neither before, nor where it is cut. */
static void
enter_trust(struct screen *s, int64_t now)
{
	if (!s->explained) {
		credential_wipe(&s->answer);
		draw_bell();
	} else if (strcasecmp(s->answer.text, "yes") == 0) {
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
	if (s->step != FORM_NAME && s->answer.len == 0)
		return;
	/* A person need not wait for the next attempt. */
	if (s->link->state == LINK_WAITING)
		link_abandon(s->link);
	if (s->link->state != LINK_IDLE)
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

/* The port that goes with it, if it is the usual one. */
static void
flip_tls(struct screen *s)
{
	struct address address;
	const char *from = s->tls ? ":" ADDRESS_PORT_TLS : ":" ADDRESS_PORT;
	const char *to = s->tls ? ":" ADDRESS_PORT : ":" ADDRESS_PORT_TLS;
	const char *text = edit_text(&s->server);
	size_t len = strlen(text), n = strlen(from);
	char *end;

	s->tls = !s->tls;
	if (len < n || strcmp(text + len - n, from) != 0)
		return;
	snprintf(address.text, sizeof(address.text), "%s", text);
	end = address.text + len - n;
	memcpy(end, to, n);
	edit_set(&s->server, address.text);
}

/* Returns false if it is no key that flips a yes or no. */
static bool
flip(struct screen *s, const struct key *key, enum action action)
{
	if (s->field != FIELD_TLS && s->field != FIELD_REGISTER)
		return false;
	if ((key->kind == KEYS_TEXT && key->text[0] == ' ') ||
	    action == ACTION_LEFT || action == ACTION_RIGHT) {
		if (s->field == FIELD_TLS)
			flip_tls(s);
		else
			s->registers = !s->registers;
	}
	return true;
}

static void
edit_fields(struct screen *s, const struct key *key, enum action action)
{
	struct edit *e = s->field == FIELD_SERVER ? &s->server : &s->name;

	if (action == ACTION_COMPLETE || action == ACTION_NEWER)
		s->field =
		    s->field == FIELD_REGISTER ? FIELD_SERVER : s->field + 1;
	else if (action == ACTION_COMPLETE_BACK || action == ACTION_OLDER)
		s->field =
		    s->field == FIELD_SERVER ? FIELD_REGISTER : s->field - 1;
	else if (flip(s, key, action))
		return;
	else if (key->kind == KEYS_TEXT)
		edit_insert(e, key->text, key->len);
	else if (action != ACTION_NONE && action_row(action)->op >= 0)
		edit_do(e, (enum edit_op)action_row(action)->op);
}

bool
screen_form_back(struct screen *s)
{
	if (s->step == FORM_NAME)
		return false;
	link_abandon(s->link);
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
		edit_fields(s, key, action);
	else
		edit_answer(s, key, action);
}
