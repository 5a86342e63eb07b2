/*
 * Where the parts of the screen are: conversations on the left, messages, users
 * on the right, the status line and the line to write in.  Pure.
 */
#ifndef LAYOUT_H
#define LAYOUT_H

struct layout {
	int talks;  /* columns of the conversations, 0: they are left out */
	int users;  /* and of the users */
	int x;	    /* where the messages begin */
	int width;  /* columns of the messages */
	int height; /* rows of them */
	int upper;  /* rows while scrolled back; a rule and the newest below */
	int status; /* the status line's row, -1: there is none */
	int input;  /* the first row to write in */
};

/*
 * For a terminal of that size, of which so many rows are to write in.  Side
 * panes are left out where the messages would become too narrow, the users
 * first.  Each has a line beside it that is not counted.
 */
void layout_make(struct layout *, int columns, int rows, int input);

#endif
