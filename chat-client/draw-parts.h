/*
 * What the parts of the drawing, draw.c and draw-*.c, share.
 */
#ifndef DRAW_PARTS_H
#define DRAW_PARTS_H

#include <stdint.h>

#include <curses.h>

#include "draw.h"
#include "layout.h"
#include "theme.h"

/* Sanitised text, cut at the width, at the cursor. */
void draw_put(const char *s, size_t len, int width);

/* A horizontal line. */
void draw_across(int y, int x, int width);

/* Where the connection stands, in a few words, sanitised. */
void draw_add_state(struct buf *, const struct screen *, int64_t now);

/* A line that is being written.  Returns the cursor's column. */
int draw_edit(const struct edit *, int y, int x, int width);
/* The same for a secret, as stars. */
int draw_secret(const struct credential *, int y, int x, int width);

void draw_messages(struct screen *, const struct layout *);
void draw_talks(const struct screen *, const struct layout *);
void draw_users(const struct screen *, const struct layout *);
void draw_status(const struct screen *, const struct layout *, int64_t now);
/* Where one writes, with the cursor; and how many rows that takes. */
void draw_input(const struct screen *, const struct layout *);
int draw_input_rows(const struct screen *);

/* What can be gone to, over the messages; and its cursor. */
void draw_find(const struct screen *, const struct layout *);

/* The text of the conversation as it is, instead of everything (draw-bare.c). */
void draw_bare(const struct model *);

/* A page over everything, broken for the screen. */
void draw_page(struct page *);

/* The login form, and its cursor. */
void draw_form(struct screen *, int64_t now);

#endif
