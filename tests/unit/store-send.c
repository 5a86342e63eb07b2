/*
 * Unit tests of sending through the queue of writers: processes that find the
 * lock taken, so that one of them stores for all, what becomes of it when that
 * one dies at any write or sync or is stopped, and a disk that takes its time.
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "futex.h"
#include "store-test.h"

#include "store-between.h"

#define SENDERS 6
#define STEPS	400 /* more than one transaction of all has */

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
	assert_int_equal(shared_lock(&s->shared->send, NULL, NULL), 0);
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
senders_run(unsigned queued)
{
	senders_start(queued);
	store_send_unlock(s);
	senders_wait();
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

/* ---- together ---- */

static void
who_stores_does_it_for_all_who_wait(void **state)
{
	uint64_t commits;
	int i, syncs;

	(void)state;
	senders_begin();
	commits = atomic_load(&s->shared->commits);
	syncs = atomic_load(&common->wal_syncs);
	senders_run(SENDERS);
	for (i = 0; i < SENDERS; i++)
		check_stored(i);
	assert_int_equal(atomic_load(&s->shared->commits), commits + 1);
	assert_int_equal(atomic_load(&common->wal_syncs), syncs + 1);
	senders_end();
}

static void
each_message_has_its_own_result(void **state)
{
	struct sender *me = common->sender;

	(void)state;
	senders_begin();
	/* One to nobody, between two to all. */
	me[0].n = 3;
	me[0].items[1].in =
	    (struct store_send){ .to = "nobody", .body = "a", .body_len = 1 };
	me[0].items[2].in = (struct store_send){ .body = "b", .body_len = 1 };
	/* Private, spelt otherwise. */
	me[1].items[0].in.to = "U0";
	/* The same twice, and another one by that ref. */
	me[2].n = 3;
	me[2].items[0].in =
	    (struct store_send){ .ref = "r", .body = "c", .body_len = 1 };
	me[2].items[1].in = me[2].items[0].in;
	me[2].items[2].in =
	    (struct store_send){ .ref = "r", .body = "d", .body_len = 1 };
	/* Whose row is closed. */
	assert_int_equal(
	    store_session_end(s, me[3].me.id, "closed", -1), STORE_OK);
	senders_run(SENDERS);
	assert_int_equal(me[0].result, STORE_OK);
	assert_int_equal(me[0].items[0].result, STORE_OK);
	assert_int_equal(me[0].items[1].result, STORE_NO_USER);
	assert_int_equal(me[0].items[2].result, STORE_OK);
	assert_int_equal(me[0].items[2].sent.id, me[0].items[0].sent.id + 1);
	assert_int_equal(times_stored(0), 2);
	check_stored(1);
	assert_string_equal(me[1].items[0].sent.to, "u0");
	assert_int_equal(me[1].items[0].sent.recipient_id, me[0].me.user_id);
	assert_int_equal(me[2].items[0].result, STORE_OK);
	assert_false(me[2].items[0].sent.again);
	assert_int_equal(me[2].items[1].result, STORE_OK);
	assert_true(me[2].items[1].sent.again);
	assert_int_equal(me[2].items[1].sent.id, me[2].items[0].sent.id);
	assert_int_equal(me[2].items[2].result, STORE_REF_REUSED);
	assert_int_equal(times_stored(2), 1);
	assert_int_equal(me[3].result, STORE_ENDED);
	assert_int_equal(times_stored(3), 0);
	check_stored(4);
	check_stored(5);
	senders_end();
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

static void
what_does_not_fit_is_stored_by_its_own(void **state)
{
	static char large[QUEUE_TEXT + 1];
	int i;

	(void)state;
	memset(large, 'x', sizeof(large));
	senders_begin();
	says_too_much(0);
	common->sender[1].items[0].in =
	    (struct store_send){ .body = large, .body_len = sizeof(large) };
	senders_run(SENDERS - 2);
	assert_int_equal(times_stored(0), QUEUE_MESSAGES + 1);
	assert_int_equal(common->sender[0].items[QUEUE_MESSAGES].sent.id,
	    common->sender[0].before + QUEUE_MESSAGES + 1);
	for (i = 1; i < SENDERS; i++)
		check_stored(i);
	senders_end();
}

/* What is stored by one with normal durability is synced by its owner. */
static void
each_has_its_own_durability(void **state)
{
	int i, syncs;

	(void)state;
	senders_begin();
	for (i = 1; i < SENDERS; i++)
		full[i] = false;
	syncs = atomic_load(&common->wal_syncs);
	senders_run(SENDERS);
	for (i = 0; i < SENDERS; i++)
		assert_int_equal(common->sender[i].result, STORE_OK);
	assert_int_equal(atomic_load(&common->wal_syncs), syncs + 1);
	check_stored(0);
	senders_end();
}

static void
what_is_meant_for_another_database_is_not_stored(void **state)
{
	int i;

	(void)state;
	senders_begin();
	replaced = 2;
	senders_run(SENDERS);
	for (i = 0; i < SENDERS; i++)
		if (i != replaced)
			check_stored(i);
	assert_int_equal(common->sender[replaced].result, STORE_UNAVAILABLE);
	assert_int_equal(times_stored(replaced), 0);
	senders_end();
}

/* ---- failures ---- */

static void
a_sync_that_fails_acknowledges_nothing(void **state)
{
	int i;

	(void)state;
	senders_begin();
	atomic_store(&common->sync_fails, true);
	senders_run(SENDERS);
	for (i = 0; i < SENDERS; i++)
		assert_int_equal(common->sender[i].result, STORE_UNAVAILABLE);
	senders_end();
}

static void
what_cannot_be_stored_spoils_no_others(void **state)
{
	int i, failed = 0;

	(void)state;
	senders_begin();
	assert_true(store_exec(s,
	    "CREATE TRIGGER no BEFORE INSERT ON messages"
	    " WHEN NEW.body = 'poison'"
	    " BEGIN SELECT RAISE(ABORT, 'no'); END"));
	common->sender[2].items[0].in =
	    (struct store_send){ .body = "poison", .body_len = 6 };
	senders_run(SENDERS);
	assert_int_equal(common->sender[2].result, STORE_UNAVAILABLE);
	assert_int_equal(times_stored(2), 0);
	for (i = 0; i < SENDERS; i++) {
		if (i == 2)
			continue;
		if (common->sender[i].result == STORE_UNAVAILABLE) {
			/* In whose transaction it was. */
			failed++;
			assert_int_equal(times_stored(i), 0);
		} else {
			check_stored(i);
		}
	}
	assert_in_range(failed, 0, 1);
	senders_end();
}

/*
 * A place whose message another has stored, who died so soon after its commit
 * that nobody knows of it.
 */
static int
leave_orphan(const struct store_session *by)
{
	struct queue *q = &s->shared->queue;
	struct store_send in = { .body = "x", .body_len = 1 };
	int at = 0, mine = queue_claim(q);
	struct queue_place *p = &q->places[mine];
	struct store_sent sent;

	/* (Logins need no sync: here nothing is left to sync.) */
	assert_int_equal(store_settle(s), STORE_OK);
	p->generation = s->generation;
	p->user_id = by->user_id;
	p->session_id = by->id;
	assert_true(queue_add(q, mine, NULL, NULL, "x", 1));
	queue_offer(q, mine);
	assert_int_equal(queue_take(q, &at), mine);
	assert_int_equal(store_begin(s), STORE_OK);
	assert_int_equal(store_message_send(s, by, &in, &sent), STORE_OK);
	p->last = sent.id;
	assert_int_equal(store_commit(s, false), STORE_OK);
	atomic_fetch_sub(&s->shared->commits, 1);
	return mine;
}

/* By the test itself; to NULL is all. */
static enum store_result
send_here(const char *to, const char *body)
{
	struct store_item item = {
		.in = { .to = to, .body = body, .body_len = strlen(body) }
	};
	int64_t before;
	enum store_result result =
	    store_messages_send(s, &common->sender[1].me, &item, 1, &before);

	return result == STORE_OK ? item.result : result;
}

static void
what_a_dead_one_committed_is_synced_before_it_is_done(void **state)
{
	int mine, syncs;

	(void)state;
	senders_begin();
	mine = leave_orphan(&common->sender[0].me);
	syncs = atomic_load(&common->wal_syncs);
	/* Which writes nothing by itself. */
	assert_int_equal(send_here("nobody", "y"), STORE_NO_USER);
	assert_int_equal(atomic_load(&common->wal_syncs), syncs + 1);
	assert_true(queue_is_done(&s->shared->queue, mine));
	assert_int_equal(store_position(s), s->shared->queue.places[mine].last);
	assert_int_equal(times_stored(0), 1);
	senders_end();
}

static void
what_a_dead_one_committed_outlives_a_transaction_that_fails(void **state)
{
	int mine;

	(void)state;
	senders_begin();
	assert_true(store_exec(s,
	    "CREATE TRIGGER no BEFORE INSERT ON messages"
	    " WHEN NEW.body = 'poison'"
	    " BEGIN SELECT RAISE(ABORT, 'no'); END"));
	mine = leave_orphan(&common->sender[0].me);
	common->sender[2].items[0].in =
	    (struct store_send){ .body = "poison", .body_len = 6 };
	senders_run(SENDERS);
	assert_int_equal(common->sender[2].result, STORE_UNAVAILABLE);
	assert_int_equal(send_here(NULL, "y"), STORE_OK);
	assert_true(queue_is_done(&s->shared->queue, mine));
	/* By the one who died, and by a sender of that name if it could. */
	assert_int_equal(
	    times_stored(0), 1 + (common->sender[0].result == STORE_OK));
	senders_end();
}

/* Whoever refused it, its sender says it again, by its ref. */
static void
what_comes_again_is_synced(void **state)
{
	struct store_sent sent;
	int syncs;

	(void)state;
	senders_begin();
	assert_int_equal(
	    send_one(s, &common->sender[0].me, NULL, "r", "x", &sent),
	    STORE_OK);
	syncs = atomic_load(&common->wal_syncs);
	assert_int_equal(
	    send_one(s, &common->sender[0].me, NULL, "r", "x", &sent),
	    STORE_OK);
	assert_true(sent.again);
	assert_int_equal(atomic_load(&common->wal_syncs), syncs + 1);
	senders_end();
}

/* Returns false when nobody got so far. */
static bool
die_at(int at)
{
	int i;

	senders_begin();
	atomic_store(&common->dead, 0);
	atomic_store(&common->steps, at);
	senders_run(SENDERS);
	for (i = 0; i < SENDERS; i++) {
		if (pids[i] == atomic_load(&common->dead))
			assert_in_range(times_stored(i), 0, 1);
		else
			check_stored(i);
	}
	senders_end();
	return atomic_load(&common->dead) != 0;
}

static void
when_who_stores_dies_the_others_messages_are_stored_once(void **state)
{
	int at, died = 0;

	for (at = 1; at < STEPS; at++) {
		if (!die_at(at))
			break;
		died++;
		assert_int_equal(place_remove(state), 0);
		assert_int_equal(begin(state), 0);
	}
	/* Writes of some pages and their heads, before and after the sync. */
	print_message("died at %d places\n", died);
	assert_in_range(died, 8, STEPS - 2);
}

static void
who_is_stopped_while_it_stores_is_ended_and_the_others_go_on(void **state)
{
	int64_t start = store_now();
	int i;

	(void)state;
	senders_begin();
	atomic_store(&common->sync_stops, true);
	senders_start(SENDERS);
	store_send_unlock(s);
	/* Known by its exit: the first that has not answered. */
	for (i = 0; i < SENDERS; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		if (WIFSIGNALED(status)) {
			assert_int_equal(
			    atomic_exchange(&common->dead, pids[i]), 0);
			assert_int_equal(WTERMSIG(status), SIGKILL);
			assert_int_equal(times_stored(i), 1);
		} else {
			check_stored(i);
		}
	}
	assert_int_not_equal(atomic_load(&common->dead), 0);
	assert_in_range(
	    store_now() - start, LOCK_STOPPED, LOCK_STOPPED + 5 * 1000);
	senders_end();
}

/* ---- a slow disk ---- */

/* All are stored, and one of them waits on the disk for all. */
static void
senders_sync_long(void)
{
	int i;

	senders_begin();
	for (i = 0; i < SENDERS; i++)
		common->sender[i].items[0].in.ref = "r";
	atomic_store(&common->sync_takes_long, true);
	senders_start(SENDERS);
	store_send_unlock(s);
	while (atomic_load(&common->in_sync) == 0)
		moment();
}

static void
nobody_else_waits_for_the_disk(void **state)
{
	int i;

	(void)state;
	senders_sync_long();
	login_ok(s, "meanwhile");
	for (i = 0; i < SENDERS; i++)
		assert_int_equal(common->sender[i].result, STORE_TAKEN);
	atomic_store(&common->sync_takes_long, false);
	senders_wait();
	for (i = 0; i < SENDERS; i++)
		check_stored(i);
	senders_end();
}

/* However long it took: they would have it one by one. */
static void
who_is_served_does_not_wait_for_the_lock(void **state)
{
	const struct timespec slow = { .tv_sec = 2 };
	struct queue *q;
	int at = 0, waits, i;

	(void)state;
	senders_begin();
	q = &s->shared->queue;
	senders_start(SENDERS);
	nanosleep(&slow, NULL);
	while ((waits = queue_take(q, &at)) != -1) {
		q->places[waits].result = STORE_OK;
		q->places[waits].commit = 0;
		queue_done(q, waits);
		queue_wake(q, waits);
	}
	senders_wait();
	for (i = 0; i < SENDERS; i++)
		assert_int_equal(common->sender[i].result, STORE_OK);
	store_send_unlock(s);
	senders_end();
}

static void
who_is_synced_does_not_wait_for_the_lock(void **state)
{
	uint64_t commits;
	int i;

	(void)state;
	senders_begin();
	for (i = 0; i < SENDERS; i++)
		says_too_much(i);
	commits = atomic_load(&s->shared->commits) + SENDERS;
	assert_int_equal(shared_lock(&s->shared->sync, NULL, NULL), 0);
	senders_start(0);
	while (atomic_load(&s->shared->commits) < commits)
		moment();
	atomic_store(&s->shared->synced_commits, commits);
	atomic_fetch_add(&s->shared->syncs, 1);
	futex_wake(&s->shared->syncs, SENDERS);
	senders_wait();
	for (i = 0; i < SENDERS; i++)
		assert_int_equal(common->sender[i].result, STORE_OK);
	store_sync_unlock(s);
	store_send_unlock(s);
	senders_end();
}

/* Who was told UNAVAILABLE is told the truth by the same ref. */
static void
who_gave_up_and_says_it_again_is_stored_once(void **state)
{
	struct sender *me = common->sender;
	struct store_sent sent;
	int i, gave_up = 0;

	(void)state;
	senders_sync_long();
	for (i = 0; i < SENDERS; i++)
		while (me[i].result == STORE_TAKEN &&
		    pids[i] != atomic_load(&common->in_sync))
			moment();
	atomic_store(&common->sync_takes_long, false);
	senders_wait();
	for (i = 0; i < SENDERS; i++) {
		gave_up += me[i].result == STORE_UNAVAILABLE;
		assert_int_equal(send_one(s, &me[i].me, NULL,
				     me[i].items[0].in.ref, "x", &sent),
		    STORE_OK);
		assert_true(sent.again);
		assert_int_equal(times_stored(i), 1);
	}
	assert_int_equal(gave_up, SENDERS - 1);
	senders_end();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, place_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_stores_does_it_for_all_who_wait),
		TEST(each_message_has_its_own_result),
		TEST(what_does_not_fit_is_stored_by_its_own),
		TEST(each_has_its_own_durability),
		TEST(what_is_meant_for_another_database_is_not_stored),
		TEST(a_sync_that_fails_acknowledges_nothing),
		TEST(what_cannot_be_stored_spoils_no_others),
		TEST(what_a_dead_one_committed_is_synced_before_it_is_done),
		TEST(
		    what_a_dead_one_committed_outlives_a_transaction_that_fails),
		TEST(what_comes_again_is_synced),
		TEST(when_who_stores_dies_the_others_messages_are_stored_once),
		TEST(
		    who_is_stopped_while_it_stores_is_ended_and_the_others_go_on),
		TEST(nobody_else_waits_for_the_disk),
		TEST(who_is_served_does_not_wait_for_the_lock),
		TEST(who_is_synced_does_not_wait_for_the_lock),
		TEST(who_gave_up_and_says_it_again_is_stored_once),
	};

	return cmocka_run_group_tests(tests, step_between, NULL);
}
