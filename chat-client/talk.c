/*
 * The log of talk.h: entries lie in the middle of an array that has room at
 * both ends, because news comes at one and history at the other.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "talk.h"

#define ROOM_FIRST 64

struct talk *
talk_new(const char *name)
{
	struct talk *t = calloc(1, sizeof(*t));

	if (t == NULL)
		err(71, NULL);
	memcpy(t->name, name, strnlen(name, USERNAME_MAX));
	return t;
}

void
talk_free(struct talk *t)
{
	if (t == NULL)
		return;
	talk_forget(t, t->len);
	presence_reset(&t->run);
	free(t->room);
	free(t);
}

bool
talk_is_all(const struct talk *t)
{
	return strcasecmp(t->name, "all") == 0;
}

/* Where the first message that has an id is; len if there is none. */
static size_t
first_message(const struct talk *t)
{
	size_t i = 0;

	while (i < t->len && t->entries[i]->id == 0)
		i++;
	return i;
}

int64_t
talk_oldest(const struct talk *t)
{
	size_t first = first_message(t);

	return first < t->len ? t->entries[first]->id : 0;
}

size_t
talk_place(const struct talk *t, int64_t id, int64_t time, bool *there)
{
	size_t at = first_message(t), i;

	*there = false;
	if (at < t->len && id < t->entries[at]->id) {
		while (at > 0 && t->entries[at - 1]->time > time)
			at--;
		return at;
	}
	at = t->len;
	for (i = t->len; i > 0; i--) {
		int64_t other = t->entries[i - 1]->id;

		if (other == id)
			*there = true;
		if (other != 0 && other <= id)
			break;
		if (other > id)
			at = i - 1;
	}
	return at;
}

/* There, unless messages on one of its sides say otherwise. */
size_t
talk_settle(const struct talk *t, size_t at, int64_t id)
{
	size_t i;

	for (i = t->len; i > at; i--)
		if (t->entries[i - 1]->id != 0 && t->entries[i - 1]->id < id)
			return i;
	for (i = at; i > 0; i--) {
		if (t->entries[i - 1]->id > id)
			at = i - 1;
		else if (t->entries[i - 1]->id != 0)
			break;
	}
	return at;
}

/* Room at both ends: the entries go into the middle, of twice as much. */
static void
make_room(struct talk *t)
{
	size_t size = t->size == 0 ? ROOM_FIRST
	    : t->len * 2 < t->size ? t->size
				   : t->size * 2;
	struct entry **room = calloc(size, sizeof(struct entry *));
	struct entry **entries;

	if (room == NULL)
		err(71, NULL);
	entries = room + (size - t->len) / 2;
	if (t->len > 0)
		memcpy(entries, t->entries, t->len * sizeof(*entries));
	free(t->room);
	t->room = room;
	t->entries = entries;
	t->size = size;
}

void
talk_insert(struct talk *t, size_t at, struct entry *e)
{
	bool front = at < t->len - at;

	if (t->size == 0 || (front && t->entries == t->room) ||
	    (!front && t->entries + t->len == t->room + t->size))
		make_room(t);
	if (front) {
		t->entries--;
		memmove(t->entries, t->entries + 1, at * sizeof(*t->entries));
	} else {
		memmove(t->entries + at + 1, t->entries + at,
		    (t->len - at) * sizeof(*t->entries));
	}
	t->entries[at] = e;
	t->len++;
	t->bytes += entry_size(e);
	t->pending += e->ref != NULL;
}

struct entry *
talk_take(struct talk *t, size_t at)
{
	struct entry *e = t->entries[at];

	t->len--;
	memmove(t->entries + at, t->entries + at + 1,
	    (t->len - at) * sizeof(*t->entries));
	t->bytes -= entry_size(e);
	t->pending -= e->ref != NULL;
	return e;
}

void
talk_forget(struct talk *t, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		t->bytes -= entry_size(t->entries[i]);
		t->pending -= t->entries[i]->ref != NULL;
		entry_free(t->entries[i]);
	}
	t->len -= n;
	t->entries += n;
	if (n > 0)
		t->complete = false;
}

bool
talk_find_ref(const struct talk *t, struct span ref, size_t *at)
{
	size_t i, left = t->pending;

	for (i = t->len; i > 0 && left > 0; i--) {
		if (t->entries[i - 1]->ref == NULL)
			continue;
		if (span_is(ref, t->entries[i - 1]->ref)) {
			*at = i - 1;
			return true;
		}
		left--;
	}
	return false;
}
