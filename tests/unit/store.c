/*
 * Unit tests of the store: how it is opened by one and by many, and who holds
 * a name.  Messages are in store-message.c and store-history.c, what happens
 * when disks or processes fail in store-sync.c and store-crash.c.
 */
#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store-test.h"

#define PROCESSES 24

/* ---- opening ---- */

static void
a_new_file_gets_the_schema(void **state)
{
	struct store *s = open_store(true);

	(void)state;
	assert_int_equal(store_position(s), 0);
	store_close(s);
	assert_true(sql_int("PRAGMA user_version") >= 1);
	assert_int_equal(sql_int("PRAGMA auto_vacuum"), 2);
	assert_int_equal(
	    sql_int(
		"SELECT count(*) FROM sqlite_master WHERE"
		" type = 'table' AND name IN ('users', 'messages', 'sessions')"),
	    3);
	assert_int_equal(
	    sql_int("SELECT count(*) FROM"
		    " pragma_journal_mode WHERE journal_mode = 'wal'"),
	    1);
}

static void
files_are_for_their_owner_alone(void **state)
{
	mode_t mask = umask(077);
	struct store *s = open_store(true);
	char path[96];
	struct stat st;

	(void)state;
	store_close(s);
	umask(mask);
	assert_int_equal(stat(db_path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	snprintf(path, sizeof(path), "%s/" SHARED_FILE, place);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void
what_was_stored_is_there_when_opened_again(void **state)
{
	struct store *s = open_store(true);
	struct store_session alice = login_ok(s, "alice");
	int64_t id = say(s, &alice, NULL, "hello"), oldest = -1;

	(void)state;
	store_close(s);
	s = open_store(true);
	assert_int_equal(store_position(s), id);
	assert_int_equal(store_oldest(s, &oldest), STORE_OK);
	assert_int_equal(oldest, id);
	store_close(s);
}

static void
without_its_page_the_position_comes_from_the_file(void **state)
{
	struct store *s = open_store(true);
	struct store_session alice = login_ok(s, "alice");
	int64_t id = say(s, &alice, NULL, "hello");
	char path[96];

	(void)state;
	store_close(s);
	snprintf(path, sizeof(path), "%s/" SHARED_FILE, place);
	assert_int_equal(unlink(path), 0);
	s = open_store(true);
	assert_int_equal(store_position(s), id);
	store_close(s);
}

/* How many descriptors lead to the database or its WAL. */
static int
files_open(void)
{
	char path[PATH_MAX];
	struct dirent *e;
	DIR *d = opendir("/proc/self/fd");
	int n = 0;
	ssize_t len;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		len = readlinkat(dirfd(d), e->d_name, path, sizeof(path) - 1);
		path[len > 0 ? len : 0] = '\0';
		n += strncmp(path, db_path, strlen(db_path)) == 0;
	}
	closedir(d);
	return n;
}

static void
a_store_at_rest_has_no_file_open_and_serves_on(void **state)
{
	struct store *s = open_store(true);
	struct store_session alice = login_ok(s, "alice");
	int64_t id = say(s, &alice, NULL, "hello"), oldest;

	(void)state;
	assert_true(files_open() >= 2);
	assert_true(store_rest(s));
	assert_int_equal(files_open(), 0);
	assert_false(store_rest(s));
	/* Where the log is can be seen without the database. */
	assert_int_equal(store_position(s), id);
	assert_false(store_is_stale(s));
	assert_int_equal(files_open(), 0);
	assert_int_equal(say(s, &alice, NULL, "again"), id + 1);
	store_rest(s);
	assert_int_equal(store_oldest(s, &oldest), STORE_OK);
	assert_int_equal(oldest, id);
	store_rest(s);
	assert_int_equal(
	    store_session_end(s, alice.id, "alice", "closed", -1), STORE_OK);
	store_rest(s);
	store_close(s);
}

static void
what_befell_the_file_of_a_store_at_rest_is_said(void **state)
{
	struct store *s = open_store(true);
	struct store_session alice = login_ok(s, "alice");
	struct store_sent sent;
	char away[96];

	(void)state;
	store_rest(s);
	snprintf(away, sizeof(away), "%s/away", place);
	assert_int_equal(rename(db_path, away), 0);
	assert_int_equal(mkdir(db_path, 0700), 0);
	assert_int_equal(
	    send_one(s, &alice, NULL, NULL, "no", &sent), STORE_UNAVAILABLE);
	assert_non_null(strstr(store_error(s), "unable to open"));
	assert_int_equal(files_open(), 0);
	/* And it is no trouble for long. */
	assert_int_equal(rmdir(db_path), 0);
	assert_int_equal(rename(away, db_path), 0);
	say(s, &alice, NULL, "yes");
	store_close(s);
}

static void
a_newer_schema_is_left_alone(void **state)
{
	char error[512];
	struct store *s = open_store(true);

	(void)state;
	store_close(s);
	sql("PRAGMA user_version = 1000");
	assert_null(try_open(true, error));
	assert_non_null(strstr(error, "schema 1000"));
	assert_int_equal(sql_int("PRAGMA user_version"), 1000);
}

static void
what_is_in_the_way_is_named(void **state)
{
	char error[512];
	FILE *f = fopen(db_path, "we");

	(void)state;
	assert_non_null(f);
	fputs("This is no database, but a letter of some length.\n", f);
	fclose(f);
	assert_null(try_open(true, error));
	assert_non_null(strstr(error, db_path));
	strcat(db_path, "/below");
	assert_null(try_open(true, error));
	assert_non_null(strstr(error, db_path));
}

static void
a_missing_runtime_directory_is_named(void **state)
{
	struct store_options o = { .path = db_path,
		.runtime_dir = "/nowhere/at/all" };
	char error[512] = "";

	(void)state;
	assert_null(store_open(&o, error, sizeof(error)));
	assert_non_null(strstr(error, "/nowhere/at/all"));
}

/* One of many: waits for the start, then opens and writes. */
static void
one_of_many(int start, int number)
{
	struct store_session me;
	struct store_sent sent;
	char name[16], error[512], c;
	struct store *s;

	if (read(start, &c, 1) != 0)
		_exit(10);
	if ((s = try_open(true, error)) == NULL) {
		dprintf(STDERR_FILENO, "%s\n", error);
		_exit(11);
	}
	snprintf(name, sizeof(name), "user%d", number);
	if (login(s, name, name, NULL, name, &me) != STORE_OK)
		_exit(12);
	if (send_one(s, &me, NULL, NULL, name, &sent) != STORE_OK)
		_exit(13);
	store_close(s);
	_exit(0);
}

static void
many_may_open_a_new_file_at_once(void **state)
{
	int start[2], i, status;
	pid_t pids[PROCESSES];

	(void)state;
	assert_int_equal(pipe(start), 0);
	for (i = 0; i < PROCESSES; i++) {
		assert_true((pids[i] = fork()) >= 0);
		if (pids[i] == 0) {
			close(start[1]);
			one_of_many(start[0], i);
		}
	}
	/* The end of the pipe is what all of them wait for. */
	close(start[0]);
	close(start[1]);
	for (i = 0; i < PROCESSES; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(sql_int("SELECT count(*) FROM users"), PROCESSES);
	assert_int_equal(sql_int("SELECT count(*) FROM messages"), PROCESSES);
	assert_int_equal(sql_int("SELECT max(id) FROM messages"), PROCESSES);
}

/* ---- names ---- */

static void
a_new_name_is_given_to_who_asks(void **state)
{
	struct store *s = open_store(true);
	struct store_session me = login_ok(s, "Alice");

	(void)state;
	assert_true(me.id > 0 && me.user_id > 0);
	assert_string_equal(me.username, "Alice");
	assert_false(me.proven);
	assert_int_equal(me.position, 0);
	assert_int_equal(me.private_from, 0);
	assert_string_equal(me.replaced, "");
	assert_int_equal(
	    sql_int("SELECT count(*) FROM sessions WHERE peer ="
		    " 'pipe' AND socket = 'Alice' AND ended_at IS NULL"),
	    1);
	store_close(s);
}

static void
a_name_that_is_online_is_taken(void **state)
{
	struct store *s = open_store(true);
	struct store_session me = login_ok(s, "alice"), other = { .id = -7 };

	(void)state;
	answering = " alice ";
	assert_int_equal(
	    login(s, "ALICE", "b", NULL, "b", &other), STORE_TAKEN);
	assert_int_equal(
	    login(s, "alice", "b", "wrong", "b", &other), STORE_TAKEN);
	/* Outputs stay as they were, the row too. */
	assert_int_equal(other.id, -7);
	assert_string_equal(asked, "alice");
	assert_int_equal(sql_int("SELECT count(*) FROM sessions"), 1);
	say(s, &me, NULL, "still there");
	store_close(s);
}

static void
a_proof_replaces_the_holder(void **state)
{
	struct store *s = open_store(true);
	struct store_session first = login_ok(s, "Alice"), second;
	struct store_sent sent;

	(void)state;
	answering = " Alice ";
	assert_int_equal(
	    login(s, "alice", "new", "Alice", "x", &second), STORE_OK);
	assert_true(second.proven);
	assert_int_equal(second.user_id, first.user_id);
	/* The spelling stays; the socket to tell is named. */
	assert_string_equal(second.username, "Alice");
	assert_string_equal(second.replaced, "Alice");
	assert_int_equal(sql_int("SELECT count(*) FROM sessions WHERE"
				 " reason = 'replaced'"),
	    1);
	assert_int_equal(
	    send_one(s, &first, NULL, NULL, "late", &sent), STORE_REPLACED);
	say(s, &second, NULL, "mine");
	/* The secret stays the one that proved it. */
	answering = "";
	assert_int_equal(
	    login(s, "alice", "third", "x", "y", &second), STORE_OK);
	assert_false(second.proven);
	store_close(s);
}

static void
a_dead_holder_is_no_obstacle(void **state)
{
	struct store *s = open_store(true);
	struct store_session first = login_ok(s, "alice"), second;
	struct store_sent sent;

	(void)state;
	say(s, &first, NULL, "one");
	answering = "";
	assert_int_equal(
	    login(s, "aLICE", "new", NULL, "x", &second), STORE_OK);
	assert_false(second.proven);
	assert_string_equal(second.username, "aLICE");
	assert_string_equal(second.replaced, "");
	assert_int_equal(second.user_id, first.user_id);
	assert_int_equal(second.private_from, 1);
	assert_int_equal(sql_int("SELECT count(*) FROM sessions WHERE"
				 " reason = 'died' AND ended_at IS NOT NULL"),
	    1);
	assert_int_equal(
	    send_one(s, &first, NULL, NULL, "late", &sent), STORE_ENDED);
	store_close(s);
}

static void
a_registered_name_needs_more_than_a_secret(void **state)
{
	struct store *s = open_store(true);
	struct store_session me = login_ok(s, "alice");

	(void)state;
	answering = "";
	assert_int_equal(
	    store_session_end(s, me.id, "alice", "closed", -1), STORE_OK);
	sql("UPDATE users SET password = '$2b$12$x' WHERE id = 1");
	assert_int_equal(login(s, "alice", "b", NULL, "b", &me), STORE_REFUSED);
	assert_int_equal(
	    login(s, "alice", "b", "alice", "b", &me), STORE_REFUSED);
	store_close(s);
}

static void
who_takes_a_name_anew_gets_a_secret_of_its_own(void **state)
{
	struct store *s = open_store(true);
	struct store_session me = login_ok(s, "bob");

	(void)state;
	answering = "";
	assert_int_equal(
	    store_session_end(s, me.id, "bob", "closed", -1), STORE_OK);
	assert_int_equal(
	    login(s, "bob", "b2", "wrong", "second", &me), STORE_OK);
	assert_false(me.proven);
	answering = " b2 ";
	/* The former holder's is void. */
	assert_int_equal(login(s, "bob", "b3", "bob", "x", &me), STORE_TAKEN);
	assert_int_equal(login(s, "bob", "b3", "second", "x", &me), STORE_OK);
	assert_true(me.proven);
	store_close(s);
}

static void
the_position_is_kept_for_the_same_person(void **state)
{
	struct store *s = open_store(true);
	struct store_session me = login_ok(s, "bob"), again;
	int64_t i;

	(void)state;
	answering = "";
	for (i = 0; i < 5; i++)
		say(s, &me, NULL, "x");
	assert_int_equal(
	    store_session_end(s, me.id, "bob", "closed", 4), STORE_OK);
	assert_int_equal(login(s, "bob", "b", "bob", "x", &again), STORE_OK);
	assert_int_equal(again.kept_position, 4);
	assert_int_equal(again.private_from, 0);
	assert_int_equal(again.position, 5);
	/* Unknown (-1) and older ones change nothing. */
	assert_int_equal(
	    store_session_end(s, again.id, "b", "lost", -1), STORE_OK);
	assert_int_equal(login(s, "bob", "b", "bob", "x", &again), STORE_OK);
	assert_int_equal(again.kept_position, 4);
	assert_int_equal(
	    store_session_end(s, again.id, "b", "lost", 2), STORE_OK);
	assert_int_equal(login(s, "bob", "b", "bob", "x", &again), STORE_OK);
	assert_int_equal(again.kept_position, 4);
	/* A session that ended already changes nothing either. */
	assert_int_equal(
	    store_session_end(s, me.id, "bob", "late", 5), STORE_ENDED);
	assert_int_equal(sql_int("SELECT position FROM users"), 4);
	assert_int_equal(sql_int("SELECT count(*) FROM sessions WHERE"
				 " reason = 'late'"),
	    0);
	store_close(s);
}

/* ---- who is there ---- */

static bool
list_user(void *arg, const struct store_user *u)
{
	char *text = arg;

	sprintf(text + strlen(text), "%s%s%s ", u->username,
	    u->online ? "+" : "-", u->since > 0 ? "" : "?");
	return true;
}

static bool
list_session(void *arg, const struct store_open_session *o)
{
	char *text = arg;

	sprintf(text + strlen(text), "%s/%s ", o->username, o->socket);
	return true;
}

static void
users_are_listed_by_name(void **state)
{
	struct store *s = open_store(true);
	struct store_session gone = login_ok(s, "gone");
	char text[256] = "";
	bool more;

	(void)state;
	assert_int_equal(store_users(s, list_user, text, &more), STORE_OK);
	assert_string_equal(text, "gone+ ");
	assert_int_equal(
	    store_session_end(s, gone.id, "gone", "x", -1), STORE_OK);
	login_ok(s, "carol");
	login_ok(s, "Bob");
	login_ok(s, "alice");
	sql("INSERT INTO users (username, password, private_from, position,"
	    " created_at, seen_at) VALUES ('away', 'x', 0, 0, 1, 1)");
	text[0] = '\0';
	assert_int_equal(store_users(s, list_user, text, &more), STORE_OK);
	assert_string_equal(text, "alice+ away- Bob+ carol+ ");
	text[0] = '\0';
	assert_int_equal(store_sessions_open(s, list_session, text), STORE_OK);
	assert_non_null(strstr(text, "Bob/Bob "));
	assert_null(strstr(text, "gone"));
	store_close(s);
}

static void
a_user_with_two_sessions_is_listed_once(void **state)
{
	struct store *s = open_store(true);
	char text[256] = "";
	bool more;

	(void)state;
	login_ok(s, "alice");
	sql("INSERT INTO sessions (user_id, socket, peer, pid, started_at)"
	    " SELECT id, 'second', 'pipe', 1, 5 FROM users");
	assert_int_equal(store_users(s, list_user, text, &more), STORE_OK);
	assert_string_equal(text, "alice+ ");
	store_close(s);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_file_gets_the_schema),
		TEST(files_are_for_their_owner_alone),
		TEST(what_was_stored_is_there_when_opened_again),
		TEST(without_its_page_the_position_comes_from_the_file),
		TEST(a_store_at_rest_has_no_file_open_and_serves_on),
		TEST(what_befell_the_file_of_a_store_at_rest_is_said),
		TEST(a_newer_schema_is_left_alone),
		TEST(what_is_in_the_way_is_named),
		TEST(a_missing_runtime_directory_is_named),
		TEST(many_may_open_a_new_file_at_once),
		TEST(a_new_name_is_given_to_who_asks),
		TEST(a_name_that_is_online_is_taken),
		TEST(a_proof_replaces_the_holder),
		TEST(a_dead_holder_is_no_obstacle),
		TEST(a_registered_name_needs_more_than_a_secret),
		TEST(who_takes_a_name_anew_gets_a_secret_of_its_own),
		TEST(the_position_is_kept_for_the_same_person),
		TEST(users_are_listed_by_name),
		TEST(a_user_with_two_sessions_is_listed_once),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
