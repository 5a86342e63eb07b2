/*
 * The set of seen.h, as ranges: a lone sender's ids follow one another, so
 * there are few, whatever their number.
 */
#include <string.h>

#include "seen.h"

/* The first range that ends above id. */
static size_t
range_above(const struct seen *s, int64_t id)
{
	size_t low = 0, high = s->len, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (s->ranges[middle].last <= id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
drop(struct seen *s, size_t from, size_t n)
{
	s->len -= n;
	memmove(&s->ranges[from], &s->ranges[from + n],
	    (s->len - from) * sizeof(s->ranges[0]));
}

static void
insert(struct seen *s, size_t at, int64_t id)
{
	if (s->len == SEEN_RANGES_MAX) {
		if (at == 0)
			return;
		drop(s, 0, 1);
		at--;
	}
	memmove(&s->ranges[at + 1], &s->ranges[at],
	    (s->len - at) * sizeof(s->ranges[0]));
	s->ranges[at] = (struct seen_range){ id, id };
	s->len++;
}

bool
seen_add(struct seen *s, int64_t id)
{
	size_t at;
	bool after, before;

	if (id <= s->position)
		return false;
	at = range_above(s, id - 1);
	if (at < s->len && s->ranges[at].first <= id)
		return false;
	after = at > 0 && s->ranges[at - 1].last == id - 1;
	before = at < s->len && s->ranges[at].first == id + 1;
	if (after && before) {
		s->ranges[at - 1].last = s->ranges[at].last;
		drop(s, at, 1);
	} else if (after) {
		s->ranges[at - 1].last = id;
	} else if (before) {
		s->ranges[at].first = id;
	} else {
		insert(s, at, id);
	}
	return true;
}

void
seen_advance(struct seen *s, int64_t id)
{
	if (id <= s->position)
		return;
	s->position = id;
	drop(s, 0, range_above(s, id));
}

void
seen_reset(struct seen *s, int64_t id)
{
	s->position = id;
	s->len = 0;
}
