/*
 * Unit tests of sending through the queue of writers: processes that find the
 * lock taken, so that one of them stores for all, and what becomes of it when
 * that one dies at any write or sync.
 */
#include <sys/wait.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store-test.h"

#include "store-senders.h"

#define STEPS 400 /* more than one transaction of all has */

static void
senders_run(unsigned queued)
{
	senders_start(queued);
	store_send_unlock(s);
	senders_wait();
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
	    store_session_end(s, me[3].me.id, "u3", "closed", -1), STORE_OK);
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
	int at = 0, mine = queue_claim(q, &s->place);
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

static void *
hold_until_somebody_waits(void *held)
{
	assert_int_equal(
	    shared_lock(&s->shared->send, shared_now(), NULL, NULL), 0);
	atomic_store((_Atomic bool *)held, true);
	while (count_waiting() == 0)
		moment();
	shared_unlock(&s->shared->send);
	return NULL;
}

static void
who_stores_what_it_left_in_the_queue_knows_why_it_cannot(void **state)
{
	static _Atomic bool held;
	pthread_t thread;

	(void)state;
	senders_begin();
	assert_true(store_exec(s,
	    "CREATE TRIGGER no BEFORE INSERT ON messages"
	    " BEGIN SELECT RAISE(ABORT, 'because'); END"));
	atomic_store(&held, false);
	assert_int_equal(
	    pthread_create(&thread, NULL, hold_until_somebody_waits, &held), 0);
	while (!atomic_load(&held))
		moment();
	assert_int_equal(send_here(NULL, "y"), STORE_UNAVAILABLE);
	pthread_join(thread, NULL);
	assert_non_null(strstr(store_error(s), "because"));
	senders_end();
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
		TEST(who_stores_what_it_left_in_the_queue_knows_why_it_cannot),
		TEST(what_a_dead_one_committed_is_synced_before_it_is_done),
		TEST(
		    what_a_dead_one_committed_outlives_a_transaction_that_fails),
		TEST(what_comes_again_is_synced),
		TEST(when_who_stores_dies_the_others_messages_are_stored_once),
	};

	return cmocka_run_group_tests(tests, step_between, NULL);
}
