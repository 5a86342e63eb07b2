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

/* What to do. */
static const char *
hint_of(enum form_step step)
{
	switch (step) {
	case FORM_NAME:
		return "Enter connects, Tab goes to the next line, Space "
		       "changes yes and no. Ctrl-C leaves.";
	case FORM_NEW_PASSWORD:
		return "Choose a password of 8 characters or more. Enter goes "
		       "on, Ctrl-C goes back.";
	case FORM_AGAIN:
		return "The same password once more. Enter registers, Ctrl-C "
		       "goes back.";
	case FORM_TRUST:
		return "Only \"yes\" trusts it, from now on. Ctrl-C goes back.";
	case FORM_PASSWORD:
	case FORM_INVITE:
		break;
	}
	return "Enter connects, Ctrl-C goes back.";
}

/* Returns the row below. */
static int
draw_trouble(struct screen *s, int y, int x, int width)
{
	struct buf text = { 0 };
	size_t rows;

	sanitise_add(&text, s->trouble, strlen(s->trouble), sizeof(s->trouble),
	    SANITISE_TEXT);
	rows = wrap_count(buf_head(&text), buf_len(&text), width, 0);
	s->explained = (int)rows <= LINES - y;
	/* Nobody can agree to what cannot be seen (screen-form.c). */
	if (s->step == FORM_TRUST && !s->explained) {
		buf_reset(&text, SIZE_MAX);
		buf_add_str(&text, "Terminal too small: enlarge it to see.");
	}
	attrset(theme_look(LOOK_ERROR));
	y = draw_wrapped(y, x, width, LINES - y, &text);
	attrset(A_NORMAL);
	buf_free(&text);
	return y;
}

/* How it goes, or what is wrong and what to do. */
static void
draw_below(struct screen *s, int y, int x, int width, int64_t now)
{
	struct buf text = { 0 };

	if (s->link->state != LINK_IDLE) {
		draw_add_state(&text, s, now);
	} else {
		if (s->trouble[0] != '\0')
			y = draw_trouble(s, y, x, width);
		buf_add_str(&text, hint_of(s->step));
		attrset(A_DIM);
	}
	draw_wrapped(y, x, width, LINES - y, &text);
	attrset(A_NORMAL);
	buf_free(&text);
}

/* What the answer is to, or NULL. */
static const char *
label_of(enum form_step step)
{
	switch (step) {
	case FORM_NAME:
		break;
	case FORM_PASSWORD:
	case FORM_NEW_PASSWORD:
		return "Password";
	case FORM_AGAIN:
		return "Again";
	case FORM_INVITE:
		return "Invite";
	case FORM_TRUST:
		return "Trust it?";
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

/* What is written in, or only shown; returns the cursor's column. */
static int
draw_line(int y, int x, int width, const char *label, const struct edit *e)
{
	int at = x + LABEL_WIDTH, room = width - LABEL_WIDTH, cursor;

	mvaddnstr(y, x, label, width);
	attrset(A_UNDERLINE);
	if (room > 0)
		mvhline(y, at, ' ', room);
	cursor = draw_edit(e, y, at, room);
	attrset(A_NORMAL);
	return cursor;
}

static int
draw_choice(int y, int x, int width, const char *label, bool yes)
{
	mvaddnstr(y, x, label, width);
	if (width > LABEL_WIDTH)
		mvaddnstr(y, x + LABEL_WIDTH, yes ? "yes" : "no",
		    width - LABEL_WIDTH);
	return x + LABEL_WIDTH;
}

/* The one that is asked for something, and cannot be changed now. */
static int
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
	return x;
}

static int
draw_field(
    const struct screen *s, enum form_field field, int y, int x, int width)
{
	switch (field) {
	case FIELD_SERVER:
		if (s->step != FORM_NAME)
			return draw_server(s, y, x, width);
		return draw_line(y, x, width, "Server", &s->server);
	case FIELD_TLS:
		return draw_choice(y, x, width, "TLS", s->tls);
	case FIELD_NAME:
		return draw_line(y, x, width, "Name", &s->name);
	case FIELD_REGISTER:
		break;
	}
	return draw_choice(y, x, width, "Register", s->registers);
}

/*
 * Returns the row below, and the cursor.  Where there are few rows, server and
 * name are enough, until one goes to another.
 */
static int
draw_fields(const struct screen *s, int y, int x, int width, int *cursor_y,
    int *cursor_x)
{
	bool all = LINES >= 12 && s->step == FORM_NAME;
	enum form_field field;
	int column;

	for (field = FIELD_SERVER; field <= FIELD_REGISTER; field++) {
		if (!all && field != FIELD_SERVER &&
		    field != (s->field == FIELD_SERVER ? FIELD_NAME : s->field))
			continue;
		column = draw_field(s, field, y, x, width);
		if (field == s->field) {
			*cursor_y = y;
			*cursor_x = column;
		}
		y++;
	}
	return y;
}

static int
draw_question(const struct screen *s, int y, int x, int width)
{
	int at = x + LABEL_WIDTH, room = width - LABEL_WIDTH, cursor;

	mvaddnstr(y, x, label_of(s->step), width);
	attrset(A_UNDERLINE);
	if (room > 0)
		mvhline(y, at, ' ', room);
	cursor = draw_answer(s, y, at, room);
	attrset(A_NORMAL);
	return cursor;
}

void
draw_form(struct screen *s, int64_t now)
{
	int width = COLS < FORM_WIDTH ? COLS : FORM_WIDTH;
	int x = (COLS - width) / 2, y = LINES > 11 ? LINES / 2 - 5 : 0;
	int cursor_y = y, cursor_x = x;
	bool trust = s->step == FORM_TRUST;

	s->explained = false;
	if (trust && LINES <= 24)
		y = 0;
	if (LINES > (trust ? 16 : 5)) {
		attrset(A_BOLD);
		mvaddnstr(y++, x, "Chat", width);
		attrset(A_NORMAL);
	}
	if (LINES > (trust ? 16 : 8))
		y++;
	y = draw_fields(s, y, x, width, &cursor_y, &cursor_x);
	if (s->step != FORM_NAME && y < LINES) {
		cursor_x = draw_question(s, y, x, width);
		cursor_y = y++;
	}
	if (y + 1 < LINES)
		draw_below(s, y + (LINES > (trust ? 16 : 8)), x, width, now);
	move(cursor_y, cursor_x < COLS ? cursor_x : COLS - 1);
}
