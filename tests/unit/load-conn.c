/*
 * Unit tests of the load programs' connections: they share the memory that is
 * read into, and none gets what is another's or loses what is its own.
 */
#include <sys/epoll.h>
#include <sys/socket.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "conn.h"

#define CONNS 3
#define LONG  (1024 * 1024) /* bytes of a line: more than is read at once */
#define PIECE (16 * 1024)   /* that a socket surely takes */

static struct conn conns[CONNS];
static int peers[CONNS]; /* their other ends */

static void
open_one(int i)
{
	int ends[2];

	assert_int_equal(
	    socketpair(
		AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends),
	    0);
	conn_adopt(&conns[i], ends[0]);
	peers[i] = ends[1];
}

static int
start(void **state)
{
	int i, epoll = epoll_create1(EPOLL_CLOEXEC);

	(void)state;
	if (epoll == -1)
		return -1;
	for (i = 0; i < CONNS; i++) {
		conns[i] = (struct conn){ .fd = -1, .epoll = epoll };
		open_one(i);
	}
	return 0;
}

static int
end(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < CONNS; i++) {
		conn_close(&conns[i], false);
		close(peers[i]);
	}
	return close(conns[0].epoll);
}

static void
comes(int i, const char *bytes, size_t n)
{
	assert_int_equal(write(peers[i], bytes, n), n);
	assert_true(conn_ready(&conns[i], EPOLLIN));
}

static void
assert_line(int i, const char *want, size_t n)
{
	size_t len;
	char *line = conn_line(&conns[i], &len);

	assert_non_null(line);
	assert_int_equal(len, n);
	assert_memory_equal(line, want, n);
}

static void
assert_none(int i)
{
	size_t len;

	assert_null(conn_line(&conns[i], &len));
}

static void
lines_in_pieces_become_each_whole(void **state)
{
	char want[CONNS][64];
	int i, turn, round;

	(void)state;
	for (round = 0; round < 100; round++) {
		for (i = 0; i < CONNS; i++)
			snprintf(want[i], sizeof(want[i]),
			    "round %d of connection %d\n", round, i);
		for (turn = 0; want[0][turn] != '\0'; turn++) {
			for (i = 0; i < CONNS; i++)
				assert_none(i);
			for (i = 0; i < CONNS; i++)
				comes(i, &want[i][turn], 1);
		}
		for (i = 0; i < CONNS; i++)
			assert_line(i, want[i], strlen(want[i]) - 1);
	}
}

static void
what_is_left_waits_while_another_reads(void **state)
{
	(void)state;
	comes(0, "one\ntwo\nthr", 11);
	assert_line(0, "one", 3);
	comes(1, "other\n", 6);
	comes(2, "third\n", 6);
	assert_line(0, "two", 3);
	assert_none(0);
	assert_line(1, "other", 5);
	comes(0, "ee\n", 3);
	assert_line(2, "third", 5);
	assert_line(0, "three", 5);
}

static void
long_lines_may_come_at_the_same_time(void **state)
{
	char *line = malloc(LONG + 1);
	size_t at, i;

	(void)state;
	assert_non_null(line);
	for (at = 0; at < LONG; at++)
		line[at] = (char)('a' + at % 23);
	line[LONG] = '\n';
	for (at = 0; at < LONG; at += PIECE)
		for (i = 0; i < 2; i++) {
			comes((int)i, line + at, PIECE);
			comes(2, "short\n", 6);
			assert_line(2, "short", 5);
		}
	for (i = 0; i < 2; i++) {
		assert_none((int)i);
		comes((int)i, line + LONG, 1);
		assert_line((int)i, line, LONG);
	}
	free(line);
}

static void
one_that_is_closed_leaves_nothing_to_others(void **state)
{
	(void)state;
	comes(0, "begun", 5);
	comes(1, "half ", 5);
	conn_close(&conns[1], false);
	assert_none(1);
	comes(2, "whole\n", 6);
	assert_line(2, "whole", 5);
	close(peers[1]);
	open_one(1);
	comes(1, "new\n", 4);
	assert_line(1, "new", 3);
	comes(0, " and ended\n", 11);
	assert_line(0, "begun and ended", 15);
}

/* Nor does anybody look for it there (SAN=1 would say so). */
static void
one_that_is_gone_is_forgotten(void **state)
{
	struct conn *gone = malloc(sizeof(*gone));

	(void)state;
	assert_non_null(gone);
	*gone = conns[0];
	conns[0].fd = -1;
	assert_int_equal(write(peers[0], "half", 4), 4);
	assert_true(conn_ready(gone, EPOLLIN));
	conn_close(gone, false);
	free(gone);
	comes(1, "other\n", 6);
	assert_line(1, "other", 5);
}

static void
what_came_before_the_end_can_be_taken(void **state)
{
	(void)state;
	assert_int_equal(write(peers[0], "last\nrest", 9), 9);
	assert_int_equal(shutdown(peers[0], SHUT_WR), 0);
	assert_true(conn_ready(&conns[0], EPOLLIN));
	assert_false(conn_ready(&conns[0], EPOLLIN | EPOLLHUP));
	comes(1, "other\n", 6);
	assert_line(0, "last", 4);
	assert_none(0);
	assert_line(1, "other", 5);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_in_pieces_become_each_whole),
		TEST(what_is_left_waits_while_another_reads),
		TEST(long_lines_may_come_at_the_same_time),
		TEST(one_that_is_closed_leaves_nothing_to_others),
		TEST(one_that_is_gone_is_forgotten),
		TEST(what_came_before_the_end_can_be_taken),
	};

	return cmocka_run_group_tests_name("load-conn", tests, NULL, NULL);
}
