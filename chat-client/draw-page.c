/*
 * Draws a page (page.h) over the whole screen, with a line below that says
 * what it is.  Called by draw.c.
 */
#include <stdio.h>
#include <stdlib.h>

#include <curses.h>

#include "draw-parts.h"

#define ROWS_MAX 1000 /* on any screen */

static void
put(const struct page *p, size_t start, size_t end, int width, attr_t attr)
{
	attrset(attr);
	if (end > start && width > 0)
		draw_put(buf_head(&p->text) + start, end - start, width);
	attrset(A_NORMAL);
}

static void
draw_foot(const struct page *p)
{
	size_t end = p->top + (size_t)p->height;
	size_t first = p->rows > 0 ? p->top + 1 : 0;
	char text[120];
	int width;

	if (end > p->rows)
		end = p->rows;
	width = snprintf(text, sizeof(text),
	    " Escape closes, PgUp and PgDn scroll. %s: %zu-%zu of %zu lines",
	    p->title, first, end, p->rows);
	if (width > COLS)
		snprintf(text, sizeof(text), " Escape closes: %zu-%zu of %zu",
		    first, end, p->rows);
	attrset(A_REVERSE);
	mvhline(LINES - 1, 0, ' ', COLS);
	mvaddnstr(LINES - 1, 0, text, COLS);
	attrset(A_NORMAL);
	move(LINES - 1, 0);
}

void
draw_page(struct page *p)
{
	static struct page_row rows[ROWS_MAX];
	size_t i, n;
	int height = LINES - 1 < ROWS_MAX ? LINES - 1 : ROWS_MAX;

	page_resize(p, COLS, height);
	n = height > 0 ? page_rows(p, rows) : 0;
	for (i = 0; i < n; i++) {
		move((int)i, 0);
		put(p, rows[i].left_start, rows[i].left_end, COLS, A_BOLD);
		move((int)i, rows[i].indent < COLS ? rows[i].indent : 0);
		put(p, rows[i].start, rows[i].end, COLS - rows[i].indent,
		    rows[i].heading ? A_BOLD | A_UNDERLINE : A_NORMAL);
	}
	draw_foot(p);
}
