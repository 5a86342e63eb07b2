/*
 * The loop of a session: it polls the client, the relay's datagrams and the
 * relay's life, and waits for nothing else but time.  Called by main() alone.
 */
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "command.h"
#include "count.h"
#include "event.h"
#include "process.h"
#include "session.h"

#define HEAR_EVERY 64	/* times that something is there of the relay, */
#define HEAR_PAUSE 1000 /* or after so many ms in which nothing was */

static volatile sig_atomic_t terminated, upgrade;
static unsigned relayed;

/* Whether the rate limit keeps a line waiting. */
static bool
is_paused(struct session *s)
{
	return s->rate.rate != 0 && buf_len(&s->client.lines.in) > 0 &&
	    rate_wait(&s->rate, monotonic_ms()) > 0;
}

/* Whether what the client says has to wait, although there is room. */
static bool
is_held(struct session *s)
{
	return admit_holds(s) || is_paused(s);
}

/* Every complete line that is there, as long as its answer has room. */
static void
lines_run(struct session *s)
{
	bool taken = false;
	char *line;
	size_t len;

	if (s->state == STATE_PROXY && !origin_take(s))
		return;
	while (s->state < STATE_ENDING && client_has_room(&s->client) &&
	    !is_held(s)) {
		switch (line_next(&s->client.lines, &line, &len)) {
		case LINE_FOUND:
			/* Others had to wait if the first one had to. */
			if (!taken)
				rate_taken(&s->rate);
			taken = true;
			command_run(s, line, len);
			continue;
		case LINE_TOO_LONG:
			session_end_error(s, "LINE_TOO_LONG",
			    "a line has more"
			    " than %zu bytes",
			    s->client.lines.max);
			return;
		case LINE_NONE:
			break;
		}
		break;
	}
	batch_flush(s);
	if (s->state >= STATE_ENDING || !is_paused(s))
		return;
	count_add(COUNT_RATE_WAITS, !s->rate.waiting);
	if (rate_waits(&s->rate, monotonic_ms()))
		admit_offence(s, DGRAM_FLOOD, 0);
}

/*
 * While the relay decides there is time to open the store, for who seems to
 * speak our language.  Nothing is parsed yet.
 */
static void
prepare(struct session *s)
{
	const struct buf *in = &s->client.lines.in;

	if (s->state == STATE_NEW && s->admission.asked && buf_len(in) > 0 &&
	    *(const char *)buf_head(in) == '{')
		session_store(s);
}

/* What is left to do for a client that will send no more. */
static void
eof_check(struct session *s)
{
	if (!s->client.eof || s->state >= STATE_ENDING ||
	    !client_has_room(&s->client) || is_held(s) ||
	    (deliver_catching_up(s) && !s->delivery.stalled))
		return;
	if (s->client.lost)
		session_end(s, "lost");
	else
		session_end(s, "closed");
}

/* Until when CONNECT must have come.  What we held up is no fault of theirs. */
static int64_t
login_check(struct session *s, int64_t now)
{
	long seconds = s->config.login_timeout;
	int64_t next;

	if (s->admission.nearly_full)
		seconds = (seconds + NEARLY_FULL_LOGIN - 1) / NEARLY_FULL_LOGIN;
	next = s->started + seconds * 1000 + s->admission.held;
	if (s->admission.asked)
		return s->admission.until;
	if (now >= next)
		session_end_error(
		    s, "TIMEOUT", "no CONNECT within %ld s", seconds);
	return next;
}

/* Deadlines of the conversation.  Returns the next one. */
static int64_t
clock_check(struct session *s, int64_t now)
{
	int64_t idle = s->config.idle_timeout * 1000;

	if (s->state == STATE_PROXY)
		return origin_deadline(s, now);
	if (s->state == STATE_NEW)
		return login_check(s, now);
	/* Something was heard that has to wait. */
	if (is_held(s))
		client_was_heard(&s->client, now);
	if (now >= s->client.heard + idle / 2 && !s->client.pinged) {
		event_begin(&s->client.output, "PING", NULL);
		event_end(&s->client.output);
		s->client.pinged = true;
		/* Who was not asked in time, as we were stopped, can answer. */
		s->client.heard = now - idle / 2;
	} else if (now >= s->client.heard + idle) {
		session_end_error(s, "TIMEOUT", "nothing was heard for %ld s",
		    s->config.idle_timeout);
	}
	return s->client.heard + (s->client.pinged ? idle : idle / 2);
}

