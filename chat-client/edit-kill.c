/*
 * Killing and yanking in the line editor (edit.h).
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "edit.h"

/* Kills in a row are one; what is killed to the left comes before. */
static void
keep_killed(struct edit *e, const char *s, size_t n, bool left)
{
	char *old = e->killed[0], *new;
	size_t len;

	if (e->last != EDIT_LAST_KILLED || old == NULL) {
		free(e->killed[EDIT_KILLS_MAX - 1]);
		memmove(e->killed + 1, e->killed,
		    (EDIT_KILLS_MAX - 1) * sizeof(e->killed[0]));
		e->killed[0] = edit_copy(s, n);
		return;
	}
	len = strlen(old);
	if ((new = malloc(len + n + 1)) == NULL)
		err(71, NULL);
	memcpy(new + (left ? n : 0), old, len);
	memcpy(new + (left ? 0 : len), s, n);
	new[len + n] = '\0';
	free(old);
	e->killed[0] = new;
}

static void
kill_text(struct edit *e, size_t from, size_t to)
{
	if (from >= to)
		return;
	edit_keep(e);
	keep_killed(e, e->text + from, to - from, to == e->pos);
	edit_cut(e, from, to);
	e->last = EDIT_LAST_KILLED;
}

static void
yank(struct edit *e, size_t which)
{
	size_t from = e->last == EDIT_LAST_YANKED ? e->yanked_from : e->pos;

	if (which >= EDIT_KILLS_MAX || e->killed[which] == NULL)
		which = 0;
	if (e->killed[which] == NULL)
		return;
	edit_keep(e);
	if (!edit_replace(e, from, e->killed[which], strlen(e->killed[which])))
		return;
	e->yanked = which;
	e->yanked_from = from;
	e->last = EDIT_LAST_YANKED;
}

/* The end of its row; at the end, the newline. */
static size_t
kill_end(const struct edit *e)
{
	size_t end = edit_row_end(e, e->pos);

	return end == e->pos && end < e->len ? end + 1 : end;
}

bool
edit_kill(struct edit *e, enum edit_op op)
{
	switch (op) {
	case EDIT_KILL_WORD_LEFT:
		kill_text(e, edit_word_left(e, e->pos), e->pos);
		return true;
	case EDIT_KILL_WORD_RIGHT:
		kill_text(e, e->pos, edit_word_right(e, e->pos));
		return true;
	case EDIT_KILL_TO_HOME:
		kill_text(e, edit_row_start(e, e->pos), e->pos);
		return true;
	case EDIT_KILL_TO_END:
		kill_text(e, e->pos, kill_end(e));
		return true;
	case EDIT_CLEAR:
		e->pos = e->len;
		kill_text(e, 0, e->len);
		return true;
	case EDIT_YANK:
		e->last = EDIT_LAST_OTHER;
		yank(e, 0);
		return true;
	case EDIT_YANK_OLDER:
		if (e->last == EDIT_LAST_YANKED)
			yank(e, e->yanked + 1);
		return true;
	default:
		return false;
	}
}
