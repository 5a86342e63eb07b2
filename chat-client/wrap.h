/*
 * Breaking text into lines by the columns it takes on a terminal.  Pure; the
 * text has to be sanitised, newlines in it end a line.
 */
#ifndef WRAP_H
#define WRAP_H

#include <stdbool.h>
#include <stddef.h>

struct wrap {
	const char *text;
	size_t len;
	size_t pos; /* where the next line starts */
	int width;  /* columns of a line, at least 1 */
	int indent; /* of all lines but the first */
	int column; /* where the last line that was returned begins */
	bool begun;
	bool in_link; /* the next line goes on with one */
};

/*
 * Start at the beginning of the text.  Lines after the first have that many
 * columns less, if that leaves one.
 */
void
wrap_start(struct wrap *, const char *text, size_t len, int width, int indent);

/*
 * The next line as text[*start, *end).  Lines break after the last space that
 * fits, inside a word only when it is wider than a line, or before a character
 * of two columns, whose languages have no spaces.  A link (with "://")
 * that is wider than an indented line is not indented, so that it is in one
 * piece, or in rows of the full width.  Returns false after the last line;
 * every text has at least one.
 */
bool wrap_next(struct wrap *, size_t *start, size_t *end);

/* The number of lines. */
size_t wrap_count(const char *text, size_t len, int width, int indent);

/* The number of rows it takes where a terminal breaks it, at any character. */
size_t wrap_rows(const char *text, size_t len, int width);

/* Columns of text without newlines. */
int wrap_columns(const char *text, size_t len);

/* How many bytes of the text fit in that many columns. */
size_t wrap_fit(const char *text, size_t len, int columns);

#endif
