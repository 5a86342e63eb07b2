/*
 * Reading keys from curses.  Alt is an escape before the key.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <curses.h>

#include "keymap.h"
#include "keys.h"

#define ESCAPE	     033
#define SEQUENCE_MAX 32 /* characters of a sequence nobody knows */
/* Above curses' own: a key of the table, times 8, and xterm's modifiers. */
#define CODE_FIRST (KEY_MAX + 1)
#define CODE_PASTE (CODE_FIRST + 1000)
#define PASTE_END  "\033[201~"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* With modifiers it is "ESC [ number ; modifiers final". */
static const struct {
	int code; /* of curses */
	uint32_t key;
	int number;
	char final;
} table[] = {
	{ KEY_UP, KEYMAP_UP, 1, 'A' },
	{ KEY_DOWN, KEYMAP_DOWN, 1, 'B' },
	{ KEY_RIGHT, KEYMAP_RIGHT, 1, 'C' },
	{ KEY_LEFT, KEYMAP_LEFT, 1, 'D' },
	{ KEY_HOME, KEYMAP_HOME, 1, 'H' },
	{ KEY_END, KEYMAP_END, 1, 'F' },
	{ KEY_IC, KEYMAP_INSERT, 2, '~' },
	{ KEY_DC, KEYMAP_DELETE, 3, '~' },
	{ KEY_PPAGE, KEYMAP_PGUP, 5, '~' },
	{ KEY_NPAGE, KEYMAP_PGDN, 6, '~' },
	{ KEY_BACKSPACE, KEYMAP_BACKSPACE, 0, 0 },
	{ KEY_ENTER, KEYMAP_ENTER, 0, 0 },
	{ KEY_BTAB, KEYMAP_SHIFT | KEYMAP_TAB, 0, 0 },
};

static bool pasting;
static size_t ending; /* how much of PASTE_END came */

void
keys_bracket_pastes(bool on)
{
	fputs(on ? "\033[?2004h" : "\033[?2004l", stdout);
	fflush(stdout);
}

