/*
 * Where characters, words and rows begin and end in the line editor's text
 * (edit.h).
 */
#include <ctype.h>

#include "edit.h"
#include "sanitise.h"
#include "text.h"

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

size_t
edit_next(const struct edit *e, size_t at)
{
	if (at < e->len)
		at = next_code(e, at);
	while (is_mark(e, at))
		at = next_code(e, at);
	return at;
}

size_t
edit_previous(const struct edit *e, size_t at)
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

size_t
edit_word_right(const struct edit *e, size_t at)
{
	while (at < e->len && !in_word(e, at))
		at++;
	while (at < e->len && in_word(e, at))
		at++;
	return at;
}

size_t
edit_word_left(const struct edit *e, size_t at)
{
	while (at > 0 && !in_word(e, at - 1))
		at--;
	while (at > 0 && in_word(e, at - 1))
		at--;
	return at;
}

size_t
edit_row_start(const struct edit *e, size_t at)
{
	while (at > 0 && e->text[at - 1] != '\n')
		at--;
	return at;
}

size_t
edit_row_end(const struct edit *e, size_t at)
{
	while (at < e->len && e->text[at] != '\n')
		at++;
	return at;
}

static size_t
newlines(const struct edit *e, size_t end)
{
	size_t i, n = 0;

	for (i = 0; i < end; i++)
		n += e->text[i] == '\n';
	return n;
}

size_t
edit_rows(const struct edit *e)
{
	return newlines(e, e->len) + 1;
}

size_t
edit_row(const struct edit *e)
{
	return newlines(e, e->pos);
}
