/*
 * The housekeeper's thread and its two queues.  See keeper.h.
 */
#include <sys/eventfd.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "keeper.h"
#include "limit.h"
#include "plan.h"

#define KEEPER_RETRY	1000		/* ms, for a store that is unavailable */

/* A dead session whose row is to be closed. */
struct job {
	struct job	*next;
	int64_t		 session, user;
	bool		 reported;
};

struct keeper {
	const struct dgram_registry	*registry;
	int				 fd;
	pthread_t			 thread;

	pthread_mutex_t			 mutex;	/* over the rest of this block */
	pthread_cond_t			 wake;
	bool				 asked;	/* one of these changed */
	struct job			*jobs, **jobs_end;
	bool				 sweep, busy, finish, stop;
	struct keeper_report		*reports, **reports_end;

	/* The thread's own. */
	struct job			*pending;
	bool				 sweep_due;
	struct store_options		 options;
	struct store			*store;
	bool				 unavailable;
	struct plan			 plan;
};

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ---- reports ---- */

static void
report(struct keeper *k, const struct keeper_report *what)
{
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

static void
report_text(struct keeper *k, enum keeper_kind kind, const char *text)
{
	struct keeper_report r = { .kind = kind };

	snprintf(r.text, sizeof(r.text), "%s", text);
	report(k, &r);
}

static void
notice(void *arg, const char *text)
{
	report_text(arg, KEEPER_NOTICE, text);
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

/* ---- the store ---- */

static void
store_lost(struct keeper *k, const char *why)
{
	if (!k->unavailable)
		report_text(k, KEEPER_UNAVAILABLE, why);
	k->unavailable = true;
	store_close(k->store);
	k->store = NULL;
}

static bool
store_ready(struct keeper *k)
{
	char error[KEEPER_TEXT_MAX];

	if (k->store != NULL)
		return true;
	k->store = store_open(&k->options, error, sizeof(error));
	if (k->store == NULL) {
		store_lost(k, error);
		return false;
	}
	if (k->unavailable)
		report_text(k, KEEPER_AVAILABLE, "");
	k->unavailable = false;
	return true;
}

/* After a failure the store is opened anew before the next try. */
static bool
check(struct keeper *k, enum store_result result)
{
	if (result == STORE_OK)
		return true;
	if (result == STORE_UNAVAILABLE)
		store_lost(k, store_error(k->store));
	return false;
}

/* ---- dead sessions ---- */

static bool
session_end(struct keeper *k, int64_t session)
{
	return store_ready(k) &&
	    check(k, store_session_end(k->store, session, "died", -1)) &&
	    check(k, store_settle(k->store));
}

static void
job_report(struct keeper *k, struct job *j, bool done)
{
	if (!j->reported)
		report(k, &(struct keeper_report){
			.kind = KEEPER_ENDED, .session = j->session,
			.user = j->user, .done = done
		});
	j->reported = true;
}

/* Close their rows in the order of the deaths; false if one is left. */
static bool
jobs_do(struct keeper *k)
{
	struct job *j;

	while ((j = k->pending) != NULL && session_end(k, j->session)) {
		job_report(k, j, true);
		k->pending = j->next;
		free(j);
	}
	for (; j != NULL; j = j->next)
		job_report(k, j, false);
	return k->pending == NULL;
}

/* ---- rows without a session ---- */

struct row {
	int64_t	 session, user;
	char	 username[USERNAME_MAX + 1];
	bool	 alive;
};

struct rows {
	struct keeper	*keeper;
	struct row	*list;
	size_t		 n, size;
};

static bool
row_keep(void *arg, const struct store_open_session *s)
{
	struct rows *rows = arg;
	struct row *row;

	if (rows->n == rows->size) {
		rows->size = rows->size > 0 ? 2 * rows->size : 64;
		rows->list = reallocarray(rows->list, rows->size,
		    sizeof(*rows->list));
		if (rows->list == NULL)
			abort();
	}
	row = &rows->list[rows->n++];
	row->session = s->id;
	row->user = s->user_id;
	snprintf(row->username, sizeof(row->username), "%s", s->username);
	row->alive = dgram_session_alive(rows->keeper->registry, s->socket);
	return true;
}

static bool
has_other(const struct rows *rows, int64_t user)
{
	size_t i;

	for (i = 0; i < rows->n; i++)
		if (rows->list[i].alive && rows->list[i].user == user)
			return true;
	return false;
}

static void
sweep_do(struct keeper *k)
{
	struct rows rows = { .keeper = k };
	struct keeper_report r = { .kind = KEEPER_SWEPT };
	size_t i;
	bool done;

	done = store_ready(k) &&
	    check(k, store_sessions_open(k->store, row_keep, &rows));
	for (i = 0; done && i < rows.n; i++) {
		if (rows.list[i].alive)
			continue;
		if (!(done = session_end(k, rows.list[i].session)))
			break;
		r.session = rows.list[i].session;
		r.user = rows.list[i].user;
		memcpy(r.username, rows.list[i].username, sizeof(r.username));
		r.elsewhere = has_other(&rows, r.user);
		report(k, &r);
	}
	free(rows.list);
	k->sweep_due = !done;
}

/* ---- checkpoints ---- */

static void
checkpoint_do(struct keeper *k, bool last)
{
	struct store_checkpoint c;
	struct plan_view view = { .last = last };
	struct keeper_report r = { .kind = KEEPER_CHECKPOINT };

	if (!store_ready(k))
		return;
	view.due = store_checkpoint_due(k->store);
	view.sync_failed = store_sync_failed(k->store);
	view.wal_bytes = store_wal_bytes(k->store);
	if (!plan_checkpoint(&k->plan, &view, now_ms()) ||
	    !check(k, store_checkpoint(k->store, &c)))
		return;
	r.done = c.done;
	r.wal_bytes = c.wal_bytes;
	r.pid = c.reader;
	report(k, &r);
	if (plan_reader(&k->plan, c.reader, c.wal_bytes, now_ms())) {
		r.kind = KEEPER_READER;
		report(k, &r);
	}
}

/* ---- the thread ---- */

/* What the loop wants, taken over at once. */
struct round {
	bool	 busy, finish, stop;
};

static void
jobs_take(struct keeper *k)
{
	struct job **end = &k->pending;

	while (*end != NULL)
		end = &(*end)->next;
	*end = k->jobs;
	k->jobs = NULL;
	k->jobs_end = &k->jobs;
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
		error = ms < 0 ? pthread_cond_wait(&k->wake, &k->mutex) :
		    pthread_cond_timedwait(&k->wake, &k->mutex, &until);
	r = (struct round){ k->busy, k->finish, k->stop };
	jobs_take(k);
	k->sweep_due |= k->sweep;
	k->asked = k->sweep = k->finish = false;
	pthread_mutex_unlock(&k->mutex);
	return r;
}

/* Whether there is something to look after without being asked. */
static bool
is_watchful(const struct keeper *k)
{
	return k->store == NULL || k->pending != NULL || k->sweep_due ||
	    store_checkpoint_due(k->store);
}

static void *
run(void *arg)
{
	struct keeper *k = arg;
	struct round r = { .busy = false };

	store_ready(k);
	for (;;) {
		r = round_wait(k, r.busy || is_watchful(k) ? KEEPER_RETRY : -1);
		if (r.stop)
			break;
		if (jobs_do(k) && k->sweep_due)
			sweep_do(k);
		checkpoint_do(k, r.finish);
		if (r.finish)
			report_text(k, KEEPER_FINISHED, "");
	}
	store_close(k->store);
	return NULL;
}

/* ---- the loop's side ---- */

struct keeper *
keeper_start(const struct store_options *options,
    const struct dgram_registry *registry)
{
	struct keeper *k = calloc(1, sizeof(*k));
	pthread_condattr_t attr;
	sigset_t all, before;

	if (k == NULL)
		abort();
	k->registry = registry;
	k->options = *options;
	k->options.notice = notice;
	k->options.arg = k;
	k->jobs_end = &k->jobs;
	k->reports_end = &k->reports;
	if ((k->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) == -1) {
		free(k);
		return NULL;
	}
	pthread_mutex_init(&k->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&k->wake, &attr);
	pthread_condattr_destroy(&attr);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	errno = pthread_create(&k->thread, NULL, run, k);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (errno == 0)
		return k;
	close(k->fd);
	free(k);
	return NULL;
}

/* With the mutex held: something was asked. */
static void
ask(struct keeper *k)
{
	k->asked = true;
	pthread_cond_signal(&k->wake);
	pthread_mutex_unlock(&k->mutex);
}

void
keeper_end_session(struct keeper *k, int64_t session, int64_t user)
{
	struct job *j = calloc(1, sizeof(*j));

	if (j == NULL)
		abort();
	j->session = session;
	j->user = user;
	pthread_mutex_lock(&k->mutex);
	*k->jobs_end = j;
	k->jobs_end = &j->next;
	ask(k);
}

void
keeper_sweep(struct keeper *k)
{
	pthread_mutex_lock(&k->mutex);
	k->sweep = true;
	ask(k);
}

void
keeper_set_busy(struct keeper *k, bool busy)
{
	pthread_mutex_lock(&k->mutex);
	k->busy = busy;
	ask(k);
}

void
keeper_finish(struct keeper *k)
{
	pthread_mutex_lock(&k->mutex);
	k->finish = true;
	ask(k);
}

bool
keeper_stop(struct keeper *k, long ms)
{
	struct timespec until;
	struct keeper_report *r;
	struct job *j;

	pthread_mutex_lock(&k->mutex);
	k->stop = true;
	ask(k);
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	if (pthread_clockjoin_np(k->thread, NULL, CLOCK_MONOTONIC, &until) != 0)
		return false;
	jobs_take(k);
	while ((j = k->pending) != NULL) {
		k->pending = j->next;
		free(j);
	}
	while ((r = keeper_next(k)) != NULL)
		free(r);
	close(k->fd);
	pthread_mutex_destroy(&k->mutex);
	pthread_cond_destroy(&k->wake);
	free(k);
	return true;
}
