/*
 * The themes of theme.h.  A terminal's eight colours are whatever its user
 * made of them, so they are used where they are enough; names have more where
 * there are 256.
 */
#include <stdlib.h>
#include <string.h>

#include "theme.h"

#define NAMES_MAX 14

/* One that is not named here is plain text. */
static const struct style {
	attr_t attr;
	short color[2]; /* on a dark and on a light background; 0: none */
	attr_t mono;	/* more attributes where there are no colours */
} styles[LOOKS] = {
	[LOOK_TIME] = { A_DIM },
	[LOOK_NOTICE] = { A_DIM },
	[LOOK_ERROR] = { A_BOLD, { COLOR_RED, COLOR_RED } },
	[LOOK_PENDING] = { A_DIM },
	[LOOK_MENTION] = { A_BOLD, { COLOR_YELLOW, COLOR_MAGENTA } },
	[LOOK_DAY] = { A_DIM },
	[LOOK_UNREAD] = { A_BOLD, { COLOR_RED, COLOR_RED } },
	[LOOK_RULE] = { A_DIM },
	[LOOK_STATUS] = { A_REVERSE },
	[LOOK_ALARM] = { A_REVERSE | A_BOLD, { COLOR_RED, COLOR_RED } },
	[LOOK_NOW] = { A_REVERSE },
	[LOOK_NEWS] = { A_NORMAL, { COLOR_CYAN, COLOR_BLUE } },
	[LOOK_CALL] = { A_BOLD, { COLOR_YELLOW, COLOR_MAGENTA }, A_UNDERLINE },
	[LOOK_QUIET] = { A_DIM },
	[LOOK_PROMPT] = { A_BOLD },
	[LOOK_COMMAND] = { A_BOLD, { COLOR_CYAN, COLOR_BLUE }, A_UNDERLINE },
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
		if (styles[i].color[theme] != 0)
			init_pair((short)(i + 1), styles[i].color[theme], -1);
	names = COLORS >= 256 ? NAMES_MAX : 6;
	colors = COLORS >= 256 ? many[theme] : few[theme];
	for (i = 0; i < (short)names; i++)
		init_pair((short)(LOOKS + 1 + i), colors[i], -1);
}

attr_t
theme_look(enum look look)
{
	const struct style *style = &styles[look];

	if (current == THEME_MONO)
		return style->attr | style->mono;
	if (style->color[current] == 0)
		return style->attr;
	return style->attr | COLOR_PAIR((int)look + 1);
}

attr_t
theme_name(uint32_t number)
{
	if (current == THEME_MONO)
		return A_BOLD;
	return A_BOLD | COLOR_PAIR(LOOKS + 1 + (int)(number % names));
}
