/*
 * The line editor: text, cursor, killed text, what can be undone, and earlier
 * lines.  Pure: it knows neither keys nor the screen.  The text is valid UTF-8
 * without control characters, but for newlines and tabs where it may have
 * several rows; the cursor is always between characters and moves over a
 * letter together with the marks on it.
 */
#ifndef EDIT_H
#define EDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "bounds.h"
#include "buf.h"

enum edit_op {
	EDIT_LEFT,
	EDIT_RIGHT,
	EDIT_WORD_LEFT,
	EDIT_WORD_RIGHT,
	EDIT_HOME,
	EDIT_END,
	EDIT_BACKSPACE,
	EDIT_DELETE,
	EDIT_TRANSPOSE,
	EDIT_KILL_WORD_LEFT,
	EDIT_KILL_WORD_RIGHT,
	EDIT_KILL_TO_HOME,
	EDIT_KILL_TO_END,
	EDIT_YANK,
	EDIT_YANK_OLDER, /* instead of what was just yanked */
	EDIT_NEWLINE,
	EDIT_OLDER, /* up a row, or an earlier line */
	EDIT_NEWER,
	EDIT_UNDO,
	EDIT_REDO,
	EDIT_CLEAR
};

enum edit_kind {
	EDIT_FIELD, /* one row, nothing is kept of it */
	EDIT_LINES  /* several rows, and earlier lines come back */
};

/* What the line was, or will be again. */
struct edit_state {
	char *text;
	size_t pos;
};

struct edit_states {
	struct edit_state rows[EDIT_UNDO_MAX]; /* the last one is next */
	size_t len;
};

struct edit {
	char *text; /* len bytes and a NUL, or NULL */
	size_t len;
	size_t pos; /* the cursor */
	size_t max; /* of text, in bytes */
	enum edit_kind kind;

	char **history; /* oldest first */
	size_t history_len;
	size_t history_pos; /* history_len: the line being written */
	char *draft;	    /* that line, while an older one is shown */

	bool searching; /* in the history, for `sought' */
	char sought[EDIT_SOUGHT_MAX + 1];
	bool lost; /* nothing holds it */

	char *killed[EDIT_KILLS_MAX]; /* the last one first */
	size_t yanked;		      /* which of them was yanked last */
	size_t yanked_from;	      /* where it begins; it ends at pos */
	struct edit_states undo, redo;
	enum {
		EDIT_LAST_OTHER,
		EDIT_LAST_TYPED,
		EDIT_LAST_KILLED,
		EDIT_LAST_YANKED
	} last; /* what was done last */
};

void edit_init(struct edit *, size_t max, enum edit_kind);
void edit_free(struct edit *);

/* The text, never NULL. */
const char *edit_text(const struct edit *);

/*
 * Insert at the cursor.  Ill-formed bytes and control characters, those that
 * the kind cannot have, are left out.  Returns false, inserting nothing, if
 * that would exceed the maximum.
 */
bool edit_insert(struct edit *, const char *s, size_t n);

void edit_do(struct edit *, enum edit_op);

/* Replace the whole text, the cursor after it. */
void edit_set(struct edit *, const char *s);

/*
 * The text, to be freed by the caller; it goes to the history and the line
 * becomes empty.
 */
char *edit_take(struct edit *);

/*
 * Replace what is between there and the cursor.  It is undone together with
 * the change before.  Returns false, changing nothing, like edit_insert().
 */
bool edit_replace(struct edit *, size_t from, const char *s, size_t n);

/* How many rows the text has, and in which the cursor is, from 0. */
size_t edit_rows(const struct edit *);
size_t edit_row(const struct edit *);

/*
 * What a field of that many columns shows of a row: the sanitised part of it
 * around the cursor, or its beginning, is appended to out.  Returns the
 * cursor's column, or -1 if it is in another row.
 */
int edit_view(const struct edit *, size_t row, int width, struct buf *out);

/*
 * Searching in the earlier lines (edit-history.c): start; type more; go on
 * with an older one; take what was found, or have the line back.
 */
void edit_search(struct edit *);
void edit_search_add(struct edit *, const char *s, size_t n);
void edit_search_rub_out(struct edit *);
void edit_search_end(struct edit *, bool take);

/*
 * Between the editor's parts.  Keep what the line is, for it is changed next;
 * go back or forward; forget it all (edit-undo.c).
 */
void edit_keep(struct edit *);
void edit_go_back(struct edit *, struct edit_states *, struct edit_states *);
void edit_forget(struct edit *);
/* Take text[from, to) out; the cursor is there then. */
void edit_cut(struct edit *, size_t from, size_t to);
/* What kills or yanks (edit-kill.c); false: that is another operation. */
bool edit_kill(struct edit *, enum edit_op);
/*
 * Places in the text (edit-place.c): of the character behind and before this
 * one, of a word's end and beginning, of the row it is in.
 */
size_t edit_next(const struct edit *, size_t at);
size_t edit_previous(const struct edit *, size_t at);
size_t edit_word_right(const struct edit *, size_t at);
size_t edit_word_left(const struct edit *, size_t at);
size_t edit_row_start(const struct edit *, size_t at);
size_t edit_row_end(const struct edit *, size_t at);
/* Earlier lines (edit-history.c). */
void edit_history_go(struct edit *, size_t to);
void edit_history_add(struct edit *, const char *line);
/* A copy with a NUL. */
char *edit_copy(const char *s, size_t n);

#endif
