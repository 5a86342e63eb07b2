/*
 * The text of a conversation as the terminal itself breaks it.  Rows of a
 * window are lines of their own to the terminal, so that a link over two of
 * them, with panes or without, is none that it can open; this is why what is
 * here does not go through curses.  Everything in an entry is sanitised.
 * Called by draw.c.
 */
#include <stdio.h>
#include <string.h>

#include <curses.h>

#include "draw-parts.h"
#include "talk.h"
#include "wrap.h"

#define HINT "-- any key goes back --"

/* In raw mode a newline does not return. */
static void
put(const char *s)
{
	size_t n;

	for (; *s != '\0'; s += n) {
		n = strcspn(s, "\n");
		fwrite(s, 1, n, stdout);
		if (s[n] == '\n') {
			fputs("\r\n", stdout);
			n++;
		}
	}
	fputs("\r\n", stdout);
}

void
draw_bare(const struct model *m)
{
	const struct talk *t = m->now;
	size_t i, end;

	putp(tigetstr("clear"));
	for (i = view_bare(&t->view, t, COLS, LINES - 1, &end); i < end; i++)
		put(t->entries[i]->line);
	fwrite(HINT, 1, wrap_fit(HINT, strlen(HINT), COLS - 1), stdout);
	fflush(stdout);
	/* Of all this curses knows nothing. */
	draw_anew();
}
