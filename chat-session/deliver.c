/*
 * Delivery: what others say comes by datagram from the relay, and everything
 * that did not is read from the store (docs/RELAY.md).  There is one way to
 * catch up, whatever the reason: `needed` is set, and pages are read until
 * the view's position has reached it.
 */
#include <sys/syscall.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "count.h"
#include "event.h"
#include "session.h"
#include "text.h"

void
deliver_init(struct delivery *d)
{
	*d = (struct delivery){ .fd = -1, .relay_pidfd = -1 };
}

bool
deliver_bind(struct session *s)
{
	struct delivery *d = &s->delivery;
	const char *dir = s->config.runtime_dir;

	if (d->fd != -1)
		return true;
	if (dgram_registry_init(&d->registry, dir))
		d->fd = dgram_session_bind(&d->registry, d->name);
	if (d->fd == -1)
		log_event(LEVEL_ERROR, "store_unavailable",
		    "cannot bind a socket in %s/%s: %s", dir, DGRAM_SESSIONS,
		    strerror(errno));
	return d->fd != -1;
}

static void
need(struct delivery *d, int64_t id)
{
	if (id > d->needed)
		d->needed = id;
}

/*
 * Register with the relay.  Not waited for: until the answer, and without one,
 * the store is looked at once a second.  A full queue is tried again soon.
 */
static void
send_register(struct session *s)
{
	struct delivery *d = &s->delivery;
	struct dgram_head head = { .type = DGRAM_REGISTER,
		.user = s->me.user_id,
		.session = s->me.id,
		.last = d->view.position,
		.flags = d->welcomed ? DGRAM_AGAIN : 0 };
	bool sent;

	sent = dgram_send(d->fd, &d->registry, NULL, &head, s->me.username,
	    strlen(s->me.username));
	d->next_look = monotonic_ms() +
	    (!sent && errno == EAGAIN ? REGISTER_RETRY : ALONE_INTERVAL);
	/* Until a later one gets through, others may come and go unheard. */
	d->missed |= !sent;
}

void
deliver_start(struct session *s, int64_t position)
{
	need(&s->delivery, position);
	if (!s->admission.answered)
		admit_again(s);
	send_register(s);
}

static void
relay_forget(struct delivery *d)
{
	if (d->relay_pidfd != -1)
		close(d->relay_pidfd);
	d->relay_pidfd = -1;
}

void
deliver_alone(struct session *s)
{
	relay_forget(&s->delivery);
	log_event(LEVEL_DEBUG, "relay_away", "looking at the store");
	s->delivery.next_look = monotonic_ms();
}

static void
take_welcome(struct session *s, const struct dgram_head *head, pid_t relay)
{
	struct delivery *d = &s->delivery;

	relay_forget(d);
	/* -1 if it is dead already: then we go on looking by ourselves. */
	d->relay_pidfd = (int)syscall(SYS_pidfd_open, relay, 0);
	d->welcomed = true;
	d->next_look = monotonic_ms() + RELAY_SILENT;
	need(d, head->last);
	if ((head->flags & DGRAM_USERS) || d->missed)
		d->users_due = true;
	d->missed = false;
}

/*
 * Lines for the client, already at the end of its output.  They stay only when
 * they continue exactly where we are.  Returns whether they do.
 */
static bool
take_events(struct session *s, const struct dgram_head *head)
{
	struct delivery *d = &s->delivery;

	if (head->prev == head->last) /* presence alone */
		return true;
	/*
	 * Another database has the user's number for somebody else, and without
	 * a store there is nothing to know it by but to read.  What the name's
	 * former holder was told may come to be on disk only now.
	 */
	if (!deliver_catching_up(s) && head->prev == d->view.position &&
	    head->prev >= d->view.private_from && s->store != NULL &&
	    !store_is_replaced(s->store)) {
		d->view.position = d->needed = head->last;
		return true;
	}
	if (head->flags & DGRAM_USERS)
		d->users_due = true;
	if (head->last > d->view.position)
		need(d, head->last);
	return false;
}

/*
 * What is passed on from a datagram, and how old its first message is: the
 * timestamp ends the line.
 */
