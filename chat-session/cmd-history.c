/*
 * HISTORY: pages of a conversation, ascending, bounded in messages and bytes.
 */
#include <string.h>

#include "command.h"
#include "count.h"
#include "event.h"
#include "request.h"
#include "session.h"

#define HISTORY_DEFAULT 50 /* messages, when no limit is given */

/* A page while it is read: its items as JSON, and where each begins. */
struct page {
	struct buf *items;
	size_t start[HISTORY_MAX + 1];
	int count, limit;
	bool more;
};

static bool
item_add(void *arg, const struct store_message *m)
{
	struct page *p = arg;
	struct event_message e = event_of_stored(m);

	if (p->count == p->limit) {
		p->more = true;
		return false;
	}
	p->start[p->count] = buf_len(p->items);
	event_message_item(p->items, &e);
	if (buf_len(p->items) > HISTORY_BYTES && p->count > 0) {
		buf_cut(p->items, p->start[p->count]);
		p->more = true;
		return false;
	}
	p->start[++p->count] = buf_len(p->items);
	return true;
}

static void
items_write(struct buf *out, const struct page *p, bool ascending)
{
	int i, n;

	for (n = 0; n < p->count; n++) {
		i = ascending ? n : p->count - 1 - n;
		if (n > 0)
			buf_add_str(out, ",");
		buf_add(out, buf_head(p->items) + p->start[i],
		    p->start[i + 1] - p->start[i]);
	}
}

void
history_send(
    struct session *s, const char *ref, const struct store_page *wanted)
{
	struct store_page ask = *wanted;
	struct store *store = session_store(s);
	struct store_view all_of_mine = { .user_id = s->me.user_id,
		.private_from = s->me.private_from };
	struct buf *out = &s->client.output, items = { 0 };
	struct page p = { .items = &items, .limit = wanted->limit };
	const char *with = wanted->with != NULL ? wanted->with : "all";
	enum store_result result;
	int64_t began = monotonic_us();

	ask.limit++; /* one more tells whether there is more */
	/* Who was taken for dead may not know it yet: the name is another's. */
	result = store == NULL
	    ? STORE_UNAVAILABLE
	    : store_session_find(store, s->me.id, s->delivery.name);
	if (result == STORE_OK)
		result = store_history(store, &all_of_mine, &ask, item_add, &p);
	if (result == STORE_OK)
		count_observe(COUNT_HISTORY, monotonic_us() - began);
	if (result == STORE_UNAVAILABLE) {
		session_store_failed(s);
		session_unavailable(s, ref);
	} else if (result == STORE_REPLACED || result == STORE_ENDED) {
		session_row_gone(s, result);
	} else if (result == STORE_NO_USER) {
		session_error(s, &(struct request){ .ref = ref },
		    "NO_SUCH_USER", "nobody was ever called %s", with);
	} else {
		event_begin(out, "HISTORY", ref);
		event_str(out, "with", with, strlen(with));
		buf_add_str(out, ",\"messages\":[");
		items_write(out, &p, wanted->after >= 0);
		buf_add_str(
		    out, p.more ? "],\"more\":true" : "],\"more\":false");
		event_end(out);
	}
	buf_free(&items);
}

void
cmd_history(struct session *s, const struct request *r)
{
	struct store_page page = { .after = -1 };
	int64_t limit = HISTORY_DEFAULT;

	if (!request_recipient(s, r, "with", false, &page.with) ||
	    !request_int(s, r, "limit", 1, &limit) ||
	    !request_int(s, r, "before", 1, &page.before) ||
	    !request_int(s, r, "after", 0, &page.after))
		return;
	page.limit = (int)(limit < HISTORY_MAX ? limit : HISTORY_MAX);
	history_send(s, r->ref, &page);
}
