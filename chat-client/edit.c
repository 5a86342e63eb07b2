/*
 * The line editor of edit.h.  Called by the screen for each key, and by its
 * unit test.  It does no I/O.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "edit.h"
#include "sanitise.h"
#include "text.h"
#include "wrap.h"

char *
edit_copy(const char *s, size_t n)
{
	char *copy = malloc(n + 1);

	if (copy == NULL)
		err(71, NULL);
	if (n > 0)
		memcpy(copy, s, n);
	copy[n] = '\0';
	return copy;
}

void
edit_init(struct edit *e, size_t max, enum edit_kind kind)
{
	*e = (struct edit){ .max = max, .kind = kind };
}

void
edit_free(struct edit *e)
{
	size_t i;

	while (e->history_len > 0)
		free(e->history[--e->history_len]);
	free(e->history);
	free(e->text);
	for (i = 0; i < EDIT_KILLS_MAX; i++)
		free(e->killed[i]);
	free(e->draft);
	edit_forget(e);
	*e = (struct edit){ .max = e->max, .kind = e->kind };
}

const char *
edit_text(const struct edit *e)
{
	return e->text != NULL ? e->text : "";
}

void
edit_set(struct edit *e, const char *s)
{
	char *copy = edit_copy(s, strlen(s));

	free(e->text);
	e->text = copy;
	e->pos = e->len = strlen(copy);
	e->last = EDIT_LAST_OTHER;
}

void
edit_cut(struct edit *e, size_t from, size_t to)
{
	if (from >= to)
		return;
	memmove(e->text + from, e->text + to, e->len - to + 1);
	e->len -= to - from;
	e->pos = from;
}

static bool
is_allowed(const struct edit *e, uint32_t code)
{
	if (e->kind == EDIT_LINES && (code == '\n' || code == '\t'))
		return true;
	return code >= 0x20 && (code < 0x7f || code > 0x9f);
}

static void
clean_text(const struct edit *e, struct buf *out, const char *s, size_t n)
{
	size_t i, len;
	uint32_t code;

	for (i = 0; i < n; i += len) {
		if ((len = text_char_len(s + i, n - i, &code)) == 0)
			len = 1;
		else if (is_allowed(e, code))
			buf_add(out, s + i, len);
	}
}

bool
edit_replace(struct edit *e, size_t from, const char *s, size_t n)
{
	struct buf clean = { 0 };
	size_t add;

	clean_text(e, &clean, s, n);
	add = buf_len(&clean);
	if (e->len - (e->pos - from) + add > e->max) {
		buf_free(&clean);
		return false;
	}
	if ((e->text = realloc(e->text, e->len + add + 1)) == NULL)
		err(71, NULL);
	e->text[e->len] = '\0';
	edit_cut(e, from, e->pos);
	memmove(e->text + from + add, e->text + from, e->len - from + 1);
	if (add > 0)
		memcpy(e->text + from, buf_head(&clean), add);
	e->len += add;
	e->pos = from + add;
	buf_free(&clean);
	return true;
}

/* What is typed letter by letter is undone together, up to a space. */
bool
edit_insert(struct edit *e, const char *s, size_t n)
{
	bool typed = n <= 4 && e->last == EDIT_LAST_TYPED && e->pos > 0 &&
	    e->text[e->pos - 1] != ' ';

	if (!typed)
		edit_keep(e);
	if (!edit_replace(e, e->pos, s, n))
		return false;
	e->last = EDIT_LAST_TYPED;
	return true;
}

static void
transpose(struct edit *e)
{
	size_t middle = e->pos, left, right;
	char *swapped;

	if (middle == e->len)
		middle = edit_previous(e, middle);
	if (middle == 0)
		return;
	left = edit_previous(e, middle);
	right = edit_next(e, middle);
	swapped = edit_copy(e->text + left, right - left);
	memcpy(e->text + left, swapped + (middle - left), right - middle);
	memcpy(e->text + left + (right - middle), swapped, middle - left);
	e->pos = right;
	free(swapped);
}

/* Up or down a row, to the same character; false: there is none. */
static bool
move_row(struct edit *e, bool down)
{
	size_t start = edit_row_start(e, e->pos), end = edit_row_end(e, e->pos);
	size_t at = start, n = 0;

	if (down ? end == e->len : start == 0)
		return false;
	for (; at < e->pos; at = edit_next(e, at))
		n++;
	at = down ? end + 1 : edit_row_start(e, start - 1);
	for (; n > 0 && at < e->len && e->text[at] != '\n'; n--)
		at = edit_next(e, at);
	e->pos = at;
	return true;
}

