/*
 * Unit tests of the queue of writers when the disk takes its time, or who
 * stores for all is stopped: nobody waits longer than need be, or for good.
 */
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

#include "store-senders.h"

static void
who_is_stopped_while_it_stores_is_ended_and_the_others_go_on(void **state)
{
	int64_t start = shared_now();
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
	    shared_now() - start, LOCK_STOPPED, LOCK_STOPPED + 5 * 1000);
	senders_end();
}

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
	assert_int_equal(
	    shared_lock(&s->shared->sync, shared_now(), NULL, NULL), 0);
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

/* They are called late, and then another lock is kept as well. */
static void
senders_called_late(struct shared_lock *kept)
{
	const struct timespec most = { .tv_sec = LOCK_WAIT / 1000 - 2 };
	int64_t start = shared_now();
	int i;

	assert_int_equal(shared_lock(kept, start, NULL, NULL), 0);
	senders_start(SENDERS);
	nanosleep(&most, NULL);
	store_send_unlock(s);
	senders_wait();
	assert_in_range(shared_now() - start, LOCK_WAIT, LOCK_WAIT + 5 * 1000);
	shared_unlock(kept);
	for (i = 0; i < SENDERS; i++)
		assert_int_equal(common->sender[i].result, STORE_UNAVAILABLE);
}

static void
who_is_called_late_waits_once_for_all(void **state)
{
	(void)state;
	senders_begin();
	senders_called_late(&s->shared->write);
	senders_called_late(&s->shared->sync);
	senders_end();
}

/* A child that takes the lock, stopped while it has it if that is wanted. */
static pid_t
child_that_locks(bool stops)
{
	struct shared_lock *l = &s->shared->write;
	pid_t pid;

	fflush(NULL);
	if ((pid = fork()) == 0) {
		if (shared_lock(l, shared_now(), NULL, NULL) != 0)
			_exit(1);
		if (stops)
			raise(SIGSTOP);
		shared_unlock(l);
		_exit(0);
	}
	assert_true(pid > 0);
	return pid;
}

static void
assert_stops(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
}

static void
assert_ends_well(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Return when it sleeps, which it does for the lock alone. */
static void
await_sleeping(pid_t pid)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	char path[64], state;
	int i, n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	for (i = 0; i < 1000; i++) {
		assert_non_null(f = fopen(path, "re"));
		n = fscanf(f, "%*d (%*[^)]) %c", &state);
		fclose(f);
		if (n == 1 && state == 'S')
			return;
		nanosleep(&pause, NULL);
	}
	fail_msg("process %d does not sleep", (int)pid);
}

static void
who_was_stopped_like_all_blames_nobody(void **state)
{
	const struct timespec second = { .tv_sec = 1 };
	const struct timespec night = { .tv_sec = LOCK_WAIT / 1000 + 1 };
	pid_t holder, waiter;

	(void)state;
	senders_begin();
	holder = child_that_locks(true);
	assert_stops(holder);
	waiter = child_that_locks(false);
	await_sleeping(waiter);
	kill(waiter, SIGSTOP);
	assert_stops(waiter);
	nanosleep(&night, NULL);
	/* It goes on, and looks, before the other does. */
	kill(waiter, SIGCONT);
	nanosleep(&second, NULL);
	await_sleeping(waiter);
	kill(holder, SIGCONT);
	assert_ends_well(holder);
	assert_ends_well(waiter);
	store_send_unlock(s);
	senders_end();
}

/* Who was told UNAVAILABLE is told the truth by the same ref. */
static void
who_gave_up_and_says_it_again_is_stored_once(void **state)
{
	struct sender *me = common->sender;
	struct store_sent sent = { 0 };
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(
		    who_is_stopped_while_it_stores_is_ended_and_the_others_go_on),
		TEST(nobody_else_waits_for_the_disk),
		TEST(who_is_served_does_not_wait_for_the_lock),
		TEST(who_is_synced_does_not_wait_for_the_lock),
		TEST(who_is_called_late_waits_once_for_all),
		TEST(who_gave_up_and_says_it_again_is_stored_once),
		TEST(who_was_stopped_like_all_blames_nobody),
	};

	return cmocka_run_group_tests(tests, step_between, NULL);
}
