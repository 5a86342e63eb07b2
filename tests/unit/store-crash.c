/*
 * Unit tests of the store when things fail around it: a process that dies or
 * stops with the lock or in the middle of reading, a file that is replaced, a
 * machine that was started anew.
 */
#include <sys/wait.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "store-test.h"

/* ---- other processes ---- */

/*
 * Run a child up to the point where it writes a byte to its pipe; it is then
 * in the middle of what it does.
 */
static pid_t
child_start(void (*run)(int ready))
{
	int ready[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe(ready), 0);
	assert_true((pid = fork()) >= 0);
	if (pid == 0) {
		close(ready[0]);
		run(ready[1]);
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

/* Returns the signal that ended it, or 0. */
static int
child_end(pid_t pid, int signo)
{
	int status;

	assert_int_equal(kill(pid, signo), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
read_and_wait(int ready)
{
	sqlite3 *db;

	if (sqlite3_open(db_path, &db) != SQLITE_OK ||
	    sqlite3_exec(db, "BEGIN; SELECT * FROM messages", NULL, NULL,
		NULL) != SQLITE_OK ||
	    write(ready, "r", 1) != 1)
		_exit(2);
	pause();
}

static void
a_reader_that_pins_the_wal_is_named(void **state)
{
	struct store *s = open_store(true);
	struct store_session me = login_ok(s, "alice");
	struct store_checkpoint c;
	pid_t reader;

	(void)state;
	say(s, &me, NULL, "one");
	reader = child_start(read_and_wait);
	say(s, &me, NULL, "two");
	assert_int_equal(store_checkpoint(s, &c), STORE_OK);
	assert_false(c.done);
	assert_int_equal(c.reader, reader);
	assert_true(store_checkpoint_due(s));
	say(s, &me, NULL, "three");
	assert_int_equal(child_end(reader, SIGKILL), SIGKILL);
	assert_int_equal(store_checkpoint(s, &c), STORE_OK);
	assert_true(c.done);
	store_close(s);
}

/* In the middle of a transaction, with both locks. */
static void
hold(int ready, bool stop)
{
	char error[512];
	struct store *s = try_open(true, error);
	struct store_send in = { .body = "unfinished", .body_len = 10 };
	struct store_session me;
	struct store_sent sent;

	if (s == NULL || login(s, "holder", "h", NULL, "h", &me) != STORE_OK ||
	    store_begin(s) != STORE_OK ||
	    store_message_send(s, &me, &in, &sent) != STORE_OK ||
	    write(ready, "r", 1) != 1)
		_exit(2);
	if (stop)
		raise(SIGSTOP);
	pause();
}

static void
hold_and_wait(int ready)
{
	hold(ready, false);
}

static void
hold_and_stop(int ready)
{
	hold(ready, true);
}

static void
who_is_killed_with_the_lock_holds_up_nobody(void **state)
{
	struct store *s = open_store(true);
	struct store_session me = login_ok(s, "alice");
	pid_t holder = child_start(hold_and_wait);
	int64_t start = now_ms();

	(void)state;
	assert_int_equal(child_end(holder, SIGKILL), SIGKILL);
	assert_int_equal(say(s, &me, NULL, "next"), 1);
	assert_true(now_ms() - start < LOCK_STOPPED);
	assert_int_equal(sql_int("SELECT count(*) FROM messages"), 1);
	assert_string_equal(noticed, "");
	store_close(s);
}

static void
who_is_stopped_with_the_lock_is_ended(void **state)
{
	struct store *s = open_store(true);
	struct store_session me = login_ok(s, "alice");
	pid_t holder = child_start(hold_and_stop);
	int64_t start = now_ms();
	char pid[32];
	int status;

	(void)state;
	/* Stopped, not only about to be. */
	assert_int_equal(waitpid(holder, &status, WUNTRACED), holder);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(say(s, &me, NULL, "next"), 1);
	assert_true(now_ms() - start >= LOCK_STOPPED);
	assert_true(now_ms() - start < LOCK_WAIT);
	assert_int_equal(waitpid(holder, &status, 0), holder);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	snprintf(pid, sizeof(pid), "process %d ", (int)holder);
	assert_non_null(strstr(noticed, pid));
	assert_non_null(strstr(noticed, "ended it"));
	store_close(s);
}

static void
who_is_only_slow_with_the_lock_is_named_and_waited_for(void **state)
{
	struct store *s = open_store(true);
	struct store_session me = login_ok(s, "alice");
	pid_t holder = child_start(hold_and_wait);
	int64_t start = now_ms();
	struct store_sent sent;

	(void)state;
	assert_int_equal(
	    send_one(s, &me, NULL, NULL, "x", &sent), STORE_UNAVAILABLE);
	assert_true(now_ms() - start >= LOCK_WAIT);
	assert_true(now_ms() - start < 2 * LOCK_WAIT);
	assert_non_null(strstr(store_error(s), "busy"));
	assert_non_null(strstr(noticed, "has held the store's lock"));
	assert_null(strstr(noticed, "ended it"));
	/* It lives, and so it is this signal that ends it. */
	assert_int_equal(child_end(holder, SIGTERM), SIGTERM);
	say(s, &me, NULL, "next");
	store_close(s);
}

/* ---- files that are not the same any more ---- */

static void
file_copy(const char *from, const char *to)
{
	char command[256];

	snprintf(command, sizeof(command), "cp '%s' '%s'", from, to);
	assert_int_equal(system(command), 0);
}

static void
remove_database(void)
{
	static const char *const parts[] = { "", "-wal", "-shm" };
	char path[96];
	size_t i;

	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s%s", db_path, parts[i]);
		unlink(path);
	}
}

/* A database with n messages, all of them in the one file. */
static void
make_database(int n)
{
	struct store *s = open_store(true);
	struct store_session me = login_ok(s, "alice");
	struct store_checkpoint c;

	while (n-- > 0)
		say(s, &me, NULL, "x");
	assert_int_equal(store_checkpoint(s, &c), STORE_OK);
	assert_true(c.done);
	store_close(s);
}

static void
a_replaced_database_is_noticed(void **state)
{
	struct store *old, *s;
	struct store_session me;
	struct store_sent sent;
	char backup[96];

	(void)state;
	make_database(3);
	snprintf(backup, sizeof(backup), "%s/backup", place);
	file_copy(db_path, backup);
	old = open_store(true);
	me = login_ok(old, "bob");
	say(old, &me, NULL, "after the backup");
	remove_database();
	assert_int_equal(rename(backup, db_path), 0);
	s = open_store(true);
	assert_int_equal(
	    send_one(old, &me, NULL, NULL, "x", &sent), STORE_UNAVAILABLE);
	assert_non_null(strstr(store_error(old), "replaced"));
	store_close(old);
	me = login_ok(s, "bob");
	say(s, &me, NULL, "goes on");
	store_close(s);
}

/* ---- what happens just when SQLite has opened a file ---- */

static sqlite3_vfs *disk, watched;
static int awaited; /* SQLITE_OPEN_MAIN_DB, SQLITE_OPEN_WAL */
static void (*then)(void);

static int
watched_open(
    sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
	int rc = disk->xOpen(disk, name, f, flags, out);

	(void)vfs;
	if ((flags & awaited) != 0) {
		awaited = 0;
		then();
	}
	return rc;
}

/* Once. */
static void
when_opened(int file, void (*run)(void))
{
	if (disk == NULL) {
		disk = sqlite3_vfs_find(NULL);
		watched = *disk;
		watched.zName = "watched";
		watched.xOpen = watched_open;
		sqlite3_vfs_register(&watched, 1);
	}
	then = run;
	awaited = file;
}

static void
put_the_backup_back(void)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/backup", place);
	remove_database();
	assert_int_equal(rename(path, db_path), 0);
}

static void
a_database_replaced_while_it_is_opened_is_noticed(void **state)
{
	struct store_session me;
	char path[96], error[512];
	struct store *s;

	(void)state;
	make_database(3);
	snprintf(path, sizeof(path), "%s/backup", place);
	file_copy(db_path, path);
	when_opened(SQLITE_OPEN_MAIN_DB, put_the_backup_back);
	assert_null(try_open(true, error));
	assert_non_null(strstr(error, "replaced"));
	s = open_store(true);
	me = login_ok(s, "bob");
	say(s, &me, NULL, "here");
	assert_int_equal(
	    sql_int("SELECT count(*) FROM messages WHERE body = 'here'"), 1);
	store_close(s);
}

static void
stop(void)
{
	raise(SIGSTOP);
}

static void
who_is_stopped_while_it_makes_the_database_is_ended(void **state)
{
	pid_t pid = fork();
	struct store *s;
	char error[512];
	int status;

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		when_opened(SQLITE_OPEN_WAL, stop);
		_exit(try_open(true, error) != NULL);
	}
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	s = try_open(true, error);
	/* (Not even a failure leaves it behind.) */
	kill(pid, SIGCONT);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_non_null(s);
	login_ok(s, "alice");
	store_close(s);
}

/* Its ids are another's by then: who logged in must not go on with them. */
static void
a_database_replaced_while_a_store_rests_is_noticed(void **state)
{
	struct store *old = open_store(true), *s;
	struct store_session me = login_ok(old, "alice");
	struct store_sent sent;

	(void)state;
	assert_int_equal(store_session_find(old, me.id, "alice"), STORE_OK);
	assert_true(store_rest(old));
	remove_database();
	s = open_store(true);
	assert_int_equal(login_ok(s, "bob").id, me.id);
	assert_int_equal(store_session_find(s, me.id, "alice"), STORE_ENDED);
	assert_int_equal(
	    store_session_end(s, me.id, "alice", "died", -1), STORE_ENDED);
	assert_int_equal(
	    sql_int("SELECT count(*) FROM sessions WHERE ended_at IS NULL"), 1);
	assert_int_equal(
	    send_one(old, &me, NULL, NULL, "x", &sent), STORE_UNAVAILABLE);
	assert_non_null(strstr(store_error(old), "replaced"));
	assert_true(store_is_replaced(old));
	store_close(old);
	store_close(s);
}

static void
after_a_restore_no_id_is_used_again(void **state)
{
	struct store_session me;
	char backup[96];
	struct store *s;
	int64_t seen;

	(void)state;
	make_database(3);
	snprintf(backup, sizeof(backup), "%s/backup", place);
	file_copy(db_path, backup);
	s = open_store(true);
	me = login_ok(s, "bob");
	seen = say(s, &me, NULL, "seen by somebody");
	store_close(s);
	remove_database();
	assert_int_equal(rename(backup, db_path), 0);
	s = open_store(true);
	me = login_ok(s, "bob");
	assert_true(say(s, &me, NULL, "another") > seen);
	store_close(s);
}

/* A new file often gets the number of the one that was just removed. */
static void
a_database_made_anew_is_noticed_whatever_its_inode(void **state)
{
	struct store_session me;
	struct store *s;
	int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		s = open_store(true);
		assert_int_equal(sql_int("SELECT count(*) FROM messages"), 0);
		assert_true(store_position(s) <=
		    sql_int("SELECT ifnull("
			    "max(seq), 0) FROM sqlite_sequence"));
		me = login_ok(s, "alice");
		say(s, &me, NULL, "x");
		say(s, &me, NULL, "y");
		store_close(s);
		remove_database();
	}
}