/* Where a motion leads. */
static size_t
moved(const struct edit *e, enum edit_op op)
{
	switch (op) {
	case EDIT_LEFT:
		return edit_previous(e, e->pos);
	case EDIT_RIGHT:
		return edit_next(e, e->pos);
	case EDIT_WORD_LEFT:
		return edit_word_left(e, e->pos);
	case EDIT_WORD_RIGHT:
		return edit_word_right(e, e->pos);
	case EDIT_HOME:
		return edit_row_start(e, e->pos);
	case EDIT_END:
		return edit_row_end(e, e->pos);
	default:
		return e->pos;
	}
}

static void
do_change(struct edit *e, enum edit_op op)
{
	edit_keep(e);
	if (op == EDIT_BACKSPACE)
		edit_cut(e, edit_previous(e, e->pos), e->pos);
	else if (op == EDIT_DELETE)
		edit_cut(e, e->pos, edit_next(e, e->pos));
	else if (op == EDIT_TRANSPOSE)
		transpose(e);
	else
		edit_replace(e, e->pos, "\n", 1);
}

void
edit_do(struct edit *e, enum edit_op op)
{
	if (edit_kill(e, op))
		return;
	switch (op) {
	case EDIT_BACKSPACE:
	case EDIT_DELETE:
	case EDIT_TRANSPOSE:
	case EDIT_NEWLINE:
		do_change(e, op);
		break;
	case EDIT_OLDER:
		if (!move_row(e, false) && e->history_pos > 0)
			edit_history_go(e, e->history_pos - 1);
		break;
	case EDIT_NEWER:
		if (!move_row(e, true) && e->history_pos < e->history_len)
			edit_history_go(e, e->history_pos + 1);
		break;
	case EDIT_UNDO:
		edit_go_back(e, &e->undo, &e->redo);
		break;
	case EDIT_REDO:
		edit_go_back(e, &e->redo, &e->undo);
		break;
	default:
		e->pos = moved(e, op);
	}
	e->last = EDIT_LAST_OTHER;
}

char *
edit_take(struct edit *e)
{
	char *line = e->text != NULL ? e->text : edit_copy("", 0);

	e->text = NULL;
	e->len = e->pos = 0;
	free(e->draft);
	e->draft = NULL;
	edit_forget(e);
	edit_history_add(e, line);
	e->history_pos = e->history_len;
	return line;
}

/* Of what is shown of it: a mark without a letter has a circle. */
static int
columns_between(const struct edit *e, size_t from, size_t to)
{
	struct buf shown = { 0 };
	int columns;

	sanitise_add(
	    &shown, e->text + from, to - from, SIZE_MAX, SANITISE_LINE);
	columns = wrap_columns(buf_head(&shown), buf_len(&shown));
	buf_free(&shown);
	return columns;
}

/* As much as fits before the cursor, two thirds of a long row. */
static int
view_before(
    const struct edit *e, size_t start, size_t end, int width, size_t *from)
{
	int before = 0, columns, room;
	size_t next;

	room = columns_between(e, start, end) < width ? width : width * 2 / 3;
	for (*from = e->pos; *from > start; *from = next) {
		next = edit_previous(e, *from);
		columns = columns_between(e, next, *from);
		if (before + columns > room - (room > 1))
			break;
		before += columns;
	}
	return before;
}

int
edit_view(const struct edit *e, size_t row, int width, struct buf *out)
{
	size_t start = 0, end, from, to, next;
	int cursor = -1, columns = 0;

	for (; row > 0; row--)
		start = edit_row_end(e, start) + 1;
	end = edit_row_end(e, start);
	from = to = start;
	if (e->pos >= start && e->pos <= end) {
		columns = cursor = view_before(e, start, end, width, &from);
		to = e->pos;
	}
	for (; to < end; to = next) {
		next = edit_next(e, to);
		columns += columns_between(e, to, next);
		if (columns > width)
			break;
	}
	if (to > from)
		sanitise_add(
		    out, e->text + from, to - from, SIZE_MAX, SANITISE_LINE);
	return cursor;
}
