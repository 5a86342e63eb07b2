/*
 * A text that is shown instead of the conversation, such as help: what is in
 * it, and which rows of it are in the window.  Pure.
 *
 * It is of lines, sanitised by who adds them.  A tab splits a line into what
 * is explained and the explanation, which stand side by side if there is room.
 */
#ifndef PAGE_H
#define PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

struct page {
	bool open;
	const char *title;
	struct buf text;
	size_t top; /* the first row that is shown */
	size_t rows;
	int width, height; /* of the window */
};

/* A row of the window: two parts of the text, either may be empty. */
struct page_row {
	size_t left_start, left_end;
	size_t start, end;
	int indent; /* columns before the second */
	bool heading;
};

/* Show an empty one; the title lives as long as the program. */
void page_open(struct page *, const char *title);
void page_close(struct page *);

/* Break it for a window of that size. */
void page_resize(struct page *, int width, int height);
/* Forward, or back if negative, as far as there is something. */
void page_scroll(struct page *, long rows);

/* The rows of the window, at most `height'; returns how many. */
size_t page_rows(const struct page *, struct page_row *);

#endif
