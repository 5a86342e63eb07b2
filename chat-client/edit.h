/*
 * The line editor: text, cursor, killed text and earlier lines.  Pure: it
 * knows neither keys nor the screen.  The text is valid UTF-8 without control
 * characters; the cursor is always between characters and moves over a letter
 * together with the marks on it.
 */
#ifndef EDIT_H
#define EDIT_H

#include <stdbool.h>
#include <stddef.h>

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
	EDIT_OLDER,
	EDIT_NEWER,
	EDIT_CLEAR
};

struct edit {
	char *text; /* len bytes and a NUL, or NULL */
	size_t len;
	size_t pos;	/* the cursor */
	char *killed;	/* what EDIT_YANK inserts */
	char **history; /* oldest first */
	size_t history_len;
	size_t history_pos; /* history_len: the line being written */
	char *draft;	    /* that line, while an older one is shown */
	size_t max;	    /* of text, in bytes */
	bool keeps_history;
};

void edit_init(struct edit *, size_t max, bool keeps_history);
void edit_free(struct edit *);

/* The text, never NULL. */
const char *edit_text(const struct edit *);

/*
 * Insert at the cursor.  Ill-formed bytes and control characters are left
 * out.  Returns false, inserting nothing, if that would exceed the maximum.
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
 * What a field of that many columns shows: the sanitised part of the line
 * around the cursor is appended to out.  Returns the cursor's column.
 */
int edit_view(const struct edit *, int width, struct buf *out);

#endif
