/*
 * Sending: one stores, in its own transaction, what others have left in the
 * queue (queue.h), and syncs for all.  It has the lock `send` until all is on
 * disk: who comes meanwhile could not be acknowledged before the next sync, and
 * so makes one transaction with all who come.  The lock between writers it has
 * for the transaction alone, so that nobody else waits for the disk.
 *
 * Who waits in the queue is told that it is done, or called to do it.  Nobody
 * lines up for the lock: that would be one by one.  It is only tried now and
 * then, because who has it may have died.
 */
#include <stdio.h>
#include <string.h>

#include "store-internal.h"

/* The messages of one session; what store_messages_send() is called with. */
struct sending {
	const struct store_session *session;
	struct store_item *items;
	int n;
	int64_t *before;
};

/* ---- in the transaction ---- */

static enum store_result
sending_store(struct store *s, const struct sending *m)
{
	enum store_result result = store_session_check(s, m->session->id);
	struct store_item *item;

	*m->before = s->last_id;
	for (item = m->items; item < m->items + m->n && result == STORE_OK;
	     item++) {
		item->result =
		    store_message_send(s, m->session, &item->in, &item->sent);
		if (item->result == STORE_UNAVAILABLE)
			result = STORE_UNAVAILABLE;
	}
	return result;
}

/*
 * What is in a place, as far as it lies within it, whatever is written there
 * meanwhile; returns the number.
 */
static int
place_read(struct queue_place *p, struct store_item items[QUEUE_MESSAGES])
{
	uint32_t count = p->count, i;

	for (i = 0; i < count && i < QUEUE_MESSAGES; i++) {
		struct queue_message *m = &p->messages[i];
		const uint32_t body = *(volatile uint32_t *)&m->body;
		const uint32_t len = *(volatile uint32_t *)&m->body_len;

		if (body > QUEUE_TEXT || len > QUEUE_TEXT - body)
			break;
		m->to[USERNAME_MAX] = m->ref[REF_MAX] = '\0';
		items[i] = (struct store_item){
			.in = { .to = m->to[0] != '\0' ? m->to : NULL,
			    .ref = m->ref[0] != '\0' ? m->ref : NULL,
			    .body = p->text + body,
			    .body_len = len }
		};
	}
	return (int)i;
}

static void
place_answer(struct queue_place *p, const struct store_item *items, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		const struct store_sent *sent = &items[i].sent;
		struct queue_message *m = &p->messages[i];

		m->result = (int32_t)items[i].result;
		m->again = sent->again;
		m->id = sent->id;
		m->time = sent->time;
		m->recipient_id = sent->recipient_id;
		memcpy(m->sent_to, sent->to, sizeof(m->sent_to));
		if (items[i].result == STORE_OK && !sent->again)
			p->last = sent->id;
	}
}

static enum store_result
place_store(struct store *s, struct queue_place *p)
{
	const struct store_session session = { .id = p->session_id,
		.user_id = p->user_id,
		.private_from = p->private_from };
	struct store_item items[QUEUE_MESSAGES];
	const struct sending m = { &session, items, place_read(p, items),
		&p->before };
	enum store_result result;

	p->last = 0;
	/* (Who means another database finds out why.) */
	if (p->generation != s->generation) {
		p->result = STORE_UNAVAILABLE;
		return STORE_OK;
	}
	result = sending_store(s, &m);
	p->result = (int32_t)result;
	if (result == STORE_OK)
		place_answer(p, items, m.n);
	return result == STORE_UNAVAILABLE ? result : STORE_OK;
}

struct taken {
	int stored; /* so many of them by another, who died */
	int count, places[QUEUE_PLACES];
};

/*
 * Who took these died: in its transaction, so that they are to be stored
 * again, or after its commit, so that they only are to be synced.  Which, tells
 * the last message: nothing else has that id and that session.
 */
