/*
 * Which lines of a conversation are in the window: wrapping and scrolling.
 * Pure.
 *
 * The view hangs on the line at its bottom, so that nothing moves when lines
 * come in above or below, or when the window changes its size.
 */
#ifndef VIEW_H
#define VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct entry;
struct talk;

struct view {
	int width, height;
	int upper;	 /* its height while scrolled, the newest below it */
	bool scrolled;	 /* false: the newest line is shown */
	uint64_t serial; /* of the entry at the bottom */
	size_t index;	 /* where that was last */
	int line;	 /* which of its lines */
};

enum view_kind {
	VIEW_TEXT,  /* of an entry */
	VIEW_DAY,   /* the day that begins with this entry */
	VIEW_UNREAD /* from here on it was not read */
};

/* A line of the window: entry->line[start, end), after `indent' columns. */
struct view_row {
	const struct entry *entry;
	enum view_kind kind;
	size_t start, end;
	int indent;
};

/* The newest lines are shown below it while it is scrolled, if upper < height. */
void view_resize(struct view *, int width, int height, int upper);
/* Its height as it is now. */
int view_height(const struct view *);

/* Scroll up (or down, if negative), no further than there is something. */
void view_scroll(struct view *, const struct talk *, int lines);

/* Back to the newest. */
void view_follow(struct view *);

/* To the line between what was read and what was not; false: there is none. */
bool view_go_unread(struct view *, const struct talk *);

/* How many lines there are above the window, at most that many. */
size_t view_above(struct view *, const struct talk *, size_t most);

/*
 * The entries that a terminal of that size can show as they are, unbroken:
 * from the one that is returned to the one at the bottom of the window, before
 * *end.  That one is among them however long it is.
 */
size_t view_bare(const struct view *, const struct talk *, int width,
    int height, size_t *end);

/*
 * Fill at most view_height() rows, the last one first; returns how many.  There
 * has to be room for `height'.
 */
size_t view_rows(struct view *, const struct talk *, struct view_row *);

#endif
