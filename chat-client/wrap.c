/*
 * The line breaking of wrap.h.  Looks at each character a bounded number of
 * times and allocates nothing.
 */
#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <wchar.h>

#include "text.h"
#include "wrap.h"

/* The length and the columns of the character at s. */
static size_t
char_at(const char *s, size_t n, int *columns)
{
	uint32_t code;
	size_t len = text_char_len(s, n, &code);

	if (len == 0) {
		*columns = 1;
		return 1;
	}
	*columns = wcwidth((wchar_t)code);
	if (*columns < 0)
		*columns = 1;
	return len;
}

void
wrap_start(struct wrap *w, const char *text, size_t len, int width, int indent)
{
	*w = (struct wrap){ .text = text,
		.len = len,
		.width = width < 1 ? 1 : width,
		.indent = indent < width ? indent : 0 };
}

/* Whether a link begins there, such as "https://". */
static bool
is_link(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && isalpha((unsigned char)s[i]))
		i++;
	return i > 0 && n - i > 3 && memcmp(s + i, "://", 3) == 0;
}

/* Whether the word there takes more columns than that. */
static bool
is_wider(const char *s, size_t n, int columns)
{
	size_t i = 0;
	int wide;

	while (i < n && columns >= 0 && s[i] != ' ' && s[i] != '\n') {
		i += char_at(s + i, n - i, &wide);
		columns -= wide;
	}
	return columns < 0;
}

/* Where the next line begins. */
static int
next_column(const struct wrap *w)
{
	const char *s = w->text + w->pos;
	size_t n = w->len - w->pos;

	if (!w->begun || w->in_link ||
	    (is_link(s, n) && is_wider(s, n, w->width - w->indent)))
		return 0;
	return w->indent;
}

bool
wrap_next(struct wrap *w, size_t *start, size_t *end)
{
	size_t i = w->pos, space = 0, len;
	int columns, wide = 0;
	bool link;

	if (w->begun && w->pos >= w->len)
		return false;
	w->column = columns = next_column(w);
	link = w->in_link || is_link(w->text + w->pos, w->len - w->pos);
	w->in_link = false;
	w->begun = true;
	*start = w->pos;
	for (; i < w->len && w->text[i] != '\n'; i += len) {
		len = char_at(w->text + i, w->len - i, &wide);
		if (columns + wide > w->width && i > *start)
			break;
		columns += wide;
		if (w->text[i] == ' ')
			space = i + 1;
	}
	if (i == w->len || w->text[i] == '\n') {
		*end = i;
		w->pos = i + (i < w->len);
		/* A newline at the very end begins no further line. */
	} else if (w->text[i] == ' ') {
		*end = i;
		w->pos = i + 1;
	} else if (space > *start && wide < 2) {
		*end = space - 1;
		w->pos = space;
	} else {
		*end = w->pos = i;
		w->in_link = link;
	}
	return true;
}

size_t
wrap_count(const char *text, size_t len, int width, int indent)
{
	struct wrap w;
	size_t lines = 0, start, end;

	wrap_start(&w, text, len, width, indent);
	while (wrap_next(&w, &start, &end))
		lines++;
	return lines;
}

size_t
wrap_rows(const char *text, size_t len, int width)
{
	size_t i, rows = 1;
	int columns = 0, wide;

	for (i = 0; i < len;) {
		if (text[i] == '\n') {
			rows++;
			columns = 0;
			i++;
			continue;
		}
		i += char_at(text + i, len - i, &wide);
		if (columns + wide > width && columns > 0) {
			rows++;
			columns = 0;
		}
		columns += wide;
	}
	return rows;
}

int
wrap_columns(const char *text, size_t len)
{
	size_t i;
	int columns = 0, wide;

	for (i = 0; i < len; columns += wide)
		i += char_at(text + i, len - i, &wide);
	return columns;
}

size_t
wrap_fit(const char *text, size_t len, int columns)
{
	size_t i = 0, one;
	int wide;

	while (i < len) {
		one = char_at(text + i, len - i, &wide);
		if (wide > columns)
			break;
		columns -= wide;
		i += one;
	}
	return i;
}
