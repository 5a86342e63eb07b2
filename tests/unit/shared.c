/*
 * Unit tests of the shared page: the locks that bound how many passwords are
 * hashed at a time, and who a lock is said to be held by.  (The locks between
 * writers are in store-crash.c.)
 */
#include <sys/wait.h>

#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared.h"
#include "store-test.h"

static int
slots_wanted(void)
{
	cpu_set_t set;

	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	return CPU_COUNT(&set) < 4 ? 1 : CPU_COUNT(&set) / 2;
}

static void
half_of_the_processors_hash_at_a_time(void **state)
{
	int n = slots_wanted(), fd, i;
	struct shared *page = shared_map(place, &fd);
	struct shared_lock *held[HASH_SLOTS_MAX + 1];

	(void)state;
	assert_non_null(page);
	assert_true(n <= HASH_SLOTS_MAX);
	for (i = 0; i < n; i++) {
		held[i] = shared_hash_lock(page, 0, NULL, NULL);
		assert_non_null(held[i]);
	}
	assert_null(shared_hash_lock(page, 2 * HASH_STEP, NULL, NULL));
	shared_unlock(held[n - 1]);
	assert_non_null(shared_hash_lock(page, 0, NULL, NULL));
	shared_unmap(page, fd);
}

/* A child that takes all slots and says so; it ends when it is killed. */
static pid_t
child_that_takes_all(void)
{
	int ready[2], fd;
	pid_t pid;
	char c;

	assert_int_equal(pipe(ready), 0);
	fflush(NULL);
	if ((pid = fork()) == 0) {
		struct shared *page = shared_map(place, &fd);

		while (shared_hash_lock(page, 0, NULL, NULL) != NULL)
			;
		if (write(ready[1], "x", 1) == 1)
			for (;;)
				pause();
		_exit(1);
	}
	assert_true(pid > 0);
	/* (If the child dies, the pipe ends.) */
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

static void
who_is_killed_while_hashing_leaves_its_slot(void **state)
{
	int fd, status;
	struct shared *page = shared_map(place, &fd);
	pid_t pid = child_that_takes_all();

	(void)state;
	assert_null(shared_hash_lock(page, 0, NULL, NULL));
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_non_null(shared_hash_lock(page, 0, NULL, NULL));
	shared_unmap(page, fd);
}

static void
who_is_stopped_while_hashing_is_ended(void **state)
{
	int fd, status;
	struct shared *page = shared_map(place, &fd);
	pid_t pid = child_that_takes_all();

	(void)state;
	kill(pid, SIGSTOP);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_non_null(shared_hash_lock(page, 60000, notice, NULL));
	assert_non_null(strstr(noticed, "was stopped while it hashed"));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	shared_unmap(page, fd);
}

static int
truncate_page(size_t size)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/" SHARED_FILE, place);
	return truncate(path, (off_t)size);
}

static void
a_page_of_the_version_before_gets_the_slots(void **state)
{
	int fd;
	struct shared *page = shared_map(place, &fd);

	(void)state;
	/* So that version left it: what follows the counters was not there. */
	page->version = 1;
	atomic_store(&page->committed_id, 42);
	memset(page->hash, 0, sizeof(page->hash));
	shared_unmap(page, fd);
	assert_int_equal(truncate_page(offsetof(struct shared, hash)), 0);

	page = shared_map(place, &fd);
	assert_non_null(page);
	assert_int_equal(page->version, SHARED_VERSION);
	assert_int_equal(atomic_load(&page->committed_id), 42);
	shared_unmap(page, fd);
	who_is_killed_while_hashing_leaves_its_slot(state);
}

/* It has the lock, and no time to do anything more. */
static void *
take_and_stop(void *arg)
{
	struct shared_lock *l = arg;

	pthread_mutex_lock(&l->mutex);
	raise(SIGSTOP);
	return NULL;
}

static void
who_is_stopped_as_soon_as_it_has_a_lock_is_ended(void **state)
{
	int fd, status;
	struct shared *page = shared_map(place, &fd);
	char expected[64];
	pthread_t thread;
	pid_t pid;

	(void)state;
	fflush(NULL);
	assert_true((pid = fork()) >= 0);
	if (pid == 0) {
		/* (The housekeeper of the relay is a thread as well.) */
		pthread_create(&thread, NULL, take_and_stop, &page->write);
		pthread_join(thread, NULL);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	status = shared_lock(&page->write, shared_now(), notice, NULL);
	/* (Not even a failure leaves it behind.) */
	kill(pid, SIGCONT);
	assert_int_equal(status, 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	snprintf(expected, sizeof(expected), "process %d has held", (int)pid);
	assert_non_null(strstr(noticed, expected));
	shared_unlock(&page->write);
	shared_unmap(page, fd);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(half_of_the_processors_hash_at_a_time),
		TEST(who_is_killed_while_hashing_leaves_its_slot),
		TEST(who_is_stopped_while_hashing_is_ended),
		TEST(a_page_of_the_version_before_gets_the_slots),
		TEST(who_is_stopped_as_soon_as_it_has_a_lock_is_ended),
	};

	return cmocka_run_group_tests_name("shared", tests, NULL, NULL);
}
