/*
 * The core of relay.h.  Everything published is told by two ids: `prev`, the
 * log's last id before it, and `last`.  So the publications form a chain, and a
 * hole in it is seen without looking at the store.
 */
#include <stdlib.h>
#include <string.h>

#include "limit.h"
#include "relay.h"

/* A publication that waits for an earlier one; its body follows it. */
struct aside {
	struct aside *next;
	struct dgram_head head;
	size_t len;
};

void
relay_init(struct relay *r, int64_t position, relay_send send, void *arg)
{
	*r = (struct relay){ .position = position,
		.known = position,
		.send = send,
		.arg = arg };
}

static void
aside_drop_first(struct relay *r)
{
	struct aside *a = r->aside;

	r->aside = a->next;
	r->naside--;
	free(a);
}

void
relay_reset(struct relay *r, int64_t position)
{
	while (r->aside != NULL)
		aside_drop_first(r);
	r->position = r->known = position;
	r->must_read = r->reading = false;
}

void
relay_free(struct relay *r)
{
	relay_reset(r, -1);
	buf_free(&r->batch.block);
}

/* ---- the batch ---- */

void
relay_flush(struct relay *r)
{
	struct relay_batch *b = &r->batch;

	if (b->n == 0)
		return;
	b->last = r->position;
	r->send(r->arg, b);
	b->n = 0;
	buf_reset(&b->block, 2 * BATCH_BYTES);
}

/*
 * Make room for a line of that length.  It must not be called when the
 * position is already past lines that are not yet in the batch.
 */
static struct relay_entry *
batch_next(struct relay *r, bool presence, size_t len)
{
	struct relay_batch *b = &r->batch;

	if (b->n > 0 &&
	    (b->n == BATCH_LINES || (b->entries[0].id == 0) != presence ||
		buf_len(&b->block) + len > BATCH_BYTES))
		relay_flush(r);
	return &b->entries[b->n];
}

static void
batch_add(struct relay *r, const struct relay_message *m)
{
	size_t len = m->len <= DGRAM_BODY_MAX ? m->len : 0;
	struct relay_entry *e = batch_next(r, m->id == 0, len);

	*e = (struct relay_entry){ .id = m->id,
		.user = m->user,
		.session = m->session,
		.recipient = m->recipient,
		.len = (uint32_t)len,
		.offset = (uint32_t)buf_len(&r->batch.block) };
	if (len > 0)
		buf_add(&r->batch.block, m->line, len);
	r->batch.n++;
}

void
relay_presence(struct relay *r, int64_t user, const char *line, size_t len)
{
	batch_add(r,
	    &(struct relay_message){ .user = user, .line = line, .len = len });
}

/* ---- the chain ---- */

/* Whether anything is known to be missing. */
static bool
has_hole(const struct relay *r)
{
	return r->position < r->known;
}

/* The position moved: a hole that is still there is another one. */
static void
position_moved(struct relay *r, int64_t now)
{
	r->hole_since = now;
	if (r->known <= r->position) {
		r->known = r->position;
		r->must_read = false;
	}
}

void
relay_known(struct relay *r, int64_t id, int64_t now)
{
	if (r->position == -1)
		r->position = r->known = id;
	if (!has_hole(r))
		r->hole_since = now;
	if (id > r->known)
		r->known = id;
}

int64_t
relay_wait(const struct relay *r, int64_t now)
{
	int64_t wait = r->hole_since + RELAY_HOLE_WAIT * 1000 - now;

	if (!has_hole(r))
		return -1;
	return wait < 0 || r->must_read ? 0 : wait;
}

/* Take the next entry of a PUBLISH's body; false if it is cut short. */
static bool
entry_next(const char **body, size_t *left, struct dgram_entry *e)
{
	if (*left < sizeof(*e))
		return false;
	memcpy(e, *body, sizeof(*e));
	*body += sizeof(*e);
	*left -= sizeof(*e);
	return e->len > 0 && e->len <= *left;
}

/* Entries with growing ids in (prev, last], the last of them `last`. */
static bool
is_well_formed(const struct dgram_head *h, const char *body, size_t len)
{
	struct dgram_entry e;
	int64_t id = h->prev;
	uint32_t i;

	if (h->prev < 0 || h->last <= h->prev)
		return false;
	if (h->count == 0)
		return len == 0;
	for (i = 0; i < h->count; i++) {
		if (!entry_next(&body, &len, &e) || e.id <= id)
			return false;
		id = e.id;
		body += e.len;
		len -= e.len;
	}
	return len == 0 && id == h->last;
}

