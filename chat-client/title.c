/*
 * The title of title.h, with sequences that xterm has and most others too.
 * They are only sent to terminals known to take them; on others they would
 * show.  Nothing from the network is ever part of a title.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "title.h"

#define PUSH "\033[22;2t"
#define POP  "\033[23;2t"

static bool works, set;
static size_t shown_unread, shown_mentions;

void
title_start(void)
{
	static const char *const known[] = { "xterm", "screen", "tmux", "rxvt",
		"foot", "alacritty", "kitty", "wezterm", "st-", "konsole",
		"vte", "gnome", "contour", "ghostty", "mintty" };
	const char *term = getenv("TERM");
	size_t i;

	works = set = false;
	for (i = 0; term != NULL && i < sizeof(known) / sizeof(known[0]); i++)
		if (strncmp(term, known[i], strlen(known[i])) == 0)
			works = true;
	if (works)
		fputs(PUSH, stdout);
}

void
title_show(size_t unread, size_t mentions)
{
	if (!works ||
	    (set && unread == shown_unread && mentions == shown_mentions))
		return;
	if (unread == 0)
		fputs("\033]2;Chat\a", stdout);
	else if (mentions == 0)
		printf("\033]2;(%zu) Chat\a", unread);
	else
		printf("\033]2;(%zu, %zu for you) Chat\a", unread, mentions);
	fflush(stdout);
	set = true;
	shown_unread = unread;
	shown_mentions = mentions;
}

void
title_end(void)
{
	if (!works)
		return;
	/* For terminals that keep none, an empty one is their default. */
	if (set)
		fputs("\033]2;\a", stdout);
	fputs(POP, stdout);
	fflush(stdout);
	works = set = false;
}
