/*
 * The line breaking of wrap.h.  Looks at each character a bounded number of
 * times and allocates nothing.
 */
#include <stdint.h>
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

bool
wrap_next(struct wrap *w, size_t *start, size_t *end)
{
	size_t i = w->pos, space = 0, len;
	int columns = w->begun ? w->indent : 0, wide;

	if (w->begun && w->pos >= w->len)
		return false;
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
	} else if (space > *start) {
		*end = space - 1;
		w->pos = space;
	} else {
		*end = w->pos = i;
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
