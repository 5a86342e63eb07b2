/*
 * Sending to sessions: the chain of datagrams, lag, death.  The sessions here
 * are sockets of this process, in a directory of each test's own.
 */
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "subscribers.h"
#include "process.h"
#include "temp.h"

#define ALICE 1
#define BOB   2

struct peer {
	int fd;
	char name[DGRAM_NAME_MAX + 1];
	struct presence_user user;
	struct subscriber *sub;
	struct dgram_head head; /* of the last datagram */
	struct buf body;
};

struct place {
	char dir[64];
	struct dgram_registry registry;
	struct subscribers all;
	struct relay relay;
	struct peer alice, bob;
};

static void
send_batch(void *arg, const struct relay_batch *b)
{
	struct place *p = arg;

	subscribers_send(&p->all, b);
}

/* Bind a session's socket and register it, with WELCOME still to be read. */
static void
peer_register(struct place *p, struct peer *peer, int64_t user, pid_t pid)
{
	struct dgram_from from = { .pid = pid };

	peer->user.id = user;
	peer->fd = dgram_session_bind(&p->registry, peer->name);
	assert_int_not_equal(peer->fd, -1);
	memcpy(from.socket, peer->name, sizeof(from.socket));
	peer->sub = subscribers_add(&p->all, &from, 10 * user);
	assert_non_null(peer->sub);
	peer->sub->user = &peer->user;
	assert_true(subscriber_welcome(
	    &p->all, peer->sub, 0, p->relay.position, p->relay.batch.n));
}

/* The type of the next datagram, 0 if there is none. */
static int
peer_receive(struct peer *peer)
{
	struct dgram_from from;
	ssize_t n;

	buf_reset(&peer->body, 0);
	n = dgram_receive(peer->fd, &peer->head, &peer->body, &from);
	if (n == -1) {
		assert_int_equal(errno, EAGAIN);
		return 0;
	}
	assert_true(n >= 0);
	assert_int_equal(peer->head.user, peer->user.id);
	assert_int_equal(peer->head.session, 10 * peer->user.id);
	return peer->head.type;
}

static void
expect(
    struct peer *peer, int type, int64_t prev, int64_t last, const char *body)
{
	assert_int_equal(peer_receive(peer), type);
	assert_int_equal(peer->head.prev, prev);
	assert_int_equal(peer->head.last, last);
	assert_int_equal(buf_len(&peer->body), strlen(body));
	if (*body != '\0')
		assert_memory_equal(buf_head(&peer->body), body, strlen(body));
}

static void
message(struct place *p, int64_t id, int64_t user, int64_t recipient,
    const char *line)
{
	relay_stored(&p->relay,
	    &(struct relay_message){ .id = id,
		.user = user,
		.session = 10 * user,
		.recipient = recipient,
		.line = line,
		.len = strlen(line) });
}

static int
place_make(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	char sessions[128];

	temp_name(p->dir, sizeof(p->dir));
	assert_non_null(mkdtemp(p->dir));
	snprintf(sessions, sizeof(sessions), "%s/%s", p->dir, DGRAM_SESSIONS);
	assert_int_equal(mkdir(sessions, 0700), 0);
	assert_true(dgram_registry_init(&p->registry, p->dir));
	p->all.registry = &p->registry;
	p->all.epoll = epoll_create1(0);
	relay_init(&p->relay, 100, send_batch, p);
	peer_register(p, &p->alice, ALICE, getpid());
	peer_register(p, &p->bob, BOB, getpid());
	expect(&p->alice, DGRAM_WELCOME, 0, 100, "");
	expect(&p->bob, DGRAM_WELCOME, 0, 100, "");
	*state = p;
	return 0;
}

static int
place_remove(void **state)
{
	struct place *p = *state;
	char command[160];

	subscribers_free(&p->all);
	relay_free(&p->relay);
	close(p->all.epoll);
	close(p->alice.fd);
	close(p->bob.fd);
	buf_free(&p->alice.body);
	buf_free(&p->bob.body);
	snprintf(command, sizeof(command), "rm -r %s", p->dir);
	assert_int_equal(system(command), 0);
	free(p);
	return 0;
}

static void
each_datagram_names_the_one_before(void **state)
{
	struct place *p = *state;

	message(p, 101, ALICE, 0, "one ");
	message(p, 102, ALICE, 0, "two ");
	relay_flush(&p->relay);
	expect(&p->bob, DGRAM_EVENTS, 100, 102, "one two ");
	assert_int_equal(p->bob.head.count, 2);
	message(p, 105, BOB, ALICE, "three ");
	relay_flush(&p->relay);
	message(p, 106, ALICE, 0, "four ");
	relay_flush(&p->relay);
	expect(&p->bob, DGRAM_EVENTS, 102, 106, "four ");
	expect(&p->alice, DGRAM_EVENTS, 100, 105, "three ");
	assert_int_equal(peer_receive(&p->alice), 0);
	assert_int_equal(peer_receive(&p->bob), 0);
}

