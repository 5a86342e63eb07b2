/*
 * Keys as numbers, their names, and which action each of them has.  Pure:
 * keys.c reads them from the terminal.
 *
 * A key is a character, or one of KEYMAP_ENTER and so on, plus modifiers.
 * What a terminal cannot tell apart is the same key: Ctrl-i is Tab, Ctrl-m is
 * Enter, and Ctrl with a letter does not know Shift.
 */
#ifndef KEYMAP_H
#define KEYMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "action.h"
#include "bounds.h"
#include "buf.h"

#define KEYMAP_SHIFT 0x1000000u
#define KEYMAP_ALT   0x2000000u
#define KEYMAP_CTRL  0x4000000u

enum {
	KEYMAP_ENTER = 0x200000,
	KEYMAP_TAB,
	KEYMAP_ESCAPE,
	KEYMAP_SPACE,
	KEYMAP_BACKSPACE,
	KEYMAP_DELETE,
	KEYMAP_INSERT,
	KEYMAP_HOME,
	KEYMAP_END,
	KEYMAP_PGUP,
	KEYMAP_PGDN,
	KEYMAP_UP,
	KEYMAP_DOWN,
	KEYMAP_LEFT,
	KEYMAP_RIGHT,
	KEYMAP_WHEEL_UP,
	KEYMAP_WHEEL_DOWN,
	KEYMAP_F1,
	KEYMAP_F12 = KEYMAP_F1 + 11
};

struct keymap {
	struct {
		uint32_t key;
		enum action action;
	} rows[KEYS_MAX];
	size_t len;
};

/*
 * The key of a name such as "Alt-Enter", "Ctrl-k", "F1" or "Alt->"; 0 if it is
 * none, or one that types a character.  Only a single letter has a case.
 */
uint32_t keymap_parse(const char *name);

/* The key of a control character. */
uint32_t keymap_control(unsigned char);

/* Append its name. */
void keymap_add_name(struct buf *, uint32_t key);

/* The keys of the table. */
void keymap_init(struct keymap *);

/* Give a key another action, or none.  Returns false if there is no room. */
bool keymap_bind(struct keymap *, uint32_t key, enum action);

enum action keymap_action(const struct keymap *, uint32_t key);

/* Append the names of its keys, with commas between them. */
void keymap_add_keys(struct buf *, const struct keymap *, enum action);

#endif
