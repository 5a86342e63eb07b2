/*
 * The title of the terminal's window: that it is Chat, and how much is new.
 */
#ifndef TITLE_H
#define TITLE_H

#include <stddef.h>

/* Keep the title there is, if this terminal has one that can be set. */
void title_start(void);
/* Show it, if it has changed: "Chat", "(3) Chat", "(3, 1 for you) Chat". */
void title_show(size_t unread, size_t mentions);
/* Give back what was kept. */
void title_end(void);

#endif
