/*
 * What the relay does when something happens: a session registers, publishes,
 * says goodbye, dies, reads again; the housekeeper reports; a second is over.
 * Called by the loop alone.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "count.h"
#include "event.h"
#include "limit.h"
#include "log.h"
#include "notify.h"
#include "process.h"
#include "text.h"

/* ---- presence ---- */

static void
tell_presence(
    struct notify *n, const char *event, int64_t user, const char *username)
{
	struct buf line = { 0 };

	event_presence(&line, event, username);
	relay_presence(&n->relay, user, buf_head(&line), buf_len(&line));
	buf_free(&line);
}

static void
session_left(struct notify *n)
{
	if (n->subscribers.registered == 0)
		keeper_set_busy(n->keeper, false);
}

/*
 * It is no more.  If it is registered it did not say goodbye, and its row may
 * still be open.
 */
static void
session_died(struct notify *n, struct subscriber *s)
{
	bool registered = s->user != NULL;

	if (registered) {
		presence_die(&n->presence, s->user);
		keeper_end_session(
		    n->keeper, s->session, s->user->id, s->socket);
	}
	dgram_unlink(&n->place.registry, s->socket);
	admit_leave(n, s);
	subscribers_remove(&n->subscribers, s);
	if (registered)
		session_left(n);
}

/* Its row is closed, and it ends. */
static void
session_leaves(struct notify *n, struct subscriber *s)
{
	struct presence_user *u = s->user;

	log_session(LEVEL_DEBUG, s->session, u->username, "ended", "");
	/* Its process counts as a connection until it has ended. */
	subscriber_unregister(&n->subscribers, s);
	s->gone = true;
	if (presence_leave(&n->presence, u))
		tell_presence(n, "LEFT", u->id, u->username);
	presence_forget(&n->presence, u);
	session_left(n);
}

/* times RELAY_DRAIN_MAX: no queue is that long (net.unix.max_dgram_qlen) */
#define EXIT_DRAINS 128

void
handle_exit(struct notify *n, struct subscriber *s)
{
	int i;

	/* Its goodbye may have been sent and wait in the queue. */
	for (i = 0; i < EXIT_DRAINS && !handle_datagrams(n); i++)
		;
	if (!s->removed)
		session_died(n, s);
}

void
handle_room(struct notify *n, struct subscriber *s)
{
	/* What is gathered is not for who was lagging. */
	relay_flush(&n->relay);
	subscriber_look(&n->subscribers, s, n->relay.position);
}

void
handle_sweep(struct notify *n)
{
	const struct subscribers *all = &n->subscribers;
	int64_t *alive = NULL;
	size_t known = 0;
	unsigned i;

	if (all->count > 0 &&
	    (alive = calloc(all->count, sizeof(*alive))) == NULL)
		abort();
	for (i = 0; i < all->count; i++)
		if (all->list[i]->user != NULL)
			alive[known++] = all->list[i]->session;
	keeper_sweep(n->keeper, alive, known);
}

/* ---- datagrams ---- */

/*
 * A session of this user comes with that name.  If others know another one, of
 * sessions that have not ended yet, that is nobody's any more.
 */
static void
rename_user(struct notify *n, int64_t user, const char *username)
{
	struct presence_user *u = presence_find(&n->presence, user);

	if (u == NULL || !u->announced || strcmp(u->username, username) == 0)
		return;
	tell_presence(n, "LEFT", user, u->username);
	u->announced = false;
}

/*
 * Register a session: the one that was let in with that socket (may be NULL),
 * or one that is not known yet.  NULL if it cannot be added.
 */
