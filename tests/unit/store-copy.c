/*
 * Unit tests of copying and checking the store.
 */
#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store-copy.h"
#include "store-test.h"

#define WRITERS 8

static char copy_path[80], faults[2048];
static int calls, end_after;

static int
setup(void **state)
{
	FILE *f;

	if (place_make(state) != 0)
		return -1;
	snprintf(copy_path, sizeof(copy_path), "%s/copy", place);
	if ((f = fopen(copy_path, "w")) == NULL)
		return -1;
	fclose(f);
	faults[0] = '\0';
	calls = 0;
	end_after = -1;
	return 0;
}

static bool
go_on(void *arg)
{
	(void)arg;
	return ++calls != end_after;
}

static void
keep_fault(void *arg, const char *text)
{
	size_t n = strlen(faults);

	(void)arg;
	snprintf(faults + n, sizeof(faults) - n, "%s\n", text);
}

static enum store_result
copy_now(struct store *s, int64_t *position)
{
	struct store_copy copy = { .path = copy_path, .progress = go_on };

	return store_copy(s, &copy, position);
}

static void
assert_sound(int64_t position)
{
	char error[512] = "";

	if (!store_copy_verify(
		copy_path, position, keep_fault, NULL, error, sizeof(error)))
		fail_msg("%s", error);
	assert_string_equal(faults, "");
}

/* A number of the copy. */
static int64_t
copy_int(const char *text)
{
	char kept[sizeof(db_path)];
	int64_t value;

	strcpy(kept, db_path);
	strcpy(db_path, copy_path);
	value = sql_int(text);
	strcpy(db_path, kept);
	return value;
}

static void
fill(struct store *s, int messages)
{
	struct store_session me = login_ok(s, "alice");
	char body[1000];
	int i;

	memset(body, 'x', sizeof(body));
	body[sizeof(body) - 1] = '\0';
	for (i = 0; i < messages; i++)
		say(s, &me, NULL, body);
}

static void
a_copy_holds_everything_and_stands_alone(void **state)
{
	struct store *s = open_store(true);
	int64_t position = 0;

	(void)state;
	fill(s, 50);
	assert_int_equal(copy_now(s, &position), STORE_OK);
	assert_int_equal(position, store_position(s));
	assert_sound(position);
	assert_int_equal(copy_int("SELECT count(*) FROM messages"), 50);
	assert_int_equal(copy_int("SELECT count(*) FROM pragma_journal_mode"
				  " WHERE journal_mode = 'delete'"),
	    1);
	store_close(s);
}

static void
what_is_written_meanwhile_neither_hurts_nor_waits(void **state)
{
	struct store *s = open_store(false), *other;
	int64_t position = 0, before;
	pid_t pid[WRITERS];
	int i, status;
	char name[16];

	(void)state;
	fill(s, 3000);
	before = store_position(s);
	for (i = 0; i < WRITERS; i++) {
		if ((pid[i] = fork()) != 0)
			continue;
		other = open_store(false);
		snprintf(name, sizeof(name), "writer%d", i);
		struct store_session me = login_ok(other, name);
		for (int n = 0; n < 200; n++)
			say(other, &me, NULL, "meanwhile");
		store_close(other);
		_exit(0);
	}
	assert_int_equal(copy_now(s, &position), STORE_OK);
	for (i = 0; i < WRITERS; i++) {
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_int_equal(status, 0);
	}
	assert_true(position >= before);
	/* More than one step, or nothing was tried. */
	assert_true(calls > 2);
	assert_sound(position);
	assert_int_equal(copy_int("SELECT max(id) FROM messages"), position);
	assert_int_equal(
	    copy_int("SELECT count(*) FROM messages WHERE body LIKE 'x%'"),
	    3000);
	assert_int_equal(
	    sql_int("SELECT count(*) FROM messages"), 3000 + WRITERS * 200);
	store_close(s);
}

static void
copying_ends_when_it_is_told_to(void **state)
{
	struct store *s = open_store(false);
	int64_t position = -1;

	(void)state;
	fill(s, 3000);
	end_after = 2;
	assert_int_equal(copy_now(s, &position), STORE_UNAVAILABLE);
	assert_int_equal(position, -1);
	assert_int_equal(calls, 2);
	/* Nothing is held: the store goes on, another try succeeds. */
	login_ok(s, "bob");
	end_after = -1;
	assert_int_equal(truncate(copy_path, 0), 0);
	assert_int_equal(copy_now(s, &position), STORE_OK);
	assert_sound(position);
	store_close(s);
}

