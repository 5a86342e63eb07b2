/*
 * The user's half of the screen: keys, lines to say and commands; the login
 * form is screen-form.c's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "input.h"
#include "keys.h"
#include "screen-parts.h"
#include "text.h"

#define KEYS_AT_ONCE 512 /* taken in one turn */

/*
 * What was sent is confirmed before the answer to the farewell; what was not
 * sent is worth a question.
 */
void
screen_leave(struct screen *s, int64_t now)
{
	const struct outbox *o = &s->link->outbox;

	if (!s->warned && o->len > 0 &&
	    (s->link->state != LINK_ONLINE || outbox_unsent(o) != NULL)) {
		s->warned = true;
		screen_notice(s, ENTRY_ERROR,
		    "Not everything you said is confirmed; "
		    "leave once more to leave all the same.");
		return;
	}
	s->leaving = true;
	link_leave(s->link, LEAVE_WAIT, now);
}

static void
say(struct screen *s, const char *to, const char *text, size_t len)
{
	const char *ref;

	screen_do_bottom(s);
	s->warned = false;
	switch (link_say(s->link, to, text, len, &ref)) {
	case LINK_SAID:
		model_add_pending(
		    s->model, ref, s->link->username, to, text, len);
		break;
	case LINK_FULL:
		screen_notice(s, ENTRY_ERROR,
		    "Not sent: too much is waiting to be "
		    "confirmed.");
		edit_set(&s->line, text);
		break;
	case LINK_TOO_LONG:
		screen_notice(s, ENTRY_ERROR, "Not sent: too long.");
		edit_set(&s->line, text);
		break;
	}
}

static void
tell_help(struct screen *s)
{
	const struct input_command *c;
	char text[160];

	for (c = input_commands; c->name != NULL; c++) {
		snprintf(text, sizeof(text), "/%s%s%s: %s", c->name,
		    c->arguments[0] != '\0' ? " " : "", c->arguments, c->help);
		screen_notice(s, ENTRY_NOTICE, text);
	}
	screen_notice(s, ENTRY_NOTICE,
	    "PgUp, PgDn scroll, Alt-> goes to the newest; "
	    "Ctrl-C empties the line, or leaves.");
}

static void
tell_users(struct screen *s)
{
	const struct model *m = s->model;
	struct buf text = { 0 };
	size_t i;

	buf_add_str(&text, "Here:");
	for (i = 0; i < m->people_len; i++)
		if (m->people[i].online) {
			buf_add_str(&text, " ");
			buf_add_str(&text, m->people[i].name);
		}
	model_notice(s->model, ENTRY_NOTICE,
	    (struct span){ buf_head(&text), buf_len(&text) }, clock_date());
	buf_free(&text);
}

static bool
is_online(struct screen *s)
{
	if (s->link->state == LINK_ONLINE)
		return true;
	screen_notice(s, ENTRY_ERROR, "That needs a connection.");
	return false;
}

/* With a token to revoke, leaving waits for that (screen-event.c). */
static void
log_out(struct screen *s, int64_t now)
{
	if (link_revoke(s->link))
		return;
	if (s->link->token[0] == '\0' || is_online(s))
		screen_leave(s, now);
}

/* What is said elsewhere shows here as well that it was. */
static void
say_elsewhere(struct screen *s, const struct input *in)
{
	struct buf text = { 0 };

	if (model_talk(s->model, (struct span){ in->name, strlen(in->name) },
		true) != s->model->now) {
		buf_add_str(&text, "to ");
		buf_add_str(&text, in->name);
		buf_add_str(&text, ": ");
		buf_add(&text, in->text, in->len);
		model_notice(s->model, ENTRY_NOTICE,
		    (struct span){ buf_head(&text), buf_len(&text) },
		    clock_date());
		buf_free(&text);
	}
	say(s, in->name, in->text, in->len);
}