static struct subscriber *
add_session(struct notify *n, struct subscriber *s, const struct dgram_head *h,
    const char *username, const struct dgram_from *from, bool *joined)
{
	bool again = (h->flags & DGRAM_AGAIN) != 0;

	if (s == NULL)
		s = subscribers_add(&n->subscribers, from, h->session);
	else if (!subscriber_register(&n->subscribers, s, h->session))
		s = NULL;

	if (s == NULL && errno == ESRCH) {
		handle_sweep(n);
		return NULL;
	}
	if (s == NULL) {
		n->refused++;
		n->refused_why = errno;
		return NULL;
	}
	rename_user(n, h->user, username);
	s->user =
	    presence_enter(&n->presence, h->user, username, again, joined);
	if (n->subscribers.registered == 1)
		keeper_set_busy(n->keeper, true);
	log_session(LEVEL_DEBUG, h->session, username, "registered",
	    again ? "again" : "");
	return s;
}

/* Whether somebody else has closed a session's row, as far as can be told. */
static bool
is_over(const struct notify *n, int64_t session, const char *socket)
{
	enum store_result row = STORE_UNAVAILABLE;

	if (n->reader.store != NULL)
		row = store_session_find(n->reader.store, session, socket);
	return row == STORE_ENDED || row == STORE_REPLACED;
}

/*
 * Sessions of a user whose name was taken from them, by a login or a registration
 * (store_others_close()): it may be another's by now.  Who took it may not have
 * been able to tell them; they find out when they read the store, and until then
 * nothing more is for them.  As many that have it still are looked at as by the
 * login, whose session (or NULL) is not.
 */
static void
end_others(struct notify *n, int64_t user, const struct subscriber *s)
{
	const struct subscribers *all = &n->subscribers;
	unsigned i, looked = 0;

	for (i = 0; i < all->count && looked < SESSIONS_LOOKED; i++) {
		struct subscriber *other = all->list[i];

		if (other == s || other->user == NULL ||
		    other->user->id != user)
			continue;
		if (is_over(n, other->session, other->socket))
			session_leaves(n, other);
		else
			looked++;
	}
}

static bool
welcome(struct notify *n, struct subscriber *s, const struct dgram_head *h)
{
	return subscriber_welcome(&n->subscribers, s,
	    (h->flags & DGRAM_AGAIN) != 0 ? DGRAM_USERS : 0, n->relay.position,
	    n->relay.batch.n);
}

static void
handle_register(struct notify *n, const struct dgram_head *h,
    const char *username, const struct dgram_from *from)
{
	struct subscriber *old =
	    subscribers_find(&n->subscribers, from->socket);
	struct subscriber *s, *here = NULL;
	bool joined = false;

	relay_known(&n->relay, h->last, n->now);
	/* It does not know yet that its name was taken from it. */
	if ((old != NULL && old->gone) ||
	    ((h->flags & DGRAM_AGAIN) != 0 &&
		is_over(n, h->session, from->socket)))
		return;
	if (old != NULL && old->user == NULL) {
		here = old;
		old = NULL;
	}
	if (old != NULL && old->session == h->session) {
		/* It has a place in what is gathered, up to here. */
		relay_flush(&n->relay);
		if (welcome(n, old, h))
			return;
	}
	/* The new one first: a socket made anew is no LEFT and JOINED. */
	s = add_session(n, here, h, username, from, &joined);
	if (old != NULL && s != NULL)
		admit_move(old, s);
	if (old != NULL && (s == NULL || old->session != s->session)) {
		session_died(n, old);
	} else if (old != NULL) {
		presence_leave(&n->presence, old->user);
		admit_leave(n, old);
		subscribers_remove(&n->subscribers, old);
	}
	if (s == NULL)
		return;
	if (!welcome(n, s, h)) {
		session_died(n, s);
		return;
	}
	if ((h->flags & DGRAM_AGAIN) == 0 && s->user->sessions > 1)
		end_others(n, h->user, s);
	if (joined)
		tell_presence(n, "JOINED", s->user->id, s->user->username);
	admit_user(n, s);
}

