/*
 * The housekeeper's thread and the two queues between it and the loop.  See
 * keeper.h; what it does is in chores.c.
 */
#include <sys/eventfd.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "chores.h"
#include "keeper.h"

#define KEEPER_ROUND 1000 /* ms; while there is something to watch */

struct keeper {
	int fd;
	pthread_t thread;

	pthread_mutex_t mutex; /* over the rest of this block */
	pthread_cond_t wake;
	bool asked; /* one of these changed */
	struct chores_death *deaths, **deaths_end;
	struct chores_block *blocks, **blocks_end;
	bool sweep, busy, finish, stop, read_blocks;
	int64_t *alive; /* for the sweep */
	size_t nalive;
	struct keeper_report *reports, **reports_end;

	struct chores chores; /* the thread's alone */
};

/* ---- reports, from the thread to the loop ---- */

static void
report(void *arg, const struct keeper_report *what)
{
	struct keeper *k = arg;
	struct keeper_report *r = malloc(sizeof(*r));
	uint64_t one = 1;

	if (r == NULL)
		abort();
	*r = *what;
	r->next = NULL;
	pthread_mutex_lock(&k->mutex);
	*k->reports_end = r;
	k->reports_end = &r->next;
	pthread_mutex_unlock(&k->mutex);
	/* Only a full counter fails, and that is readable as well. */
	if (write(k->fd, &one, sizeof(one)) == -1)
		return;
}

struct keeper_report *
keeper_next(struct keeper *k)
{
	struct keeper_report *r;
	uint64_t count;

	pthread_mutex_lock(&k->mutex);
	if ((r = k->reports) != NULL) {
		if ((k->reports = r->next) == NULL)
			k->reports_end = &k->reports;
	} else if (read(k->fd, &count, sizeof(count)) == -1) {
		/* It was empty already. */
	}
	pthread_mutex_unlock(&k->mutex);
	return r;
}

int
keeper_fd(const struct keeper *k)
{
	return k->fd;
}

/* ---- the thread ---- */

/* What the loop wants, taken over at once. */
struct round {
	bool busy, finish, stop;
};

static void
deaths_take(struct keeper *k)
{
	struct chores_death **end = &k->chores.deaths;

	while (*end != NULL)
		end = &(*end)->next;
	*end = k->deaths;
	k->deaths = NULL;
	k->deaths_end = &k->deaths;
}

static void
blocks_take_over(struct keeper *k)
{
	struct chores_block **end = &k->chores.blocks;

	while (*end != NULL)
		end = &(*end)->next;
	*end = k->blocks;
	k->blocks = NULL;
	k->blocks_end = &k->blocks;
	k->chores.blocks_due |= k->read_blocks;
	k->read_blocks = false;
}

static void
sweep_take(struct keeper *k)
{
	free(k->chores.registered);
	k->chores.registered = k->alive;
	k->chores.nregistered = k->nalive;
	k->chores.sweep_due = true;
	k->alive = NULL;
	k->nalive = 0;
}

/* Wait until asked for something, or for ms (-1: for good). */
static struct round
round_wait(struct keeper *k, long ms)
{
	struct timespec until;
	struct round r;
	int error = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	pthread_mutex_lock(&k->mutex);
	while (!k->asked && error == 0)
		error = ms < 0
		    ? pthread_cond_wait(&k->wake, &k->mutex)
		    : pthread_cond_timedwait(&k->wake, &k->mutex, &until);
	r = (struct round){ k->busy, k->finish, k->stop };
	deaths_take(k);
	blocks_take_over(k);
	if (k->sweep)
		sweep_take(k);
	k->asked = k->sweep = k->finish = false;
	pthread_mutex_unlock(&k->mutex);
	return r;
}

static void *
run(void *arg)
{
	struct keeper *k = arg;
	struct round r = { .busy = false };

	chores_open(&k->chores);
	for (;;) {
		r = round_wait(
		    k, r.busy || chores_left(&k->chores) ? KEEPER_ROUND : -1);
		if (r.stop)
			break;
		chores_blocks(&k->chores);
		chores_rows(&k->chores);
		chores_expire(&k->chores);
		chores_checkpoint(&k->chores, r.finish);
		if (r.finish) {
			chores_finish(&k->chores);
			report(k,
			    &(struct keeper_report){ .kind = KEEPER_FINISHED });
		}
	}
	chores_close(&k->chores);
	return NULL;
}