static void
a_runtime_directory_made_anew_ends_old_stores(void **state)
{
	struct store *old = open_store(true), *s;
	struct store_session me = login_ok(old, "alice");
	struct store_sent sent;
	char path[96];

	(void)state;
	snprintf(path, sizeof(path), "%s/" SHARED_FILE, place);
	assert_int_equal(unlink(path), 0);
	s = open_store(true);
	assert_int_equal(
	    send_one(old, &me, NULL, NULL, "x", &sent), STORE_UNAVAILABLE);
	assert_non_null(strstr(store_error(old), "runtime directory"));
	say(s, &me, NULL, "y");
	store_close(old);
	store_close(s);
}

static void
after_another_boot_ids_are_left_out(void **state)
{
	struct store_session me;
	struct store *s;
	char path[96];
	int64_t last;

	(void)state;
	make_database(3);
	last = sql_int("SELECT max(id) FROM messages");
	sql("UPDATE meta SET value = 'another' WHERE key = 'boot_id'");
	/* The runtime directory does not outlive a boot. */
	snprintf(path, sizeof(path), "%s/" SHARED_FILE, place);
	assert_int_equal(unlink(path), 0);
	s = open_store(true);
	assert_int_equal(store_position(s), last + ID_MARGIN);
	me = login_ok(s, "bob");
	assert_int_equal(say(s, &me, NULL, "x"), last + ID_MARGIN + 1);
	store_close(s);
	/* Once only. */
	assert_int_equal(unlink(path), 0);
	s = open_store(true);
	assert_int_equal(store_position(s), last + ID_MARGIN + 1);
	store_close(s);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_reader_that_pins_the_wal_is_named),
		TEST(who_is_killed_with_the_lock_holds_up_nobody),
		TEST(who_is_stopped_with_the_lock_is_ended),
		TEST(who_is_only_slow_with_the_lock_is_named_and_waited_for),
		TEST(a_replaced_database_is_noticed),
		TEST(a_database_replaced_while_a_store_rests_is_noticed),
		TEST(a_database_replaced_while_it_is_opened_is_noticed),
		TEST(who_is_stopped_while_it_makes_the_database_is_ended),
		TEST(after_a_restore_no_id_is_used_again),
		TEST(a_database_made_anew_is_noticed_whatever_its_inode),
		TEST(a_runtime_directory_made_anew_ends_old_stores),
		TEST(after_another_boot_ids_are_left_out),
	};

	return cmocka_run_group_tests_name("store-crash", tests, NULL, NULL);
}
