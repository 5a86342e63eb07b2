/*
 * The drawing of draw.h, with curses: the terminal itself, and one frame after
 * the other.  Its parts are in the other draw-*.c.  Called by screen.c, at
 * most once for each turn of its loop.
 */
#include <sys/ioctl.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <curses.h>

#include "draw-parts.h"
#include "keys.h"
#include "title.h"
#include "wrap.h"

static bool started;
static bool is_bare; /* what is on the terminal */

bool
draw_start(enum theme theme)
{
	if (newterm(NULL, stdout, stdin) == NULL)
		return false;
	/* Such as an editor's (TERM=dumb), on which all would be one line. */
	if (tigetstr("cup") == NULL) {
		endwin();
		return false;
	}
	started = true;
	atexit(draw_end);
	/* Until it has ended once, it writes each time the cursor moves. */
	endwin();
	set_escdelay(ESCAPE_WAIT);
	raw();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	theme_start(theme);
	title_start();
	keys_bracket_pastes(true);
	return true;
}

bool
draw_is_ours(void)
{
	pid_t job = tcgetpgrp(STDIN_FILENO);

	return job == -1 || job == getpgrp();
}

void
draw_end(void)
{
	if (started && draw_is_ours()) {
		title_end();
		keys_bracket_pastes(false);
		endwin();
	}
	started = false;
}

void
draw_resize(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 &&
	    size.ws_col > 0)
		resizeterm(size.ws_row, size.ws_col);
	is_bare = false;
}

void
draw_anew(void)
{
	clearok(curscr, TRUE);
}

void
draw_bell(void)
{
	beep();
}

void
draw_pause(bool begins)
{
	if (begins) {
		title_end();
		keys_bracket_pastes(false);
		endwin();
		return;
	}
	title_start();
	keys_bracket_pastes(true);
	draw_resize();
	draw_anew();
}

/*
 * Whoever stopped it asked nobody, and a shell has had the terminal since.  If it
 * has it still, this stops again as the terminal would stop it, but where a
 * signal that comes meanwhile is seen.
 */
void
draw_continue(void)
{
	if (!draw_is_ours()) {
		kill(0, SIGTTOU);
		return;
	}
	draw_pause(true);
	draw_pause(false);
}

/*
 * As the terminal itself would: with whatever started it in the same job, and
 * not at all where that is ignored, or there is no shell to go on with it.
 */
void
draw_suspend(void)
{
	struct sigaction action;

	if (sigaction(SIGTSTP, NULL, &action) == -1 ||
	    action.sa_handler == SIG_IGN)
		return;
	draw_pause(true);
	signal(SIGTSTP, SIG_DFL);
	kill(0, SIGTSTP);
	sigaction(SIGTSTP, &action, NULL);
	draw_pause(false);
}

void
draw_across(int y, int x, int width)
{
	static const cchar_t line = { .chars = { 0x2500 } };

	mvhline_set(y, x, &line, width);
}

/* Sanitised text, cut at the width, at the cursor. */
void
draw_put(const char *s, size_t len, int width)
{
	size_t fits = wrap_fit(s, len, width);

	if (fits > 0)
		addnstr(s, (int)fits);
}

static void
draw_talk(struct screen *s, int64_t now)
{
	struct layout l;

	layout_make(&l, COLS, LINES, draw_input_rows(s));
	draw_messages(s, &l);
	if (!s->model->now->view.scrolled)
		model_read(s->model);
	draw_talks(s, &l);
	draw_users(s, &l);
	draw_status(s, &l, now);
	if (s->finding) {
		draw_find(s, &l);
		return;
	}
	draw_input(s, &l);
}

/* It stays as it is, for the user is pointing at it. */
static void
draw_bare_once(const struct screen *s)
{
	if (!is_bare)
		draw_bare(s->model);
	is_bare = true;
}

static void
draw_frame(struct screen *s, int64_t now)
{
	is_bare = false;
	erase();
	if (s->form)
		draw_form(s, now);
	else if (s->page.open)
		draw_page(&s->page);
	else
		draw_talk(s, now);
	refresh();
}

void
draw(struct screen *s, int64_t now)
{
	s->model->covered = s->bare || s->form || s->page.open;
	if (s->bare)
		draw_bare_once(s);
	else
		draw_frame(s, now);
	title_show(model_unread(s->model), model_mentions(s->model));
}
