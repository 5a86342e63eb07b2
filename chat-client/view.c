/*
 * The window of view.h.  A place in the log is an entry's index and one of
 * its lines; lines are counted only as far as the window needs.  An entry's
 * own lines count from 0; those that stand above it, for a new day and for
 * what was not read, have negative numbers, so that a place stays where it is
 * when they come and go.
 */
#include "talk.h"
#include "view.h"
#include "wrap.h"

#define INDENT_NARROW 2 /* when the head of a line is too wide for it */

struct place {
	size_t index;
	int line;
};

void
view_resize(struct view *v, int width, int height, int upper)
{
	v->width = width < 1 ? 1 : width;
	v->height = height < 0 ? 0 : height;
	v->upper = upper < v->height ? upper : v->height;
}

int
view_height(const struct view *v)
{
	return v->scrolled ? v->upper : v->height;
}

void
view_follow(struct view *v)
{
	v->scrolled = false;
}

static int
indent_of(const struct view *v, const struct entry *e)
{
	if (e->head_len <= v->width / 3)
		return e->head_len;
	return v->width > 4 * INDENT_NARROW ? INDENT_NARROW : 0;
}

static int
lines_of(const struct view *v, const struct entry *e)
{
	return (int)wrap_count(e->line, e->len, v->width, indent_of(v, e));
}

/* Whether a day begins with that entry; what has no time is of no day. */
static bool
begins_day(const struct talk *t, size_t index)
{
	int32_t day = t->entries[index]->day;
	size_t i = index;

	if (day < 0)
		return false;
	while (i > 0 && t->entries[i - 1]->day < 0)
		i--;
	return i == 0 || t->entries[i - 1]->day != day;
}

static bool
begins_unread(const struct talk *t, size_t index)
{
	return t->marker != 0 && t->entries[index]->serial == t->marker;
}

/* The number of its first line: 0, or less with lines above it. */
static int
first_of(const struct talk *t, size_t index)
{
	return -begins_day(t, index) - begins_unread(t, index);
}

static struct place
newest(const struct view *v, const struct talk *t)
{
	return (struct place){ t->len - 1,
		lines_of(v, t->entries[t->len - 1]) - 1 };
}

/* The entry with that serial, found near the index where it was. */
static bool
find(const struct talk *t, uint64_t serial, size_t near, size_t *index)
{
	size_t away;

	for (away = 0; away < t->len || away <= near; away++) {
		if (away <= near && near - away < t->len &&
		    t->entries[near - away]->serial == serial) {
			*index = near - away;
			return true;
		}
		if (near + away < t->len &&
		    t->entries[near + away]->serial == serial) {
			*index = near + away;
			return true;
		}
	}
	return false;
}

/* Where the view hangs; its entry may be forgotten or wrapped anew. */
static struct place
bottom(const struct view *v, const struct talk *t)
{
	struct place p = { 0, 0 };
	int lines, first;

	if (!v->scrolled)
		return newest(v, t);
	if (!find(t, v->serial, v->index, &p.index))
		return p;
	lines = lines_of(v, t->entries[p.index]);
	first = first_of(t, p.index);
	p.line = v->line < first ? first : v->line;
	if (p.line >= lines)
		p.line = lines - 1;
	return p;
}

/* Up to n lines up; returns how many there were. */
static size_t
go_up(const struct view *v, const struct talk *t, struct place *p, size_t n)
{
	size_t gone = 0, step;
	int first = first_of(t, p->index);

	while (gone < n) {
		if (p->line > first) {
			step = (size_t)(p->line - first);
			step = step < n - gone ? step : n - gone;
			p->line -= (int)step;
			gone += step;
		} else if (p->index > 0) {
			p->index--;
			p->line = lines_of(v, t->entries[p->index]) - 1;
			first = first_of(t, p->index);
			gone++;
		} else {
			break;
		}
	}
	return gone;
}

static size_t
go_down(const struct view *v, const struct talk *t, struct place *p, size_t n)
{
	int lines = lines_of(v, t->entries[p->index]);
	size_t gone = 0;

	for (; gone < n; gone++) {
		if (p->line + 1 < lines) {
			p->line++;
		} else if (p->index + 1 < t->len) {
			p->index++;
			p->line = first_of(t, p->index);
			lines = lines_of(v, t->entries[p->index]);
		} else {
			break;
		}
	}
	return gone;
}

