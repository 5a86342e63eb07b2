/*
 * The server's half of the screen: what comes over the link goes into the
 * model, or changes what the screen is.
 */
#include <stdio.h>
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

/*
 * It answers what was asked by itself, for who scrolls back: there is nothing,
 * or not now, which is asked again then.
 */
static bool
is_no_history(struct screen *s, const struct event *e)
{
	bool asked = false;
	size_t i;

	if (!link_is_own_ref(s->link, e->ref, "history"))
		return false;
	for (i = 0; i < s->model->talks_len; i++) {
		if (!s->model->talks[i]->asking)
			continue;
		asked = true;
		s->model->talks[i]->asking = false;
		if (span_is(e->code, "NO_SUCH_USER"))
			s->model->talks[i]->complete = true;
	}
	return asked;
}

static void
tell_error(struct screen *s, const struct event *e)
{
	struct buf text = { 0 };

	if (is_no_history(s, e))
		return;
	model_reject(s->model, e->ref, e->code);
	format_error(&text, e);
	model_notice(s->model, ENTRY_ERROR,
	    (struct span){ buf_head(&text), buf_len(&text) }, clock_date());
	buf_free(&text);
}

/* What the screen asked for by itself needs no words; what a person did does. */
static void
tell_history(struct screen *s, const struct talk *t, size_t came, size_t added)
{
	const char *with = talk_is_all(t) ? "everybody" : t->name;
	char text[120];

	if (came == 0)
		snprintf(
		    text, sizeof(text), "There are no messages with %s.", with);
	else if (added == 0 && model_is_full(s->model))
		snprintf(
		    text, sizeof(text), "There is no room for older messages.");
	else if (added == 0)
		snprintf(text, sizeof(text),
		    "The last messages with %s are here already.", with);
	else if (t != s->model->now)
		snprintf(text, sizeof(text), "Messages with %s that came: %zu.",
		    with, added);
	else
		return;
	screen_notice(s, ENTRY_NOTICE, text);
}

/* The newest first, so that each has its place where the last one has it. */
static void
add_history(struct screen *s, const struct event *e)
{
	struct talk *t;
	struct message m;
	size_t i, n = incoming_count(e), added = 0;

	for (i = n; i > 0; i--)
		if (incoming_message(e, i - 1, &m))
			added += model_add_history(s->model, &m);
	/* (Those of other conversations may have pushed it out.) */
	t = model_talk(s->model, e->with, true);
	if (!t->asking && link_is_own_ref(s->link, e->ref, "history"))
		tell_history(s, t, n, added);
	t->asking = false;
	if (!e->more)
		t->complete = true;
}

/* What was asked on a connection that is lost has no answer. */
static void
forget_questions(struct screen *s)
{
	size_t i;

	for (i = 0; i < s->model->talks_len; i++)
		s->model->talks[i]->asking = false;
}

static void
take_connected(struct screen *s, const struct event *e)
{
	s->form = s->model->covered = false;
	s->step = FORM_NAME;
	model_set_me(s->model, s->link->username);
	if (e->reset) {
		model_reset(s->model);
		screen_notice(s, ENTRY_ERROR,
		    "The server's store was "
		    "restored: messages may be missing.");
	}
	link_ask_users(s->link);
}

static void
take_event(struct screen *s, const struct event *e)
{
	switch (e->kind) {
	case EVENT_CONNECTED:
		take_connected(s, e);
		break;
	case EVENT_MESSAGE:
		if (model_add_message(s->model, &e->message) &&
		    alert_call(&s->alert, e->message.from, e->message.text,
			clock_now()))
			draw_bell();
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
	case EVENT_LEFT:
		model_presence(s->model, e->username, e->kind == EVENT_JOINED,
		    clock_date());
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
	    s->link->why == LINK_UNTRUSTED || s->link->why == LINK_EXPOSED) {
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
	/* (After Alt-r it is connecting before it was seen to be lost.) */
	if (s->link->state != LINK_ONLINE)
		forget_questions(s);
	if (s->link->state == LINK_WAITING && before == LINK_ONLINE)
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
	login_renew(s->login, s->link);
	if (login_message(s->login, message, sizeof(message)) != NULL) {
		screen_notice(s, ENTRY_ERROR, message);
		if (s->form)
			screen_form_add(s, message);
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
