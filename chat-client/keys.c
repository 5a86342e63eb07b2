/*
 * The key table of keys.h, and reading from curses.  Alt is an escape before
 * the key.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <curses.h>

#include "keys.h"

#define CTRL(c)		((c)&0x1f)
#define ESCAPE		CTRL('[')
#define CODE_WORD_LEFT	(KEY_MAX + 1)
#define CODE_WORD_RIGHT (KEY_MAX + 2)
#define SEQUENCE_MAX	32 /* characters of a sequence nobody knows */

static const struct {
	enum { PLAIN, FUNCTION, ALT } how;
	wint_t code;
	enum keys_kind kind;
	int op; /* an enum edit_op, or a number */
} table[] = {
	{ PLAIN, CTRL('a'), KEYS_EDIT, EDIT_HOME },
	{ PLAIN, CTRL('b'), KEYS_EDIT, EDIT_LEFT },
	{ PLAIN, CTRL('c'), KEYS_STOP, 0 },
	{ PLAIN, CTRL('d'), KEYS_EDIT, EDIT_DELETE },
	{ PLAIN, CTRL('e'), KEYS_EDIT, EDIT_END },
	{ PLAIN, CTRL('f'), KEYS_EDIT, EDIT_RIGHT },
	{ PLAIN, CTRL('h'), KEYS_EDIT, EDIT_BACKSPACE },
	{ PLAIN, CTRL('j'), KEYS_ENTER, 0 },
	{ PLAIN, CTRL('k'), KEYS_EDIT, EDIT_KILL_TO_END },
	{ PLAIN, CTRL('l'), KEYS_REDRAW, 0 },
	{ PLAIN, CTRL('m'), KEYS_ENTER, 0 },
	{ PLAIN, CTRL('n'), KEYS_EDIT, EDIT_NEWER },
	{ PLAIN, CTRL('p'), KEYS_EDIT, EDIT_OLDER },
	{ PLAIN, CTRL('t'), KEYS_EDIT, EDIT_TRANSPOSE },
	{ PLAIN, CTRL('u'), KEYS_EDIT, EDIT_KILL_TO_HOME },
	{ PLAIN, CTRL('w'), KEYS_EDIT, EDIT_KILL_WORD_LEFT },
	{ PLAIN, CTRL('y'), KEYS_EDIT, EDIT_YANK },
	{ PLAIN, CTRL('z'), KEYS_SUSPEND, 0 },
	{ PLAIN, 0x7f, KEYS_EDIT, EDIT_BACKSPACE },
	{ ALT, 'b', KEYS_EDIT, EDIT_WORD_LEFT },
	{ ALT, 'd', KEYS_EDIT, EDIT_KILL_WORD_RIGHT },
	{ ALT, 'f', KEYS_EDIT, EDIT_WORD_RIGHT },
	{ ALT, 0x7f, KEYS_EDIT, EDIT_KILL_WORD_LEFT },
	{ ALT, CTRL('h'), KEYS_EDIT, EDIT_KILL_WORD_LEFT },
	{ ALT, '>', KEYS_BOTTOM, 0 },
	{ ALT, 'u', KEYS_UNREAD, 0 },
	{ ALT, 'a', KEYS_BUSIEST, 0 },
	{ ALT, '/', KEYS_BACK, 0 },
	{ ALT, 'n', KEYS_NEXT, 0 },
	{ ALT, 'p', KEYS_PREVIOUS, 0 },
	{ ALT, '1', KEYS_NUMBER, 1 },
	{ ALT, '2', KEYS_NUMBER, 2 },
	{ ALT, '3', KEYS_NUMBER, 3 },
	{ ALT, '4', KEYS_NUMBER, 4 },
	{ ALT, '5', KEYS_NUMBER, 5 },
	{ ALT, '6', KEYS_NUMBER, 6 },
	{ ALT, '7', KEYS_NUMBER, 7 },
	{ ALT, '8', KEYS_NUMBER, 8 },
	{ ALT, '9', KEYS_NUMBER, 9 },
	{ FUNCTION, KEY_LEFT, KEYS_EDIT, EDIT_LEFT },
	{ FUNCTION, KEY_RIGHT, KEYS_EDIT, EDIT_RIGHT },
	{ FUNCTION, CODE_WORD_LEFT, KEYS_EDIT, EDIT_WORD_LEFT },
	{ FUNCTION, CODE_WORD_RIGHT, KEYS_EDIT, EDIT_WORD_RIGHT },
	{ FUNCTION, KEY_HOME, KEYS_EDIT, EDIT_HOME },
	{ FUNCTION, KEY_END, KEYS_EDIT, EDIT_END },
	{ FUNCTION, KEY_UP, KEYS_EDIT, EDIT_OLDER },
	{ FUNCTION, KEY_DOWN, KEYS_EDIT, EDIT_NEWER },
	{ FUNCTION, KEY_BACKSPACE, KEYS_EDIT, EDIT_BACKSPACE },
	{ FUNCTION, KEY_DC, KEYS_EDIT, EDIT_DELETE },
	{ FUNCTION, KEY_PPAGE, KEYS_PAGE_UP, 0 },
	{ FUNCTION, KEY_NPAGE, KEYS_PAGE_DOWN, 0 },
};

void
keys_start(void)
{
	/* With Ctrl or Alt, as xterm and most others say it. */
	define_key("\033[1;5D", CODE_WORD_LEFT);
	define_key("\033[1;5C", CODE_WORD_RIGHT);
	define_key("\033[1;3D", CODE_WORD_LEFT);
	define_key("\033[1;3C", CODE_WORD_RIGHT);
}

/* An unknown sequence must not be typed into the line. */
static void
skip_sequence(void)
{
	wint_t code;
	int i;

	for (i = 0; i < SEQUENCE_MAX; i++)
		if (get_wch(&code) != OK || (code >= 0x40 && code <= 0x7e))
			return;
}

static struct key
look_up(int how, wint_t code)
{
	struct key key = { .kind = KEYS_IGNORED };
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if ((int)table[i].how == how && table[i].code == code) {
			key.kind = table[i].kind;
			key.number = table[i].op;
			key.op = (enum edit_op)table[i].op;
			break;
		}
	return key;
}

static struct key
read_alt(void)
{
	wint_t code;

	if (get_wch(&code) != OK)
		return (struct key){ .kind = KEYS_IGNORED };
	if (code == '[' || code == 'O') {
		skip_sequence();
		return (struct key){ .kind = KEYS_IGNORED };
	}
	return look_up(ALT, code);
}

struct key
keys_read(void)
{
	struct key key = { .kind = KEYS_NONE };
	mbstate_t state = { 0 };
	wint_t code;
	size_t n;
	int result = get_wch(&code);

	if (result == ERR)
		return key;
	if (result == KEY_CODE_YES)
		return look_up(FUNCTION, code);
	if (code == ESCAPE)
		return read_alt();
	if (code < 0x20 || code == 0x7f)
		return look_up(PLAIN, code);
	_Static_assert(sizeof(key.text) >= 6, "room for any character");
	n = MB_CUR_MAX <= sizeof(key.text)
	    ? wcrtomb(key.text, (wchar_t)code, &state)
	    : (size_t)-1;
	key.kind = n == (size_t)-1 ? KEYS_IGNORED : KEYS_TEXT;
	key.len = n;
	return key;
}
