/*
 * How the parts of the screen look: colours and attributes of curses.
 */
#ifndef THEME_H
#define THEME_H

#include <stdbool.h>
#include <stdint.h>

#include <curses.h>

enum theme { THEME_DARK, THEME_LIGHT, THEME_MONO };

enum look {
	LOOK_TEXT,
	LOOK_TIME,
	LOOK_NOTICE,
	LOOK_ERROR,
	LOOK_PENDING, /* what is not confirmed */
	LOOK_MENTION, /* what names the user */
	LOOK_DAY,
	LOOK_UNREAD, /* the line above what was not read */
	LOOK_RULE,   /* between the panes */
	LOOK_STATUS,
	LOOK_ALARM, /* in the status line */
	LOOK_NOW,   /* the conversation that is shown */
	LOOK_NEWS,  /* one with something new */
	LOOK_CALL,  /* one that calls for attention */
	LOOK_QUIET, /* one without; users who are away */
	LOOK_PROMPT,
	LOOK_COMMAND,
	LOOKS
};

/*
 * Make its colours, once curses runs.  Without colours, or with NO_COLOR, it
 * is THEME_MONO whatever was asked for.
 */
void theme_start(enum theme);

attr_t theme_look(enum look);
/* For the name with that number (entry_color()). */
attr_t theme_name(uint32_t number);

#endif
