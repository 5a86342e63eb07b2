/*
 * Processes that send at the same time through the queue of writers, for the
 * tests of it, with what happens between SQLite and the disk meanwhile.
 */
#ifndef STORE_SENDERS_H
#define STORE_SENDERS_H

#include <sys/mman.h>
#include <sys/wait.h>

#include <signal.h>
#include <time.h>

#include "store-between.h"

#define SENDERS 6

/* What all processes share. */
static struct common {
	/* Who first gets so far on the disk dies there; 0: nobody. */
	_Atomic int steps;
	_Atomic int dead;
	_Atomic int wal_syncs;
	_Atomic bool sync_fails;
	/* Who syncs the WAL meanwhile waits on the disk, or is stopped. */
	_Atomic bool sync_takes_long, sync_stops;
	_Atomic int in_sync; /* pid */
	struct sender {
		struct store_session me;
		enum store_result result;
		int n;
		int64_t before;
		struct store_item items[QUEUE_MESSAGES + 1];
	} sender[SENDERS];
} * common;

/* ---- between SQLite and the disk ---- */

static void
step(void)
{
	if (atomic_load(&common->steps) > 0 &&
	    atomic_fetch_sub(&common->steps, 1) == 1) {
		atomic_store(&common->dead, (int)getpid());
		kill(getpid(), SIGKILL);
	}
}

static void
moment(void)
{
	const struct timespec ms = { .tv_nsec = 1000000 };

	nanosleep(&ms, NULL);
}

static void
disk_wait(void)
{
	atomic_store(&common->in_sync, (int)getpid());
	while (atomic_load(&common->sync_takes_long))
		moment();
}

static int
our_write(sqlite3_file *f, const void *data, int len, sqlite3_int64 offset)
{
	if (kind_of(f)->type == SQLITE_OPEN_WAL)
		step();
	return kind_of(f)->real->xWrite(f, data, len, offset);
}

static int
our_sync(sqlite3_file *f, int flags)
{
	int rc;

	if (kind_of(f)->type != SQLITE_OPEN_WAL)
		return kind_of(f)->real->xSync(f, flags);
	step();
	atomic_fetch_add(&common->wal_syncs, 1);
	rc = kind_of(f)->real->xSync(f, flags);
	if (atomic_load(&common->sync_takes_long))
		disk_wait();
	if (atomic_exchange(&common->sync_stops, false))
		raise(SIGSTOP);
	step();
	return atomic_load(&common->sync_fails) ? SQLITE_IOERR_FSYNC : rc;
}

static void
replace(sqlite3_io_methods *m)
{
	m->xWrite = our_write;
	m->xSync = our_sync;
}

static int
step_between(void **state)
{
	(void)state;
	common = mmap(NULL, sizeof(*common), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return common == MAP_FAILED ? -1 : between_step(replace);
}

static int
begin(void **state)
{
	memset(common, 0, sizeof(*common));
	return place_make(state);
}

/* ---- senders ---- */

static struct store *s;	       /* the test's own */
static pid_t pids[SENDERS];    /* of the senders */
static bool full[SENDERS + 1]; /* their durability, and the test's */
static int replaced;	       /* whose database is another, -1: nobody's */

static void
senders_begin(void)
{
	char name[16];
	int i;

	memset(full, true, sizeof(full));
	replaced = -1;
	s = open_store(full[SENDERS]);
	for (i = 0; i < SENDERS; i++) {
		snprintf(name, sizeof(name), "u%d", i);
		common->sender[i] = (struct sender){
			.me = login_ok(s, name), .n = 1, .result = STORE_TAKEN
		};
		common->sender[i].items[0].in =
		    (struct store_send){ .body = "x", .body_len = 1 };
	}
}

static void
send_as(int i)
{
	struct sender *me = &common->sender[i];
	char error[512];
	struct store *own = try_open(full[i], error);

	if (own == NULL)
		_exit(1);
	own->generation -= i == replaced;
	me->result =
	    store_messages_send(own, &me->me, me->items, me->n, &me->before);
	store_close(own);
	_exit(0);
}

static unsigned
count_waiting(void)
{
	unsigned i, n = 0;

	for (i = 0; i < QUEUE_PLACES; i++)
		n += atomic_load(&s->shared->queue.state[i]) == QUEUE_WAITING;
	return n;
}

/* Let all send while we have the lock, until so many are queued. */
static void
senders_start(unsigned queued)
{
	int i;

	fflush(NULL);
	/* No database may be open across a fork. */
	store_rest(s);
	assert_int_equal(
	    shared_lock(&s->shared->send, shared_now(), NULL, NULL), 0);
	for (i = 0; i < SENDERS; i++) {
		assert_true((pids[i] = fork()) >= 0);
		if (pids[i] == 0)
			send_as(i);
	}
	while (count_waiting() < queued)
		moment();
}

static void
senders_wait(void)
{
	int i, status;

	for (i = 0; i < SENDERS; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		if (pids[i] != atomic_load(&common->dead))
			assert_int_equal(status, 0);
	}
}

static void
senders_end(void)
{
	struct store *last = s;

	s = NULL;
	store_close(last);
}

/* How often what a sender said is stored. */
static int64_t
times_stored(int i)
{
	char sql[128];

	snprintf(sql, sizeof(sql),
	    "SELECT count(*) FROM messages WHERE session_id = %lld",
	    (long long)common->sender[i].me.id);
	return sql_int(sql);
}

/* All that was promised to a sender of one message. */
static void
check_stored(int i)
{
	const struct sender *me = &common->sender[i];
	char sql[128];

	assert_int_equal(me->result, STORE_OK);
	assert_int_equal(me->items[0].result, STORE_OK);
	assert_int_equal(times_stored(i), 1);
	snprintf(sql, sizeof(sql),
	    "SELECT session_id FROM messages WHERE id = %lld",
	    (long long)me->items[0].sent.id);
	assert_int_equal(sql_int(sql), me->me.id);
	assert_true(me->before < me->items[0].sent.id);
	assert_true(store_position(s) >= me->items[0].sent.id);
}

/* For a place in the queue. */
static void
says_too_much(int sender)
{
	struct sender *me = &common->sender[sender];

	for (me->n = 0; me->n <= QUEUE_MESSAGES; me->n++)
		me->items[me->n].in =
		    (struct store_send){ .body = "x", .body_len = 1 };
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, place_remove)

#endif
