/*
 * The lines of presence.h.  Who comes and leaves again, as with a bad network,
 * stays in the line by another word: it never shrinks to nothing, and a view
 * that hangs on it keeps its place.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bounds.h"
#include "presence.h"

#define BETWEEN " \xc2\xb7 " /* a middle dot */

void
presence_reset(struct presence_run *run)
{
	free(run->comers);
	*run = (struct presence_run){ 0 };
}

static struct comer *
find(const struct presence_run *run, const char *name)
{
	size_t i;

	for (i = 0; i < run->len; i++)
		if (strcasecmp(run->comers[i].name, name) == 0)
			return &run->comers[i];
	return NULL;
}

bool
presence_add(
    struct presence_run *run, const char *name, bool online, int64_t time)
{
	struct comer *c;

	if (run->len > 0 &&
	    (time < run->time || time - run->time > PRESENCE_MERGE))
		return false;
	if ((c = find(run, name)) == NULL) {
		if (run->len == COMERS_MAX)
			return false;
		if (run->len == 0)
			run->time = time;
		c = realloc(run->comers, (run->len + 1) * sizeof(*c));
		if (c == NULL)
			err(71, NULL);
		run->comers = c;
		c += run->len++;
		*c = (struct comer){ .was = !online };
		memcpy(c->name, name, strnlen(name, USERNAME_MAX));
	}
	c->is = online;
	return true;
}

static void
tell(const struct presence_run *run, struct buf *out, const char *what,
    bool was, bool is)
{
	size_t i, n = 0;

	for (i = 0; i < run->len; i++) {
		if (run->comers[i].was != was || run->comers[i].is != is ||
		    n++ >= COMERS_SHOWN_MAX)
			continue;
		if (n > 1)
			buf_add_str(out, ", ");
		else if (buf_len(out) > 0)
			buf_add_str(out, BETWEEN);
		if (n == 1)
			buf_add_str(out, what);
		buf_add_str(out, run->comers[i].name);
	}
	if (n > COMERS_SHOWN_MAX) {
		buf_add_str(out, " and ");
		buf_add_int(out, (int64_t)(n - COMERS_SHOWN_MAX));
		buf_add_str(out, " more");
	}
}

void
presence_tell(const struct presence_run *run, struct buf *out)
{
	tell(run, out, "joined: ", false, true);
	tell(run, out, "left: ", true, false);
	tell(run, out, "came and went: ", false, false);
	tell(run, out, "came back: ", true, true);
}
