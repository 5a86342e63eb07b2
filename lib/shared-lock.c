/*
 * The locks of the shared page.  The mutexes are robust: when a holder dies, the
 * next one gets the lock and SQLite's own recovery does the rest.
 */
#include <sys/syscall.h>

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "limit.h"
#include "monotonic.h"
#include "process.h"
#include "shared.h"

/*
 * The process that has the lock, 0: none.  It cannot have been stopped before it
 * said so: whose thread it is stands in the word by which the lock is taken,
 * where the kernel looks when that dies (get_robust_list(2)).
 */
static pid_t
holder(const struct shared_lock *l)
{
	int word = __atomic_load_n(&l->mutex.__data.__lock, __ATOMIC_RELAXED);

	return process_of_thread(word & FUTEX_TID_MASK);
}

/* End the holder since `turn`, if it is a stopped process. */
static bool
holder_end(struct shared_lock *l, uint32_t turn, pid_t pid)
{
	bool stopped = pid > 0 && process_is_stopped(pid), ended = false;
	int pidfd;

	if (!stopped)
		return false;
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd == -1)
		return false;
	/* Still the same turn: the pid was the holder's when pidfd was made. */
	if (atomic_load(&l->turn) == turn && holder(l) == pid)
		ended = syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL,
			    0) == 0;
	close(pidfd);
	return ended;
}

/* Name who has kept the lock since `turn`, and end it if it is stopped. */
static void
holder_accuse(
    struct shared_lock *l, uint32_t turn, shared_notice notice, void *arg)
{
	pid_t pid = holder(l);
	bool ended = holder_end(l, turn, pid);
	char text[160];

	if (pid <= 0)
		return;
	snprintf(text, sizeof(text),
	    "process %d has held the store's lock for"
	    " %d s%s",
	    (int)pid, LOCK_STOPPED / 1000,
	    ended ? " and was stopped: ended it" : "");
	if (notice != NULL)
		notice(arg, text);
}

/* ms that this thread could not look, although it was time to. */
static _Thread_local int64_t asleep;

int64_t
shared_now(void)
{
	return monotonic_ms() - asleep;
}

/* Wait for it, so long at most.  Returns what pthread_mutex_clocklock() does. */
static int
lock_await(struct shared_lock *l, long ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	return pthread_mutex_clocklock(&l->mutex, CLOCK_MONOTONIC, &until);
}

/* What pthread_mutex_*lock() said; 0: it is ours. */
static int
lock_taken(struct shared_lock *l, int error)
{
	if (error == EOWNERDEAD)
		error = pthread_mutex_consistent(&l->mutex);
	if (error != 0)
		return error;
	atomic_fetch_add(&l->turn, 1);
	return 0;
}

int
shared_lock(
    struct shared_lock *l, int64_t since, shared_notice notice, void *arg)
{
	struct shared_watch watch;
	int error = pthread_mutex_trylock(&l->mutex);

	if (error == EBUSY)
		shared_watch_begin(&watch, l, since);
	while (error == EBUSY || error == ETIMEDOUT) {
		if (!shared_watch(&watch, l, notice, arg))
			return ETIMEDOUT;
		error = lock_await(l, LOCK_STEP);
	}
	return lock_taken(l, error);
}

bool
shared_trylock(struct shared_lock *l)
{
	return lock_taken(l, pthread_mutex_trylock(&l->mutex)) == 0;
}

void
shared_unlock(struct shared_lock *l)
{
	pthread_mutex_unlock(&l->mutex);
}

void
shared_watch_begin(
    struct shared_watch *w, const struct shared_lock *l, int64_t began)
{
	w->turn = atomic_load(&l->turn);
	w->began = began;
	w->since = w->looked = shared_now();
}

/*
 * Who was stopped itself, as all are when the machine is, blames nobody for
 * the time: the holder may go on only just now.
 */
static int64_t
now_awake(struct shared_watch *w)
{
	int64_t now = shared_now();

	if (now - w->looked >= LOCK_ASLEEP) {
		asleep += now - w->looked;
		now = w->looked;
	}
	w->looked = now;
	return now;
}

bool
shared_watch(struct shared_watch *w, struct shared_lock *l,
    shared_notice notice, void *arg)
{
	uint32_t turn = atomic_load(&l->turn);
	int64_t now = now_awake(w);

	if (turn == w->turn && now - w->since < LOCK_STOPPED)
		return now - w->began < LOCK_WAIT;
	if (turn == w->turn)
		holder_accuse(l, turn, notice, arg);
	w->turn = turn;
	w->since = now;
	return now - w->began < LOCK_WAIT;
}

/* Half of the processors that this process may use, at least one. */
static int
hash_slots(void)
{
	cpu_set_t set;
	int n = 1;

	/* (sysconf(3) would read files that a session must not.) */
	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		n = CPU_COUNT(&set) / 2;
	if (n < 1)
		return 1;
	return n > HASH_SLOTS_MAX ? HASH_SLOTS_MAX : n;
}

/* The first of the slots that is free. */
static struct shared_lock *
hash_trylock(struct shared *page, int slots)
{
	int i;

	for (i = 0; i < slots; i++)
		if (shared_trylock(&page->hash[i]))
			return &page->hash[i];
	return NULL;
}

/* A holder that is stopped would keep its slot for ever. */
static void
hash_accuse(
    struct shared_lock *l, uint32_t turn, shared_notice notice, void *arg)
{
	pid_t pid = holder(l);
	char text[160];

	if (!holder_end(l, turn, pid) || notice == NULL)
		return;
	snprintf(text, sizeof(text),
	    "process %d was stopped while it hashed a password: ended it",
	    (int)pid);
	notice(arg, text);
}

struct shared_lock *
shared_hash_lock(
    struct shared *page, long wait, shared_notice notice, void *arg)
{
	int slots = hash_slots();
	struct shared_lock *mine = &page->hash[getpid() % slots], *l;
	uint32_t turn = atomic_load(&mine->turn);
	long waited, kept = 0;

	l = hash_trylock(page, slots);
	for (waited = 0; l == NULL && waited < wait; waited += HASH_STEP) {
		l = lock_taken(mine, lock_await(mine, HASH_STEP)) == 0
		    ? mine
		    : hash_trylock(page, slots);
		if (atomic_load(&mine->turn) != turn) {
			turn = atomic_load(&mine->turn);
			kept = 0;
		} else if ((kept += HASH_STEP) >= LOCK_STOPPED) {
			hash_accuse(mine, turn, notice, arg);
			kept = 0;
		}
	}
	return l;
}
