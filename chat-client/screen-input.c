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
	static const char warning[] = "Not everything you said is confirmed; "
				      "leave once more to leave all the same.";
	const struct outbox *o = &s->link->outbox;

	if (!s->warned && o->len > 0 &&
	    (s->link->state != LINK_ONLINE || outbox_unsent(o) != NULL)) {
		s->warned = true;
		if (s->form)
			screen_form_say(s, warning);
		else
			screen_notice(s, ENTRY_ERROR, warning);
		return;
	}
	s->leaving = true;
	link_leave(s->link, LEAVE_WAIT, now);
}

static void
stop(struct screen *s, int64_t now)
{
	if (s->page.open)
		page_close(&s->page);
	else if (s->question.step != ASK_NOTHING)
		screen_ask_end(s);
	else if (!s->form && s->line.len > 0)
		edit_do(&s->line, EDIT_CLEAR);
	else if (!s->form || !screen_form_back(s))
		screen_leave(s, now);
}

static void
take_action(struct screen *s, enum action action, int64_t now)
{
	switch (action) {
	case ACTION_BARE:
		s->bare = true;
		break;
	case ACTION_SWITCHER:
		screen_do_find(s);
		break;
	case ACTION_HELP:
		screen_help(s);
		break;
	case ACTION_RECONNECT:
		link_reconnect_now(s->link, now);
		break;
	default:
		screen_move(s, action);
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
		return false;
	}
}

/* It is read, and nothing can be written meanwhile. */
static void
take_page_key(struct screen *s, const struct key *key, enum action action)
{
	struct page *p = &s->page;

	if (action == ACTION_PAGE_UP)
		page_scroll(p, -p->height);
	else if (action == ACTION_PAGE_DOWN ||
	    (key->kind == KEYS_TEXT && key->text[0] == ' '))
		page_scroll(p, p->height);
	else if (action == ACTION_SCROLL_UP || action == ACTION_SCROLL_DOWN)
		page_scroll(
		    p, action == ACTION_SCROLL_UP ? -SCROLL_ROWS : SCROLL_ROWS);
	else if (action == ACTION_OLDER)
		page_scroll(p, -1);
	else if (action == ACTION_NEWER)
		page_scroll(p, 1);
	else if (action == ACTION_HOME)
		page_scroll(p, -(long)p->rows);
	else if (action == ACTION_END || action == ACTION_BOTTOM)
		page_scroll(p, (long)p->rows);
	else if (key->code == KEYMAP_ESCAPE || action == ACTION_HELP ||
	    action == ACTION_SEND ||
	    (key->kind == KEYS_TEXT && key->text[0] == 'q'))
		page_close(p);
}

static bool
is_writing(const struct screen *s)
{
	return !s->form && !s->page.open && !s->finding &&
	    s->question.step == ASK_NOTHING;
}

/* A paste goes where text goes; a secret, or a name, is one line of it. */
static void
take_paste(struct screen *s, const struct key *key, int64_t now)
{
	struct key text = *key;

	text.kind = KEYS_TEXT;
	if (key->kind == KEYS_PASTED) {
		if (is_writing(s))
			screen_write_paste(s);
		/* (Or the form came in between, and the rest went there.) */
		buf_reset(&s->paste, 0);
	} else if (is_writing(s)) {
		if (buf_len(&s->paste) <= EDIT_MAX)
			buf_add(&s->paste, key->text, key->len);
	} else if (!s->page.open && (unsigned char)key->text[0] >= ' ') {
		if (s->form)
			screen_form_key(s, &text, ACTION_NONE, now);
		else if (s->finding)
			screen_find_text(s, text.text, text.len);
		else
			screen_ask_key(s, &text, ACTION_NONE);
	}
	explicit_bzero(&text, sizeof(text));
}

/* Those that are open take their keys before others do. */
static bool
take_open_key(struct screen *s, const struct key *key, enum action action)
{
	if (s->form || s->page.open || !s->finding)
		return false;
	if (key->code == KEYMAP_ESCAPE)
		action = ACTION_STOP;
	if (key->kind != KEYS_TEXT)
		return screen_find_action(s, action);
	screen_find_text(s, key->text, key->len);
	return true;
}

/* Back from the bare text; a key does nothing else, a paste is not lost. */
static bool
take_bare_key(struct screen *s, const struct key *key)
{
	if (!s->bare || key->kind == KEYS_IGNORED)
		return s->bare;
	s->bare = false;
	return key->kind != KEYS_PASTE && key->kind != KEYS_PASTED;
}

static void
take_key(struct screen *s, const struct key *key, int64_t now)
{
	enum action action = key->kind == KEYS_CODE
	    ? keymap_action(&s->keymap, key->code)
	    : ACTION_NONE;

	s->changed = true;
	if (take_bare_key(s, key))
		return;
	if (key->kind == KEYS_PASTE || key->kind == KEYS_PASTED)
		take_paste(s, key, now);
	else if (take_open_key(s, key, action) ||
	    (is_writing(s) && key->kind == KEYS_CODE &&
		screen_write_action(s, key, action, now)) ||
	    take_common_action(s, action, now))
		return;
	else if (s->page.open)
		take_page_key(s, key, action);
	else if (s->form)
		screen_form_key(s, key, action, now);
	else if (s->question.step != ASK_NOTHING)
		screen_ask_key(s, key, action);
	else if (key->kind == KEYS_TEXT)
		screen_write(s, key);
	else if (!s->finding)
		take_action(s, action, now);
}

/* Its end may be lost, and every key would be a part of it for ever. */
void
screen_end_paste(struct screen *s, int64_t now)
{
	struct key key;

	if (!keys_are_pasted() || now < s->key_at + PASTE_WAIT)
		return;
	key = keys_end_paste();
	take_key(s, &key, now);
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
		s->key_at = now;
		take_key(s, &key, now);
		/* It may be of a password. */
		explicit_bzero(&key, sizeof(key));
	}
}
