/*
 * The batch: messages that the client has sent already go into one
 * transaction.  In order: store, on disk, publish, acknowledge.  Nothing is
 * acknowledged that the store did not confirm.
 */
#include <stdlib.h>
#include <string.h>

#include "count.h"
#include "event.h"
#include "publish.h"
#include "request.h"
#include "session.h"

struct item {			   /* what store_item points to */
	size_t body;		   /* in batch.text */
	char to[USERNAME_MAX + 1]; /* empty: all */
	char ref[REF_MAX + 1];	   /* empty: none */
	bool repaired;
};

struct batch {
	int count;
	struct store_item items[BATCH_MESSAGES];
	struct item texts[BATCH_MESSAGES];
	struct buf text;
};

void
batch_add(struct session *s, const char *to, const char *ref, bool repaired,
    const char *body, size_t len)
{
	struct batch *b = s->batch;
	struct item *item;

	if (b == NULL && (b = s->batch = calloc(1, sizeof(*b))) == NULL)
		abort();
	b->items[b->count].in.body_len = len;
	item = &b->texts[b->count++];
	item->body = buf_len(&b->text);
	item->repaired = repaired;
	/* Both were checked for their length. */
	strcpy(item->to, to != NULL ? to : "");
	strcpy(item->ref, ref != NULL ? ref : "");
	buf_add(&b->text, body, len);
	if (b->count == BATCH_MESSAGES)
		batch_flush(s);
}

/* What the log and the metrics tell of a commit that took so long. */
static void
batch_count(struct session *s, int64_t us)
{
	const struct batch *b = s->batch;
	const struct store_item *item;
	unsigned n = 0;

	for (item = b->items; item < b->items + b->count; item++)
		n += item->result == STORE_OK && !item->sent.again;
	s->messages += n;
	if (us > s->slowest)
		s->slowest = us;
	count_add(COUNT_STORED, n);
	count_observe(COUNT_COMMIT, us);
}

/* The texts have come to where they stay. */
static void
batch_point(struct batch *b)
{
	int i;

	for (i = 0; i < b->count; i++) {
		const struct item *text = &b->texts[i];
		struct store_send *in = &b->items[i].in;

		in->to = text->to[0] != '\0' ? text->to : NULL;
		in->ref = text->ref[0] != '\0' ? text->ref : NULL;
		in->body = buf_head(&b->text) + text->body;
	}
}

/* Tell the relay what is new, in as few datagrams as it takes. */
static void
batch_publish(struct session *s, int64_t before)
{
	const struct batch *b = s->batch;
	const struct store_item *item;
	struct event_message m;
	struct publish p;

	publish_begin(&p, s->me.user_id, s->me.id, before, deliver_publish, s);
	for (item = b->items; item < b->items + b->count; item++) {
		if (item->result != STORE_OK || item->sent.again)
			continue;
		m = (struct event_message){ .id = item->sent.id,
			.time = item->sent.time,
			.from = s->me.username,
			.to = item->sent.to,
			.body = item->in.body,
			.body_len = item->in.body_len };
		publish_add(&p, &m, item->sent.recipient_id);
	}
	publish_end(&p);
}

static void
ack_event(struct buf *out, const struct store_item *item, bool repaired)
{
	event_begin(out, "ACK", item->in.ref);
	event_int(out, "id", item->sent.id);
	event_time(out, "timestamp", item->sent.time);
	if (repaired)
		event_true(out, "repaired");
	event_end(out);
}

static void
batch_answer(struct session *s, int count)
{
	const struct batch *b = s->batch;
	struct request r = { 0 };
	int i;

	for (i = 0; i < count; i++) {
		const struct store_item *item = &b->items[i];

		r.ref = item->in.ref;
		switch (item->result) {
		case STORE_OK:
			ack_event(
			    &s->client.output, item, b->texts[i].repaired);
			break;
		case STORE_NO_USER:
			session_error(s, &r, "NO_SUCH_USER",
			    "%s is neither online nor registered", item->in.to);
			break;
		case STORE_REF_REUSED:
			session_error(s, &r, "BAD_REQUEST",
			    "ref %s stands for another message", r.ref);
			break;
		default:
			session_unavailable(s, r.ref);
			break;
		}
	}
}

void
batch_flush(struct session *s)
{
	struct batch *b = s->batch;
	struct store *store;
	enum store_result result = STORE_UNAVAILABLE;
	int64_t before = 0, began;
	int i, count;

	if (b == NULL || b->count == 0)
		return;
	batch_point(b);
	if ((store = session_store(s)) != NULL) {
		began = monotonic_us();
		result = store_messages_send(
		    store, &s->me, b->items, b->count, &before);
		if (result == STORE_OK) {
			batch_count(s, monotonic_us() - began);
			session_store_works(s);
			batch_publish(s, before);
		} else if (result == STORE_UNAVAILABLE) {
			session_store_failed(s);
		}
	}
	for (i = 0; result != STORE_OK && i < b->count; i++)
		b->items[i].result = result;
	/* Emptied before answering: reporting an error flushes as well. */
	count = b->count;
	b->count = 0;
	if (result == STORE_REPLACED || result == STORE_ENDED)
		session_row_gone(s, result);
	else
		batch_answer(s, count);
	buf_reset(&b->text, INPUT_CHUNK);
}

void
batch_free(struct session *s)
{
	if (s->batch == NULL)
		return;
	buf_free(&s->batch->text);
	free(s->batch);
	s->batch = NULL;
}