void
keys_start(bool mouse)
{
	char sequence[32];
	size_t i;
	int m;

	define_key("\033[200~", CODE_PASTE);
	if (mouse) {
		mousemask(BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
		mouseinterval(0);
	}
	/* Terminals that are known as less than they are have these, too. */
	for (i = 0; i < COUNT(table); i++)
		if (table[i].final == '~') {
			snprintf(sequence, sizeof(sequence), "\033[%d~",
			    table[i].number);
			define_key(sequence, table[i].code);
		}
	for (i = 0; i < COUNT(table); i++)
		for (m = 1; m < 8 && table[i].final != 0; m++) {
			snprintf(sequence, sizeof(sequence), "\033[%d;%d%c",
			    table[i].number, m + 1, table[i].final);
			define_key(sequence, CODE_FIRST + (int)i * 8 + m);
		}
}

static struct key
coded(uint32_t code)
{
	return (struct key){ .kind = code != 0 ? KEYS_CODE : KEYS_IGNORED,
		.code = code };
}

static struct key
modified(int code)
{
	size_t i = (size_t)code / 8;
	uint32_t key;

	if (i >= COUNT(table))
		return coded(0);
	key = table[i].key;
	if (code & 1)
		key |= KEYMAP_SHIFT;
	if (code & 2)
		key |= KEYMAP_ALT;
	if (code & 4)
		key |= KEYMAP_CTRL;
	return coded(key);
}

static struct key
wheel(void)
{
	MEVENT event = { 0 };

	if (getmouse(&event) == OK && event.bstate & BUTTON4_PRESSED)
		return coded(KEYMAP_WHEEL_UP);
	return coded(event.bstate & BUTTON5_PRESSED ? KEYMAP_WHEEL_DOWN : 0);
}

static struct key
special(wint_t code)
{
	size_t i;

	if (code == KEY_MOUSE)
		return wheel();
	if ((int)code >= CODE_FIRST)
		return modified((int)code - CODE_FIRST);
	if (code >= (wint_t)KEY_F(1) && code <= (wint_t)KEY_F(12))
		return coded(KEYMAP_F1 + code - (wint_t)KEY_F(1));
	for (i = 0; i < COUNT(table); i++)
		if (table[i].code == (int)code)
			return coded(table[i].key);
	return coded(0);
}

/*
 * The next key or character, told as by get_wch(3), which forgets a character
 * whose end is late, and with a byte that is none what comes behind it.
 */
static int
next(wint_t *code)
{
	static mbstate_t state;
	wchar_t wide;
	char byte;
	int c;

	while ((c = getch()) != ERR) {
		*code = (wint_t)c;
		if (c >= KEY_MIN)
			return KEY_CODE_YES;
		byte = (char)c;
		switch (mbrtowc(&wide, &byte, 1, &state)) {
		case (size_t)-2:
			break;
		case (size_t)-1:
			/* What it does not end, it may begin. */
			state = (mbstate_t){ 0 };
			if (c < 0x80)
				return OK;
			if (mbrtowc(&wide, &byte, 1, &state) == (size_t)-1)
				state = (mbstate_t){ 0 };
			break;
		default:
			*code = (wint_t)wide;
			return OK;
		}
	}
	return ERR;
}

/* An unknown sequence must not be typed into the line. */
static struct key
skip_sequence(void)
{
	wint_t code;
	int i;

	for (i = 0; i < SEQUENCE_MAX; i++)
		if (next(&code) != OK || (code >= 0x40 && code <= 0x7e))
			break;
	return coded(0);
}

static struct key
read_alt(void)
{
	struct key key;
	wint_t code;
	int result = next(&code);

	if (result == ERR)
		return coded(KEYMAP_ESCAPE);
	if (result == KEY_CODE_YES)
		key = special(code);
	else if (code == '[' || code == 'O')
		return skip_sequence();
	else if (code < ' ' || code == 0x7f)
		key = coded(keymap_control((unsigned char)code));
	else
		key = coded(code < 0x7f ? code : 0);
	key.code |= KEYMAP_ALT;
	return key;
}

static struct key
character(enum keys_kind kind, wint_t code)
{
	struct key key = { .kind = KEYS_IGNORED };
	mbstate_t state = { 0 };
	size_t n;

	_Static_assert(sizeof(key.text) >= 6, "room for any character");
	n = MB_CUR_MAX <= sizeof(key.text)
	    ? wcrtomb(key.text, (wchar_t)code, &state)
	    : (size_t)-1;
	if (n != (size_t)-1) {
		key.kind = kind;
		key.len = n;
	}
	return key;
}

/* Nothing in it is a key, but for the sequence that ends it. */
static void
paste(bool begins)
{
	pasting = begins;
	ending = 0;
	keypad(stdscr, !begins);
}

bool
keys_are_pasted(void)
{
	return pasting;
}

struct key
keys_end_paste(void)
{
	paste(false);
	return (struct key){ .kind = KEYS_PASTED };
}

static struct key
read_paste(void)
{
	wint_t code;
	int result = next(&code);

	if (result == ERR)
		return (struct key){ .kind = KEYS_NONE };
	/* Such as that the terminal has another size. */
	if (result == KEY_CODE_YES)
		return coded(0);
	if (code == (wint_t)(unsigned char)PASTE_END[ending])
		return PASTE_END[++ending] != '\0' ? coded(0)
						   : keys_end_paste();
	/* (Only the escape can begin it.  What was held back is no text.) */
	ending = code == ESCAPE;
	if (ending)
		return coded(0);
	return character(KEYS_PASTE, code == '\r' ? '\n' : code);
}

struct key
keys_read(void)
{
	wint_t code;
	int result;

	if (pasting)
		return read_paste();
	result = next(&code);
	if (result == ERR)
		return (struct key){ .kind = KEYS_NONE };
	if (result == KEY_CODE_YES && (int)code == CODE_PASTE) {
		paste(true);
		return coded(0);
	}
	if (result == KEY_CODE_YES)
		return special(code);
	if (code == ESCAPE)
		return read_alt();
	if (code < ' ' || code == 0x7f)
		return coded(keymap_control((unsigned char)code));
	return character(KEYS_TEXT, code);
}
