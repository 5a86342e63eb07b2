/*
 * The messages, and the panes beside them: conversations on the left, users
 * on the right.  Called by draw.c.
 */
#include <stdio.h>
#include <string.h>

#include "draw-parts.h"
#include "format.h"
#include "talk.h"

#define ROWS_MAX 1000 /* of messages on any screen */

/* The part of an entry's line that lies in [from, to) of the row. */
static void
put_part(const struct view_row *row, size_t from, size_t to, attr_t attr)
{
	if (from < row->start)
		from = row->start;
	if (to > row->end)
		to = row->end;
	if (from >= to)
		return;
	attrset(attr);
	addnstr(row->entry->line + from, (int)(to - from));
	attrset(A_NORMAL);
}

/* A line across, with something on it. */
static void
draw_rule(int y, const struct layout *l, enum look look, const struct buf *text)
{
	attrset(theme_look(look));
	draw_across(y, l->x, l->width);
	if (l->width > 4) {
		move(y, l->x + 2);
		draw_put(buf_head(text), buf_len(text), l->width - 4);
	}
	attrset(A_NORMAL);
}

static void
draw_line(const struct view_row *row, int y, const struct layout *l)
{
	struct buf text = { 0 };

	if (row->kind == VIEW_DAY) {
		buf_add_str(&text, " ");
		format_day(&text, row->entry->time);
		buf_add_str(&text, " ");
		draw_rule(y, l, LOOK_DAY, &text);
	} else {
		buf_add_str(&text, " new ");
		draw_rule(y, l, LOOK_UNREAD, &text);
	}
	buf_free(&text);
}

static void
draw_row(const struct view_row *row, int y, const struct layout *l)
{
	const struct entry *e = row->entry;
	attr_t time = theme_look(LOOK_TIME), head, text;

	if (row->kind != VIEW_TEXT) {
		draw_line(row, y, l);
		return;
	}
	if (e->kind == ENTRY_ERROR) {
		head = text = theme_look(LOOK_ERROR);
	} else if (e->kind == ENTRY_NOTICE) {
		head = text = theme_look(LOOK_NOTICE);
	} else if (e->ref != NULL) {
		head = text = theme_look(LOOK_PENDING);
	} else {
		head = theme_name(e->color);
		text = theme_look(LOOK_TEXT);
	}
	if (e->names)
		time = head = theme_look(LOOK_MENTION);
	move(y, l->x + row->indent);
	put_part(row, 0, e->clock_len, time);
	put_part(row, e->clock_len, e->head_len, head);
	put_part(row, e->head_len, e->len, text);
}

static int
draw_view(struct view *v, const struct talk *t, const struct layout *l, int y)
{
	static struct view_row rows[ROWS_MAX];
	size_t n = view_rows(v, t, rows), i;

	y += view_height(v);
	for (i = 0; i < n; i++)
		draw_row(&rows[i], y - 1 - (int)i, l);
	return y;
}

/* The rule, and below it the newest. */
static void
draw_newest(const struct talk *t, const struct layout *l)
{
	struct view lower = { 0 };
	struct buf text = { 0 };

	buf_add_str(&text, " ");
	if (t->unread > 0) {
		buf_add_int(&text, (int64_t)t->unread);
		buf_add_str(&text, " new, ");
	}
	buf_add_str(&text, "more below: PgDn ");
	draw_rule(l->upper, l, LOOK_DAY, &text);
	buf_free(&text);
	view_resize(&lower, l->width, l->height - l->upper - 1,
	    l->height - l->upper - 1);
	draw_view(&lower, t, l, l->upper + 1);
}

void
draw_messages(struct screen *s, const struct layout *l)
{
	struct talk *t = s->model->now;
	int height = l->height < ROWS_MAX ? l->height : ROWS_MAX;

	if (height == 0)
		return;
	view_resize(&t->view, l->width, height, l->upper);
	draw_view(&t->view, t, l, 0);
	if (t->view.scrolled && l->upper < height)
		draw_newest(t, l);
}

/* "@2 5": of five that are new, two call for attention; sets how it looks. */
static int
count_news(char *out, size_t size, const struct talk *t, enum look *look)
{
	size_t rest = t->unread - t->mentions;
	int n = 0;

	out[0] = '\0';
	*look = LOOK_TEXT;
	if (rest > 0)
		*look = LOOK_NEWS;
	if (t->mentions > 0)
		*look = LOOK_CALL;
	if (t->mentions > 0)
		n = snprintf(out, size, " @%zu", t->mentions);
	if (rest > 0)
		n += snprintf(out + n, size - (size_t)n, " %zu", rest);
	return n;
}

/* Whether somebody is here shows in the talk with him as well. */
static bool
is_away(const struct model *m, const struct talk *t)
{
	const struct person *person = model_person(m, t->name);

	return !talk_is_all(t) && (person == NULL || !person->online);
}

static void
draw_one_talk(const struct model *m, size_t i, int y, int width)
{
	const struct talk *t = m->talks[i];
	char number[24], news[48];
	enum look look;
	int n = snprintf(number, sizeof(number), "%zu ", i + 1);
	int count = count_news(news, sizeof(news), t, &look);

	if (look == LOOK_TEXT && is_away(m, t))
		look = LOOK_QUIET;
	if (t == m->now)
		look = LOOK_NOW;
	attrset(theme_look(look));
	mvhline(y, 0, ' ', width);
	mvaddnstr(y, 0, number, width);
	if (n + 1 + count > width)
		count = 0;
	draw_put(t->name, strlen(t->name), width - n - count);
	if (count > 0)
		mvaddstr(y, width - count, news);
	attrset(A_NORMAL);
}

/* The first row to show of a list, so that one of them is in it. */
static size_t
scroll_to(size_t one, size_t len, size_t height)
{
	if (len <= height || one < height / 2)
		return 0;
	return one + height / 2 >= len ? len - height : one - height / 2;
}

static void
draw_border(int x, int height)
{
	static const cchar_t line = { .chars = { 0x2502 } };

	attrset(theme_look(LOOK_RULE));
	mvvline_set(0, x, &line, height);
	attrset(A_NORMAL);
}

void
draw_talks(const struct screen *s, const struct layout *l)
{
	const struct model *m = s->model;
	size_t height = (size_t)l->height, now = 0, first, i;

	if (l->talks == 0)
		return;
	draw_border(l->talks, l->height);
	while (now < m->talks_len && m->talks[now] != m->now)
		now++;
	first = scroll_to(now, m->talks_len, height);
	for (i = 0; i < height && first + i < m->talks_len; i++)
		draw_one_talk(m, first + i, (int)i, l->talks);
}

void
draw_users(const struct screen *s, const struct layout *l)
{
	const struct model *m = s->model;
	int x = l->x + l->width, y = 0, pass;
	const struct person *p;
	size_t i;

	if (l->users == 0)
		return;
	draw_border(x, l->height);
	/* Those who are here first. */
	for (pass = 0; pass < 2; pass++)
		for (i = 0; i < m->people_len && y < l->height; i++) {
			p = &m->people[i];
			if (p->online != (pass == 0))
				continue;
			attrset(p->online ? theme_name(entry_color(p->name))
					  : theme_look(LOOK_QUIET));
			mvaddstr(y++, x + 1, p->online ? "*" : " ");
			draw_put(p->name, strlen(p->name), l->users - 1);
			attrset(A_NORMAL);
		}
}
