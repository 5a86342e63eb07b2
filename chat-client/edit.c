/*
 * The line editor of edit.h.  Called by the screen for each key, and by its
 * unit test.  It does no I/O.
 */
#include <ctype.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "edit.h"
#include "sanitise.h"
#include "text.h"

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

/* Characters that take no column belong to the one before them. */
static bool
is_mark(const struct edit *e, size_t at)
{
	uint32_t code;

	return at < e->len &&
	    text_char_len(e->text + at, e->len - at, &code) != 0 &&
	    sanitise_width(code) == 0;
}

static size_t
next_code(const struct edit *e, size_t at)
{
	size_t len = text_char_len(e->text + at, e->len - at, NULL);

	return at + (len == 0 ? 1 : len);
}

static size_t
next_char(const struct edit *e, size_t at)
{
	if (at < e->len)
		at = next_code(e, at);
	while (is_mark(e, at))
		at = next_code(e, at);
	return at;
}

static size_t
previous_char(const struct edit *e, size_t at)
{
	while (at > 0) {
		do
			at--;
		while (at > 0 && ((unsigned char)e->text[at] & 0xc0) == 0x80);
		if (!is_mark(e, at))
			break;
	}
	return at;
}

/* Whatever is not ASCII counts as part of a word. */
static bool
in_word(const struct edit *e, size_t at)
{
	unsigned char c = (unsigned char)e->text[at];

	return c >= 0x80 || isalnum(c);
}

static size_t
word_right(const struct edit *e, size_t at)
{
	while (at < e->len && !in_word(e, at))
		at++;
	while (at < e->len && in_word(e, at))
		at++;
	return at;
}

static size_t
word_left(const struct edit *e, size_t at)
{
	while (at > 0 && !in_word(e, at - 1))
		at--;
	while (at > 0 && in_word(e, at - 1))
		at--;
	return at;
}

static void
cut(struct edit *e, size_t from, size_t to)
{
	if (from >= to)
		return;
	memmove(e->text + from, e->text + to, e->len - to + 1);
	e->len -= to - from;
	e->pos = from;
}

/* Kills in a row are one; what is killed to the left comes before. */
static void
keep_killed(struct edit *e, const char *s, size_t n, bool left)
{
	char *old = e->killed[0], *new;
	size_t len;

	if (e->last != EDIT_LAST_KILLED || old == NULL) {
		free(e->killed[EDIT_KILLS_MAX - 1]);
		memmove(e->killed + 1, e->killed,
		    (EDIT_KILLS_MAX - 1) * sizeof(e->killed[0]));
		e->killed[0] = edit_copy(s, n);
		return;
	}
	len = strlen(old);
	if ((new = malloc(len + n + 1)) == NULL)
		err(71, NULL);
	memcpy(new + (left ? n : 0), old, len);
	memcpy(new + (left ? 0 : len), s, n);
	new[len + n] = '\0';
	free(old);
	e->killed[0] = new;
}

