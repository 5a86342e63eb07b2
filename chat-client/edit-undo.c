/*
 * What can be undone in a line, and done again (edit.h).
 */
#include <stdlib.h>
#include <string.h>

#include "edit.h"

static void
clear(struct edit_states *states)
{
	while (states->len > 0)
		free(states->rows[--states->len].text);
}

static void
push(struct edit_states *states, const struct edit *e)
{
	if (states->len == EDIT_UNDO_MAX) {
		free(states->rows[0].text);
		memmove(states->rows, states->rows + 1,
		    (EDIT_UNDO_MAX - 1) * sizeof(states->rows[0]));
		states->len--;
	}
	states->rows[states->len].text = edit_copy(edit_text(e), e->len);
	states->rows[states->len++].pos = e->pos;
}

void
edit_keep(struct edit *e)
{
	clear(&e->redo);
	push(&e->undo, e);
}

/* A change that changed nothing is passed over. */
void
edit_go_back(
    struct edit *e, struct edit_states *from, struct edit_states *other)
{
	struct edit_state *state;
	bool same;

	do {
		if (from->len == 0)
			return;
		state = &from->rows[--from->len];
		same = strcmp(state->text, edit_text(e)) == 0;
		if (!same) {
			push(other, e);
			edit_set(e, state->text);
			e->pos = state->pos;
		}
		free(state->text);
	} while (same);
}

void
edit_forget(struct edit *e)
{
	clear(&e->undo);
	clear(&e->redo);
	e->last = EDIT_LAST_OTHER;
}
