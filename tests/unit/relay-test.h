/*
 * What the unit tests of the relay's core share: messages that come from
 * publications or from the store, and what is then sent.  Included once by each
 * of them, after <cmocka.h>.
 */
#ifndef RELAY_TEST_H
#define RELAY_TEST_H

#include <stdio.h>
#include <string.h>

#include "limit.h"
#include "relay.h"

#define UNUSED __attribute__((unused))

#define ALICE 1
#define BOB   2
#define CAROL 3
#define US    1000LL /* in a millisecond */

/* What was sent, in order; a dash for a line that did not fit. */
struct sent {
	char text[4096];
	unsigned batches;
	int64_t last;
};

static void
collect(void *arg, const struct relay_batch *b)
{
	struct sent *s = arg;
	size_t n = strlen(s->text);

	for (unsigned i = 0; i < b->n; i++) {
		const struct relay_entry *e = &b->entries[i];

		if (e->len == 0)
			n += (size_t)snprintf(
			    s->text + n, sizeof(s->text) - n, "- ");
		else if (n + e->len < sizeof(s->text)) {
			memcpy(s->text + n,
			    b->block.data + b->block.start + e->offset, e->len);
			n += e->len;
			s->text[n] = '\0';
		}
	}
	s->batches++;
	s->last = b->last;
}

static void
start(struct relay *r, struct sent *s, int64_t position)
{
	*s = (struct sent){ .last = -1 };
	relay_init(r, position, collect, s);
}

/* A publication of messages first..last to all, each line being its id. */
static UNUSED struct dgram_head
publication(struct buf *body, int64_t prev, int64_t first, int64_t last)
{
	struct dgram_head h = { .version = DGRAM_VERSION,
		.type = DGRAM_PUBLISH,
		.prev = prev,
		.last = last,
		.user = ALICE,
		.session = 10 };

	buf_reset(body, 0);
	for (int64_t id = first; id <= last; id++) {
		char line[24];
		struct dgram_entry e = { .id = id };

		e.len = (uint32_t)snprintf(line, sizeof(line), "%d ", (int)id);
		buf_add(body, &e, sizeof(e));
		buf_add(body, line, e.len);
		h.count++;
	}
	return h;
}

static void
publish_at(
    struct relay *r, int64_t prev, int64_t first, int64_t last, int64_t now)
{
	struct buf body = { 0 };
	struct dgram_head h = publication(&body, prev, first, last);

	assert_true(relay_publish(r, &h, buf_head(&body), buf_len(&body), now));
	buf_free(&body);
}

static void
publish(struct relay *r, int64_t prev, int64_t first, int64_t last)
{
	publish_at(r, prev, first, last, 0);
}

static UNUSED void
stored(struct relay *r, int64_t id)
{
	char line[24];
	struct relay_message m = {
		.id = id, .user = ALICE, .session = 10, .line = line
	};

	m.len = (size_t)snprintf(line, sizeof(line), "%d ", (int)id);
	relay_stored(r, &m);
}

/* All that was gathered is now exactly that. */
static void
expect(struct relay *r, struct sent *s, const char *text, int64_t position)
{
	relay_flush(r);
	assert_string_equal(s->text, text);
	assert_int_equal(r->position, position);
}

#endif