static void
handle_bye(struct notify *n, const struct dgram_head *h, const char *username,
    const struct dgram_from *from)
{
	struct subscriber *s = subscribers_find(&n->subscribers, from->socket);

	if (s != NULL && s->gone)
		return;
	if (s == NULL || s->user == NULL) {
		/* Others may know of it from the relay before this one. */
		if (*username != '\0' &&
		    presence_find(&n->presence, h->user) == NULL)
			tell_presence(n, "LEFT", h->user, username);
		return;
	}
	session_leaves(n, s);
}

/* Returns false for a datagram that is not as it should be. */
static bool
handle_datagram(
    struct notify *n, const struct dgram_head *h, const struct dgram_from *from)
{
	size_t len = buf_len(&n->body);
	const char *body = buf_head(&n->body);
	char username[USERNAME_MAX + 1] = "";

	switch (h->type) {
	case DGRAM_PUBLISH:
		/* It is stored before it is told of, so the store knows. */
		return (n->reader.store == NULL ||
			   h->last <= reader_position(&n->reader)) &&
		    relay_publish(&n->relay, h, body, len, n->now);
	case DGRAM_REGISTER:
	case DGRAM_BYE:
		if (*from->socket == '\0' ||
		    (len > 0 && !text_is_username(body, len)))
			return false;
		memcpy(username, body, len);
		if (h->type == DGRAM_REGISTER)
			handle_register(n, h, username, from);
		else
			handle_bye(n, h, username, from);
		return true;
	case DGRAM_ADMIT:
	case DGRAM_OFFENCE:
		if (*from->socket == '\0')
			return false;
		if (h->type == DGRAM_OFFENCE && h->user != 0)
			end_others(n, h->user, NULL);
		if (h->type == DGRAM_ADMIT)
			handle_admit(n, h, from);
		else
			handle_offence(n, h, from);
		return true;
	case DGRAM_RELOAD:
		if (h->user != 0)
			end_others(n, h->user, NULL);
		else
			keeper_read_blocks(n->keeper);
		return true;
	default:
		return false;
	}
}

bool
handle_datagrams(struct notify *n)
{
	struct dgram_head head;
	struct dgram_from from;
	int i;

	for (i = 0; i < RELAY_DRAIN_MAX; i++) {
		ssize_t len =
		    dgram_receive(n->place.fd, &head, &n->body, &from);

		if (len == -1) {
			if (errno != EAGAIN)
				log_event(LEVEL_ERROR, "error", "receiving: %s",
				    strerror(errno));
			return true;
		}
		if (len == -2 || !handle_datagram(n, &head, &from)) {
			n->dropped++;
			count_add(COUNT_DROPPED, 1);
		}
		buf_reset(&n->body, 2 * DGRAM_MAX);
	}
	return false;
}

/* ---- the housekeeper's reports ---- */

static void
log_died(int64_t session, const char *username, const char *text)
{
	count_end("died");
	log_session(LEVEL_INFO, session, username, "died", text);
}

static void
handle_ended(struct notify *n, const struct keeper_report *r)
{
	struct presence_user *u = presence_find(&n->presence, r->user);

	if (u == NULL || u->ending == 0)
		return;
	if (r->was_open)
		log_died(r->session, u->username,
		    "the session ended without goodbye");
	else
		log_session(LEVEL_DEBUG, r->session, u->username, "ended",
		    "its goodbye was lost");
	if (presence_ended(u))
		tell_presence(n, "LEFT", u->id, u->username);
	presence_forget(&n->presence, u);
	/* It may have died between its commit and telling of it. */
	relay_known(&n->relay, reader_position(&n->reader), n->now);
}

static void
handle_swept(struct notify *n, const struct keeper_report *r)
{
	log_died(r->session, r->username, "nobody was behind its open row");
	if (!r->elsewhere && presence_find(&n->presence, r->user) == NULL)
		tell_presence(n, "LEFT", r->user, r->username);
	relay_known(&n->relay, reader_position(&n->reader), n->now);
}

