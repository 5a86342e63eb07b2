/*
 * The help of help.h.
 */
#include <string.h>

#include "help.h"

size_t
help_first_sentence(const char *help)
{
	const char *end = strstr(help, ". ");

	return end != NULL ? (size_t)(end - help) + 1 : strlen(help);
}

enum action
help_last(enum action action)
{
	while (
	    action + 1 < ACTION_COUNT && action_row(action + 1)->help == NULL)
		action++;
	return action;
}

void
help_add_keys(struct buf *out, const struct keymap *map, enum action first,
    enum action last)
{
	size_t before = buf_len(out);

	keymap_add_keys(out, map, first);
	if (last != first && buf_len(out) > before) {
		buf_add_str(out, " to ");
		keymap_add_keys(out, map, last);
	}
	if (buf_len(out) == before)
		buf_add_str(out, "(no key)");
}

static void
add_keys(struct buf *out, const struct keymap *map)
{
	const struct action_row *row;
	int i;

	for (i = ACTION_NONE + 1; i < ACTION_COUNT; i++) {
		row = action_row((enum action)i);
		if (row->group != NULL) {
			buf_add_str(out, "\n");
			buf_add_str(out, row->group);
			buf_add_str(out, "\n");
		}
		if (row->help == NULL)
			continue;
		help_add_keys(
		    out, map, (enum action)i, help_last((enum action)i));
		buf_add_str(out, "\t");
		buf_add_str(out, row->help);
		buf_add_str(out, "\n");
	}
}

void
help_add_all(struct buf *out, const struct keymap *map)
{
	const struct input_command *c;

	buf_add_str(out, "Commands (// begins a text with /)\n");
	for (c = input_commands; c->name != NULL; c++) {
		input_add_usage(out, c);
		buf_add_str(out, "\t");
		buf_add_str(out, c->help);
		buf_add_str(out, "\n");
	}
	add_keys(out, map);
}

void
help_add_command(struct buf *out, const struct input_command *c)
{
	input_add_usage(out, c);
	buf_add_str(out, "\n");
	buf_add_str(out, c->help);
}
