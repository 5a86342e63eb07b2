/*
 * The login form: server, name, and what else the login takes.  Called by
 * draw.c.  A secret is shown as stars.
 */
#include <string.h>

#include "draw-parts.h"
#include "sanitise.h"
#include "wrap.h"

#define FORM_WIDTH  48
#define LABEL_WIDTH 10

/* Text in the form's column, in as many rows as it needs and has. */
static int
draw_wrapped(int y, int x, int width, int rows, const struct buf *text)
{
	struct wrap w;
	size_t start, end;

	wrap_start(&w, buf_head(text), buf_len(text), width, 0);
	while (rows-- > 0 && wrap_next(&w, &start, &end))
		mvaddnstr(y++, x, buf_head(text) + start, (int)(end - start));
	return y;
}

static void
draw_trouble(const struct screen *s, int y, int x, int width, int64_t now)
{
	struct buf text = { 0 };

	if (s->link->state != LINK_IDLE) {
		draw_add_state(&text, s, now);
	} else if (s->trouble[0] != '\0') {
		sanitise_add(&text, s->trouble, strlen(s->trouble),
		    sizeof(s->trouble), SANITISE_TEXT);
		attrset(theme_look(LOOK_ERROR));
	} else {
		buf_add_str(&text,
		    s->step == FORM_NAME ? "Enter connects, Ctrl-C leaves."
					 : "Enter connects, Ctrl-C goes back.");
		attrset(A_DIM);
	}
	draw_wrapped(y, x, width, LINES - y, &text);
	attrset(A_NORMAL);
	buf_free(&text);
}

static void
draw_label(int y, int x, int width, const char *label)
{
	mvaddnstr(y, x, label, width);
}

/* What the answer is to, or NULL. */
static const char *
label_of(enum form_step step)
{
	switch (step) {
	case FORM_NAME:
		break;
	case FORM_PASSWORD:
		return "Password";
	case FORM_NEW_PASSWORD:
		return "New pass.";
	case FORM_AGAIN:
		return "Again";
	case FORM_INVITE:
		return "Invite";
	case FORM_TRUST:
		return "Yes or no";
	}
	return NULL;
}

/* Returns the cursor's column. */
static int
draw_answer(const struct screen *s, int y, int x, int width)
{
	struct buf shown = { 0 };
	int columns;

	if (s->step != FORM_TRUST && s->step != FORM_INVITE)
		return draw_secret(&s->answer, y, x, width);
	sanitise_add(
	    &shown, s->answer.text, s->answer.len, SECRET_MAX, SANITISE_LINE);
	move(y, x);
	if (buf_len(&shown) > 0)
		draw_put(buf_head(&shown), buf_len(&shown), width);
	columns = wrap_columns(buf_head(&shown), buf_len(&shown));
	buf_free(&shown);
	return x + (columns < width ? columns : width - 1);
}

static void
draw_server(const struct screen *s, int y, int x, int width)
{
	const char *address = s->link->config.address.text;
	struct buf server = { 0 };

	buf_add_str(&server, "Server    ");
	sanitise_add(
	    &server, address, strlen(address), SIZE_MAX, SANITISE_LINE);
	if (s->link->config.tls != NULL)
		buf_add_str(&server, " with TLS");
	move(y, x);
	draw_put(buf_head(&server), buf_len(&server), width);
	buf_free(&server);
}

/* One line to write in; returns the cursor's column. */
static int
draw_field(const struct screen *s, int y, int x, int width, bool name)
{
	int at = x + LABEL_WIDTH, room = width - LABEL_WIDTH, cursor;

	draw_label(y, x, width, name ? "Name" : label_of(s->step));
	attrset(A_UNDERLINE);
	if (room > 0)
		mvhline(y, at, ' ', room);
	cursor = name ? draw_edit(&s->name, y, at, room)
		      : draw_answer(s, y, at, room);
	attrset(A_NORMAL);
	return cursor;
}

void
draw_form(const struct screen *s, int64_t now)
{
	int width = COLS < FORM_WIDTH ? COLS : FORM_WIDTH;
	int x = (COLS - width) / 2, y = LINES > 8 ? LINES / 2 - 4 : 0;
	int cursor;

	if (s->step == FORM_TRUST && LINES <= 24)
		y = 0;
	if (LINES > 5) {
		attrset(A_BOLD);
		mvaddnstr(y++, x, "Chat", width);
		attrset(A_NORMAL);
	}
	if (LINES > 8)
		y++;
	draw_server(s, y++, x, width);
	cursor = draw_field(s, y, x, width, true);
	if (s->step != FORM_NAME && y + 1 < LINES)
		cursor = draw_field(s, ++y, x, width, false);
	if (y + 2 < LINES)
		draw_trouble(s, y + (LINES > 8 ? 2 : 1), x, width, now);
	move(y, cursor < COLS ? cursor : COLS - 1);
}
