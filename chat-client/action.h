/*
 * What keys can do, as one table: each action has a name to bind keys to, the
 * keys it has by default, and a line of help.  F1, the manual page and the
 * configuration are made from it.  Pure.
 */
#ifndef ACTION_H
#define ACTION_H

#include <stdbool.h>
#include <stddef.h>

#include "edit.h"

/* In the order of the table. */
enum action {
	ACTION_NONE,

	ACTION_SEND,
	ACTION_NEWLINE,
	ACTION_COMPLETE,
	ACTION_COMPLETE_BACK,
	ACTION_LEFT,
	ACTION_RIGHT,
	ACTION_WORD_LEFT,
	ACTION_WORD_RIGHT,
	ACTION_HOME,
	ACTION_END,
	ACTION_BACKSPACE,
	ACTION_DELETE,
	ACTION_TRANSPOSE,
	ACTION_KILL_WORD_LEFT,
	ACTION_KILL_WORD_RIGHT,
	ACTION_KILL_TO_HOME,
	ACTION_KILL_TO_END,
	ACTION_YANK,
	ACTION_YANK_OLDER,
	ACTION_UNDO,
	ACTION_REDO,
	ACTION_OLDER,
	ACTION_NEWER,
	ACTION_SEARCH,

	ACTION_PAGE_UP,
	ACTION_PAGE_DOWN,
	ACTION_SCROLL_UP,
	ACTION_SCROLL_DOWN,
	ACTION_BOTTOM,
	ACTION_TO_UNREAD,
	ACTION_BARE,

	ACTION_CONVERSATION_1,
	ACTION_CONVERSATION_2,
	ACTION_CONVERSATION_3,
	ACTION_CONVERSATION_4,
	ACTION_CONVERSATION_5,
	ACTION_CONVERSATION_6,
	ACTION_CONVERSATION_7,
	ACTION_CONVERSATION_8,
	ACTION_CONVERSATION_9,
	ACTION_NEXT_IMPORTANT,
	ACTION_NEXT,
	ACTION_PREVIOUS,
	ACTION_BACK,
	ACTION_SWITCHER,

	ACTION_HELP,
	ACTION_RECONNECT,
	ACTION_REDRAW,
	ACTION_SUSPEND,
	ACTION_STOP,

	ACTION_COUNT
};

struct action_row {
	const char *name;
	const char *group; /* a heading; NULL: that of the row before */
	const char *keys;  /* names of keymap.h, with spaces between them */
	const char *help;  /* NULL: one more of the row before */
	int op;		   /* of the line editor, or -1 */
};

/* Its row; not for ACTION_NONE. */
const struct action_row *action_row(enum action);

/* The action of that name, or ACTION_NONE. */
enum action action_find(const char *name);

#endif
