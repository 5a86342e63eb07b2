/*
 * Registered sessions and the sending to them, as subscribers.h says.
 */
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "count.h"
#include "log.h"
#include "subscribers.h"

/* us; a shorter lag is nothing special where queues are short. */
#define LAG_TOLD 1000000

struct subscriber *
subscribers_find(const struct subscribers *s, const char *socket)
{
	unsigned i;

	for (i = 0; i < s->count; i++)
		if (strcmp(s->list[i]->socket, socket) == 0)
			return s->list[i];
	return NULL;
}

static bool
watch(struct subscribers *s, int fd, uint32_t events, struct source *source)
{
	struct epoll_event e = { .events = events, .data.ptr = source };

	return epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &e) == 0;
}

static void
list_append(struct subscribers *s, struct subscriber *sub)
{
	if (s->count == s->size) {
		s->size = s->size > 0 ? 2 * s->size : 64;
		s->list = reallocarray(s->list, s->size, sizeof(*s->list));
		if (s->list == NULL)
			abort();
	}
	s->list[s->count++] = sub;
}

struct subscriber *
subscribers_watch(struct subscribers *s, const struct dgram_from *from)
{
	struct subscriber *sub = calloc(1, sizeof(*sub));
	int saved;

	if (sub == NULL)
		abort();
	sub->pid = from->pid;
	sub->fd = -1;
	memcpy(sub->socket, from->socket, sizeof(sub->socket));
	sub->on_exit = (struct source){ SOURCE_EXIT, sub };
	sub->on_room = (struct source){ SOURCE_ROOM, sub };
	if ((sub->pidfd = pidfd_open(sub->pid, 0)) != -1 &&
	    watch(s, sub->pidfd, EPOLLIN, &sub->on_exit)) {
		list_append(s, sub);
		return sub;
	}
	saved = errno;
	if (sub->pidfd != -1)
		close(sub->pidfd);
	free(sub);
	errno = saved;
	return NULL;
}

bool
subscriber_register(
    struct subscribers *s, struct subscriber *sub, int64_t session)
{
	if ((sub->fd = dgram_session_connect(s->registry, sub->socket)) == -1) {
		if (errno == ECONNREFUSED || errno == ENOENT)
			errno = ESRCH;
		return false;
	}
	sub->session = session;
	s->registered++;
	return true;
}

struct subscriber *
subscribers_add(
    struct subscribers *s, const struct dgram_from *from, int64_t session)
{
	struct subscriber *sub = subscribers_watch(s, from);
	int saved;

	if (sub == NULL || subscriber_register(s, sub, session))
		return sub;
	saved = errno;
	subscribers_remove(s, sub);
	errno = saved;
	return NULL;
}

/* After a sending that failed with that error. */
static void
lag_begin(struct subscribers *s, struct subscriber *sub, int error)
{
	/*
	 * There is room, and the kernel had no memory: who would be called for
	 * room would be so without end.  Then, and if this fails, the tick tries.
	 */
	if (error != EAGAIN)
		epoll_ctl(s->epoll, EPOLL_CTL_DEL, sub->fd, NULL);
	else
		watch(s, sub->fd, EPOLLOUT, &sub->on_room);
	if (sub->lagging)
		return;
	count_add(COUNT_LAGS, 1);
	sub->lagging = true;
	sub->lag_told = false;
	sub->lag_since = s->now;
	s->lagging++;
}

static void
lag_end(struct subscribers *s, struct subscriber *sub)
{
	if (!sub->lagging)
		return;
	epoll_ctl(s->epoll, EPOLL_CTL_DEL, sub->fd, NULL);
	sub->lagging = false;
	s->lagging--;
}

/*
 * Send what is in the first n parts, the first being the head.  When it is
 * sent, the session's end of the chain is at head->last.
 */
static bool
send_parts(struct subscribers *s, struct subscriber *sub,
    struct dgram_head *head, struct iovec *parts, size_t n)
{
	struct msghdr msg = { .msg_iov = parts, .msg_iovlen = n };

