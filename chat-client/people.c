/*
 * The users of model.h, in the order of their names regardless of case, which
 * is also what tells them apart.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "model.h"

static int
compare(const void *a, const void *b)
{
	const struct person *left = a, *right = b;

	return strcasecmp(left->name, right->name);
}

/* Where the name is, or belongs. */
static size_t
find(const struct model *m, const char *name, bool *there)
{
	size_t low = 0, high = m->people_len, middle;
	int order;

	*there = false;
	while (low < high) {
		middle = (low + high) / 2;
		order = strcasecmp(m->people[middle].name, name);
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
		if (order == 0)
			*there = true;
	}
	return low;
}

static void
make_room(struct model *m)
{
	if (m->people == NULL &&
	    (m->people = calloc(PEOPLE_MAX, sizeof(*m->people))) == NULL)
		err(71, NULL);
}

struct person *
model_person(const struct model *m, const char *name)
{
	bool there;
	size_t at = find(m, name, &there);

	return there ? &m->people[at] : NULL;
}

void
model_set_people(struct model *m, const struct event *e)
{
	struct person *person;
	struct presence p;
	size_t i, n = incoming_count(e), kept = 0;

	make_room(m);
	m->people_len = 0;
	for (i = 0; i < n && m->people_len < PEOPLE_MAX; i++)
		if (incoming_presence(e, i, &p)) {
			person = &m->people[m->people_len++];
			model_clean_name(person->name, p.username);
			person->online = p.online;
		}
	qsort(m->people, m->people_len, sizeof(*m->people), compare);
	for (i = 0; i < m->people_len; i++)
		if (kept == 0 ||
		    compare(&m->people[kept - 1], &m->people[i]) != 0)
			m->people[kept++] = m->people[i];
	m->people_len = kept;
}

void
model_set_person(struct model *m, struct span name, bool online)
{
	struct person person = { .online = online };
	bool there;
	size_t at;

	make_room(m);
	model_clean_name(person.name, name);
	at = find(m, person.name, &there);
	if (!there) {
		if (m->people_len == PEOPLE_MAX)
			return;
		memmove(m->people + at + 1, m->people + at,
		    (m->people_len - at) * sizeof(*m->people));
		m->people_len++;
	}
	m->people[at] = person;
}

size_t
model_online(const struct model *m)
{
	size_t i, n = 0;

	for (i = 0; i < m->people_len; i++)
		n += m->people[i].online;
	return n;
}

/* Choose that name, unless it is or does not begin so. */
static size_t
choose(const char *name, struct span begin, const char **names, size_t n)
{
	size_t i;

	if (strncasecmp(name, begin.s, begin.n) != 0)
		return n;
	for (i = 0; i < n; i++)
		if (names[i] == name)
			return n;
	names[n] = name;
	return n + 1;
}

static const char *
speaker(const struct model *m, const struct entry *e)
{
	struct span from = entry_from(e);
	char name[USERNAME_MAX + 1] = "";
	struct person *person;

	if (from.n > 0 && from.n <= USERNAME_MAX)
		memcpy(name, from.s, from.n);
	person = model_person(m, name);
	return person != NULL ? person->name : NULL;
}

size_t
model_complete(
    const struct model *m, struct span begin, const char **names, size_t max)
{
	const struct talk *t = m->now;
	const char *name;
	size_t i, n = 0;

	for (i = 0; i < t->len && i < SPEAKERS_MAX && n < max; i++)
		if ((name = speaker(m, t->entries[t->len - 1 - i])) != NULL)
			n = choose(name, begin, names, n);
	for (i = 0; i < m->people_len && n < max; i++)
		n = choose(m->people[i].name, begin, names, n);
	return n;
}