static void
run_input(struct screen *s, const struct input *in, int64_t now)
{
	switch (in->kind) {
	case INPUT_NOTHING:
		break;
	case INPUT_SAY:
		say(s, s->model->now->name, in->text, in->len);
		break;
	case INPUT_MSG:
		say_elsewhere(s, in);
		break;
	case INPUT_USERS:
		tell_users(s);
		break;
	case INPUT_HISTORY:
		if (is_online(s))
			link_ask_history(s->link,
			    in->name[0] != '\0' ? in->name : NULL, -1,
			    in->count);
		break;
	case INPUT_RECONNECT:
		link_reconnect_now(s->link, now);
		break;
	case INPUT_LOGOUT:
		log_out(s, now);
		break;
	case INPUT_HELP:
		tell_help(s);
		break;
	case INPUT_QUIT:
		screen_leave(s, now);
		break;
	case INPUT_BAD:
		screen_notice(s, ENTRY_ERROR, in->error);
		break;
	}
}

static void
enter_line(struct screen *s, int64_t now)
{
	char *line = edit_take(&s->line);
	struct input in;

	input_parse(&in, line, strlen(line));
	run_input(s, &in, now);
	free(line);
}

static void
stop(struct screen *s, int64_t now)
{
	if (!s->form && s->line.len > 0)
		edit_do(&s->line, EDIT_CLEAR);
	else if (!s->form || !screen_form_back(s, now))
		screen_leave(s, now);
}

static void
take_action(struct screen *s, enum action action, int64_t now)
{
	switch (action) {
	case ACTION_SEND:
		enter_line(s, now);
		break;
	case ACTION_PAGE_UP:
		screen_do_page_up(s);
		break;
	case ACTION_PAGE_DOWN:
		screen_do_page_down(s);
		break;
	case ACTION_BOTTOM:
		screen_do_bottom(s);
		break;
	case ACTION_TO_UNREAD:
		screen_do_unread(s);
		break;
	case ACTION_NEXT_IMPORTANT:
		screen_do_busiest(s);
		break;
	case ACTION_NEXT:
		screen_do_next(s);
		break;
	case ACTION_PREVIOUS:
		screen_do_previous(s);
		break;
	case ACTION_BACK:
		screen_do_back(s);
		break;
	case ACTION_SWITCHER:
		screen_do_find(s);
		break;
	case ACTION_RECONNECT:
		link_reconnect_now(s->link, now);
		break;
	default:
		if (action >= ACTION_CONVERSATION_1 &&
		    action <= ACTION_CONVERSATION_9)
			screen_do_number(
			    s, (int)(action - ACTION_CONVERSATION_1) + 1);
		else if (action_row(action)->op >= 0)
			edit_do(&s->line, (enum edit_op)action_row(action)->op);
	}
}

/* In the form or not, these are the same. */
static bool
take_common_action(struct screen *s, enum action action, int64_t now)
{
	switch (action) {
	case ACTION_STOP:
		stop(s, now);
		return true;
	case ACTION_SUSPEND:
		draw_suspend();
		return true;
	case ACTION_REDRAW:
		draw_anew();
		return true;
	default:
		return action == ACTION_NONE;
	}
}

static void
take_key(struct screen *s, const struct key *key, int64_t now)
{
	enum action action = key->kind == KEYS_CODE
	    ? keymap_action(&s->keymap, key->code)
	    : ACTION_NONE;

	s->changed = true;
	if (s->finding && !s->form) {
		if (key->kind == KEYS_TEXT)
			screen_find_text(s, key->text, key->len);
		else if (!screen_find_action(s, action))
			take_common_action(s, action, now);
		return;
	}
	if (key->kind == KEYS_TEXT && !s->form)
		edit_insert(&s->line, key->text, key->len);
	else if (key->kind == KEYS_TEXT)
		screen_form_key(s, key, ACTION_NONE, now);
	else if (take_common_action(s, action, now))
		return;
	else if (s->form)
		screen_form_key(s, key, action, now);
	else
		take_action(s, action, now);
}

void
screen_take_keys(struct screen *s, int64_t now)
{
	struct key key;
	int i;

	for (i = 0; i < KEYS_AT_ONCE && !s->leaving; i++) {
		key = keys_read();
		if (key.kind == KEYS_NONE)
			return;
		take_key(s, &key, now);
		/* It may be of a password. */
		explicit_bzero(&key, sizeof(key));
	}
}
