/*
 * The relay's loop: waits for datagrams, ends of processes, room, reports,
 * signals and the clock, and calls handle.c.  It blocks nowhere else, but for the
 * pause between two batches.
 */
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "limit.h"
#include "log.h"
#include "monotonic.h"
#include "notify.h"

#define EVENTS	    64			      /* taken from epoll at once */
#define MS	    1000LL		      /* us */
#define SWEEP_FIRST (2 * ALONE_INTERVAL * MS) /* us after the start, at most */
#define SWEEP_AGAIN (3000 * MS)	 /* us after that or a first session */
#define SWEEP_EVERY (30000 * MS) /* us, while there are sessions */
#define TICK_IDLE   (30000 * MS) /* us, without sessions */
#define FINISH_WAIT (5000 * MS)	 /* us for the last checkpoint */
#define STATUS_MAX  160

/* The loop's clocks, in us; 0 is never. */
struct clocks {
	int64_t flushed; /* the last batch */
	int64_t tick, watchdog, sweep;
	int64_t watchdog_every;
	int64_t idle_since;
	bool swept;	 /* once at least */
	int64_t give_up; /* waiting for the last checkpoint */
	char status[STATUS_MAX];
};

static bool
watch(int epoll, int fd, struct source *source)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = source };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) == 0;
}

bool
loop_watch_socket(struct notify *n)
{
	n->on_datagram.kind = SOURCE_DATAGRAM;
	return watch(n->subscribers.epoll, n->place.fd, &n->on_datagram);
}

void
loop_block_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigprocmask(SIG_BLOCK, set, NULL);
}

static int
signals_open(void)
{
	sigset_t set;

	loop_block_signals(&set);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* ---- the clocks ---- */

static bool
is_due(int64_t clock, int64_t now)
{
	return clock != 0 && clock <= now;
}

static void
tell_status(struct notify *n, struct clocks *c)
{
	char status[STATUS_MAX];

	snprintf(status, sizeof(status),
	    "%u sessions of %u users, %u lagging"
	    "%s",
	    n->subscribers.registered, n->presence.count,
	    n->subscribers.lagging,
	    n->reader.store != NULL ? "" : ", no store");
	if (strcmp(status, c->status) == 0)
		return;
	memcpy(c->status, status, sizeof(status));
	sd_notifyf(0, "STATUS=%s", status);
}

/* With nobody there and the socket systemd's, there is no need to stay. */
static void
consider_idle(struct notify *n, struct clocks *c)
{
	if (n->subscribers.count > 0 || !n->place.handed) {
		c->idle_since = 0;
		n->finishing = n->stopping && n->finishing;
		return;
	}
	if (c->idle_since == 0)
		c->idle_since = n->now;
	if (!n->finishing && n->now - c->idle_since >= RELAY_IDLE_EXIT * MS) {
		n->finishing = true;
		keeper_finish(n->keeper);
	}
}

static void
rollcall_start(struct notify *n)
{
	rollcall_end(&n->rollcall);
	if (!rollcall_begin(&n->rollcall, n->place.sessions))
		log_event(LEVEL_ERROR, "error", "reading the registry: %s",
		    strerror(errno));
}

/*
 * Open rows without a session are closed, and LEFT is told.  First when those
 * who are to be told are there again: all who were asked have answered, or had
 * the time to.  An empty registry may have been made anew: then sessions bind
 * their sockets again at their next look.
 */
static void
sweep(struct notify *n, struct clocks *c)
{
	bool answered = !c->swept && n->rollcall.dir == NULL &&
	    n->rollcall.asked > 0 && n->subscribers.count >= n->rollcall.asked;

	if (!answered && !is_due(c->sweep, n->now))
		return;
	handle_sweep(n);
	if (!c->swept) {
		/* Once more soon, for what was too fresh to be called dead. */
		c->swept = true;
		c->sweep = n->now + SWEEP_AGAIN;
		return;
	}
	n->rollcall.quiet = true;
	rollcall_start(n);
	c->sweep = n->subscribers.count > 0 ? n->now + SWEEP_EVERY : 0;
}

static void
run_clocks(struct notify *n, struct clocks *c)
{
	if (is_due(c->watchdog, n->now)) {
		sd_notify(0, "WATCHDOG=1");
		c->watchdog = n->now + c->watchdog_every;
	}
	sweep(n, c);
	if (is_due(c->tick, n->now)) {
		handle_tick(n);
		tell_status(n, c);
		c->tick = 0;
	}
	if (is_due(c->give_up, n->now))
		n->ended = true;
	consider_idle(n, c);
}

/*
 * Whether messages wait for the pause between batches to end.  It is slept
 * through: whatever comes is taken at its end, and not called for by each.
 */
static bool
holds_messages(const struct notify *n)
{
	const struct relay_batch *b = &n->relay.batch;

	return b->n > 0 && b->entries[0].id != 0;
}

/*
 * How long after the last batch this one is sent.  When a thousand come, each
 * would have to be told of each by itself; what is said does not wait for them.
 */
static int64_t
pause_before(const struct relay_batch *b)
{
	return (b->entries[0].id == 0 ? PRESENCE_GATHER : RELAY_GATHER) * MS;
}

/*
 * Read what is missing when it is time; send what is gathered, at once when
 * the last batch is long ago.
 */
static void
relay_work(struct notify *n, struct clocks *c)
{
	struct relay *r = &n->relay;

	if (relay_wait(r, n->now) == 0)
		reader_fill(&n->reader, r, n->now);
	if (r->batch.n > 0 && n->now - c->flushed >= pause_before(&r->batch)) {
		relay_flush(r);
		/* It may have taken longer than the pause. */
		n->now = n->subscribers.now = monotonic_us();
		c->flushed = n->now;
	}
}

static void
sooner(int64_t *wait, int64_t than)
{
	if (than < 0)
		than = 0;
	if (*wait == -1 || than < *wait)
		*wait = than;
}

/* Microseconds until something is to be done without being asked, -1: none. */
static int64_t
time_to_wait(const struct notify *n, const struct clocks *c)
{
	const int64_t at[] = { c->watchdog, c->tick, c->sweep, c->give_up };
	int64_t wait = relay_wait(&n->relay, n->now);
	size_t i;

	for (i = 0; i < sizeof(at) / sizeof(at[0]); i++)
		if (at[i] != 0)
			sooner(&wait, at[i] - n->now);
	if (n->relay.batch.n > 0)
		sooner(
		    &wait, c->flushed + pause_before(&n->relay.batch) - n->now);
	if (c->idle_since != 0 && !n->finishing)
		sooner(&wait, c->idle_since + RELAY_IDLE_EXIT * MS - n->now);
	if (n->rollcall.dir != NULL)
		wait = 0;
	return wait;
}

/*
 * Each second is for sessions, or for what is away and may come back; without,
 * the relay only sees now and then whether its place is still its own.
 */
static void
set_clocks(const struct notify *n, struct clocks *c)
{
	bool needed = n->subscribers.count > 0 || n->reader.store == NULL ||
	    n->dropped > 0 || n->refused > 0 || n->place.told;
	int64_t next = n->now + (needed ? RELAY_TICK * MS : TICK_IDLE);

	if (c->tick == 0 || c->tick > next)
		c->tick = next;
	if (c->sweep == 0 && n->subscribers.count > 0)
		c->sweep = n->now + SWEEP_AGAIN;
}

/* ---- events ---- */

static void
handle_signal(struct notify *n, struct clocks *c, int fd)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (n->stopping) {
		n->ended = true;
		return;
	}
	n->stopping = true;
	sd_notify(0, "STOPPING=1");
	relay_flush(&n->relay);
	if (n->subscribers.registered > 0) {
		/* The next relay goes on, the sooner the better. */
		n->ended = true;
		return;
	}
	n->finishing = true;
	keeper_finish(n->keeper);
	c->give_up = n->now + FINISH_WAIT;
}