/* As if others had written that much since the copy began. */
static void
a_wal_that_grows_too_large_ends_copy_and_check(void **state)
{
	struct store *s = open_store(false);
	int64_t position = -1;
	char path[96];

	(void)state;
	fill(s, 3000);
	snprintf(path, sizeof(path), "%s-wal", db_path);
	assert_int_equal(truncate(path, COPY_WAL_MAX + 1), 0);
	assert_int_equal(copy_now(s, &position), STORE_UNAVAILABLE);
	assert_non_null(strstr(store_error(s), "try again"));
	assert_int_equal(store_check(s, keep_fault, NULL), STORE_UNAVAILABLE);
	store_close(s);
}

static void
a_damaged_or_short_copy_is_found_out(void **state)
{
	struct store *s = open_store(true);
	int64_t position = 0;
	char error[512] = "", junk[4096];
	FILE *f;
	bool read;

	(void)state;
	fill(s, 200);
	assert_int_equal(copy_now(s, &position), STORE_OK);
	assert_true(store_copy_verify(
	    copy_path, position + 1, keep_fault, NULL, error, sizeof(error)));
	assert_string_not_equal(faults, "");
	assert_non_null(f = fopen(copy_path, "r+"));
	memset(junk, 0x5a, sizeof(junk));
	fseek(f, 20 * 4096, SEEK_SET);
	fwrite(junk, 1, sizeof(junk), f);
	fclose(f);
	faults[0] = '\0';
	read = store_copy_verify(
	    copy_path, position, keep_fault, NULL, error, sizeof(error));
	assert_true(!read || faults[0] != '\0');
	store_close(s);
}

/* ---- checking ---- */

static void
assert_fault(struct store *s, const char *change, const char *sentence)
{
	faults[0] = '\0';
	sql(change);
	assert_int_equal(store_check(s, keep_fault, NULL), STORE_OK);
	if (strstr(faults, sentence) == NULL)
		fail_msg("%s: found only: %s", change, faults);
}

static void
a_store_in_use_is_sound(void **state)
{
	struct store *s = open_store(true);
	struct store_session alice = login_ok(s, "alice");

	(void)state;
	login_ok(s, "bob");
	say(s, &alice, NULL, "hello");
	say(s, &alice, "bob", "private");
	store_session_end(s, alice.id, "alice", "closed", -1);
	assert_int_equal(store_check(s, keep_fault, NULL), STORE_OK);
	assert_string_equal(faults, "");
	store_close(s);
}

static void
each_broken_invariant_is_told(void **state)
{
	struct store *s = open_store(true);
	struct store_session alice = login_ok(s, "alice");

	(void)state;
	login_ok(s, "bob");
	say(s, &alice, NULL, "hello");
	assert_fault(s,
	    "UPDATE users SET username = 'a b' WHERE username = 'alice'",
	    "1 users have a name that is none");
	assert_fault(s, "UPDATE users SET position = 99 WHERE id = 1",
	    "1 users have a position");
	assert_fault(s, "UPDATE users SET resume = x'00' WHERE id = 1",
	    "1 users have a resume");
	assert_fault(s,
	    "UPDATE sqlite_sequence SET seq = 0 WHERE name ="
	    " 'messages'",
	    "1 messages have an id");
	assert_fault(
	    s, "UPDATE messages SET target_id = 1", "1 messages are texts");
	assert_fault(s, "UPDATE messages SET sender_id = 2",
	    "1 messages come from a session of another");
	assert_fault(s, "UPDATE sessions SET reason = 'x' WHERE id = 1",
	    "1 sessions have ended without");
	assert_fault(s,
	    "INSERT INTO sessions (user_id, socket, peer, pid, started_at)"
	    " VALUES (2, '', '', 1, 1)",
	    "1 users that are not registered");
	assert_fault(s,
	    "INSERT INTO tokens (user_id, hash, created_at, expires_at)"
	    " VALUES (1, x'00', 1, 1)",
	    "1 tokens belong to");
	assert_true(strstr(faults, "1 tokens or invitations") != NULL);
	assert_fault(s,
	    "INSERT INTO invites (hash, uses_left, note, created_at,"
	    " expires_at) VALUES (randomblob(32), -1, '', 1, 1)",
	    "1 invitations were used too often");
	assert_fault(s,
	    "INSERT INTO blocks (reason, created_at) VALUES ('', 1)",
	    "1 blocks are neither");
	assert_fault(s, "UPDATE messages SET sender_id = 77", "refers to");
	store_close(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, place_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_copy_holds_everything_and_stands_alone),
		TEST(what_is_written_meanwhile_neither_hurts_nor_waits),
		TEST(copying_ends_when_it_is_told_to),
		TEST(a_wal_that_grows_too_large_ends_copy_and_check),
		TEST(a_damaged_or_short_copy_is_found_out),
		TEST(a_store_in_use_is_sound),
		TEST(each_broken_invariant_is_told),
	};

	return cmocka_run_group_tests_name("store-copy", tests, NULL, NULL);
}
