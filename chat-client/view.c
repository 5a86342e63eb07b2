/*
 * The window of view.h.  A place in the log is an entry's index and one of
 * its lines; lines are counted only as far as the window needs.
 */
#include "view.h"
#include "wrap.h"

#define INDENT_NARROW 2 /* when the head of a line is too wide for it */

struct place {
	size_t index;
	size_t line;
};

void
view_resize(struct view *v, int width, int height)
{
	v->width = width < 1 ? 1 : width;
	v->height = height < 0 ? 0 : height;
}

void
view_follow(struct view *v)
{
	v->scrolled = false;
}

static int
indent_of(const struct view *v, const struct entry *e)
{
	if (e->head_columns <= v->width / 3)
		return e->head_columns;
	return v->width > 4 * INDENT_NARROW ? INDENT_NARROW : 0;
}

static size_t
lines_of(const struct view *v, const struct entry *e)
{
	return wrap_count(e->line, e->len, v->width, indent_of(v, e));
}

static struct place
newest(const struct view *v, const struct model *m)
{
	return (struct place){ m->len - 1,
		lines_of(v, m->entries[m->len - 1]) - 1 };
}

/* Where the view hangs; its entry may be forgotten or wrapped anew. */
static struct place
bottom(const struct view *v, const struct model *m)
{
	struct place p;
	size_t i, lines;

	if (!v->scrolled)
		return newest(v, m);
	for (i = m->len; i > 1; i--)
		if (m->entries[i - 1]->serial == v->serial)
			break;
	p.index = i - 1;
	lines = lines_of(v, m->entries[p.index]);
	p.line = v->line < lines ? v->line : lines - 1;
	return p;
}

/* Up to n lines up; returns how many there were. */
static size_t
go_up(const struct view *v, const struct model *m, struct place *p, size_t n)
{
	size_t gone = 0, step;

	while (gone < n) {
		if (p->line > 0) {
			step = p->line < n - gone ? p->line : n - gone;
			p->line -= step;
			gone += step;
		} else if (p->index > 0) {
			p->index--;
			p->line = lines_of(v, m->entries[p->index]) - 1;
			gone++;
		} else {
			break;
		}
	}
	return gone;
}

static void
go_down(const struct view *v, const struct model *m, struct place *p, size_t n)
{
	size_t lines = lines_of(v, m->entries[p->index]);

	while (n > 0) {
		if (p->line + 1 < lines) {
			p->line++;
		} else if (p->index + 1 < m->len) {
			p->index++;
			p->line = 0;
			lines = lines_of(v, m->entries[p->index]);
		} else {
			break;
		}
		n--;
	}
}

static void
hang(struct view *v, const struct model *m, struct place p)
{
	struct place end = newest(v, m);

	v->scrolled = p.index != end.index || p.line != end.line;
	v->serial = m->entries[p.index]->serial;
	v->line = p.line;
}

/* At the top, the first line of the log stays in the window's first row. */
static void
stay_full(const struct view *v, const struct model *m, struct place *p)
{
	struct place top = *p;
	size_t rows = v->height > 0 ? (size_t)v->height : 1;
	size_t above = go_up(v, m, &top, rows - 1);

	go_down(v, m, p, rows - 1 - above);
}

void
view_scroll(struct view *v, const struct model *m, int lines)
{
	struct place p;

	if (m->len == 0)
		return;
	p = bottom(v, m);
	if (lines > 0)
		go_up(v, m, &p, (size_t)lines);
	else
		go_down(v, m, &p, (size_t)-lines);
	stay_full(v, m, &p);
	hang(v, m, p);
}

/* The rows of an entry from its first line to that one, last one first. */
static size_t
entry_rows(const struct view *v, const struct entry *e, size_t last,
    struct view_row *rows, size_t room)
{
	struct wrap w;
	size_t line = 0, skip, start, end, n;

	n = last + 1 < room ? last + 1 : room;
	skip = last + 1 - n;
	wrap_start(&w, e->line, e->len, v->width, indent_of(v, e));
	while (line <= last && wrap_next(&w, &start, &end)) {
		if (line >= skip)
			rows[last - line] = (struct view_row){ .entry = e,
				.start = start,
				.end = end,
				.indent = line > 0 ? indent_of(v, e) : 0 };
		line++;
	}
	return n;
}

size_t
view_rows(struct view *v, const struct model *m, struct view_row *rows)
{
	size_t n = 0, room = (size_t)v->height;
	struct place p;

	if (m->len == 0)
		return 0;
	p = bottom(v, m);
	if (v->scrolled) {
		/* A window that grew, or a log that shrank. */
		stay_full(v, m, &p);
		hang(v, m, p);
	}
	while (n < room) {
		n += entry_rows(
		    v, m->entries[p.index], p.line, rows + n, room - n);
		if (p.index == 0)
			break;
		p.index--;
		p.line = lines_of(v, m->entries[p.index]) - 1;
	}
	return n;
}
