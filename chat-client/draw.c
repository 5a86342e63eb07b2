/*
 * The drawing of draw.h, with curses: messages, users, status and input line;
 * the login form is draw-form.c's.  Called by screen.c, once for each turn of its loop.
 */
#include <sys/ioctl.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <curses.h>

#include "draw-parts.h"
#include "format.h"
#include "sanitise.h"
#include "talk.h"
#include "text.h"
#include "wrap.h"

#define USERS_WIDTH 18	 /* of the users pane */
#define USERS_FROM  60	 /* columns that leave room for it */
#define ROWS_MAX    1000 /* of messages on any screen */

static bool started, colored;

static void
start_colors(void)
{
	static const short names[NAME_COLORS] = { COLOR_CYAN, COLOR_GREEN,
		COLOR_YELLOW, COLOR_BLUE, COLOR_MAGENTA, COLOR_RED };
	const char *none = getenv("NO_COLOR");
	short i;

	if ((none != NULL && *none != '\0') || !has_colors() ||
	    start_color() == ERR || use_default_colors() == ERR)
		return;
	for (i = 0; i < NAME_COLORS; i++)
		init_pair((short)(COLOR_NAME + i), names[i], -1);
	init_pair(COLOR_PRIVATE, COLOR_MAGENTA, -1);
	init_pair(COLOR_TROUBLE, COLOR_RED, -1);
	colored = true;
}

bool
draw_start(void)
{
	if (newterm(NULL, stdout, stdin) == NULL)
		return false;
	started = true;
	atexit(draw_end);
	set_escdelay(ESCAPE_WAIT);
	raw();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	start_colors();
	return true;
}

void
draw_end(void)
{
	if (started)
		endwin();
	started = false;
}

void
draw_resize(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 &&
	    size.ws_col > 0)
		resizeterm(size.ws_row, size.ws_col);
}

void
draw_anew(void)
{
	clearok(curscr, TRUE);
}

void
draw_suspend(void)
{
	endwin();
	raise(SIGSTOP);
	draw_resize();
	draw_anew();
}

attr_t
draw_color(int pair)
{
	return colored ? COLOR_PAIR(pair) : A_NORMAL;
}

static attr_t
number_color(uint32_t number)
{
	return draw_color(COLOR_NAME + (int)(number % NAME_COLORS));
}

static attr_t
name_color(const char *name)
{
	return number_color(entry_color(name));
}

/* Sanitised text, cut at the width, at the cursor. */
void
draw_put(const char *s, size_t len, int width)
{
	size_t fits = wrap_fit(s, len, width);

	if (fits > 0)
		addnstr(s, (int)fits);
}

/* The part of an entry's line that lies in [from, to) of the row. */
static void
put_part(const struct view_row *row, size_t from, size_t to, attr_t attr)
{
	if (from < row->start)
		from = row->start;
	if (to > row->end)
		to = row->end;
	if (from >= to)
		return;
	attrset(attr);
	addnstr(row->entry->line + from, (int)(to - from));
	attrset(A_NORMAL);
}

/* A line across: a new day, or what was not read. */
static void
draw_rule(const struct view_row *row, int y, int width)
{
	struct buf text = { 0 };

	if (row->kind == VIEW_DAY) {
		buf_add_str(&text, " ");
		format_day(&text, row->entry->time);
		buf_add_str(&text, " ");
		attrset(A_DIM);
	} else {
		buf_add_str(&text, " new ");
		attrset(A_BOLD | draw_color(COLOR_TROUBLE));
	}
	mvhline(y, 0, ACS_HLINE, width);
	if (width > 4) {
		move(y, 2);
		draw_put(buf_head(&text), buf_len(&text), width - 4);
	}
	attrset(A_NORMAL);
	buf_free(&text);
}

static void
draw_row(const struct view_row *row, int y, int width)
{
	const struct entry *e = row->entry;
	attr_t head = A_DIM, text = A_NORMAL;

	if (row->kind != VIEW_TEXT) {
		draw_rule(row, y, width);
		return;
	}
	if (e->kind == ENTRY_MESSAGE) {
		head = A_BOLD | number_color(e->color);
		if (e->ref != NULL)
			head = text = A_DIM;
	} else if (e->kind == ENTRY_ERROR) {
		head = text = A_BOLD | draw_color(COLOR_TROUBLE);
	} else {
		text = A_DIM;
	}
	move(y, row->indent);
	put_part(row, 0, e->clock_len, A_DIM);
	put_part(row, e->clock_len, e->head_len, head);
	put_part(row, e->head_len, e->len, text);
}

static void
draw_messages(struct screen *s, int width, int height)
{
	static struct view_row rows[ROWS_MAX];
	size_t n, i;

	if (height > ROWS_MAX)
		height = ROWS_MAX;
	view_resize(&s->model->now->view, width, height);
	n = view_rows(&s->model->now->view, s->model->now, rows);
	for (i = 0; i < n; i++)
		draw_row(&rows[i], height - 1 - (int)i, width);
}