static void
handle_source(struct notify *n, const struct source *s)
{
	struct subscriber *sub = s->subscriber;

	switch (s->kind) {
	case SOURCE_DATAGRAM:
		handle_datagrams(n);
		break;
	case SOURCE_KEEPER:
		handle_reports(n);
		break;
	case SOURCE_EXIT:
		if (!sub->removed)
			handle_exit(n, sub);
		break;
	case SOURCE_ROOM:
		if (!sub->removed)
			handle_room(n, sub);
		break;
	case SOURCE_SIGNAL:
		break;
	}
}

/* Wait and handle what came.  Returns false if waiting failed. */
static bool
go_round(struct notify *n, struct clocks *c, int signals)
{
	struct epoll_event events[EVENTS];
	int64_t wait = time_to_wait(n, c);
	struct timespec ts = { .tv_sec = wait / 1000000,
		.tv_nsec = wait % 1000000 * 1000 };
	int count, i;

	if (wait > 0 && holds_messages(n)) {
		nanosleep(&ts, NULL);
		ts = (struct timespec){ 0 };
	}
	count = epoll_pwait2(n->subscribers.epoll, events, EVENTS,
	    wait == -1 ? NULL : &ts, NULL);
	if (count == -1 && errno != EINTR) {
		log_event(
		    LEVEL_CRITICAL, "error", "waiting: %s", strerror(errno));
		return false;
	}
	n->now = n->subscribers.now = monotonic_us();
	for (i = 0; i < count; i++) {
		const struct source *s = events[i].data.ptr;

		if (s->kind == SOURCE_SIGNAL)
			handle_signal(n, c, signals);
		else
			handle_source(n, s);
	}
	subscribers_reap(&n->subscribers);
	return true;
}

bool
loop_run(struct notify *n)
{
	struct source on_keeper = { SOURCE_KEEPER, NULL };
	struct source on_signal = { SOURCE_SIGNAL, NULL };
	int epoll = n->subscribers.epoll, signals = signals_open();
	struct clocks c = { .flushed = 0 };
	uint64_t watchdog = 0;
	bool ok;

	n->now = n->subscribers.now = monotonic_us();
	ok = signals != -1 && loop_watch_socket(n) &&
	    watch(epoll, keeper_fd(n->keeper), &on_keeper) &&
	    watch(epoll, signals, &on_signal);
	if (!ok)
		log_event(
		    LEVEL_CRITICAL, "error", "epoll: %s", strerror(errno));
	if (sd_watchdog_enabled(0, &watchdog) > 0) {
		c.watchdog_every = (int64_t)watchdog / 2;
		c.watchdog = n->now + c.watchdog_every;
	}
	c.sweep = n->now + SWEEP_FIRST;
	rollcall_start(n);
	sd_notify(0, "READY=1");
	while (ok && !n->ended) {
		rollcall_step(&n->rollcall);
		set_clocks(n, &c);
		ok = go_round(n, &c, signals);
		run_clocks(n, &c);
		relay_work(n, &c);
	}
	if (signals != -1)
		close(signals);
	return ok;
}