static enum store_result
orphans_take(struct store *s, struct taken *taken)
{
	struct queue *q = &s->shared->queue;
	int at = 0, place, rc;

	while ((place = queue_orphan(q, &at)) != -1) {
		const struct queue_place *p = &q->places[place];
		sqlite3_stmt *st = store_statement(s, ST_MESSAGE_OF,
		    "SELECT 1 FROM messages WHERE id = :id"
		    " AND session_id = :session");

		if (st == NULL)
			return STORE_UNAVAILABLE;
		sqlite3_bind_int64(st, 1, p->last);
		sqlite3_bind_int64(st, 2, p->session_id);
		if ((rc = store_step(s, st)) == SQLITE_ROW) {
			sqlite3_reset(st);
			taken->places[taken->count++] = place;
			taken->stored++;
			/* It may have died before it said so to others. */
			store_changed(s);
		} else if (rc == SQLITE_DONE) {
			queue_return(q, place);
		} else {
			return STORE_UNAVAILABLE;
		}
	}
	return STORE_OK;
}

/* If one cannot be stored, it is answered, and spoils no other transaction. */
static enum store_result
queue_store(struct store *s, struct taken *taken)
{
	struct queue *q = &s->shared->queue;
	enum store_result result = orphans_take(s, taken);
	int at = 0, place;

	while (result == STORE_OK && (place = queue_take(q, &at)) != -1) {
		result = place_store(s, &q->places[place]);
		if (result == STORE_OK) {
			taken->places[taken->count++] = place;
			continue;
		}
		queue_done(q, place);
		queue_wake(q, place);
	}
	return result;
}

/* ---- with the lock ---- */

/* (What another had stored stays BUSY, for the next one to find, if not.) */
static void
taken_end(struct store *s, const struct taken *taken, bool stored)
{
	struct queue *q = &s->shared->queue;
	int i;

	for (i = stored ? 0 : taken->stored; i < taken->count; i++) {
		if (stored) {
			q->places[taken->places[i]].commit = s->commit;
			queue_done(q, taken->places[i]);
		} else {
			queue_return(q, taken->places[i]);
		}
	}
}

enum store_result
store_begin_send(struct store *s)
{
	enum store_result result = store_begin(s);

	/* Housekeeping, and so the way out of this, is not held up by it. */
	if (result == STORE_OK && store_wal_bytes(s) > WAL_MAX) {
		snprintf(s->error, sizeof(s->error),
		    "%s: the WAL is at its"
		    " limit; a reader keeps it from being emptied",
		    s->path);
		store_rollback(s);
		result = STORE_UNAVAILABLE;
	}
	return result;
}

/* A transaction with our own messages (NULL: none) and what is in the queue. */
static enum store_result
transact(struct store *s, const struct sending *own, struct taken *taken,
    enum store_result *ours)
{
	enum store_result result = store_begin_send(s);

	if (result != STORE_OK)
		return result;
	if (own != NULL)
		*ours = sending_store(s, own);
	result = *ours == STORE_UNAVAILABLE ? *ours : queue_store(s, taken);
	if (result == STORE_OK)
		result = store_commit(s, false);
	if (result != STORE_OK) {
		taken_end(s, taken, false);
		store_rollback(s);
	}
	return result;
}

void
store_send_unlock(struct store *s)
{
	shared_unlock(&s->shared->send);
	queue_call(&s->shared->queue);
}

/* All of it, on disk; the lock is given back. */
static enum store_result
store_all(struct store *s, const struct sending *own)
{
	enum store_result result, ours = STORE_OK;
	struct taken taken = { 0 };
	int i;

	if ((result = transact(s, own, &taken, &ours)) != STORE_OK) {
		store_send_unlock(s);
		return result;
	}
	if (s->options.full)
		result = store_sync(s);
	taken_end(s, &taken, true);
	store_send_unlock(s);
	for (i = 0; i < taken.count; i++)
		queue_wake(&s->shared->queue, taken.places[i]);
	return result != STORE_OK ? result : ours;
}

/* Without the queue, for what has no place in it. */
static enum store_result
store_alone(struct store *s, const struct sending *own)
{
	enum store_result result = store_begin_send(s);

	if (result != STORE_OK)
		return result;
	return store_finish(s, sending_store(s, own), true);
}

