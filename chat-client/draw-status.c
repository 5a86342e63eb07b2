/*
 * The status line.  Called by draw.c.
 */
#include <stdio.h>
#include <string.h>

#include "draw-parts.h"
#include "sanitise.h"
#include "wrap.h"

#define WIDE_FROM 60 /* columns for more than what matters most */

static void
add_reason(struct buf *out, const struct screen *s)
{
	char reason[SHOWN_ERROR_MAX];

	link_reason(s->link, reason, sizeof(reason));
	sanitise_add(
	    out, reason, strlen(reason), sizeof(reason), SANITISE_LINE);
}

/* Where the connection stands, in a few words. */
void
draw_add_state(struct buf *out, const struct screen *s, int64_t now)
{
	const struct link *l = s->link;

	switch (l->state) {
	case LINK_CONNECTING:
		buf_add_str(out, "connecting...");
		break;
	case LINK_LOGIN:
		buf_add_str(out, "logging in...");
		break;
	case LINK_ONLINE:
		buf_add_str(out, "online");
		break;
	case LINK_LEAVING:
		buf_add_str(out, "leaving...");
		break;
	case LINK_WAITING:
		buf_add_str(out, "again in ");
		buf_add_int(out, link_countdown(l, now));
		buf_add_str(out, " s: ");
		add_reason(out, s);
		break;
	case LINK_IDLE:
		buf_add_str(out, "not connected");
		if (l->why != LINK_NOTHING && l->why != LINK_LEFT) {
			buf_add_str(out, ": ");
			add_reason(out, s);
		}
		break;
	}
}

static void
add_lag(struct buf *out, const struct screen *s, int64_t now)
{
	int64_t lag = link_lag(s->link, now);
	char text[40];

	if (lag <= LAG_SHOWN)
		return;
	snprintf(text, sizeof(text), "  lag %lld.%lld s", (long long)lag / 1000,
	    (long long)lag % 1000 / 100);
	buf_add_str(out, text);
}

/* Who is where, and whether anybody on the way can read along. */
static void
add_server(struct buf *out, const struct screen *s)
{
	const char *address = s->link->config.address.text;
	const char *tls = link_tls(s->link);

	buf_add_str(out, "  ");
	buf_add_str(out, s->model->me);
	buf_add_str(out, " at ");
	sanitise_add(out, address, strlen(address), SIZE_MAX, SANITISE_LINE);
	if (tls != NULL) {
		buf_add_str(out, " ");
		buf_add_str(out, tls);
	}
}

static void
add_count(struct buf *out, size_t n, const char *what)
{
	if (n == 0)
		return;
	buf_add_str(out, "  ");
	buf_add_int(out, (int64_t)n);
	buf_add_str(out, " ");
	buf_add_str(out, what);
}

/*
 * Where something is new, when there is no pane that shows it; half of the row
 * is for how it is.
 */
static void
add_news(struct buf *out, const struct model *m)
{
	char text[48];
	size_t i;
	int n;

	for (i = 0; i < m->talks_len; i++) {
		const struct talk *t = m->talks[i];

		if (t == m->now || t->unread == 0)
			continue;
		n = snprintf(text, sizeof(text), " %zu:%s%zu", i + 1,
		    t->mentions > 0 ? "@" : "",
		    t->mentions > 0 ? t->mentions : t->unread);
		if ((int)buf_len(out) + n > COLS / 2) {
			buf_add_str(out, " ...");
			return;
		}
		buf_add_str(out, text);
	}
}

static void
add_right(struct buf *out, const struct screen *s, const struct layout *l)
{
	const struct talk *t = s->model->now;
	bool wide = COLS >= WIDE_FROM;

	if (l->talks == 0)
		add_news(out, s->model);
	add_count(out, s->link->outbox.len, "unconfirmed");
	if (t->view.scrolled) {
		if (t->asking)
			buf_add_str(out, wide ? "  fetching older" : " ...");
		if (l->upper == l->height) {
			add_count(out, t->unread, "new");
			buf_add_str(out, wide ? "  more below: PgDn" : " PgDn");
		}
	} else if (s->link->state == LINK_ONLINE && wide) {
		add_count(out, model_online(s->model), "here");
	}
	buf_add_str(out, " ");
}

/* Where a newcomer finds more, if it takes nothing else's room. */
static void
add_help(struct buf *right, const struct buf *left)
{
	static const char help[] = " F1: help ";
	int width = wrap_columns(buf_head(left), buf_len(left)) +
	    wrap_columns(buf_head(right), buf_len(right));

	if (width + (int)sizeof(help) <= COLS)
		buf_add_str(right, help);
}

void
draw_status(const struct screen *s, const struct layout *l, int64_t now)
{
	struct buf left = { 0 }, right = { 0 };
	bool online = s->link->state == LINK_ONLINE;
	int width, least, room;

	if (l->status < 0)
		return;
	/* What matters most comes first, the rest may be cut. */
	buf_add_str(&left, " ");
	draw_add_state(&left, s, now);
	add_lag(&left, s, now);
	if (COLS >= WIDE_FROM)
		add_server(&left, s);
	buf_add_str(&left, " ");
	add_right(&right, s, l);
	if (online)
		add_help(&right, &left);
	attrset(theme_look(online ? LOOK_STATUS : LOOK_ALARM));
	mvhline(l->status, 0, ' ', COLS);
	width = wrap_columns(buf_head(&left), buf_len(&left));
	least = width < COLS / 2 ? width : COLS / 2;
	room = COLS - wrap_columns(buf_head(&right), buf_len(&right));
	if (room < least)
		room = least;
	move(l->status, 0);
	draw_put(buf_head(&left), buf_len(&left), room);
	move(l->status, room);
	draw_put(buf_head(&right), buf_len(&right), COLS - room);
	attrset(A_NORMAL);
	buf_free(&left);
	buf_free(&right);
}
