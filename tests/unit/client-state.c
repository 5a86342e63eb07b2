/*
 * Unit tests of what chat-client keeps on disk (chat-client/state.h), in a
 * directory of their own.
 */
#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../chat-client/state.h"
#include "temp.h"

static char base[64];

static int
start(void **state)
{
	static struct state s;

	temp_name(base, sizeof(base));
	assert_non_null(mkdtemp(base));
	setenv("XDG_STATE_HOME", base, 1);
	state_init(&s);
	*state = &s;
	return 0;
}

static int
end(void **state)
{
	char command[100];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", base);
	return system(command);
}

/* A file below the base. */
static const char *
path(const char *name)
{
	static char out[128];

	snprintf(out, sizeof(out), "%s/%s", base, name);
	return out;
}

static void
put(const char *name, const char *text, mode_t mode)
{
	int fd = open(path(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void
assert_file(const char *name, const char *want)
{
	char text[4096];
	int fd = open(path(name), O_RDONLY);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	assert_true(n >= 0);
	text[n] = '\0';
	assert_string_equal(text, want);
}

static void
assert_value(struct state *s, const char *key, const char *want)
{
	char value[64];

	assert_int_equal(
	    state_get(s, "f", key, value, sizeof(value)), STATE_OK);
	assert_string_equal(value, want);
}

static void
assert_no_value(struct state *s, const char *key)
{
	char value[64];

	assert_int_equal(
	    state_get(s, "f", key, value, sizeof(value)), STATE_NONE);
}

static void
what_was_set_is_found(void **state)
{
	struct state *s = *state;

	assert_no_value(s, "a");
	assert_int_equal(state_set(s, "f", "a", "1"), STATE_OK);
	assert_int_equal(state_set(s, "f", "b", "2\tx"), STATE_OK);
	assert_value(s, "a", "1");
	assert_value(s, "b", "2\tx");
	assert_int_equal(state_set(s, "f", "a", "3"), STATE_OK);
	assert_value(s, "a", "3");
	assert_file("chat/f", "b\t2\tx\na\t3\n");
}

static void
what_was_taken_out_is_gone(void **state)
{
	struct state *s = *state;

	assert_int_equal(state_set(s, "f", "a", NULL), STATE_NONE);
	state_set(s, "f", "a", "1");
	state_set(s, "f", "b", "2");
	assert_int_equal(state_set(s, "f", "a", NULL), STATE_OK);
	assert_int_equal(state_set(s, "f", "a", NULL), STATE_NONE);
	assert_no_value(s, "a");
	assert_value(s, "b", "2");
}

static void
a_key_is_not_the_beginning_of_another(void **state)
{
	struct state *s = *state;

	state_set(s, "f", "host:55", "1");
	assert_no_value(s, "host:5");
	assert_no_value(s, "");
	state_set(s, "f", "host:5", "2");
	assert_value(s, "host:55", "1");
}

static void
directory_and_file_are_closed_to_others(void **state)
{
	struct state *s = *state;
	struct stat st;
	mode_t mask = umask(0);

	assert_int_equal(state_set(s, "f", "a", "1"), STATE_OK);
	umask(mask);
	assert_int_equal(stat(path("chat"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(path("chat/f"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(access(path("chat/f.new"), F_OK), -1);
}

static void
a_file_that_others_can_read_is_refused_and_stays(void **state)
{
	struct state *s = *state;
	char value[64];

	state_set(s, "f", "a", "1");
	assert_int_equal(chmod(path("chat/f"), 0640), 0);
	assert_int_equal(
	    state_get(s, "f", "a", value, sizeof(value)), STATE_FAILED);
	assert_non_null(strstr(s->error, "chat/f: "));
	assert_non_null(strstr(s->error, "chmod 600"));
	assert_int_equal(state_set(s, "f", "b", "2"), STATE_FAILED);
	assert_file("chat/f", "a\t1\n");
}

static void
a_directory_that_others_can_write_is_refused(void **state)
{
	struct state *s = *state;
	char value[64];

	state_set(s, "f", "a", "1");
	assert_int_equal(chmod(path("chat"), 0770), 0);
	assert_int_equal(
	    state_get(s, "f", "a", value, sizeof(value)), STATE_FAILED);
	assert_int_equal(state_set(s, "f", "b", "2"), STATE_FAILED);
}

static void
a_link_is_not_followed(void **state)
{
	struct state *s = *state;
	char value[64];

	state_set(s, "g", "a", "1");
	put("victim", "a\t9\n", 0600);
	assert_int_equal(symlink("../victim", path("chat/f")), 0);
	assert_int_equal(
	    state_get(s, "f", "a", value, sizeof(value)), STATE_FAILED);
	assert_int_equal(state_set(s, "f", "b", "2"), STATE_FAILED);
	/* Nor is one that waits where the new file goes. */
	assert_int_equal(symlink("../victim", path("chat/g.new")), 0);
	assert_int_equal(state_set(s, "g", "b", "2"), STATE_OK);
	assert_file("victim", "a\t9\n");
	assert_file("chat/g", "a\t1\nb\t2\n");
}

static void
a_fifo_does_not_block(void **state)
{
	struct state *s = *state;
	char value[64];

	state_set(s, "g", "a", "1");
	assert_int_equal(mkfifo(path("chat/f"), 0600), 0);
	assert_int_equal(
	    state_get(s, "f", "a", value, sizeof(value)), STATE_FAILED);
}

static void
lines_of_any_kind_do_no_harm(void **state)
{
	struct state *s = *state;
	char value[4];

	state_set(s, "g", "a", "1");
	put("chat/f", "\n\t\nnokey\na\nlong\t12345\nlast\tx", 0600);
	assert_no_value(s, "a");
	assert_value(s, "last", "x");
	/* One with no room for it is none. */
	assert_int_equal(
	    state_get(s, "f", "long", value, sizeof(value)), STATE_NONE);
	assert_int_equal(state_set(s, "f", "b", "2"), STATE_OK);
	assert_file("chat/f", "\n\t\nnokey\na\nlong\t12345\nlast\tx\nb\t2\n");
}

static void
a_file_that_is_too_large_is_refused(void **state)
{
	struct state *s = *state;
	char value[64];

	state_set(s, "f", "a", "1");
	assert_int_equal(truncate(path("chat/f"), STATE_FILE_MAX + 1), 0);
	assert_int_equal(
	    state_get(s, "f", "a", value, sizeof(value)), STATE_FAILED);
}

static void
writers_at_once_undo_nothing_of_each_other(void **state)
{
	enum { WRITERS = 4, KEYS = 10 };
	struct state *s = *state;
	char key[16];
	int i, j, status;

	for (i = 0; i < WRITERS; i++)
		if (fork() == 0) {
			for (j = 0; j < KEYS; j++) {
				snprintf(key, sizeof(key), "%d.%d", i, j);
				if (state_set(s, "f", key, "x") != STATE_OK)
					_exit(1);
			}
			_exit(0);
		}
	for (i = 0; i < WRITERS; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	for (i = 0; i < WRITERS; i++)
		for (j = 0; j < KEYS; j++) {
			snprintf(key, sizeof(key), "%d.%d", i, j);
			assert_value(s, key, "x");
		}
}

static void
what_is_swapped_must_be_what_it_was(void **state)
{
	struct state *s = *state;

	assert_int_equal(state_swap(s, "f", "a", "1", "2"), STATE_NONE);
	assert_int_equal(state_swap(s, "f", "a", "", NULL), STATE_NONE);
	state_set(s, "f", "a", "7\tx");
	state_set(s, "f", "b", "8\ty");
	assert_int_equal(state_swap(s, "f", "a", "8\t", "9\tz"), STATE_OTHER);
	assert_int_equal(state_swap(s, "f", "a", "7\txx", NULL), STATE_OTHER);
	assert_int_equal(state_swap(s, "f", "c", "7", NULL), STATE_NONE);
	assert_file("chat/f", "a\t7\tx\nb\t8\ty\n");
	assert_int_equal(state_swap(s, "f", "a", "7\t", "9\tz"), STATE_OK);
	assert_int_equal(state_swap(s, "f", "a", "7\t", "9\tz"), STATE_OTHER);
	assert_int_equal(state_swap(s, "f", "b", "8\ty", NULL), STATE_OK);
	assert_file("chat/f", "a\t9\tz\n");
}

static void
a_relative_place_is_ignored_as_the_standard_says(void **state)
{
	struct state *s = *state;
	char want[128];

	setenv("XDG_STATE_HOME", "relative", 1);
	setenv("HOME", base, 1);
	state_init(s);
	snprintf(want, sizeof(want), "%s/.local/state/chat", base);
	assert_string_equal(s->dir, want);
	/* All of the path is made. */
	assert_int_equal(state_set(s, "f", "a", "1"), STATE_OK);
	assert_value(s, "a", "1");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, end)
	const struct CMUnitTest tests[] = {
		TEST(what_was_set_is_found),
		TEST(what_was_taken_out_is_gone),
		TEST(a_key_is_not_the_beginning_of_another),
		TEST(directory_and_file_are_closed_to_others),
		TEST(a_file_that_others_can_read_is_refused_and_stays),
		TEST(a_directory_that_others_can_write_is_refused),
		TEST(a_link_is_not_followed),
		TEST(a_fifo_does_not_block),
		TEST(lines_of_any_kind_do_no_harm),
		TEST(a_file_that_is_too_large_is_refused),
		TEST(writers_at_once_undo_nothing_of_each_other),
		TEST(what_is_swapped_must_be_what_it_was),
		TEST(a_relative_place_is_ignored_as_the_standard_says),
	};

	return cmocka_run_group_tests_name("client-state", tests, NULL, NULL);
}
