/*
 * Finding a conversation or a user by typing: what fits is shown over the
 * messages, Enter goes there.
 */
#include "screen-parts.h"

void
screen_do_find(struct screen *s)
{
	s->finding = true;
	s->found = 0;
	edit_set(&s->find, "");
	s->changed = true;
}

static void
choose(struct screen *s, int step)
{
	const char *names[FIND_MAX];
	size_t n = model_find(s->model, edit_text(&s->find), names, FIND_MAX);

	if (n == 0)
		s->found = 0;
	else if (step > 0)
		s->found = (s->found + 1) % n;
	else
		s->found = (s->found + n - 1) % n;
}

static void
go(struct screen *s)
{
	const char *names[FIND_MAX];
	size_t n = model_find(s->model, edit_text(&s->find), names, FIND_MAX);

	if (n == 0)
		return;
	s->finding = false;
	screen_do_name(s, names[s->found < n ? s->found : n - 1]);
}

void
screen_find_text(struct screen *s, const char *text, size_t len)
{
	edit_insert(&s->find, text, len);
	s->found = 0;
}

bool
screen_find_action(struct screen *s, enum action action)
{
	int op;

	switch (action) {
	case ACTION_NONE:
		return false;
	case ACTION_SEND:
		go(s);
		return true;
	case ACTION_STOP:
		s->finding = false;
		return true;
	case ACTION_SWITCHER:
	case ACTION_NEWER:
		choose(s, 1);
		return true;
	case ACTION_OLDER:
		choose(s, -1);
		return true;
	default:
		break;
	}
	op = action_row(action)->op;
	if (op < 0)
		return false;
	edit_do(&s->find, (enum edit_op)op);
	s->found = 0;
	return true;
}