static void
handle_reader(const struct keeper_report *r)
{
	/* It need not have registered: it may have been stopped in its login. */
	bool ended = process_end_stopped(r->pid);

	log_event(LEVEL_WARNING, "reader",
	    "process %d keeps the WAL, now %lld"
	    " MiB, from being emptied%s",
	    (int)r->pid, (long long)r->wal_bytes / (1024 * 1024),
	    ended ? "; it was stopped: ended it" : "");
}

static void
handle_report(struct notify *n, struct keeper_report *r)
{
	switch (r->kind) {
	case KEEPER_ENDED:
		handle_ended(n, r);
		break;
	case KEEPER_SWEPT:
		handle_swept(n, r);
		break;
	case KEEPER_CHECKPOINT:
		log_event(LEVEL_DEBUG, "checkpoint", "%s, the WAL had %lld KiB",
		    r->done ? "whole" : "in part",
		    (long long)r->wal_bytes / 1024);
		break;
	case KEEPER_READER:
		handle_reader(r);
		break;
	case KEEPER_UNAVAILABLE:
		log_event(LEVEL_ERROR, "store_unavailable", "housekeeping: %s",
		    r->text);
		break;
	case KEEPER_AVAILABLE:
		log_event(LEVEL_INFO, "store_available", "housekeeping");
		/* What made it open the store anew concerns ours as well. */
		reader_reopen(&n->reader);
		break;
	case KEEPER_BLOCKS:
		handle_blocks(n, r);
		break;
	case KEEPER_NOTICE:
		log_event(LEVEL_WARNING, "store", "%s", r->text);
		break;
	case KEEPER_FINISHED:
		n->ended |= n->finishing;
		break;
	}
}

void
handle_reports(struct notify *n)
{
	struct keeper_report *r;

	while ((r = keeper_next(n->keeper)) != NULL) {
		handle_report(n, r);
		free(r);
	}
}

/* ---- each second ---- */

/*
 * The log's position, as the store knows it, is never below the relay's for
 * long, unless an older store was put in place of this one.
 */
static void
compare_positions(struct notify *n)
{
	int64_t position = reader_position(&n->reader);

	if (position == -1 || position >= n->relay.position) {
		n->ahead = 0;
		relay_known(&n->relay, position, n->now);
	} else if (++n->ahead > 1) {
		log_event(LEVEL_WARNING, "position",
		    "%lld is beyond the"
		    " store's last %lld, which is taken",
		    (long long)n->relay.position, (long long)position);
		relay_flush(&n->relay);
		relay_reset(&n->relay, position);
		n->ahead = 0;
	}
}

static void
log_counts(struct notify *n)
{
	if (n->dropped > 0)
		log_event(LEVEL_WARNING, "dropped",
		    "%lu datagrams of other"
		    " users, not well-formed, or not in the store",
		    n->dropped);
	if (n->refused > 0)
		log_event(LEVEL_ERROR, "error",
		    "%lu sessions could not be"
		    " registered: %s",
		    n->refused, strerror(n->refused_why));
	n->dropped = n->refused = 0;
}

void
handle_tick(struct notify *n)
{
	struct subscribers *all = &n->subscribers;
	unsigned i;

	if (place_check(&n->place)) {
		loop_watch_socket(n);
		rollcall_end(&n->rollcall); /* of the old directory */
	}
	/* Anew, if the page was removed. */
	count_open(n->reader.options.runtime_dir);
	reader_check(&n->reader);
	compare_positions(n);
	admit_hurry(n);
	/* Backwards: a removed one is replaced by the last. */
	for (i = all->count; i-- > 0;) {
		struct subscriber *s = all->list[i];

		admit_end_late(n, s);
		if (s->refused)
			session_died(n, s);
		else if (s->lagging)
			handle_room(n, s);
	}
	log_counts(n);
	gauge_set(n);
}
