/*
 * Lines that were written earlier: going back to them, and searching in them
 * (edit.h).
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "edit.h"
#include "text.h"

void
edit_history_go(struct edit *e, size_t to)
{
	if (e->history_pos == e->history_len) {
		free(e->draft);
		e->draft = edit_copy(edit_text(e), e->len);
	}
	edit_keep(e);
	e->history_pos = to;
	edit_set(e, to == e->history_len ? e->draft : e->history[to]);
}

void
edit_history_add(struct edit *e, const char *line)
{
	if (e->kind == EDIT_FIELD || *line == '\0' ||
	    (e->history_len > 0 &&
		strcmp(e->history[e->history_len - 1], line) == 0))
		return;
	if (e->history == NULL &&
	    (e->history = calloc(EDIT_HISTORY_MAX, sizeof(*e->history))) ==
		NULL)
		err(71, NULL);
	if (e->history_len == EDIT_HISTORY_MAX) {
		free(e->history[0]);
		memmove(e->history, e->history + 1,
		    (EDIT_HISTORY_MAX - 1) * sizeof(*e->history));
		e->history_len--;
	}
	e->history[e->history_len++] = edit_copy(line, strlen(line));
}

/*
 * The newest line before `before' that holds what is sought.  The cursor goes
 * there, so that it is in sight also in a long line.
 */
static void
seek(struct edit *e, size_t before)
{
	const char *line, *found;

	while (before > 0 && e->sought[0] != '\0')
		if ((found = strcasestr(
			 line = e->history[--before], e->sought)) != NULL) {
			edit_history_go(e, before);
			e->pos = (size_t)(found - line);
			e->lost = false;
			return;
		}
	e->lost = e->sought[0] != '\0';
}

void
edit_search(struct edit *e)
{
	if (e->searching) {
		seek(e, e->history_pos);
		return;
	}
	edit_history_go(e, e->history_len);
	e->searching = true;
	e->lost = false;
	e->sought[0] = '\0';
}

void
edit_search_add(struct edit *e, const char *s, size_t n)
{
	size_t len = strlen(e->sought);

	if (len + n > EDIT_SOUGHT_MAX || !text_is_utf8(s, n))
		return;
	memcpy(e->sought + len, s, n);
	e->sought[len + n] = '\0';
	/* What was found may hold more of it. */
	seek(e,
	    e->history_pos < e->history_len ? e->history_pos + 1
					    : e->history_len);
}

void
edit_search_rub_out(struct edit *e)
{
	size_t len = strlen(e->sought);

	while (len > 0 && ((unsigned char)e->sought[--len] & 0xc0) == 0x80)
		;
	e->sought[len] = '\0';
	edit_history_go(e, e->history_len);
	seek(e, e->history_len);
}

void
edit_search_end(struct edit *e, bool take)
{
	if (!e->searching)
		return;
	if (!take)
		edit_history_go(e, e->history_len);
	e->pos = e->len;
	e->searching = false;
}