/*
 * The end in steps: the last events go out, then the client sees the end of
 * the stream, then what it still sends is read for a moment, since closing
 * with unread input would reset the connection and destroy the last event.
 */
static void
ending_check(struct session *s, int64_t now)
{
	if (!s->client.shut && buf_len(&s->client.output) == 0) {
		client_shut(&s->client);
		s->deadline = now + DRAIN_WAIT;
	}
	if (now >= s->deadline || (s->client.shut && s->client.eof) ||
	    now >= s->ended + s->config.idle_timeout * 1000)
		s->state = STATE_ENDED;
}

static int
timeout_until(int64_t then, int64_t now)
{
	if (then <= now)
		return 0;
	return then - now > 3600 * 1000 ? 3600 * 1000 : (int)(then - now);
}

/* Memory that a burst needed is given back when there is nothing to do. */
static void
rest(struct session *s)
{
	buf_reset(&s->client.lines.in, 0);
	buf_reset(&s->client.output, 0);
	buf_reset(&s->scratch, 0);
	batch_free(s);
	malloc_trim(0);
	s->rested = true;
}

/* So is a database that nobody has asked for a while. */
static void
rest_store(struct session *s)
{
	if (s->store != NULL && monotonic_ms() - s->store_used >= STORE_REST &&
	    store_rest(s->store))
		malloc_trim(0);
}

static bool
is_idle(const struct session *s)
{
	return s->state == STATE_CONNECTED && !deliver_catching_up(s) &&
	    buf_len(&s->client.lines.in) == 0 &&
	    buf_len(&s->client.output) == 0;
}

enum { CLIENT_IN, CLIENT_OUT, RELAY, RELAY_LIFE, SELF_TEST, NFDS };

/* Descriptors that nothing is wanted of are left out by a negative number. */
static void
fds_set(struct session *s, struct pollfd fds[NFDS])
{
	const struct client *c = &s->client;
	bool room = client_has_room(c), open = s->state < STATE_ENDING;
	/* Whole lines that wait for room are enough to have in memory. */
	bool read = s->state >= STATE_ENDING || s->state == STATE_PROXY ||
	    (room && line_wanted(&c->lines) > 0 && !is_paused(s));

	fds[CLIENT_IN] = (struct pollfd){ .events = POLLIN,
		.fd = c->eof || !read ? -1 : c->in };
	fds[CLIENT_OUT] = (struct pollfd){ .events = POLLOUT,
		.fd = buf_len(&c->output) > 0 && !c->shut ? c->out : -1 };
	fds[RELAY] = (struct pollfd){ .events = POLLIN,
		.fd = open && room ? s->delivery.fd : -1 };
	fds[RELAY_LIFE] = (struct pollfd){ .events = POLLIN,
		.fd = open ? s->delivery.relay_pidfd : -1 };
	fds[SELF_TEST] = (struct pollfd){ .events = POLLIN,
		.fd = open ? s->upgrade.pidfd : -1 };
}

/* Wait for something to happen, at most until `next`.  False: that is past. */
static bool
wait(struct session *s, struct pollfd fds[NFDS], int64_t next,
    const sigset_t *mask)
{
	int timeout = timeout_until(next, monotonic_ms()), n, i;
	struct timespec ts;

	fds_set(s, fds);
	/* Only a longer pause is worth giving memory back for. */
	if (timeout > REST_AFTER && !s->rested && is_idle(s))
		timeout = REST_AFTER;
	ts = (struct timespec){ .tv_sec = timeout / 1000,
		.tv_nsec = timeout % 1000 * 1000000L };
	n = ppoll(fds, NFDS, &ts, mask);
	if (n == -1 && errno != EINTR) {
		log_event(LEVEL_CRITICAL, "internal", "cannot wait: %s",
		    strerror(errno));
		if (s->delivery.fd != -1)
			deliver_end(s, false);
		exit(EX_OSERR);
	}
	if (n > 0) {
		/*
		 * What others say comes so often that each time would be dear.
		 * But who was stopped may have been ended meanwhile, and what
		 * has come may be for who has the name since.
		 */
		if (fds[RELAY].revents == 0 || ++relayed % HEAR_EVERY == 0 ||
		    monotonic_ms() - s->delivery.received >= HEAR_PAUSE)
			process_hear_signals(mask);
		s->rested = false;
		return timeout > 0;
	}
	for (i = 0; i < NFDS; i++)
		fds[i].revents = 0;
	if (n != 0 || !is_idle(s))
		return false;
	if (timeout == REST_AFTER && !s->rested)
		rest(s);
	rest_store(s);
	return false;
}

