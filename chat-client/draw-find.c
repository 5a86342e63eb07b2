/*
 * What can be gone to, as a list over the lower rows of the messages; the line
 * to write in is that of the search meanwhile.  Called by draw.c.
 */
#include <string.h>

#include "draw-parts.h"

#define ROWS_MOST 10

static void
draw_found(const struct screen *s, const char *name, int y, bool chosen,
    const struct layout *l)
{
	const struct talk *t;
	const struct person *person = model_person(s->model, name);
	enum look look = LOOK_TEXT;

	t = model_talk(s->model, (struct span){ name, strlen(name) }, false);
	if (t != NULL && t->unread > 0)
		look = t->mentions > 0 ? LOOK_CALL : LOOK_NEWS;
	else if (t == NULL && (person == NULL || !person->online))
		look = LOOK_QUIET;
	attrset(theme_look(chosen ? LOOK_NOW : look));
	mvhline(y, l->x, ' ', l->width);
	move(y, l->x + 1);
	if (l->width > 2)
		draw_put(name, strlen(name), l->width - 2);
	attrset(A_NORMAL);
}

static void
draw_list(const struct screen *s, const struct layout *l)
{
	const char *names[FIND_MAX];
	size_t n = model_find(s->model, edit_text(&s->find), names, FIND_MAX);
	size_t rows = l->height > ROWS_MOST ? ROWS_MOST : (size_t)l->height;
	size_t found = s->found < n ? s->found : 0, first = 0, i;
	int y;

	if (rows < 2)
		return;
	rows--;
	if (found >= rows)
		first = found - rows + 1;
	if (n - first < rows)
		rows = n - first;
	y = l->height - (int)rows;
	attrset(theme_look(LOOK_RULE));
	draw_across(y - 1, l->x, l->width);
	attrset(A_NORMAL);
	for (i = 0; i < rows; i++)
		draw_found(
		    s, names[first + i], y + (int)i, first + i == found, l);
}

void
draw_find(const struct screen *s, const struct layout *l)
{
	static const char prompt[] = "go to> ";
	int x = COLS > 12 ? (int)sizeof(prompt) - 1 : 0;

	draw_list(s, l);
	attrset(theme_look(LOOK_COMMAND));
	mvaddnstr(l->input, 0, prompt, x);
	attrset(A_NORMAL);
	move(l->input, draw_edit(&s->find, l->input, x, COLS - x));
}
