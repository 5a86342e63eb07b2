/*
 * Unit tests of the queue of writers: places, what fits in them, who may touch
 * them when, and what becomes of those whose owner dies.
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "queue.h"

static struct queue *q;
static int had; /* the place before */

static int
begin(void **state)
{
	(void)state;
	had = -1;
	q = mmap(NULL, sizeof(*q), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return q != MAP_FAILED && queue_init(q) == 0 ? 0 : -1;
}

static int
end(void **state)
{
	(void)state;
	return munmap(q, sizeof(*q));
}

static int
offer(const char *text)
{
	int place = queue_claim(q, &had);

	assert_in_range(place, 0, QUEUE_PLACES - 1);
	assert_true(queue_add(q, place, NULL, NULL, text, strlen(text)));
	queue_offer(q, place);
	return place;
}

/* Let a child do that and die. */
static void
in_a_child_that_dies(void (*run)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		run();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
a_place_has_what_was_put_in(void **state)
{
	int place = queue_claim(q, &had);
	const struct queue_place *p = &q->places[place];

	(void)state;
	assert_true(queue_add(q, place, "bob", "r1", "hello", 5));
	assert_true(queue_add(q, place, NULL, NULL, "", 0));
	assert_true(queue_add(q, place, NULL, NULL, "all", 3));
	assert_int_equal(p->count, 3);
	assert_string_equal(p->messages[0].to, "bob");
	assert_string_equal(p->messages[0].ref, "r1");
	assert_memory_equal(p->text + p->messages[0].body, "hello", 5);
	assert_string_equal(p->messages[2].to, "");
	assert_string_equal(p->messages[2].ref, "");
	assert_memory_equal(p->text + p->messages[2].body, "all", 3);
	assert_int_equal(p->messages[2].body_len, 3);
	queue_leave(q, place);
}

static void
a_place_has_limits(void **state)
{
	char text[QUEUE_TEXT + 1] = { 0 };
	int place = queue_claim(q, &had), i;

	(void)state;
	assert_false(queue_add(q, place, NULL, NULL, text, QUEUE_TEXT + 1));
	assert_true(queue_add(q, place, NULL, NULL, text, QUEUE_TEXT - 1));
	assert_false(queue_add(q, place, NULL, NULL, text, 2));
	assert_true(queue_add(q, place, NULL, NULL, text, 1));
	for (i = 2; i < QUEUE_MESSAGES; i++)
		assert_true(queue_add(q, place, NULL, NULL, "", 0));
	assert_false(queue_add(q, place, NULL, NULL, "", 0));
	queue_leave(q, place);
	/* It is empty for the next one. */
	place = offer("x");
	assert_int_equal(q->places[place].count, 1);
	queue_leave(q, place);
}

static void
claim_all(void)
{
	int i;

	for (i = 0; i < QUEUE_PLACES; i++)
		if (queue_claim(q, &had) == -1)
			_exit(1);
	if (queue_claim(q, &had) != -1)
		_exit(2);
}

static void
each_place_has_one_owner_and_is_free_when_he_dies(void **state)
{
	(void)state;
	in_a_child_that_dies(claim_all);
	in_a_child_that_dies(claim_all);
}

static void
offer_all(void)
{
	int i;

	for (i = 0; i < QUEUE_PLACES; i++)
		queue_offer(q, queue_claim(q, &had));
	queue_call(q);
}

static void
what_a_dead_owner_offered_is_taken_or_forgotten(void **state)
{
	int at = 0, taken, free;

	(void)state;
	in_a_child_that_dies(offer_all);
	taken = queue_take(q, &at);
	assert_int_not_equal(taken, -1);
	/* While somebody stores it, it is nobody's. */
	for (free = 1; free < QUEUE_PLACES; free++)
		assert_int_not_equal(queue_claim(q, &had), taken);
	assert_int_equal(queue_claim(q, &had), -1);
	queue_done(q, taken);
	assert_int_equal(queue_claim(q, &had), taken);
	at = 0;
	assert_int_equal(queue_take(q, &at), -1);
}

static void
what_waits_is_taken_once(void **state)
{
	int one = offer("1"), two = offer("2"), at = 0, taken[2];

	(void)state;
	taken[0] = queue_take(q, &at);
	taken[1] = queue_take(q, &at);
	assert_int_equal(taken[0] + taken[1], one + two);
	assert_int_not_equal(taken[0], taken[1]);
	assert_int_equal(queue_take(q, &at), -1);
	at = 0;
	assert_int_equal(queue_take(q, &at), -1);
	/* What was taken cannot be had back. */
	assert_false(queue_withdraw(q, one));
	queue_done(q, one);
	assert_false(queue_withdraw(q, one));
	assert_true(queue_is_done(q, one));
	assert_false(queue_is_done(q, two));
	/* Of a storer who died: both states are seen. */
	at = 0;
	assert_int_equal(queue_orphan(q, &at), two);
	assert_int_equal(queue_orphan(q, &at), -1);
	queue_return(q, two);
	at = 0;
	assert_int_equal(queue_take(q, &at), two);
	queue_leave(q, one);
	queue_leave(q, two);
}

static void
what_is_withdrawn_is_not_taken(void **state)
{
	int one = offer("1"), two = offer("2"), at = 0;

	(void)state;
	assert_true(queue_withdraw(q, one));
	assert_false(queue_withdraw(q, one));
	queue_call(q);
	assert_true(queue_withdraw(q, two));
	assert_int_equal(queue_take(q, &at), -1);
	queue_leave(q, one);
	queue_leave(q, two);
}

static void
one_is_called_and_the_next_by_him(void **state)
{
	int one = offer("1"), two = offer("2"), called, other;

	(void)state;
	queue_call(q);
	called = atomic_load(&q->state[one]) == QUEUE_CALLED ? one : two;
	other = one + two - called;
	assert_int_equal(atomic_load(&q->state[called]), QUEUE_CALLED);
	assert_int_equal(atomic_load(&q->state[other]), QUEUE_WAITING);
	/* It need not wait any more, the other one does so in vain. */
	assert_false(queue_wait(q, called));
	assert_false(queue_wait(q, other));
	queue_call(q);
	assert_int_equal(atomic_load(&q->state[other]), QUEUE_CALLED);
	queue_call(q);
	queue_leave(q, one);
	queue_leave(q, two);
}

static int waiting; /* the place of the test below */

static void
wake_who_waits(void)
{
	int at = 0;

	if (queue_take(q, &at) != waiting)
		_exit(1);
	queue_done(q, waiting);
	queue_wake(q, waiting);
}

static void
who_waits_is_told(void **state)
{
	pid_t pid;
	int status;

	(void)state;
	waiting = offer("1");
	assert_true((pid = fork()) >= 0);
	if (pid == 0) {
		wake_who_waits();
		_exit(0);
	}
	/* (Each time it comes back in vain, nobody had taken it.) */
	while (!queue_wait(q, waiting))
		;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	queue_leave(q, waiting);
}

/* By a process that has been taken over, and maps the page like all others. */
static void
what_another_writes_into_a_place_leads_nowhere(void **state)
{
	int place = queue_claim(q, &had);
	struct queue_place *p = &q->places[place];

	(void)state;
	p->count = QUEUE_MESSAGES + 1;
	assert_false(queue_add(q, place, NULL, NULL, "x", 1));
	p->count = 0;
	p->text_len = QUEUE_TEXT + 1;
	assert_false(queue_add(q, place, NULL, NULL, "x", 1));
	p->text_len = QUEUE_TEXT;
	assert_false(queue_add(q, place, NULL, NULL, "x", 1));
	p->text_len = 0;
	assert_true(queue_add(q, place, NULL, NULL, "x", 1));
	queue_leave(q, place);
}

/* (No file system is full here, but the file of the queue ends before.) */
static void
without_room_for_a_place_there_is_none(void **state)
{
	int fd = memfd_create("queue", MFD_CLOEXEC), place, none = -1;
	struct queue *small;

	(void)state;
	assert_int_not_equal(fd, -1);
	assert_int_equal(ftruncate(fd, offsetof(struct queue, places)), 0);
	small = mmap(
	    NULL, sizeof(*small), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(small, MAP_FAILED);
	assert_int_equal(queue_init(small), 0);
	assert_int_equal(queue_claim(small, &none), -1);
	assert_int_equal(ftruncate(fd, sizeof(*small)), 0);
	place = queue_claim(small, &none);
	assert_int_not_equal(place, -1);
	queue_leave(small, place);
	munmap(small, sizeof(*small));
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_place_has_what_was_put_in),
		TEST(a_place_has_limits),
		TEST(what_another_writes_into_a_place_leads_nowhere),
		TEST(without_room_for_a_place_there_is_none),
		TEST(each_place_has_one_owner_and_is_free_when_he_dies),
		TEST(what_a_dead_owner_offered_is_taken_or_forgotten),
		TEST(what_waits_is_taken_once),
		TEST(what_is_withdrawn_is_not_taken),
		TEST(one_is_called_and_the_next_by_him),
		TEST(who_waits_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
