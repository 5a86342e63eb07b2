/*
 * Which conversation of model.h is shown, and how one gets to another.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "model.h"

void
model_read(struct model *m)
{
	m->now->unread = m->now->mentions = 0;
}

/* The line in what was left has done its work, if all of it was read. */
void
model_go(struct model *m, struct talk *t)
{
	if (t == m->now)
		return;
	if (m->now->unread == 0)
		m->now->marker = 0;
	m->before = m->now;
	m->now = t;
}

bool
model_go_name(struct model *m, const char *name)
{
	struct span span = { name, strlen(name) };

	if (span.n == 0)
		return false;
	model_go(m, model_talk(m, span, true));
	return true;
}

bool
model_go_number(struct model *m, size_t n)
{
	if (n < 1 || n > m->talks_len)
		return false;
	model_go(m, m->talks[n - 1]);
	return true;
}

static size_t
number_of(const struct model *m, const struct talk *t)
{
	size_t i;

	for (i = 0; i + 1 < m->talks_len && m->talks[i] != t; i++)
		;
	return i;
}

void
model_go_step(struct model *m, int step)
{
	size_t now = number_of(m, m->now);

	if (step > 0)
		now = (now + 1) % m->talks_len;
	else
		now = (now + m->talks_len - 1) % m->talks_len;
	model_go(m, m->talks[now]);
}

bool
model_go_back(struct model *m)
{
	if (m->before == NULL)
		return false;
	model_go(m, m->before);
	return true;
}

/* Whether one goes to a rather than to b (or nowhere: NULL). */
static bool
is_busier(const struct talk *a, const struct talk *b)
{
	if (a->unread == 0 || b == NULL)
		return a->unread > 0;
	if ((a->mentions > 0) != (b->mentions > 0))
		return a->mentions > 0;
	return a->marker < b->marker;
}

bool
model_go_busiest(struct model *m)
{
	struct talk *best = NULL;
	size_t i;

	for (i = 0; i < m->talks_len; i++)
		if (m->talks[i] != m->now && is_busier(m->talks[i], best))
			best = m->talks[i];
	if (best == NULL)
		return false;
	model_go(m, best);
	return true;
}

bool
model_close(struct model *m)
{
	size_t at = number_of(m, m->now);
	struct talk *closed = m->now;

	if (at == 0)
		return false;
	m->now = m->before != NULL ? m->before : m->talks[at - 1];
	m->before = NULL;
	m->len -= closed->len;
	m->bytes -= closed->bytes;
	m->talks_len--;
	memmove(m->talks + at, m->talks + at + 1,
	    (m->talks_len - at) * sizeof(m->talks[0]));
	talk_free(closed);
	return true;
}

size_t
model_unread(const struct model *m)
{
	size_t i, n = 0;

	for (i = 0; i < m->talks_len; i++)
		n += m->talks[i]->unread;
	return n;
}

size_t
model_mentions(const struct model *m)
{
	size_t i, n = 0;

	for (i = 0; i < m->talks_len; i++)
		n += m->talks[i]->mentions;
	return n;
}

static bool
matches(const char *name, const char *typed)
{
	return strcasestr(name, typed) != NULL;
}

static bool
has_talk(const struct model *m, const char *name)
{
	size_t i;

	for (i = 0; i < m->talks_len; i++)
		if (strcasecmp(m->talks[i]->name, name) == 0)
			return true;
	return false;
}

static size_t
find_talks(const struct model *m, const char *typed, bool news,
    const char **names, size_t max)
{
	size_t i, n = 0;

	for (i = 0; i < m->talks_len && n < max; i++)
		if ((m->talks[i]->unread > 0) == news &&
		    matches(m->talks[i]->name, typed))
			names[n++] = m->talks[i]->name;
	return n;
}

static size_t
find_people(const struct model *m, const char *typed, bool online,
    const char **names, size_t max)
{
	size_t i, n = 0;

	for (i = 0; i < m->people_len && n < max; i++)
		if (m->people[i].online == online &&
		    matches(m->people[i].name, typed) &&
		    !has_talk(m, m->people[i].name))
			names[n++] = m->people[i].name;
	return n;
}

size_t
model_find(
    const struct model *m, const char *typed, const char **names, size_t max)
{
	size_t n = 0;

	n += find_talks(m, typed, true, names + n, max - n);
	n += find_talks(m, typed, false, names + n, max - n);
	n += find_people(m, typed, true, names + n, max - n);
	n += find_people(m, typed, false, names + n, max - n);
	return n;
}