static void
kill_text(struct edit *e, size_t from, size_t to)
{
	if (from >= to)
		return;
	edit_keep(e);
	keep_killed(e, e->text + from, to - from, to == e->pos);
	cut(e, from, to);
	e->last = EDIT_LAST_KILLED;
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
	cut(e, from, e->pos);
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
yank(struct edit *e, size_t which)
{
	size_t from = e->last == EDIT_LAST_YANKED ? e->yanked_from : e->pos;

	if (which >= EDIT_KILLS_MAX || e->killed[which] == NULL)
		which = 0;
	if (e->killed[which] == NULL)
		return;
	edit_keep(e);
	if (!edit_replace(e, from, e->killed[which], strlen(e->killed[which])))
		return;
	e->yanked = which;
	e->yanked_from = from;
	e->last = EDIT_LAST_YANKED;
}

static void
transpose(struct edit *e)
{
	size_t middle = e->pos, left, right;
	char *swapped;

	if (middle == e->len)
		middle = previous_char(e, middle);
	if (middle == 0)
		return;
	left = previous_char(e, middle);
	right = next_char(e, middle);
	swapped = edit_copy(e->text + left, right - left);
	memcpy(e->text + left, swapped + (middle - left), right - middle);
	memcpy(e->text + left + (right - middle), swapped, middle - left);
	e->pos = right;
	free(swapped);
}

static size_t
row_start(const struct edit *e, size_t at)
{
	while (at > 0 && e->text[at - 1] != '\n')
		at--;
	return at;
}

static size_t
row_end(const struct edit *e, size_t at)
{
	while (at < e->len && e->text[at] != '\n')
		at++;
	return at;
}

/* Up or down a row, to the same character; false: there is none. */
static bool
move_row(struct edit *e, bool down)
{
	size_t start = row_start(e, e->pos), end = row_end(e, e->pos);
	size_t at = start, n = 0;

	if (down ? end == e->len : start == 0)
		return false;
	for (; at < e->pos; at = next_char(e, at))
		n++;
	at = down ? end + 1 : row_start(e, start - 1);
	for (; n > 0 && at < e->len && e->text[at] != '\n'; n--)
		at = next_char(e, at);
	e->pos = at;
	return true;
}

/* Where a motion leads. */
static size_t
moved(const struct edit *e, enum edit_op op)
{
	switch (op) {
	case EDIT_LEFT:
		return previous_char(e, e->pos);
	case EDIT_RIGHT:
		return next_char(e, e->pos);
	case EDIT_WORD_LEFT:
		return word_left(e, e->pos);
	case EDIT_WORD_RIGHT:
		return word_right(e, e->pos);
	case EDIT_HOME:
		return row_start(e, e->pos);
	case EDIT_END:
		return row_end(e, e->pos);
	default:
		return e->pos;
	}
}

/* The end of its row; at the end, the newline. */
static size_t
kill_end(const struct edit *e)
{
	size_t end = row_end(e, e->pos);

	return end == e->pos && end < e->len ? end + 1 : end;
}

static bool
do_kill(struct edit *e, enum edit_op op)
{
	switch (op) {
	case EDIT_KILL_WORD_LEFT:
		kill_text(e, word_left(e, e->pos), e->pos);
		return true;
	case EDIT_KILL_WORD_RIGHT:
		kill_text(e, e->pos, word_right(e, e->pos));
		return true;
	case EDIT_KILL_TO_HOME:
		kill_text(e, row_start(e, e->pos), e->pos);
		return true;
	case EDIT_KILL_TO_END:
		kill_text(e, e->pos, kill_end(e));
		return true;
	case EDIT_CLEAR:
		e->pos = e->len;
		kill_text(e, 0, e->len);
		return true;
	case EDIT_YANK:
		e->last = EDIT_LAST_OTHER;
		yank(e, 0);
		return true;
	case EDIT_YANK_OLDER:
		if (e->last == EDIT_LAST_YANKED)
			yank(e, e->yanked + 1);
		return true;
	default:
		return false;
	}
}

static void
do_change(struct edit *e, enum edit_op op)
{
	edit_keep(e);
	if (op == EDIT_BACKSPACE)
		cut(e, previous_char(e, e->pos), e->pos);
	else if (op == EDIT_DELETE)
		cut(e, e->pos, next_char(e, e->pos));
	else if (op == EDIT_TRANSPOSE)
		transpose(e);
	else
		edit_replace(e, e->pos, "\n", 1);
}

void
edit_do(struct edit *e, enum edit_op op)
{
	if (do_kill(e, op))
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

static int
columns_between(const struct edit *e, size_t from, size_t to)
{
	uint32_t code;
	size_t len;
	int columns = 0;

	for (; from < to; from += len) {
		if ((len = text_char_len(e->text + from, to - from, &code)) ==
		    0)
			break;
		columns += sanitise_width(code);
	}
	return columns;
}

size_t
edit_rows(const struct edit *e)
{
	size_t i, n = 1;

	for (i = 0; i < e->len; i++)
		n += e->text[i] == '\n';
	return n;
}

size_t
edit_row(const struct edit *e)
{
	size_t i, n = 0;

	for (i = 0; i < e->pos; i++)
		n += e->text[i] == '\n';
	return n;
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
		next = previous_char(e, *from);
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
		start = row_end(e, start) + 1;
	end = row_end(e, start);
	from = to = start;
	if (e->pos >= start && e->pos <= end) {
		columns = cursor = view_before(e, start, end, width, &from);
		to = e->pos;
	}
	for (; to < end; to = next) {
		next = next_char(e, to);
		columns += columns_between(e, to, next);
		if (columns > width)
			break;
	}
	if (to > from)
		sanitise_add(
		    out, e->text + from, to - from, SIZE_MAX, SANITISE_LINE);
	return cursor;
}
