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

static void
scroll_step(struct screen *s, int rows)
{
	const struct view *v = view_of(s);

	/* The first step makes room for the newest, which stay below. */
	if (rows > 0 && !v->scrolled)
		rows += v->height - v->upper;
	view_scroll(view_of(s), s->model->now, rows);
}

void
screen_do_name(struct screen *s, const char *name)
{
	model_go_name(s->model, name);
	moved(s);
}

void
screen_move(struct screen *s, enum action action)
{
	struct model *m = s->model;

	switch (action) {
	case ACTION_PAGE_UP:
		view_scroll(view_of(s), m->now, page_of(s));
		break;
	case ACTION_PAGE_DOWN:
		view_scroll(view_of(s), m->now, -page_of(s));
		break;
	case ACTION_SCROLL_UP:
		scroll_step(s, SCROLL_ROWS);
		break;
	case ACTION_SCROLL_DOWN:
		scroll_step(s, -SCROLL_ROWS);
		break;
	case ACTION_BOTTOM:
		view_follow(view_of(s));
		break;
	case ACTION_TO_UNREAD:
		view_go_unread(view_of(s), m->now);
		break;
	case ACTION_NEXT_IMPORTANT:
		model_go_busiest(m);
		break;
	case ACTION_NEXT:
		model_go_step(m, 1);
		break;
	case ACTION_PREVIOUS:
		model_go_step(m, -1);
		break;
	case ACTION_BACK:
		model_go_back(m);
		break;
	default:
		if (action < ACTION_CONVERSATION_1 ||
		    action > ACTION_CONVERSATION_9)
			return;
		model_go_number(
		    m, (size_t)(action - ACTION_CONVERSATION_1) + 1);
	}
	moved(s);
}