static void
relayed(const char *lines, size_t len, unsigned n)
{
	const size_t tail = TIMESTAMP_LEN + 2; /* and "} */
	const char *end = memchr(lines, '\n', len);
	int64_t then;

	count_add(COUNT_RELAYED, n);
	if (end == NULL || (size_t)(end - lines) < tail)
		return;
	then = text_timestamp_read(end - tail);
	if (then != -1)
		count_observe(COUNT_DELIVERY, (store_now() - then) * 1000);
}

/* Returns whether it was lines alone, which the client gets as they are. */
static bool
take(struct session *s, const struct dgram_head *head, size_t before,
    const struct dgram_from *from)
{
	struct delivery *d = &s->delivery;
	bool connected = s->state == STATE_CONNECTED;
	struct buf *out = &s->client.output;
	char body[DGRAM_VERDICT_MAX];
	size_t len = buf_len(out) - before;

	if (connected && head->type == DGRAM_EVENTS && take_events(s, head)) {
		if (head->prev != head->last)
			relayed(buf_head(out) + before, len, head->count);
		return true;
	}
	len = len < sizeof(body) ? len : sizeof(body);
	memcpy(body, buf_head(out) + before, len);
	buf_cut(out, before);
	if (head->type == DGRAM_VERDICT) {
		admit_verdict(s, head, body, len);
	} else if (head->type == DGRAM_WHO) {
		admit_again(s);
		if (connected)
			send_register(s);
	}
	if (!connected)
		return false;
	switch (head->type) {
	case DGRAM_WELCOME:
		take_welcome(s, head, from->pid);
		break;
	case DGRAM_LOOK:
		need(d, head->last);
		if (head->flags & DGRAM_USERS)
			d->users_due = true;
		break;
	case DGRAM_END:
		session_row_gone(s, STORE_REPLACED);
		break;
	default:
		break;
	}
	return false;
}

/*
 * All that is there, to be written at once; but when the last is long ago there
 * is seldom a second, and looking for it costs as much as taking the first: who
 * is mistaken is called again at once.
 */
bool
deliver_receive(struct session *s)
{
	struct delivery *d = &s->delivery;
	struct buf *out = &s->client.output;
	int64_t now = monotonic_ms();
	bool dense = now - d->received < DELIVER_DENSE;
	struct dgram_head head;
	struct dgram_from from;
	bool lines = true;
	size_t before;
	ssize_t n;

	d->received = now;
	do {
		if (!client_has_room(&s->client) || s->state >= STATE_ENDING)
			return false;
		before = buf_len(out);
		n = dgram_receive(d->fd, &head, out, &from);
		if (n >= 0)
			lines &= take(s, &head, before, &from);
	} while (dense && n != -1);
	return lines;
}

bool
deliver_catching_up(const struct session *s)
{
	return s->delivery.needed > s->delivery.view.position;
}

/* The store is away: not before the next look, since it may take a while. */
static void
stall(struct delivery *d)
{
	d->stalled = true;
	d->next_look = monotonic_ms() + ALONE_INTERVAL;
}

struct row_sink {
	struct buf *out;
	size_t end; /* stop when so much is waiting */
	unsigned rows;
};

static bool
row_deliver(void *arg, const struct store_message *m)
{
	struct row_sink *sink = arg;
	struct event_message e = event_of_stored(m);

	event_message(sink->out, &e);
	sink->rows++;
	return buf_len(sink->out) < sink->end;
}

/* One page; false when the store is away. */
static bool
read_page(struct session *s)
{
	struct delivery *d = &s->delivery;
	struct row_sink sink = { &s->client.output, OUTPUT_HIGH, 0 };
	struct store *store = session_store(s);
	enum store_result result;
	int64_t began = monotonic_us();

	if (store == NULL)
		return false;
	/* Who lost its name may not know it yet: it is another's. */
	result = store_session_find(store, s->me.id, d->name);
	if (result == STORE_REPLACED || result == STORE_ENDED) {
		s->row = result;
		return false;
	}
	if (result == STORE_OK)
		result = store_catch_up(
		    store, &d->view, d->needed, row_deliver, &sink);
	if (result != STORE_OK) {
		session_store_failed(s);
		return false;
	}
	session_store_works(s);
	count_observe(COUNT_CATCH_UP, monotonic_us() - began);
	count_add(COUNT_READ, sink.rows);
	count_add(COUNT_CATCH_UPS, !deliver_catching_up(s));
	return true;
}

