/*
 * The places of layout.h.
 */
#include "layout.h"

#define TALKS_WIDTH 16
#define USERS_WIDTH 16
#define TALKS_FROM  72 /* columns of a terminal with both ... */
#define USERS_FROM  96
#define SPLIT_FROM  8 /* rows of messages that can be divided */
#define LOWER_LEAST 2
#define LOWER_MOST  6

static int
between(int least, int n, int most)
{
	return n < least ? least : n > most ? most : n;
}

void
layout_make(struct layout *l, int columns, int rows, int input)
{
	*l = (struct layout){ .width = columns };
	if (columns >= TALKS_FROM) {
		l->talks = TALKS_WIDTH;
		l->x = TALKS_WIDTH + 1;
		l->width -= l->x;
	}
	if (columns >= USERS_FROM) {
		l->users = USERS_WIDTH;
		l->width -= USERS_WIDTH + 1;
	}
	/* The line to write in is there first, then messages, then status. */
	input = between(1, input, rows > 3 ? rows - 2 : 1);
	l->input = rows - input;
	l->status = l->input - 1;
	l->height = l->status > 0 ? l->status : 0;
	l->upper = l->height;
	if (l->height >= SPLIT_FROM)
		l->upper -= 1 + between(LOWER_LEAST, l->height / 5, LOWER_MOST);
}