/* It follows the newest again where the whole window would show as much. */
static void
hang(struct view *v, const struct talk *t, struct place p)
{
	struct place end = p;
	size_t spare = (size_t)(v->height - v->upper);

	v->scrolled = go_down(v, t, &end, spare + 1) > spare;
	v->serial = t->entries[p.index]->serial;
	v->index = p.index;
	v->line = p.line;
}

/* Of the window while it is scrolled. */
static size_t
rows_of(const struct view *v)
{
	return v->upper > 0 ? (size_t)v->upper : 1;
}

/* At the top, the first line of the log stays in the window's first row. */
static void
stay_full(const struct view *v, const struct talk *t, struct place *p)
{
	struct place top = *p;
	size_t rows = rows_of(v);
	size_t above = go_up(v, t, &top, rows - 1);

	go_down(v, t, p, rows - 1 - above);
}

void
view_scroll(struct view *v, const struct talk *t, int lines)
{
	struct place p;

	if (t->len == 0)
		return;
	p = bottom(v, t);
	if (lines > 0)
		go_up(v, t, &p, (size_t)lines);
	else
		go_down(v, t, &p, (size_t)-lines);
	stay_full(v, t, &p);
	hang(v, t, p);
}

bool
view_go_unread(struct view *v, const struct talk *t)
{
	struct place p;

	if (t->marker == 0 || t->len == 0 ||
	    !find(t, t->marker, t->len - 1, &p.index))
		return false;
	p.line = -1;
	go_down(v, t, &p, rows_of(v) - 1);
	stay_full(v, t, &p);
	hang(v, t, p);
	return true;
}

size_t
view_above(struct view *v, const struct talk *t, size_t most)
{
	struct place p;
	size_t rows = view_height(v) > 0 ? (size_t)view_height(v) : 1, n;

	if (t->len == 0)
		return 0;
	p = bottom(v, t);
	n = go_up(v, t, &p, rows - 1 + most);
	return n > rows - 1 ? n - (rows - 1) : 0;
}

size_t
view_bare(const struct view *v, const struct talk *t, int width, int height,
    size_t *end)
{
	size_t first, rows = 0;

	if (t->len == 0)
		return *end = 0;
	first = *end = bottom(v, t).index + 1;
	while (first > 0) {
		rows += wrap_rows(t->entries[first - 1]->line,
		    t->entries[first - 1]->len, width);
		if (rows > (size_t)height && first < *end)
			break;
		first--;
	}
	return first;
}

/* The rows of an entry's own lines up to that one, last one first. */
static size_t
text_rows(const struct view *v, const struct entry *e, size_t last,
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
				.indent = w.column };
		line++;
	}
	return n;
}

/* All rows of an entry up to that line. */
static size_t
entry_rows(const struct view *v, const struct talk *t, struct place p,
    struct view_row *rows, size_t room)
{
	const struct entry *e = t->entries[p.index];
	size_t n = 0;

	if (p.line >= 0) {
		n = text_rows(v, e, (size_t)p.line, rows, room);
		p.line = -1;
	}
	/* The line for what was not read is the lower of the two. */
	for (; n < room && p.line >= first_of(t, p.index); p.line--)
		rows[n++] = (struct view_row){ .entry = e,
			.kind = p.line == -1 && begins_unread(t, p.index)
			    ? VIEW_UNREAD
			    : VIEW_DAY };
	return n;
}

size_t
view_rows(struct view *v, const struct talk *t, struct view_row *rows)
{
	size_t n = 0, room;
	struct place p;

	if (t->len == 0)
		return 0;
	p = bottom(v, t);
	if (v->scrolled) {
		/* A window that grew, or a log that shrank. */
		stay_full(v, t, &p);
		hang(v, t, p);
		p = bottom(v, t);
	}
	room = (size_t)view_height(v);
	while (n < room) {
		n += entry_rows(v, t, p, rows + n, room - n);
		if (p.index == 0)
			break;
		p.index--;
		p.line = lines_of(v, t->entries[p.index]) - 1;
	}
	return n;
}
