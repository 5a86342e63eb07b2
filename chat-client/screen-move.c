/*
 * What keys do to what is shown: scrolling, and going from one conversation
 * to another.  What is older than the window comes from the server before one
 * gets there.
 */
#include "screen-parts.h"

static struct view *
view_of(struct screen *s)
{
	return &s->model->now->view;
}

static int
page_of(struct screen *s)
{
	int height = view_height(view_of(s));

	return height > 1 ? height - 1 : 1;
}

static void
moved(struct screen *s)
{
	s->moved = s->changed = true;
}

/*
 * A page is asked for while there still is one above the window, once for each
 * move: what the server refuses is not asked again without end.
 */
void
screen_want_older(struct screen *s)
{
	struct talk *t = s->model->now;
	size_t page = (size_t)page_of(s);
	int64_t oldest;

	if (!s->moved)
		return;
	s->moved = false;
	if (s->link->state != LINK_ONLINE || t->asking || t->complete ||
	    model_is_full(s->model) || view_above(view_of(s), t, page) >= page)
		return;
	oldest = talk_oldest(t);
	t->asking = link_ask_history(
	    s->link, t->name, oldest > 0 ? oldest : -1, HISTORY_PAGE);
}

void
screen_do_page_up(struct screen *s)
{
	view_scroll(view_of(s), s->model->now, page_of(s));
	moved(s);
}

void
screen_do_page_down(struct screen *s)
{
	view_scroll(view_of(s), s->model->now, -page_of(s));
	moved(s);
}

void
screen_do_scroll(struct screen *s, int rows)
{
	const struct view *v = view_of(s);

	/* The first step makes room for the newest, which stay below. */
	if (rows > 0 && !v->scrolled)
		rows += v->height - v->upper;
	view_scroll(view_of(s), s->model->now, rows);
	moved(s);
}

void
screen_do_bottom(struct screen *s)
{
	view_follow(view_of(s));
	moved(s);
}

void
screen_do_unread(struct screen *s)
{
	view_go_unread(view_of(s), s->model->now);
	moved(s);
}

void
screen_do_number(struct screen *s, int n)
{
	model_go_number(s->model, n < 0 ? 0 : (size_t)n);
	moved(s);
}

void
screen_do_next(struct screen *s)
{
	model_go_step(s->model, 1);
	moved(s);
}

void
screen_do_previous(struct screen *s)
{
	model_go_step(s->model, -1);
	moved(s);
}

void
screen_do_busiest(struct screen *s)
{
	model_go_busiest(s->model);
	moved(s);
}

void
screen_do_back(struct screen *s)
{
	model_go_back(s->model);
	moved(s);
}

void
screen_do_name(struct screen *s, const char *name)
{
	model_go_name(s->model, name);
	moved(s);
}
