/*
 * Reads keys from the terminal (curses).  What they do is for keymap.h to say.
 */
#ifndef KEYS_H
#define KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum keys_kind {
	KEYS_NONE,   /* there is no key to read now */
	KEYS_TEXT,   /* a character, in `text' */
	KEYS_CODE,   /* a key of keymap.h, in `code' */
	KEYS_PASTE,  /* a character of a paste, in `text' */
	KEYS_PASTED, /* the paste ends */
	KEYS_IGNORED
};

struct key {
	enum keys_kind kind;
	uint32_t code;
	char text[8];
	size_t len;
};

/*
 * Make curses know the sequences its terminal descriptions lack; with `mouse'
 * its wheel gives keys.
 */
void keys_start(bool mouse);

/*
 * Have the terminal say what is pasted; or no more, before it is given back.
 */
void keys_bracket_pastes(bool on);

/* The next key; curses is in nodelay mode. */
struct key keys_read(void);

/* Whether a paste came in part, and the key that ends it. */
bool keys_are_pasted(void);
struct key keys_end_paste(void);

#endif
