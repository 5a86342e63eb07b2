/*
 * The themes of theme.h.  A terminal's eight colours are whatever its user
 * made of them, so they are used where they are enough; names have more where
 * there are 256.
 */
#include <stdlib.h>
#include <string.h>

#include "theme.h"

#define NAMES_MAX 14

struct style {
	short color; /* -1: the terminal's own */
	attr_t attr;
};

static const struct style styles[][LOOKS] = {
	[THEME_DARK] = {
	    [LOOK_TEXT] = { -1, A_NORMAL },
	    [LOOK_TIME] = { -1, A_DIM },
	    [LOOK_NOTICE] = { -1, A_DIM },
	    [LOOK_ERROR] = { COLOR_RED, A_BOLD },
	    [LOOK_PENDING] = { -1, A_DIM },
	    [LOOK_MENTION] = { COLOR_YELLOW, A_BOLD },
	    [LOOK_DAY] = { -1, A_DIM },
	    [LOOK_UNREAD] = { COLOR_RED, A_BOLD },
	    [LOOK_RULE] = { -1, A_DIM },
	    [LOOK_STATUS] = { -1, A_REVERSE },
	    [LOOK_ALARM] = { COLOR_RED, A_REVERSE | A_BOLD },
	    [LOOK_NOW] = { -1, A_REVERSE },
	    [LOOK_NEWS] = { COLOR_CYAN, A_NORMAL },
	    [LOOK_CALL] = { COLOR_YELLOW, A_BOLD },
	    [LOOK_QUIET] = { -1, A_DIM },
	    [LOOK_PROMPT] = { -1, A_BOLD },
	    [LOOK_COMMAND] = { COLOR_CYAN, A_BOLD },
	},
	[THEME_LIGHT] = {
	    [LOOK_TEXT] = { -1, A_NORMAL },
	    [LOOK_TIME] = { -1, A_DIM },
	    [LOOK_NOTICE] = { -1, A_DIM },
	    [LOOK_ERROR] = { COLOR_RED, A_BOLD },
	    [LOOK_PENDING] = { -1, A_DIM },
	    [LOOK_MENTION] = { COLOR_MAGENTA, A_BOLD },
	    [LOOK_DAY] = { -1, A_DIM },
	    [LOOK_UNREAD] = { COLOR_RED, A_BOLD },
	    [LOOK_RULE] = { -1, A_DIM },
	    [LOOK_STATUS] = { -1, A_REVERSE },
	    [LOOK_ALARM] = { COLOR_RED, A_REVERSE | A_BOLD },
	    [LOOK_NOW] = { -1, A_REVERSE },
	    [LOOK_NEWS] = { COLOR_BLUE, A_NORMAL },
	    [LOOK_CALL] = { COLOR_MAGENTA, A_BOLD },
	    [LOOK_QUIET] = { -1, A_DIM },
	    [LOOK_PROMPT] = { -1, A_BOLD },
	    [LOOK_COMMAND] = { COLOR_BLUE, A_BOLD },
	},
	[THEME_MONO] = {
	    [LOOK_TEXT] = { -1, A_NORMAL },
	    [LOOK_TIME] = { -1, A_DIM },
	    [LOOK_NOTICE] = { -1, A_DIM },
	    [LOOK_ERROR] = { -1, A_BOLD },
	    [LOOK_PENDING] = { -1, A_DIM },
	    [LOOK_MENTION] = { -1, A_BOLD },
	    [LOOK_DAY] = { -1, A_DIM },
	    [LOOK_UNREAD] = { -1, A_BOLD },
	    [LOOK_RULE] = { -1, A_DIM },
	    [LOOK_STATUS] = { -1, A_REVERSE },
	    [LOOK_ALARM] = { -1, A_REVERSE | A_BOLD },
	    [LOOK_NOW] = { -1, A_REVERSE },
	    [LOOK_NEWS] = { -1, A_NORMAL },
	    [LOOK_CALL] = { -1, A_BOLD | A_UNDERLINE },
	    [LOOK_QUIET] = { -1, A_DIM },
	    [LOOK_PROMPT] = { -1, A_BOLD },
	    [LOOK_COMMAND] = { -1, A_BOLD | A_UNDERLINE },
	},
};

/* Of names: readable on that background, and as unlike as can be. */
static const short few[][NAMES_MAX] = {
	[THEME_DARK] = { COLOR_CYAN, COLOR_GREEN, COLOR_YELLOW, COLOR_BLUE,
	    COLOR_MAGENTA, COLOR_RED },
	[THEME_LIGHT] = { COLOR_BLUE, COLOR_GREEN, COLOR_MAGENTA, COLOR_RED,
	    COLOR_CYAN, COLOR_BLUE },
};
static const short many[][NAMES_MAX] = {
	[THEME_DARK] = { 39, 44, 49, 78, 113, 148, 178, 208, 203, 205, 170, 141,
	    105, 75 },
	[THEME_LIGHT] = { 25, 30, 29, 28, 64, 94, 130, 124, 161, 126, 91, 55,
	    62, 24 },
};

static enum theme current = THEME_MONO;
static uint32_t names; /* how many colours names have */

static bool
has_color(void)
{
	const char *none = getenv("NO_COLOR");

	return (none == NULL || *none == '\0') && has_colors() &&
	    start_color() != ERR && use_default_colors() != ERR;
}

/* Pairs 1 to LOOKS are the looks', those after them the names'. */
void
theme_start(enum theme theme)
{
	const short *colors;
	short i;

	current = THEME_MONO;
	if (theme == THEME_MONO || !has_color())
		return;
	current = theme;
	for (i = 0; i < LOOKS; i++)
		init_pair((short)(i + 1), styles[theme][i].color, -1);
	names = COLORS >= 256 ? NAMES_MAX : 6;
	colors = COLORS >= 256 ? many[theme] : few[theme];
	for (i = 0; i < (short)names; i++)
		init_pair((short)(LOOKS + 1 + i), colors[i], -1);
}

attr_t
theme_look(enum look look)
{
	const struct style *style = &styles[current][look];

	return style->attr |
	    (style->color >= 0 ? COLOR_PAIR((int)look + 1) : A_NORMAL);
}

attr_t
theme_name(uint32_t number)
{
	if (current == THEME_MONO)
		return A_BOLD;
	return A_BOLD | COLOR_PAIR(LOOKS + 1 + (int)(number % names));
}