/* Relay what of a well-formed publication is above the position. */
static void
take(struct relay *r, const struct dgram_head *h, const char *body, size_t len)
{
	struct dgram_entry e;

	while (entry_next(&body, &len, &e)) {
		if (e.id > r->position) {
			batch_add(r,
			    &(struct relay_message){ .id = e.id,
				.user = h->user,
				.session = h->session,
				.recipient = e.recipient,
				.line = body,
				.len = e.len });
			r->position = e.id;
		}
		body += e.len;
		len -= e.len;
	}
}

/* Take what was put aside and follows now; forget what is behind. */
static void
take_aside(struct relay *r)
{
	struct aside *a;

	while ((a = r->aside) != NULL && a->head.prev <= r->position) {
		take(r, &a->head, (const char *)(a + 1), a->len);
		aside_drop_first(r);
	}
}

static void
put_aside(
    struct relay *r, const struct dgram_head *h, const void *body, size_t len)
{
	struct aside **at = &r->aside, *a;

	if (r->naside == RELAY_ASIDE_MAX) {
		r->must_read = true;
		return;
	}
	if ((a = malloc(sizeof(*a) + len)) == NULL)
		abort();
	a->head = *h;
	a->len = len;
	memcpy(a + 1, body, len);
	while (*at != NULL && (*at)->head.prev <= h->prev)
		at = &(*at)->next;
	a->next = *at;
	*at = a;
	r->naside++;
}

bool
relay_publish(struct relay *r, const struct dgram_head *h, const void *body,
    size_t len, int64_t now)
{
	if (!is_well_formed(h, body, len))
		return false;
	if (r->position == -1)
		r->position = r->known = h->prev;
	if (h->last <= r->position)
		return true;
	if (h->count > 0 && h->prev <= r->position) {
		take(r, h, body, len);
		take_aside(r);
		position_moved(r, now);
		return true;
	}
	relay_known(r, h->last, now);
	if (h->count > 0)
		put_aside(r, h, body, len);
	else if (h->prev <= r->position)
		r->must_read = true;
	return true;
}

void
relay_stored(struct relay *r, const struct relay_message *m)
{
	if (m->id <= r->position)
		return;
	batch_add(r, m);
	r->position = m->id;
	r->reading = true;
}

void
relay_read_done(struct relay *r, int64_t limit, int64_t now)
{
	bool moved = r->reading || limit > r->position;

	if (limit > r->position)
		r->position = limit;
	take_aside(r);
	if (!moved)
		relay_reset(r, r->position);
	position_moved(r, now);
	r->must_read = has_hole(r);
	r->reading = false;
}

void
relay_skip(struct relay *r, int64_t now)
{
	int64_t to = r->aside != NULL ? r->aside->head.prev : r->known;

	if (to <= r->position)
		return;
	batch_add(r, &(struct relay_message){ .id = to });
	r->position = to;
	take_aside(r);
	position_moved(r, now);
}

/* ---- who gets what ---- */

static bool
concerns(const struct relay_entry *e, int64_t user, int64_t session)
{
	if (e->id == 0)
		return e->user != user;
	if (e->session == session)
		return false;
	return e->recipient == 0 || e->recipient == user || e->user == user;
}

void
relay_choose(const struct relay_batch *b, unsigned first, int64_t user,
    int64_t session, struct relay_choice *c)
{
	char *block = buf_head(&b->block), *end = NULL;
	unsigned i;

	c->nparts = 1;
	c->lines = 0;
	c->look = false;
	c->presence = b->n > 0 && b->entries[0].id == 0;
	for (i = first; i < b->n; i++) {
		const struct relay_entry *e = &b->entries[i];

		if (!concerns(e, user, session))
			continue;
		c->lines++;
		if (e->len == 0) {
			c->look = true;
			continue;
		}
		if (block + e->offset != end) {
			end = block + e->offset;
			c->parts[c->nparts++] = (struct iovec){ end, 0 };
		}
		c->parts[c->nparts - 1].iov_len += e->len;
		end += e->len;
	}
}
