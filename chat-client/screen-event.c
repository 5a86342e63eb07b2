/*
 * The server's half of the screen: what comes over the link goes into the
 * model, or changes what the screen is.
 */
#include <string.h>

#include "clock.h"
#include "format.h"
#include "screen-parts.h"

void
screen_notice(struct screen *s, enum entry_kind kind, const char *text)
{
	model_notice(
	    s->model, kind, (struct span){ text, strlen(text) }, clock_date());
}

static void
tell_presence(struct screen *s, const struct event *e, const char *what)
{
	struct buf text = { 0 };

	model_set_person(s->model, e->username, e->kind == EVENT_JOINED);
	buf_add(&text, e->username.s, e->username.n);
	buf_add_str(&text, what);
	model_notice(s->model, ENTRY_NOTICE,
	    (struct span){ buf_head(&text), buf_len(&text) }, clock_date());
	buf_free(&text);
}

static void
tell_error(struct screen *s, const struct event *e)
{
	struct buf text = { 0 };

	model_reject(s->model, e->ref, e->code);
	format_error(&text, e);
	model_notice(s->model, ENTRY_ERROR,
	    (struct span){ buf_head(&text), buf_len(&text) }, clock_date());
	buf_free(&text);
}

static void
add_history(struct screen *s, const struct event *e)
{
	struct message m;
	size_t i, n = incoming_count(e);

	for (i = 0; i < n; i++)
		if (incoming_message(e, i, &m))
			model_add_message(s->model, &m);
}

static void
take_event(struct screen *s, const struct event *e)
{
	switch (e->kind) {
	case EVENT_CONNECTED:
		s->form = false;
		s->step = FORM_NAME;
		if (e->reset)
			screen_notice(s, ENTRY_ERROR,
			    "The server's store was "
			    "restored: messages may be missing.");
		link_ask_users(s->link);
		break;
	case EVENT_MESSAGE:
		model_add_message(s->model, &e->message);
		if (s->view.scrolled)
			s->below++;
		break;
	case EVENT_ACK:
		model_confirm(
		    s->model, e->ref, e->message.id, e->message.time, e->seen);
		break;
	case EVENT_ERROR:
		if (s->link->state == LINK_ONLINE && s->link->code[0] == '\0')
			tell_error(s, e);
		break;
	case EVENT_HISTORY:
		add_history(s, e);
		break;
	case EVENT_USERS:
		model_set_people(s->model, e);
		break;
	case EVENT_JOINED:
		tell_presence(s, e, " joined");
		break;
	case EVENT_LEFT:
		tell_presence(s, e, " left");
		break;
	case EVENT_PING:
	case EVENT_PONG:
	case EVENT_DISCONNECTED:
	case EVENT_REGISTERED:
	case EVENT_PASSWORD_CHANGED:
	case EVENT_TOKEN:
	case EVENT_OTHER:
		break;
	}
	s->changed = true;
}

/* The link ended by itself: go on, ask, or say why. */
static void
take_end(struct screen *s, int64_t now)
{
	enum login_need need = login_continue(s->login, s->link);
	struct buf text = { 0 };

	login_explain(s->login, s->link, &text);
	buf_add(&text, "", 1);
	if (need != LOGIN_NOTHING || s->form || s->link->why == LINK_REFUSED ||
	    s->link->why == LINK_UNTRUSTED) {
		/* A mere lack is no trouble. */
		if (strcmp(s->link->code, "AUTH_REQUIRED") != 0)
			screen_form_say(s, buf_head(&text));
		screen_form_need(s, need, now);
	} else {
		screen_notice(s, ENTRY_ERROR,
		    "The connection ended; "
		    "/reconnect opens it again.");
	}
	buf_free(&text);
}

/* A connection came or went. */
static void
take_state(struct screen *s, enum link_state before, int64_t now)
{
	if (s->link->state == before)
		return;
	s->changed = true;
	if (s->link->state == LINK_WAITING && before != LINK_CONNECTING)
		screen_notice(s, ENTRY_ERROR, "The connection was lost.");
	else if (s->link->state == LINK_ONLINE && !s->form)
		screen_notice(s, ENTRY_NOTICE, "Connected.");
	else if (s->link->state == LINK_IDLE && !s->leaving &&
	    (s->link->why != LINK_LEFT || !s->form))
		take_end(s, now);
}

/* What became of the token; who asked for its end leaves then. */
static void
take_news(struct screen *s, int64_t now)
{
	char message[sizeof(s->login->message)];
	bool revoked = s->link->news == LINK_TOKEN_REVOKED;

	login_take_news(s->login, s->link);
	if (login_message(s->login, message, sizeof(message)) != NULL) {
		screen_notice(s, ENTRY_ERROR, message);
		s->changed = true;
	}
	if (revoked)
		screen_leave(s, now);
}

void
screen_take_link(struct screen *s, short revents, int64_t now)
{
	enum link_state before = s->link->state;
	struct event e;

	link_step(s->link, revents, now);
	take_state(s, before, now);
	before = s->link->state;
	while (link_next(s->link, &e, now)) {
		take_state(s, before, now);
		before = s->link->state;
		take_event(s, &e);
		incoming_free(&e);
	}
	take_state(s, before, now);
	take_news(s, now);
}