static void
draw_users(const struct screen *s, int x, int height)
{
	const struct model *m = s->model;
	size_t i;
	int y = 0, pass;

	mvvline(0, x, ACS_VLINE, height);
	/* Those who are here first. */
	for (pass = 0; pass < 2; pass++)
		for (i = 0; i < m->people_len && y < height; i++) {
			if (m->people[i].online != (pass == 0))
				continue;
			attrset(
			    pass == 0 ? name_color(m->people[i].name) : A_DIM);
			mvaddstr(y, x + 1, pass == 0 ? "*" : " ");
			draw_put(m->people[i].name, strlen(m->people[i].name),
			    COLS - x - 2);
			y++;
		}
	attrset(A_NORMAL);
}

static void
add_reason(struct buf *out, const struct screen *s)
{
	char reason[SHOWN_ERROR_MAX];

	link_reason(s->link, reason, sizeof(reason));
	sanitise_add(
	    out, reason, strlen(reason), sizeof(reason), SANITISE_LINE);
}

/* Where the connection stands, in a few words. */
void
draw_add_state(struct buf *out, const struct screen *s, int64_t now)
{
	const struct link *l = s->link;
	char seconds[32];

	switch (l->state) {
	case LINK_CONNECTING:
		buf_add_str(out, "connecting...");
		break;
	case LINK_LOGIN:
		buf_add_str(out, "logging in...");
		break;
	case LINK_ONLINE:
		buf_add_str(out, "online");
		break;
	case LINK_LEAVING:
		buf_add_str(out, "leaving...");
		break;
	case LINK_WAITING:
		snprintf(seconds, sizeof(seconds), "again in %lld s: ",
		    l->wake > now ? (long long)(l->wake - now + 999) / 1000
				  : 0LL);
		buf_add_str(out, seconds);
		add_reason(out, s);
		break;
	case LINK_IDLE:
		buf_add_str(out, "not connected");
		if (l->why != LINK_NOTHING && l->why != LINK_LEFT) {
			buf_add_str(out, ": ");
			add_reason(out, s);
		}
		break;
	}
}

static void
add_count(struct buf *out, size_t n, const char *what)
{
	char text[64];

	if (n == 0)
		return;
	snprintf(text, sizeof(text), "  %zu %s", n, what);
	buf_add_str(out, text);
}

static void
draw_status(const struct screen *s, int y, int64_t now)
{
	struct buf left = { 0 }, right = { 0 };
	const char *address = s->link->config.address.text;
	int width;

	/* What matters most comes first, the rest may be cut. */
	buf_add_str(&left, " ");
	draw_add_state(&left, s, now);
	if (COLS >= USERS_FROM) {
		buf_add_str(&left, "  ");
		buf_add_str(&left, s->link->username);
		buf_add_str(&left, " at ");
		sanitise_add(
		    &left, address, strlen(address), SIZE_MAX, SANITISE_LINE);
	}
	buf_add_str(&left, " ");
	add_count(&right, s->link->outbox.len, "unconfirmed");
	if (s->model->now->view.scrolled) {
		add_count(&right, s->model->now->unread, "new");
		buf_add_str(&right,
		    COLS >= USERS_FROM ? "  more below: PgDn " : " PgDn ");
	} else if (s->link->state == LINK_ONLINE) {
		add_count(&right, model_online(s->model), "here");
		buf_add_str(&right, " ");
	} else {
		buf_add_str(&right, " ");
	}
	attrset(A_REVERSE);
	mvhline(y, 0, ' ', COLS);
	move(y, 0);
	width = wrap_columns(buf_head(&right), buf_len(&right));
	draw_put(buf_head(&left), buf_len(&left), COLS - width);
	if (width <= COLS)
		mvaddnstr(
		    y, COLS - width, buf_head(&right), (int)buf_len(&right));
	attrset(A_NORMAL);
	buf_free(&left);
	buf_free(&right);
}

/* Returns the cursor's column. */
int
draw_edit(const struct edit *e, int y, int x, int width)
{
	struct buf text = { 0 };
	int column;

	if (width < 1)
		width = 1;
	column = edit_view(e, width, &text);
	move(y, x);
	if (buf_len(&text) > 0)
		draw_put(buf_head(&text), buf_len(&text), width);
	buf_free(&text);
	return x + (column < width ? column : width - 1);
}

static void
draw_talk(struct screen *s, int64_t now)
{
	int height = LINES - 2, width = COLS, cursor;

	if (COLS >= USERS_FROM)
		width -= USERS_WIDTH + 1;
	if (height > 0) {
		draw_messages(s, width, height);
		if (width < COLS)
			draw_users(s, width, height);
	}
	if (LINES >= 2)
		draw_status(s, LINES - 2, now);
	attrset(A_BOLD);
	mvaddstr(LINES - 1, 0, "> ");
	attrset(A_NORMAL);
	cursor = draw_edit(&s->line, LINES - 1, 2, COLS - 2);
	move(LINES - 1, cursor);
}

void
draw(struct screen *s, int64_t now)
{
	erase();
	if (s->form)
		draw_form(s, now);
	else
		draw_talk(s, now);
	refresh();
}