static void
what_does_not_concern_a_session_wakes_it_not(void **state)
{
	struct place *p = *state;

	message(p, 101, ALICE, ALICE, "self ");
	relay_presence(&p->relay, BOB, "bob ", 4);
	relay_flush(&p->relay);
	assert_int_equal(peer_receive(&p->bob), 0);
	expect(&p->alice, DGRAM_EVENTS, 100, 100, "bob ");
}

static void
presence_moves_no_position(void **state)
{
	struct place *p = *state;

	message(p, 101, BOB, 0, "one ");
	relay_presence(&p->relay, BOB, "left ", 5);
	message(p, 102, BOB, 0, "two ");
	relay_flush(&p->relay);
	expect(&p->alice, DGRAM_EVENTS, 100, 101, "one ");
	expect(&p->alice, DGRAM_EVENTS, 101, 101, "left ");
	expect(&p->alice, DGRAM_EVENTS, 101, 102, "two ");
}

static void
who_registers_gets_what_is_gathered_after_it(void **state)
{
	struct place *p = *state;
	struct peer carol = { 0 };

	message(p, 101, ALICE, 0, "one ");
	peer_register(p, &carol, 3, getpid());
	message(p, 102, ALICE, 0, "two ");
	relay_flush(&p->relay);
	expect(&carol, DGRAM_WELCOME, 0, 101, "");
	expect(&carol, DGRAM_EVENTS, 101, 102, "two ");
	message(p, 103, ALICE, 0, "three ");
	relay_flush(&p->relay);
	expect(&carol, DGRAM_EVENTS, 102, 103, "three ");
	close(carol.fd);
	buf_free(&carol.body);
}

static void
a_line_too_long_for_a_datagram_is_looked_up(void **state)
{
	struct place *p = *state;
	static char line[DGRAM_BODY_MAX + 1];

	relay_stored(&p->relay,
	    &(struct relay_message){ .id = 101,
		.user = ALICE,
		.session = 10,
		.line = line,
		.len = sizeof(line) });
	message(p, 102, ALICE, 0, "two ");
	relay_flush(&p->relay);
	expect(&p->bob, DGRAM_LOOK, 100, 102, "");
	message(p, 103, ALICE, 0, "three ");
	relay_flush(&p->relay);
	expect(&p->bob, DGRAM_EVENTS, 102, 103, "three ");
	assert_int_equal(p->bob.head.flags, 0);
}

/* Send messages from id on until bob takes no more; the id after them. */
static int64_t
fill(struct place *p, int64_t id)
{
	for (; !p->bob.sub->lagging; id++) {
		message(p, id, ALICE, 0, "line\n");
		relay_flush(&p->relay);
		assert_true(id < 100000);
	}
	return id;
}

/* Whether epoll says that the lagging one has room. */
static bool
room_is_told(struct place *p)
{
	struct epoll_event e;

	while (epoll_wait(p->all.epoll, &e, 1, 0) == 1) {
		struct source *s = e.data.ptr;

		return s->kind == SOURCE_ROOM && s->subscriber == p->bob.sub;
	}
	return false;
}

static void
a_lagging_session_gets_nothing_until_it_has_read(void **state)
{
	struct place *p = *state;
	int64_t last = 100, next = fill(p, 101);

	assert_int_equal(p->all.lagging, 1);
	assert_false(room_is_told(p));
	message(p, next, BOB, 0, "for alice\n");
	relay_flush(&p->relay);
	expect(&p->alice, DGRAM_EVENTS, 100, next, "for alice\n");
	while (peer_receive(&p->bob) == DGRAM_EVENTS) {
		assert_int_equal(p->bob.head.prev, last);
		last = p->bob.head.last;
	}
	assert_true(room_is_told(p));
	subscriber_look(&p->all, p->bob.sub, next);
	assert_int_equal(p->all.lagging, 0);
	expect(&p->bob, DGRAM_LOOK, last, next, "");
	/* Nobody came or went meanwhile. */
	assert_int_equal(p->bob.head.flags, 0);
	message(p, next + 1, ALICE, 0, "more\n");
	relay_flush(&p->relay);
	expect(&p->bob, DGRAM_EVENTS, next, next + 1, "more\n");
	assert_false(room_is_told(p));
}

