/*
 * What the unit tests of chat-load's dialects share: a connection without a
 * socket.  Included once, after <cmocka.h>.
 */
#ifndef LOAD_TEST_H
#define LOAD_TEST_H

#include <string.h>

#include "conn.h"
#include "wire.h"

static struct conn conn;
static struct wire ev;

static int
start(void **state)
{
	(void)state;
	memset(&conn, 0, sizeof(conn));
	return 0;
}

static int
end(void **state)
{
	(void)state;
	buf_free(&conn.in.in);
	buf_free(&conn.out);
	return 0;
}

static void
assert_sent(const char *want, size_t n)
{
	assert_int_equal(buf_len(&conn.out), n);
	assert_memory_equal(buf_head(&conn.out), want, n);
	buf_reset(&conn.out, 0);
}

#endif
