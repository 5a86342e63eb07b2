/*
 * Which lines of the log are in the window: wrapping and scrolling.  Pure.
 *
 * The view hangs on the line at its bottom, so that nothing moves when lines
 * come in above or below, or when the window changes its size.
 */
#ifndef VIEW_H
#define VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model.h"

struct view {
	int width, height;
	bool scrolled;	 /* false: the newest line is shown */
	uint64_t serial; /* of the entry at the bottom */
	size_t line;	 /* which of its lines */
};

/* A line of the window: entry->line[start, end), after `indent' columns. */
struct view_row {
	const struct entry *entry;
	size_t start, end;
	int indent;
};

void view_resize(struct view *, int width, int height);

/* Scroll up (or down, if negative), no further than there is something. */
void view_scroll(struct view *, const struct model *, int lines);

/* Back to the newest. */
void view_follow(struct view *);

/*
 * Fill at most `height' rows, which is the room there has to be, the last one
 * first; returns how many.
 */
size_t view_rows(struct view *, const struct model *, struct view_row *);

#endif
