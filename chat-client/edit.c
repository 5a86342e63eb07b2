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

static char *
copy_bytes(const char *s, size_t n)
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
edit_init(struct edit *e, size_t max, bool keeps_history)
{
	*e = (struct edit){ .max = max, .keeps_history = keeps_history };
}

void
edit_free(struct edit *e)
{
	while (e->history_len > 0)
		free(e->history[--e->history_len]);
	free(e->history);
	free(e->text);
	free(e->killed);
	free(e->draft);
	*e = (struct edit){ .max = e->max };
}

const char *
edit_text(const struct edit *e)
{
	return e->text != NULL ? e->text : "";
}

void
edit_set(struct edit *e, const char *s)
{
	char *copy = copy_bytes(s, strlen(s));

	free(e->text);
	e->text = copy;
	e->pos = e->len = strlen(copy);
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

static void
kill_text(struct edit *e, size_t from, size_t to)
{
	if (from >= to)
		return;
	free(e->killed);
	e->killed = copy_bytes(e->text + from, to - from);
	cut(e, from, to);
}

bool
edit_insert(struct edit *e, const char *s, size_t n)
{
	struct buf clean = { 0 };
	size_t i, len, add;
	uint32_t code;

	for (i = 0; i < n; i += len) {
		if ((len = text_char_len(s + i, n - i, &code)) == 0) {
			len = 1;
			continue;
		}
		if (code >= 0x20 && (code < 0x7f || code > 0x9f))
			buf_add(&clean, s + i, len);
	}
	add = buf_len(&clean);
	if (add == 0 || e->len + add > e->max) {
		buf_free(&clean);
		return add == 0;
	}
	if ((e->text = realloc(e->text, e->len + add + 1)) == NULL)
		err(71, NULL);
	memmove(e->text + e->pos + add, e->text + e->pos, e->len - e->pos);
	memcpy(e->text + e->pos, buf_head(&clean), add);
	e->len += add;
	e->pos += add;
	e->text[e->len] = '\0';
	buf_free(&clean);
	return true;
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
	swapped = copy_bytes(e->text + left, right - left);
	memcpy(e->text + left, swapped + (middle - left), right - middle);
	memcpy(e->text + left + (right - middle), swapped, middle - left);
	e->pos = right;
	free(swapped);
}

static void
history_go(struct edit *e, size_t to)
{
	if (e->history_pos == e->history_len) {
		free(e->draft);
		e->draft = copy_bytes(edit_text(e), e->len);
	}
	e->history_pos = to;
	edit_set(e, to == e->history_len ? e->draft : e->history[to]);
}

static void
history_add(struct edit *e, const char *line)
{
	if (!e->keeps_history || *line == '\0' ||
	    (e->history_len > 0 &&
		strcmp(e->history[e->history_len - 1], line) == 0))
		return;
	if (e->history == NULL &&
	    (e->history = calloc(EDIT_HISTORY_MAX, sizeof(*e->history))) ==
		NULL)
		err(71, NULL);
	if (e->history_len == EDIT_HISTORY_MAX) {
		free(e->history[0]);
		memmove(e->history, e->history + 1,
		    (EDIT_HISTORY_MAX - 1) * sizeof(*e->history));
		e->history_len--;
	}
	e->history[e->history_len++] = copy_bytes(line, strlen(line));
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
		return 0;
	case EDIT_END:
		return e->len;
	default:
		return e->pos;
	}
}

void
edit_do(struct edit *e, enum edit_op op)
{
	switch (op) {
	case EDIT_BACKSPACE:
		cut(e, previous_char(e, e->pos), e->pos);
		break;
	case EDIT_DELETE:
		cut(e, e->pos, next_char(e, e->pos));
		break;
	case EDIT_TRANSPOSE:
		transpose(e);
		break;
	case EDIT_KILL_WORD_LEFT:
		kill_text(e, word_left(e, e->pos), e->pos);
		break;
	case EDIT_KILL_WORD_RIGHT:
		kill_text(e, e->pos, word_right(e, e->pos));
		break;
	case EDIT_KILL_TO_HOME:
		kill_text(e, 0, e->pos);
		break;
	case EDIT_KILL_TO_END:
		kill_text(e, e->pos, e->len);
		break;
	case EDIT_CLEAR:
		kill_text(e, 0, e->len);
		break;
	case EDIT_YANK:
		if (e->killed != NULL)
			edit_insert(e, e->killed, strlen(e->killed));
		break;
	case EDIT_OLDER:
		if (e->history_pos > 0)
			history_go(e, e->history_pos - 1);
		break;
	case EDIT_NEWER:
		if (e->history_pos < e->history_len)
			history_go(e, e->history_pos + 1);
		break;
	default:
		e->pos = moved(e, op);
	}
}

char *
edit_take(struct edit *e)
{
	char *line = e->text != NULL ? e->text : copy_bytes("", 0);

	e->text = NULL;
	e->len = e->pos = 0;
	free(e->draft);
	e->draft = NULL;
	history_add(e, line);
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

int
edit_view(const struct edit *e, int width, struct buf *out)
{
	size_t from, to, next;
	int before = 0, columns, room;

	/* As much as fits before the cursor, two thirds of a long line. */
	room = columns_between(e, 0, e->len) < width ? width : width * 2 / 3;
	for (from = e->pos; from > 0; from = next) {
		next = previous_char(e, from);
		columns = columns_between(e, next, from);
		if (before + columns > room - (room > 1))
			break;
		before += columns;
	}
	columns = before;
	for (to = e->pos; to < e->len; to = next) {
		next = next_char(e, to);
		columns += columns_between(e, to, next);
		if (columns > width)
			break;
	}
	if (to > from)
		sanitise_add(
		    out, e->text + from, to - from, SIZE_MAX, SANITISE_LINE);
	return before;
}
