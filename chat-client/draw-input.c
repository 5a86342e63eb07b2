/*
 * Where one writes: the line with its prompt, or a question in its place.
 * Called by draw.c.
 */
#include <string.h>

#include "draw-parts.h"
#include "input.h"
#include "sanitise.h"

#define PASTE_WIDE_FROM 66 /* columns for the whole question */

static size_t
characters(const struct credential *secret)
{
	size_t i, n = 0;

	for (i = 0; i < secret->len; i++)
		n += ((unsigned char)secret->text[i] & 0xc0) != 0x80;
	return n;
}

int
draw_secret(const struct credential *secret, int y, int x, int width)
{
	int i, n = (int)characters(secret);

	move(y, x);
	for (i = 0; i < n && i < width; i++)
		addch('*');
	return x + (n < width ? n : width - 1);
}

static const char *
question_label(enum ask_step step)
{
	switch (step) {
	case ASK_NOTHING:
		break;
	case ASK_OLD:
		return "Old password: ";
	case ASK_NEW:
		return "New password: ";
	case ASK_AGAIN:
		return "The same again: ";
	case ASK_INVITE:
		return "Invitation or none: ";
	}
	return "";
}

static int
draw_question(const struct question *q, int y)
{
	const char *label = question_label(q->step);
	int x = (int)strlen(label);

	if (x > COLS / 2)
		x = COLS / 2;
	attrset(theme_look(LOOK_PROMPT));
	mvaddnstr(y, 0, label, x);
	attrset(A_NORMAL);
	return draw_secret(&q->answer, y, x, COLS - x);
}

int
draw_edit(const struct edit *e, int y, int x, int width)
{
	struct buf text = { 0 };
	int column;

	if (width < 1)
		width = 1;
	column = edit_view(e, edit_row(e), width, &text);
	move(y, x);
	if (buf_len(&text) > 0)
		draw_put(buf_head(&text), buf_len(&text), width);
	buf_free(&text);
	return x + (column < width ? column : width - 1);
}

/* Whether it is a command, or may become one when it is finished. */
static bool
is_known(const char *line)
{
	const struct input_command *c;
	size_t n = strcspn(line, " \t\n");

	if (line[n] != '\0')
		return input_find(line, n) != NULL;
	for (c = input_commands; c->name != NULL; c++)
		if (strncmp(c->name, line + 1, n - 1) == 0)
			return true;
	return false;
}

/* Whom it goes to; a command goes to nobody. */
static int
draw_prompt(const struct screen *s, int y, bool command)
{
	const struct talk *t = s->model->now;
	struct buf text = { 0 };
	int width, most = COLS / 3;

	if (command)
		buf_add_str(&text,
		    is_known(edit_text(&s->line)) ? "command" : "no command");
	else if (!talk_is_all(t))
		buf_add_str(&text, t->name);
	width = (int)buf_len(&text) < most ? (int)buf_len(&text) : most;
	attrset(theme_look(command ? LOOK_COMMAND : LOOK_PROMPT));
	move(y, 0);
	draw_put(buf_head(&text), buf_len(&text), width);
	if (COLS > width + 2)
		addstr("> ");
	attrset(A_NORMAL);
	buf_free(&text);
	return COLS > width + 2 ? width + 2 : width;
}

/* What becomes of a paste, for less room in fewer words. */
static void
ask_paste(char *text, size_t size, const struct screen *s)
{
	size_t len = s->line.len, rows = edit_rows(&s->line);
	long long most = s->link->text_max;
	bool wide = COLS >= PASTE_WIDE_FROM;

	if (most > 0 && (long long)len > most)
		snprintf(text, size,
		    wide ? "Too long: %zu bytes of %lld. e: edit, "
			   "Escape: cancel"
			 : "%zu of %lld bytes! e: edit, Esc: cancel",
		    len, most);
	else if (wide)
		snprintf(text, size,
		    "Send %zu lines (%zu bytes)? s: send, e: edit, "
		    "Escape: cancel",
		    rows, len);
	else
		snprintf(text, size, "%zu lines? s: send, e: edit, Esc: cancel",
		    rows);
}

