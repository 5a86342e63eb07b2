/*
 * What the two parts of the drawing share: draw.c, and draw-form.c with the
 * login form.
 */
#ifndef DRAW_PARTS_H
#define DRAW_PARTS_H

#include <stdint.h>

#include <curses.h>

#include "draw.h"

#define NAME_COLORS 6

enum {
	COLOR_NAME = 1,
	COLOR_PRIVATE = COLOR_NAME + NAME_COLORS,
	COLOR_TROUBLE
};

/* The attribute of a pair, or none on a terminal without colours. */
attr_t draw_color(int pair);

/* Sanitised text, cut at the width, at the cursor. */
void draw_put(const char *s, size_t len, int width);

/* Where the connection stands, in a few words, sanitised. */
void draw_add_state(struct buf *, const struct screen *, int64_t now);

/* A line that is being written.  Returns the cursor's column. */
int draw_edit(const struct edit *, int y, int x, int width);

/* The login form, and its cursor. */
void draw_form(const struct screen *, int64_t now);

#endif