/* ---- by the queue ---- */

/* A place with all of it; -1: there is none, or it does not fit. */
static int
queue_up(struct store *s, const struct sending *m)
{
	struct queue *q = &s->shared->queue;
	struct queue_place *p;
	int i, place;

	if (m->n > QUEUE_MESSAGES || (place = queue_claim(q, &s->place)) == -1)
		return -1;
	p = &q->places[place];
	p->generation = s->generation;
	p->user_id = m->session->user_id;
	p->session_id = m->session->id;
	p->private_from = m->session->private_from;
	for (i = 0; i < m->n; i++) {
		const struct store_send *in = &m->items[i].in;

		if (!queue_add(
			q, place, in->to, in->ref, in->body, in->body_len)) {
			queue_leave(q, place);
			return -1;
		}
	}
	queue_offer(q, place);
	return place;
}

/* What came of our place, which is given back. */
static enum store_result
collect(struct store *s, int place, const struct sending *m)
{
	const struct queue_place *p = &s->shared->queue.places[place];
	enum store_result result = (enum store_result)p->result;
	int i;

	*m->before = p->before;
	for (i = 0; i < m->n && result == STORE_OK; i++) {
		const struct queue_message *from = &p->messages[i];
		struct store_item *to = &m->items[i];

		to->result = (enum store_result)from->result;
		to->sent = (struct store_sent){ .id = from->id,
			.time = from->time,
			.recipient_id = from->recipient_id,
			.again = from->again != 0 };
		memcpy(to->sent.to, from->sent_to, sizeof(to->sent.to) - 1);
	}
	s->commit = p->commit;
	queue_leave(&s->shared->queue, place);
	if (result == STORE_UNAVAILABLE)
		snprintf(s->error, sizeof(s->error),
		    "%s: the process that stored for others could not",
		    s->path);
	/* It may have been told not to sync, or its sync failed. */
	return result == STORE_OK && s->options.full ? store_sync(s) : result;
}

/* Without an answer; if we were called, another one is now. */
static enum store_result
give_up(struct store *s, int place)
{
	struct queue *q = &s->shared->queue;

	queue_withdraw(q, place);
	queue_leave(q, place);
	queue_call(q);
	return STORE_UNAVAILABLE;
}

/* What is in our place is stored, by another or by us. */
static enum store_result
send_queued(struct store *s, int place, const struct sending *m)
{
	struct shared_lock *lock = &s->shared->send;
	struct queue *q = &s->shared->queue;
	struct shared_watch watch;

	shared_watch_begin(&watch, lock, store_since(s));
	/* Before each wait: who had it may have let go without seeing us. */
	while (!shared_trylock(lock)) {
		if (queue_wait(q, place))
			return collect(s, place, m);
		queue_wait_again(q, place);
		if (!shared_watch(
			&watch, lock, s->options.notice, s->options.arg)) {
			snprintf(s->error, sizeof(s->error),
			    "%s: busy: the process that stores for others"
			    " is not done",
			    s->path);
			return give_up(s, place);
		}
	}
	if (queue_is_done(q, place))
		store_send_unlock(s);
	else if (store_all(s, NULL) != STORE_OK || !queue_is_done(q, place))
		return give_up(s, place);
	return collect(s, place, m);
}

static enum store_result
send_messages(struct store *s, const struct sending *m)
{
	int place;

	if (shared_trylock(&s->shared->send))
		return store_all(s, m);
	if ((place = queue_up(s, m)) == -1)
		return store_alone(s, m);
	return send_queued(s, place, m);
}

enum store_result
store_messages_send(struct store *s, const struct store_session *session,
    struct store_item *items, int n, int64_t *before)
{
	const struct sending m = { session, items, n, before };
	enum store_result result;

	if (!store_wake(s))
		return STORE_UNAVAILABLE;
	s->since = shared_now();
	result = send_messages(s, &m);
	s->since = 0;
	return result;
}