/* The question above a paste, or the search that goes on. */
static bool
add_head(struct buf *out, const struct screen *s)
{
	char text[160];

	if (s->line.searching)
		snprintf(text, sizeof(text), "%s \"%s\"",
		    s->line.lost ? "no earlier line with" : "earlier lines:",
		    s->line.sought);
	else if (!s->guarded)
		return false;
	else
		ask_paste(text, sizeof(text), s);
	sanitise_add(out, text, strlen(text), sizeof(text), SANITISE_LINE);
	return true;
}

static void
draw_head(const struct buf *head, int y)
{
	attrset(theme_look(LOOK_STATUS));
	mvhline(y, 0, ' ', COLS);
	move(y, 0);
	draw_put(buf_head(head), buf_len(head), COLS);
	attrset(A_NORMAL);
}

/* How much of what the server takes is used, when it becomes much. */
static void
draw_count(const struct screen *s, int y)
{
	int64_t most = s->link->text_max;
	char text[48];
	int n;

	if (most <= 0 || (int64_t)s->line.len < most - most / 4)
		return;
	n = snprintf(
	    text, sizeof(text), " %zu/%lld", s->line.len, (long long)most);
	if (n >= COLS / 2)
		return;
	attrset(
	    theme_look((int64_t)s->line.len > most ? LOOK_ERROR : LOOK_NOTICE));
	mvaddnstr(y, COLS - n, text, n);
	attrset(A_NORMAL);
}

int
draw_input_rows(const struct screen *s)
{
	struct buf head = { 0 };
	int rows = (int)edit_rows(&s->line), most = LINES / 2;

	if (s->question.step != ASK_NOTHING)
		return 1;
	if (most > PASTE_ROWS_MAX)
		most = PASTE_ROWS_MAX;
	rows += add_head(&head, s);
	buf_free(&head);
	return rows < most ? rows : most > 1 ? most : 1;
}

/* Rows of the text, of which the cursor's is one. */
static void
draw_rows(const struct screen *s, int y, int height, int x)
{
	size_t n = edit_rows(&s->line), at = edit_row(&s->line), top = 0;
	struct buf text = { 0 };
	int i, column, cursor_y = y, cursor_x = x, width = COLS - x;

	/* A paste is read from its beginning. */
	if (at >= (size_t)height && !s->guarded)
		top = at - (size_t)height + 1;
	for (i = 0; i < height && top + (size_t)i < n; i++) {
		column = edit_view(
		    &s->line, top + (size_t)i, width > 0 ? width : 1, &text);
		move(y + i, x);
		if (buf_len(&text) > 0)
			draw_put(buf_head(&text), buf_len(&text), width);
		buf_reset(&text, SIZE_MAX);
		if (column >= 0) {
			cursor_y = y + i;
			cursor_x = x + (column < width ? column : width - 1);
		}
	}
	buf_free(&text);
	attrset(A_NORMAL);
	draw_count(s, y);
	move(cursor_y, cursor_x < COLS ? cursor_x : COLS - 1);
}

void
draw_input(const struct screen *s, const struct layout *l)
{
	const char *text = edit_text(&s->line);
	bool command = text[0] == '/' && text[1] != '/';
	struct buf head = { 0 };
	int y = l->input, x;

	if (s->question.step != ASK_NOTHING) {
		x = draw_question(&s->question, y);
		move(y, x);
		return;
	}
	if (add_head(&head, s) && y + 1 < LINES)
		draw_head(&head, y++);
	buf_free(&head);
	x = draw_prompt(s, y, command);
	if (command)
		attrset(theme_look(LOOK_COMMAND));
	draw_rows(s, y, LINES - y, x);
}