/*
 * What a session does most of the time: others have said something, and nothing
 * else is to be thought of.  Then all that the last round found out still holds.
 * False: it does not, or there is more to do.
 */
static bool
pass_on(struct session *s, const struct pollfd fds[NFDS])
{
	int i;

	/* (Heard just now, they would not end the next wait.) */
	if (terminated || upgrade)
		return false;
	for (i = 0; i < NFDS; i++)
		if ((fds[i].revents != 0) != (i == RELAY))
			return false;
	return is_idle(s) && deliver_receive(s) && client_write(&s->client) &&
	    buf_len(&s->client.output) == 0;
}

/* What has come, from wherever, is taken and answered. */
static void
events_take(struct session *s, const struct pollfd fds[NFDS])
{
	bool held = is_held(s);

	if (terminated)
		session_end_error(
		    s, "SHUTDOWN", "the server ends this session");
	s->upgrade.wanted |= upgrade;
	upgrade = 0;
	if (fds[CLIENT_IN].revents != 0) {
		if (s->state < STATE_ENDING)
			client_read(&s->client);
		else
			client_discard(&s->client);
	}
	lines_run(s);
	prepare(s);
	if (fds[RELAY_LIFE].revents != 0 && s->state == STATE_CONNECTED)
		deliver_alone(s);
	if (fds[RELAY].revents != 0 && s->state < STATE_ENDING)
		deliver_receive(s);
	/* It may have brought what lines had to wait for. */
	if (held && !is_held(s))
		lines_run(s);
	if (s->state == STATE_CONNECTED)
		deliver_catch_up(s);
	eof_check(s);
}

/*
 * One write for all that was gathered.  Who has no room is not read from: then
 * that it takes something is what is heard of it.
 */
static void
output_send(struct session *s, int64_t now)
{
	bool had_room = client_has_room(&s->client);
	size_t waiting = buf_len(&s->client.output);

	if (!client_write(&s->client)) {
		session_end(s, "lost");
		s->state = STATE_ENDED;
	}
	if (buf_len(&s->client.output) < waiting) {
		s->deadline = now + FLUSH_WAIT;
		if (!had_room)
			client_was_heard(&s->client, now);
	}
	if (s->state == STATE_ENDING)
		ending_check(s, now);
}

/* When the loop must go round again, whatever happens. */
static int64_t
next_round(struct session *s, int64_t now, int64_t clock, bool had_room)
{
	int64_t tick;

	if (s->state >= STATE_ENDING)
		return s->deadline;
	tick = admit_tick(s, now);
	if (s->state >= STATE_ENDING)
		return now;
	if (tick < clock)
		clock = tick;
	if (is_paused(s) && now + rate_wait(&s->rate, now) < clock)
		clock = now + rate_wait(&s->rate, now);
	if (!client_has_room(&s->client))
		return clock;
	/* What had to wait for room can go on: lines, datagrams, the store. */
	if (!had_room)
		return now;
	if (s->state != STATE_CONNECTED)
		return clock;
	if (deliver_catching_up(s) && !s->delivery.stalled)
		return now;
	tick = deliver_tick(s, now);
	return tick < clock ? tick : clock;
}

void
loop_run(struct session *s, const sigset_t *mask)
{
	struct pollfd fds[NFDS];
	int64_t now, next = 0, clock, tick;
	bool had_room;

	while (s->state != STATE_ENDED) {
		if (wait(s, fds, next, mask) && pass_on(s, fds))
			continue;
		events_take(s, fds);
		now = monotonic_ms();
		clock = s->state < STATE_ENDING ? clock_check(s, now) : 0;
		had_room = client_has_room(&s->client);
		output_send(s, now);
		next = next_round(s, now, clock, had_room);
		if (s->row != STORE_OK && s->state < STATE_ENDING) {
			session_row_gone(s, s->row);
			next = now;
		}
		/* All that was read is answered: this is between messages. */
		if ((tick = upgrade_tick(s, now)) < next)
			next = tick;
	}
}

static void
on_signal(int signo)
{
	if (signo == UPGRADE_SIGNAL)
		upgrade = 1;
	else
		terminated = 1;
}

void
loop_signals(sigset_t *mask)
{
	static const int taken[] = { SIGTERM, SIGINT, UPGRADE_SIGNAL, 0 };

	process_take_signals(taken, on_signal, mask);
}

void
loop_last_words(struct session *s)
{
	output_send(s, monotonic_ms());
	s->state = STATE_ENDED;
}