	head->version = DGRAM_VERSION;
	head->user = sub->user->id;
	head->session = sub->session;
	head->prev = sub->sent;
	parts[0] = (struct iovec){ head, sizeof(*head) };
	if (sendmsg(sub->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) != -1) {
		sub->sent = head->last;
		return true;
	}
	if (errno == ECONNREFUSED || errno == ENOTCONN || errno == ECONNRESET ||
	    errno == ENOENT || errno == EPIPE) {
		lag_end(s, sub);
		sub->refused = true;
	} else {
		lag_begin(s, sub, errno);
	}
	return false;
}

static bool
send_head(struct subscribers *s, struct subscriber *sub, uint8_t type,
    uint16_t flags, int64_t last)
{
	struct dgram_head head = { .type = type, .flags = flags, .last = last };
	struct iovec part;

	return send_parts(s, sub, &head, &part, 1);
}

bool
subscriber_welcome(struct subscribers *s, struct subscriber *sub,
    uint16_t flags, int64_t position, unsigned first)
{
	sub->first = first;
	/* What has no room now is sent when the session asks again. */
	send_head(s, sub, DGRAM_WELCOME, flags, position);
	return !sub->refused;
}

void
subscriber_look(struct subscribers *s, struct subscriber *sub, int64_t position)
{
	if (!sub->lagging)
		return;
	if (send_head(s, sub, DGRAM_LOOK, sub->users_lost ? DGRAM_USERS : 0,
		position)) {
		sub->users_lost = false;
		lag_end(s, sub);
		log_session(sub->lag_told ? LEVEL_INFO : LEVEL_DEBUG,
		    sub->session, sub->user->username, "caught_up",
		    "reads again");
	} else if (sub->lagging && !sub->lag_told &&
	    s->now - sub->lag_since >= LAG_TOLD) {
		sub->lag_told = true;
		log_session(LEVEL_INFO, sub->session, sub->user->username,
		    "lagging",
		    "reads too slowly, nothing is sent until it has read");
	}
}

static void
send_choice(struct subscribers *s, struct subscriber *sub,
    struct relay_choice *c, int64_t last)
{
	struct dgram_head head = { .type = DGRAM_EVENTS,
		.count = c->lines,
		/* Presence has no place in the log. */
		.last = c->presence ? sub->sent : last };

	if (c->look)
		send_head(s, sub, DGRAM_LOOK, 0, last);
	else
		send_parts(s, sub, &head, c->parts, c->nparts);
	if (sub->lagging && c->presence)
		sub->users_lost = true;
}

void
subscribers_send(struct subscribers *s, const struct relay_batch *batch)
{
	bool presence = batch->entries[0].id == 0;
	unsigned i;

	for (i = 0; i < s->count; i++) {
		struct subscriber *sub = s->list[i];
		unsigned first = sub->first;

		sub->first = 0;
		if (sub->user == NULL || sub->refused ||
		    (sub->lagging && !presence))
			continue;
		relay_choose(
		    batch, first, sub->user->id, sub->session, &s->choice);
		if (s->choice.lines == 0)
			continue;
		if (sub->lagging)
			sub->users_lost = true;
		else
			send_choice(s, sub, &s->choice, batch->last);
	}
}

void
subscriber_unregister(struct subscribers *s, struct subscriber *sub)
{
	if (sub->fd == -1)
		return;
	lag_end(s, sub);
	close(sub->fd);
	sub->fd = -1;
	sub->user = NULL;
	sub->refused = false;
	s->registered--;
}

void
subscribers_remove(struct subscribers *s, struct subscriber *sub)
{
	unsigned i;

	for (i = 0; s->list[i] != sub; i++)
		;
	s->list[i] = s->list[--s->count];
	subscriber_unregister(s, sub);
	close(sub->pidfd);
	sub->removed = true;
	sub->next = s->removed;
	s->removed = sub;
}

void
subscribers_reap(struct subscribers *s)
{
	struct subscriber *sub;

	while ((sub = s->removed) != NULL) {
		s->removed = sub->next;
		free(sub);
	}
}

void
subscribers_free(struct subscribers *s)
{
	while (s->count > 0)
		subscribers_remove(s, s->list[0]);
	subscribers_reap(s);
	free(s->list);
	s->list = NULL;
	s->size = 0;
}