void
deliver_catch_up(struct session *s)
{
	struct delivery *d = &s->delivery;

	if (!client_has_room(&s->client) || d->stalled)
		return;
	if (deliver_catching_up(s) && !read_page(s)) {
		stall(d);
		return;
	}
	if (d->users_due && !deliver_catching_up(s)) {
		d->users_due = !users_send(s, NULL);
		if (d->users_due)
			stall(d);
	}
}

/*
 * Look at the store by ourselves: once a second without a relay, and now and
 * then with one, which may be stopped without being dead.
 */
static void
look(struct session *s)
{
	struct delivery *d = &s->delivery;

	if (s->store != NULL && store_is_stale(s->store)) {
		store_close(s->store);
		s->store = NULL;
	}
	/* (No use of the store that would keep its database open.) */
	if (s->store != NULL || session_store(s) != NULL)
		need(d, store_position(s->store));
}

/*
 * Bind our socket anew if it is missing from the registry.  Who asked for it
 * meanwhile took us for dead: the store, opened anew, tells whether our row is
 * still open.  Returns whether it was bound.
 */
static bool
rebind(struct session *s)
{
	struct delivery *d = &s->delivery;
	int fd = dgram_session_rebind(&d->registry, d->name);

	if (fd == -1)
		return false;
	store_close(s->store);
	s->store = NULL;
	session_store(s);
	/* (The relay has that one, and is not to find it dead before call().) */
	close(d->fd);
	d->fd = fd;
	return true;
}

/* Tell a relay, which may be there again, that we are here. */
static void
call(struct session *s)
{
	/* It was away, or did not answer the last time. */
	s->delivery.missed = true;
	admit_again(s);
	send_register(s);
}

/* Returns whether it is still to be told. */
static bool
tell_replaced(struct session *s)
{
	struct delivery *d = &s->delivery;
	struct dgram_head head = {
		.type = DGRAM_END, .user = s->me.user_id, .session = s->me.id
	};

	if (d->replaced[0] == '\0')
		return false;
	if (!dgram_send(d->fd, &d->registry, d->replaced, &head, NULL, 0) &&
	    errno == EAGAIN)
		return true;
	d->replaced[0] = '\0';
	return false;
}

int64_t
deliver_tick(struct session *s, int64_t now)
{
	struct delivery *d = &s->delivery;
	bool telling = tell_replaced(s);

	if (now >= d->next_look) {
		d->stalled = false;
		d->next_look = now + RELAY_SILENT;
		if ((rebind(s) || d->relay_pidfd == -1) && s->row == STORE_OK)
			call(s);
		look(s);
		if (deliver_catching_up(s) || d->users_due)
			return now;
	}
	return telling && now + REGISTER_RETRY < d->next_look
	    ? now + REGISTER_RETRY
	    : d->next_look;
}

void
deliver_publish(
    void *session, const struct dgram_head *head, const struct buf *body)
{
	const struct delivery *d = &((struct session *)session)->delivery;

	if (!dgram_send(
		d->fd, &d->registry, NULL, head, buf_head(body), buf_len(body)))
		log_event(LEVEL_DEBUG, "publish",
		    "the relay does not take it"
		    " (%s): it will read the store",
		    strerror(errno));
}

void
deliver_replace(struct session *s, const char *name)
{
	snprintf(
	    s->delivery.replaced, sizeof(s->delivery.replaced), "%s", name);
	tell_replaced(s);
}

void
deliver_end(struct session *s, bool closed)
{
	struct delivery *d = &s->delivery;
	struct dgram_head head = {
		.type = DGRAM_BYE, .user = s->me.user_id, .session = s->me.id
	};

	/* (Who took us for dead has told others that the user left.) */
	if (closed)
		dgram_send(d->fd, &d->registry, NULL, &head, s->me.username,
		    s->row == STORE_OK ? strlen(s->me.username) : 0);
	dgram_unlink(&d->registry, d->name);
	relay_forget(d);
	close(d->fd);
	d->fd = -1;
}
