/*
 * Where one writes: the line with its prompt, or a question in its place.
 * Called by draw.c.
 */
#include <string.h>

#include "draw-parts.h"
#include "input.h"

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
		return "Invitation, or nothing: ";
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
	column = edit_view(e, width, &text);
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

int
draw_input(const struct screen *s, const struct layout *l)
{
	const char *text = edit_text(&s->line);
	bool command = text[0] == '/' && text[1] != '/';
	int x, cursor;

	if (s->question.step != ASK_NOTHING)
		return draw_question(&s->question, l->input);
	x = draw_prompt(s, l->input, command);
	if (command)
		attrset(theme_look(LOOK_COMMAND));
	cursor = draw_edit(&s->line, l->input, x, COLS - x);
	attrset(A_NORMAL);
	return cursor;
}
