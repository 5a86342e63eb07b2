/*
 * Writing a line on the screen: its keys, completion, the search in earlier
 * lines, pastes, and what happens when it is entered.  Called by
 * screen-input.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "screen-parts.h"

static bool
says(const struct input *in)
{
	return in->kind == INPUT_SAY || in->kind == INPUT_MSG ||
	    in->kind == INPUT_QUERY;
}

/* Said before anything is sent, or taken out of the line. */
static bool
fits(struct screen *s, const struct input *in)
{
	char text[160];

	if (!says(in) || s->link->text_max <= 0 ||
	    in->len <= (size_t)s->link->text_max)
		return true;
	snprintf(text, sizeof(text),
	    "Not sent: the text has %zu bytes, the server takes %lld. "
	    "It is still in the line.",
	    in->len, (long long)s->link->text_max);
	screen_notice(s, ENTRY_ERROR, text);
	return false;
}

/* A paste that is all there is was meant to be said, slash or not. */
static void
enter(struct screen *s, bool as_text, int64_t now)
{
	const char *text = edit_text(&s->line);
	struct input in;
	char *line;
	size_t len = strlen(text);

	input_parse(&in, text, len);
	if (as_text)
		in = (struct input){
			.kind = INPUT_SAY, .text = text, .len = len
		};
	if (!fits(s, &in))
		return;
	/* The text stays where it is, and is ours now. */
	line = edit_take(&s->line);
	if (!screen_command(s, &in, now))
		edit_set(&s->line, line);
	free(line);
}

static size_t
find_names(
    void *arg, const char *begin, size_t len, const char **names, size_t max)
{
	const struct screen *s = arg;

	return model_complete(
	    s->model, (struct span){ begin, len }, names, max);
}

static void
complete(struct screen *s, int step)
{
	if (!complete_step(&s->complete, &s->line, step, find_names, s))
		draw_bell();
}

/* Returns false if the search ended, and the key does what it does. */
static bool
search_key(struct screen *s, const struct key *key, enum action action)
{
	if (action == ACTION_SEARCH) {
		edit_search(&s->line);
	} else if (action == ACTION_BACKSPACE) {
		edit_search_rub_out(&s->line);
	} else if (action == ACTION_STOP ||
	    (key->kind == KEYS_CODE && key->code == KEYMAP_ESCAPE)) {
		edit_search_end(&s->line, false);
	} else {
		edit_search_end(&s->line, true);
		return action == ACTION_SEND;
	}
	return true;
}

/* The paste is shown and nothing else happens until it is decided on. */
static void
guard_key(
    struct screen *s, const struct key *key, enum action action, int64_t now)
{
	char c = key->kind == KEYS_TEXT ? key->text[0] : '\0';

	if (c == 'e') {
		s->guarded = false;
	} else if (c == 's' || action == ACTION_SEND) {
		s->guarded = false;
		enter(s, s->guarded_whole, now);
	} else if (c == 'c' || action == ACTION_STOP ||
	    (key->kind == KEYS_CODE && key->code == KEYMAP_ESCAPE)) {
		s->guarded = false;
		edit_do(&s->line, EDIT_UNDO);
	}
}

void
screen_write(struct screen *s, const struct key *key)
{
	if (s->guarded) {
		guard_key(s, key, ACTION_NONE, s->link->now);
		return;
	}
	s->complete.active = false;
	if (s->line.searching)
		edit_search_add(&s->line, key->text, key->len);
	else if (!edit_insert(&s->line, key->text, key->len))
		draw_bell();
}

bool
screen_write_action(
    struct screen *s, const struct key *key, enum action action, int64_t now)
{
	int op = action != ACTION_NONE ? action_row(action)->op : -1;

	if (s->guarded) {
		if (action == ACTION_REDRAW || action == ACTION_SUSPEND)
			return false;
		guard_key(s, key, action, now);
		return true;
	}
	if (s->line.searching && search_key(s, key, action))
		return true;
	if (action != ACTION_COMPLETE && action != ACTION_COMPLETE_BACK)
		s->complete.active = false;
	if (action == ACTION_SEND)
		enter(s, false, now);
	else if (action == ACTION_COMPLETE)
		complete(s, 1);
	else if (action == ACTION_COMPLETE_BACK)
		complete(s, -1);
	else if (action == ACTION_SEARCH)
		edit_search(&s->line);
	else if (op >= 0)
		edit_do(&s->line, (enum edit_op)op);
	else
		return false;
	return true;
}

/*
 * An end of line at its end was copied along, and means nothing.  Pastes with
 * nothing decided in between are one, which is sent or taken back as a whole.
 */
void
screen_write_paste(struct screen *s)
{
	const char *text = buf_head(&s->paste);
	size_t len = buf_len(&s->paste);
	char notice[120];
	bool fits = true;

	while (len > 0 && text[len - 1] == '\n')
		len--;
	edit_search_end(&s->line, true);
	s->complete.active = false;
	/* Neither what was typed before nor what is after is a part of it. */
	s->line.last = EDIT_LAST_OTHER;
	if (!s->guarded)
		s->guarded_whole = s->line.len == 0;
	if (s->guarded)
		fits = edit_replace(&s->line, s->line.pos, text, len);
	else if (len > 0)
		fits = edit_insert(&s->line, text, len);
	s->line.last = EDIT_LAST_OTHER;
	if (!fits) {
		snprintf(notice, sizeof(notice),
		    "Not pasted: with it the line would have more than %d "
		    "bytes.",
		    EDIT_MAX);
		screen_notice(s, ENTRY_ERROR, notice);
	} else if (len > 0 && memchr(text, '\n', len) != NULL) {
		s->guarded = true;
	}
}
