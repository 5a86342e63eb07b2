/*
 * The completion of complete.h.
 */
#include <string.h>

#include "complete.h"
#include "input.h"

enum what { NAME, NAME_FIRST, COMMAND };

static size_t
word_start(const struct edit *e)
{
	const char *s = edit_text(e);
	size_t at = e->pos;

	while (at > 0 && strchr(" \t\n", s[at - 1]) == NULL)
		at--;
	return at;
}

/* A name that begins a text addresses somebody. */
static enum what
what_at(const struct edit *e, size_t start)
{
	const char *s = edit_text(e);
	const struct input_command *c;
	bool command = s[0] == '/' && s[1] != '/';

	if (command && start == 0)
		return COMMAND;
	if (start == 0)
		return NAME_FIRST;
	if (!command)
		return NAME;
	c = input_find(s, strcspn(s, " \t\n"));
	return c != NULL && c->kind == INPUT_HELP ? COMMAND : NAME;
}

static size_t
find_commands(const char *begin, const char **names, size_t max)
{
	const struct input_command *c;
	size_t n = 0;

	if (*begin == '/')
		begin++;
	for (c = input_commands; c->name != NULL && n < max; c++)
		if (strncmp(c->name, begin, strlen(begin)) == 0)
			names[n++] = c->name;
	return n;
}

static void
put(struct edit *e, size_t start, enum what what, const char *name)
{
	struct buf text = { 0 };

	if (what == COMMAND && start == 0)
		buf_add_str(&text, "/");
	buf_add_str(&text, name);
	buf_add_str(&text, what == NAME_FIRST ? ": " : " ");
	edit_replace(e, start, buf_head(&text), buf_len(&text));
	buf_free(&text);
}

static bool
begin(struct complete *c, const struct edit *e)
{
	size_t len;

	c->start = word_start(e);
	len = e->pos - c->start;
	if (len >= sizeof(c->typed))
		return false;
	memcpy(c->typed, edit_text(e) + c->start, len);
	c->typed[len] = '\0';
	return true;
}

bool
complete_step(struct complete *c, struct edit *e, int step,
    complete_names *names_of, void *arg)
{
	const char *names[COMPLETE_MAX];
	enum what what;
	size_t n;

	if (!c->active && !begin(c, e))
		return false;
	what = what_at(e, c->start);
	n = what == COMMAND
	    ? find_commands(c->typed, names, COMPLETE_MAX)
	    : names_of(arg, c->typed, strlen(c->typed), names, COMPLETE_MAX);
	if (n == 0)
		return false;
	if (!c->active) {
		edit_keep(e);
		c->chosen = n;
	}
	/* Once around, what was typed is there again. */
	c->chosen = (c->chosen + (step > 0 ? 1 : n)) % (n + 1);
	c->active = true;
	if (c->chosen == n)
		edit_replace(e, c->start, c->typed, strlen(c->typed));
	else
		put(e, c->start, what, names[c->chosen]);
	return true;
}
