/*
 * What the files of the screen share: the loop (screen.c) calls these two
 * halves, which change the state that draw.c shows.
 */
#ifndef SCREEN_PARTS_H
#define SCREEN_PARTS_H

#include <stdint.h>

#include "draw.h"

/* Take what came from the server, and what became of the connection. */
void screen_take_link(struct screen *, short revents, int64_t now);

/* Take the keys that wait. */
void screen_take_keys(struct screen *, int64_t now);

/* Put a line of the client's own, not sanitised, below the messages. */
void screen_notice(struct screen *, enum entry_kind, const char *);

#endif
