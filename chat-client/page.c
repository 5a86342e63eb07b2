/*
 * The page of page.h.  It is broken anew for each drawing, for it is short
 * and seldom there.
 */
#include <string.h>

#include "page.h"
#include "wrap.h"

#define SPLIT_FROM   60 /* columns that leave room for two parts */
#define LEFT_WIDTH   28 /* of the first of them */
#define BELOW_INDENT 4	/* of the second, if it stands below */

/* Where rows go: those from `skip' on, at most `max', into `rows'. */
struct sink {
	struct page_row *rows;
	size_t skip, max;
	size_t count; /* of all there are */
};

void
page_open(struct page *p, const char *title)
{
	buf_reset(&p->text, 0);
	p->open = true;
	p->title = title;
	p->top = 0;
}

void
page_close(struct page *p)
{
	p->open = false;
	buf_free(&p->text);
}

static void
put(struct sink *sink, const struct page_row *row)
{
	size_t n = sink->count++;

	if (n >= sink->skip && n - sink->skip < sink->max)
		sink->rows[n - sink->skip] = *row;
}

/* Text[from, to) in rows; the first one may have something beside it. */
static void
wrap_part(struct sink *sink, const struct page *p, size_t from, size_t to,
    struct page_row row)
{
	struct wrap w;
	size_t start, end;

	wrap_start(&w, buf_head(&p->text) + from, to - from,
	    p->width - row.indent > 1 ? p->width - row.indent : 1, 0);
	while (wrap_next(&w, &start, &end)) {
		row.start = from + start;
		row.end = from + end;
		put(sink, &row);
		row.left_start = row.left_end = 0;
	}
}

static void
put_line(struct sink *sink, const struct page *p, size_t from, size_t to)
{
	const char *text = buf_head(&p->text);
	const char *tab = memchr(text + from, '\t', to - from);
	struct page_row row = { .heading = tab == NULL };
	size_t split = tab != NULL ? (size_t)(tab - text) : to;
	bool beside = p->width >= SPLIT_FROM &&
	    wrap_columns(text + from, split - from) < LEFT_WIDTH;

	if (tab == NULL) {
		wrap_part(sink, p, from, to, row);
		return;
	}
	if (beside) {
		row.left_start = from;
		row.left_end = split;
	} else {
		wrap_part(sink, p, from, split, row);
	}
	row.indent = p->width >= SPLIT_FROM ? LEFT_WIDTH : BELOW_INDENT;
	wrap_part(sink, p, split + 1, to, row);
}

static void
layout(const struct page *p, struct sink *sink)
{
	const char *text = buf_head(&p->text), *lf;
	size_t at, end, len = buf_len(&p->text);

	for (at = 0; at < len; at = end + 1) {
		lf = memchr(text + at, '\n', len - at);
		end = lf != NULL ? (size_t)(lf - text) : len;
		put_line(sink, p, at, end);
	}
}

void
page_resize(struct page *p, int width, int height)
{
	struct sink sink = { 0 };

	p->width = width > 0 ? width : 1;
	p->height = height > 0 ? height : 1;
	layout(p, &sink);
	p->rows = sink.count;
	page_scroll(p, 0);
}

void
page_scroll(struct page *p, long rows)
{
	size_t most =
	    p->rows > (size_t)p->height ? p->rows - (size_t)p->height : 0;

	if (rows < 0 && (size_t)-rows > p->top)
		p->top = 0;
	else
		p->top += (size_t)rows;
	if (p->top > most)
		p->top = most;
}

size_t
page_rows(const struct page *p, struct page_row *rows)
{
	struct sink sink = { rows, p->top, (size_t)p->height, 0 };

	layout(p, &sink);
	return sink.count - p->top < sink.max ? sink.count - p->top : sink.max;
}