static void
presence_lost_in_lag_is_told_of(void **state)
{
	struct place *p = *state;
	int64_t next = fill(p, 101);

	relay_presence(&p->relay, ALICE, "alice ", 6);
	relay_flush(&p->relay);
	while (peer_receive(&p->bob) != 0)
		;
	subscriber_look(&p->all, p->bob.sub, next);
	assert_int_equal(peer_receive(&p->bob), DGRAM_LOOK);
	assert_int_equal(p->bob.head.flags, DGRAM_USERS);
}

static void
presence_that_causes_the_lag_is_told_of(void **state)
{
	struct place *p = *state;

	while (!p->bob.sub->lagging) {
		relay_presence(&p->relay, ALICE, "alice ", 6);
		relay_flush(&p->relay);
	}
	while (peer_receive(&p->bob) != 0)
		;
	subscriber_look(&p->all, p->bob.sub, 100);
	expect(&p->bob, DGRAM_LOOK, 100, 100, "");
	assert_int_equal(p->bob.head.flags, DGRAM_USERS);
}

static void
unread_bytes_are_bounded(void **state)
{
	struct place *p = *state;
	static char line[BATCH_BYTES];
	int64_t id = 101;

	memset(line, 'x', sizeof(line));
	while (!p->bob.sub->lagging) {
		relay_stored(&p->relay,
		    &(struct relay_message){ .id = id++,
			.user = ALICE,
			.session = 10,
			.line = line,
			.len = sizeof(line) });
		relay_flush(&p->relay);
	}
	/* The one that goes over the limit is let through. */
	assert_true((id - 102) * BATCH_BYTES <= RELAY_SNDBUF + BATCH_BYTES);
	assert_true(id - 102 >= 2);
}

static void
a_closed_socket_is_noticed(void **state)
{
	struct place *p = *state;

	close(p->bob.fd);
	message(p, 101, ALICE, 0, "one ");
	relay_flush(&p->relay);
	assert_true(p->bob.sub->refused);
	assert_false(p->alice.sub->refused);
	message(p, 102, ALICE, 0, "two ");
	relay_flush(&p->relay);
	assert_false(p->bob.sub->lagging);
	assert_false(subscriber_welcome(&p->all, p->bob.sub, 0, 102, 0));
	p->bob.fd = dup(0);
}

static void
the_dead_cannot_register(void **state)
{
	struct place *p = *state;
	struct dgram_from from = { .pid = fork() };
	int status;

	if (from.pid == 0)
		_exit(0);
	assert_int_equal(waitpid(from.pid, &status, 0), from.pid);
	memcpy(from.socket, p->bob.name, sizeof(from.socket));
	assert_null(subscribers_add(&p->all, &from, 30));
	assert_int_equal(errno, ESRCH);
	strcpy(from.socket, "0000000000000000");
	from.pid = getpid();
	assert_null(subscribers_add(&p->all, &from, 30));
	assert_int_equal(errno, ESRCH);
	assert_int_equal(p->all.count, 2);
}

static void
a_process_that_ends_is_told_by_epoll(void **state)
{
	struct place *p = *state;
	struct peer carol = { 0 };
	struct epoll_event e;
	struct source *s;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	peer_register(p, &carol, 3, pid);
	assert_ptr_equal(subscribers_find(&p->all, carol.name), carol.sub);
	assert_false(process_end_stopped(pid));
	kill(pid, SIGSTOP);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(process_end_stopped(pid));
	assert_int_equal(epoll_wait(p->all.epoll, &e, 1, 5000), 1);
	s = e.data.ptr;
	assert_int_equal(s->kind, SOURCE_EXIT);
	assert_ptr_equal(s->subscriber, carol.sub);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_false(process_end_stopped(pid));
	subscribers_remove(&p->all, carol.sub);
	assert_true(carol.sub->removed);
	subscribers_reap(&p->all);
	assert_null(subscribers_find(&p->all, carol.name));
	assert_int_equal(p->all.count, 2);
	close(carol.fd);
	buf_free(&carol.body);
}

#define test(name) \
	cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(each_datagram_names_the_one_before),
		test(what_does_not_concern_a_session_wakes_it_not),
		test(presence_moves_no_position),
		test(who_registers_gets_what_is_gathered_after_it),
		test(a_line_too_long_for_a_datagram_is_looked_up),
		test(a_lagging_session_gets_nothing_until_it_has_read),
		test(presence_lost_in_lag_is_told_of),
		test(presence_that_causes_the_lag_is_told_of),
		test(unread_bytes_are_bounded),
		test(a_closed_socket_is_noticed),
		test(the_dead_cannot_register),
		test(a_process_that_ends_is_told_by_epoll),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
