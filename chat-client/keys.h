/*
 * Keys and what they do, as one table.
 */
#ifndef KEYS_H
#define KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "edit.h"

enum keys_kind {
	KEYS_NONE, /* there is no key to read now */
	KEYS_TEXT, /* a character, in `text' */
	KEYS_EDIT, /* an operation of the line editor */
	KEYS_ENTER,
	KEYS_PAGE_UP,
	KEYS_PAGE_DOWN,
	KEYS_BOTTOM,
	KEYS_UNREAD,
	KEYS_NUMBER, /* the conversation with that number */
	KEYS_NEXT,
	KEYS_PREVIOUS,
	KEYS_BUSIEST,
	KEYS_BACK,
	KEYS_STOP,
	KEYS_SUSPEND,
	KEYS_REDRAW,
	KEYS_IGNORED
};

struct key {
	enum keys_kind kind;
	enum edit_op op;
	int number;
	char text[8];
	size_t len;
};

/* Make curses know the sequences its terminal descriptions lack. */
void keys_start(void);

/* The next key; curses is in nodelay mode. */
struct key keys_read(void);

#endif