/* ---- the loop's side ---- */

static void
keeper_free(struct keeper *k)
{
	struct chores_death *d;
	struct chores_block *b;
	struct keeper_report *r;

	deaths_take(k);
	blocks_take_over(k);
	while ((b = k->chores.blocks) != NULL) {
		k->chores.blocks = b->next;
		free(b);
	}
	while ((d = k->chores.deaths) != NULL) {
		k->chores.deaths = d->next;
		free(d);
	}
	while ((r = keeper_next(k)) != NULL) {
		blocks_free(&r->blocks);
		free(r);
	}
	free(k->alive);
	free(k->chores.registered);
	if (k->fd != -1)
		close(k->fd);
	pthread_mutex_destroy(&k->mutex);
	pthread_cond_destroy(&k->wake);
	free(k);
}

struct keeper *
keeper_start(
    const struct store_options *options, const struct dgram_registry *registry)
{
	struct keeper *k = calloc(1, sizeof(*k));
	pthread_condattr_t attr;
	sigset_t all, before;
	int error = 0;

	if (k == NULL)
		abort();
	k->chores = (struct chores){ .options = *options,
		.registry = registry,
		.report = report,
		.arg = k };
	k->deaths_end = &k->deaths;
	k->blocks_end = &k->blocks;
	k->reports_end = &k->reports;
	pthread_mutex_init(&k->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&k->wake, &attr);
	pthread_condattr_destroy(&attr);
	if ((k->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) == -1)
		error = errno;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (error == 0)
		error = pthread_create(&k->thread, NULL, run, k);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error == 0)
		return k;
	keeper_free(k);
	errno = error;
	return NULL;
}

/* Something was asked; the mutex, which is held, is given back. */
static void
ask_and_unlock(struct keeper *k)
{
	k->asked = true;
	pthread_cond_signal(&k->wake);
	pthread_mutex_unlock(&k->mutex);
}

void
keeper_end_session(
    struct keeper *k, int64_t session, int64_t user, const char *socket)
{
	struct chores_death *d = calloc(1, sizeof(*d));

	if (d == NULL)
		abort();
	d->session = session;
	d->user = user;
	snprintf(d->socket, sizeof(d->socket), "%s", socket);
	pthread_mutex_lock(&k->mutex);
	*k->deaths_end = d;
	k->deaths_end = &d->next;
	ask_and_unlock(k);
}

void
keeper_sweep(struct keeper *k, int64_t *alive, size_t n)
{
	pthread_mutex_lock(&k->mutex);
	free(k->alive);
	k->alive = alive;
	k->nalive = n;
	k->sweep = true;
	ask_and_unlock(k);
}

void
keeper_block(struct keeper *k, const struct block *block)
{
	struct chores_block *b = calloc(1, sizeof(*b));

	if (b == NULL)
		abort();
	b->block = *block;
	pthread_mutex_lock(&k->mutex);
	*k->blocks_end = b;
	k->blocks_end = &b->next;
	ask_and_unlock(k);
}

void
keeper_read_blocks(struct keeper *k)
{
	pthread_mutex_lock(&k->mutex);
	k->read_blocks = true;
	ask_and_unlock(k);
}

void
keeper_set_busy(struct keeper *k, bool busy)
{
	pthread_mutex_lock(&k->mutex);
	k->busy = busy;
	ask_and_unlock(k);
}

void
keeper_finish(struct keeper *k)
{
	pthread_mutex_lock(&k->mutex);
	k->finish = true;
	ask_and_unlock(k);
}

bool
keeper_stop(struct keeper *k, long ms)
{
	struct timespec until;

	pthread_mutex_lock(&k->mutex);
	k->stop = true;
	ask_and_unlock(k);
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	if (pthread_clockjoin_np(k->thread, NULL, CLOCK_MONOTONIC, &until) != 0)
		return false;
	keeper_free(k);
	return true;
}
