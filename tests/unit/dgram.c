/*
 * Datagrams between sessions and relay: what is bound where, what is received,
 * what is dropped.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "dgram.h"
#include "temp.h"

#define NOBODY 65534

/* A runtime directory, the relay's socket in it and one session's. */
struct place {
	char dir[64];
	struct dgram_registry registry;
	int relay, session;
	char name[DGRAM_NAME_MAX + 1];
	struct buf body;
	struct dgram_head head;
	struct dgram_from from;
};

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
	assert_int_not_equal(p->relay = dgram_bind(&p->registry, NULL), -1);
	p->session = dgram_session_bind(&p->registry, p->name);
	assert_int_not_equal(p->session, -1);
	*state = p;
	return 0;
}

static int
place_remove(void **state)
{
	struct place *p = *state;
	char command[160];

	close(p->relay);
	close(p->session);
	buf_free(&p->body);
	snprintf(command, sizeof(command), "rm -r %s", p->dir);
	assert_int_equal(system(command), 0);
	free(p);
	return 0;
}

static ssize_t
receive(struct place *p)
{
	return dgram_receive(p->relay, &p->head, &p->body, &p->from);
}

static const struct dgram_head publish = { .version = DGRAM_VERSION,
	.type = DGRAM_PUBLISH,
	.count = 1,
	.prev = 5,
	.last = 6,
	.user = 7,
	.session = 8 };

static bool
send_publish(struct place *p, const void *body, size_t len)
{
	return dgram_send(p->session, &p->registry, NULL, &publish, body, len);
}

static void
head_and_body_arrive_with_their_sender(void **state)
{
	struct place *p = *state;

	assert_true(send_publish(p, "hello", 5));
	buf_add_str(&p->body, "before ");
	assert_int_equal(receive(p), 5);
	assert_int_equal(buf_len(&p->body), 12);
	assert_memory_equal(buf_head(&p->body), "before hello", 12);
	assert_memory_equal(&p->head, &publish, sizeof(publish));
	assert_string_equal(p->from.socket, p->name);
	assert_int_equal(p->from.pid, getpid());
	assert_int_equal(p->from.uid, geteuid());
	assert_int_equal(receive(p), -1);
	assert_int_equal(errno, EAGAIN);
}

static void
the_longest_arrives_and_a_longer_one_is_dropped(void **state)
{
	struct place *p = *state;
	static char body[DGRAM_BODY_MAX + 1];

	memset(body, 'x', sizeof(body));
	assert_true(send_publish(p, body, DGRAM_BODY_MAX));
	assert_int_equal(receive(p), DGRAM_BODY_MAX);
	assert_memory_equal(buf_head(&p->body), body, DGRAM_BODY_MAX);
	buf_reset(&p->body, 0);
	assert_true(send_publish(p, body, DGRAM_BODY_MAX + 1));
	assert_int_equal(receive(p), -2);
	assert_int_equal(buf_len(&p->body), 0);
}

/* For what dgram_send() does not send. */
static struct sockaddr_un
relay_address(const struct place *p)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	snprintf(
	    sun.sun_path, sizeof(sun.sun_path), "%s/%s", p->dir, DGRAM_NOTIFY);
	return sun;
}

static void
other_versions_types_and_lengths_are_dropped(void **state)
{
	static const struct {
		uint8_t version, type;
		size_t len;
		bool taken;
	} cases[] = {
		{ DGRAM_VERSION, DGRAM_BYE, 0, true },
		{ DGRAM_VERSION + 1, DGRAM_BYE, 0, false },
		{ 0, DGRAM_BYE, 0, false },
		{ DGRAM_VERSION, 0, 0, false },
		{ DGRAM_VERSION, DGRAM_UPGRADED + 1, 0, false },
		{ DGRAM_VERSION, DGRAM_ADMIT, 0, true },
		{ DGRAM_VERSION, DGRAM_ADMIT, 15, false },
		{ DGRAM_VERSION, DGRAM_ADMIT, 16, true },
		{ DGRAM_VERSION, DGRAM_ADMIT, 17, false },
		{ DGRAM_VERSION, DGRAM_VERDICT, 0, true },
		{ DGRAM_VERSION, DGRAM_VERDICT, DGRAM_VERDICT_MAX, true },
		{ DGRAM_VERSION, DGRAM_VERDICT, DGRAM_VERDICT_MAX + 1, false },
		{ DGRAM_VERSION, DGRAM_OFFENCE, 0, true },
		{ DGRAM_VERSION, DGRAM_OFFENCE, 7, false },
		{ DGRAM_VERSION, DGRAM_OFFENCE, 8, true },
		{ DGRAM_VERSION, DGRAM_OFFENCE, 9, false },
		{ DGRAM_VERSION, DGRAM_RELOAD, 0, true },
		{ DGRAM_VERSION, DGRAM_RELOAD, 1, false },
		{ DGRAM_VERSION, DGRAM_BYE, USERNAME_MAX, true },
		{ DGRAM_VERSION, DGRAM_BYE, USERNAME_MAX + 1, false },
		{ DGRAM_VERSION, DGRAM_REGISTER, 0, false },
		{ DGRAM_VERSION, DGRAM_REGISTER, 1, true },
		{ DGRAM_VERSION, DGRAM_REGISTER, USERNAME_MAX, true },
		{ DGRAM_VERSION, DGRAM_REGISTER, USERNAME_MAX + 1, false },
		{ DGRAM_VERSION, DGRAM_PUBLISH, 0, true },
		{ DGRAM_VERSION, DGRAM_EVENTS, 0, false },
		{ DGRAM_VERSION, DGRAM_EVENTS, 1, true },
		{ DGRAM_VERSION, DGRAM_WELCOME, 1, false },
		{ DGRAM_VERSION, DGRAM_LOOK, 1, false },
		{ DGRAM_VERSION, DGRAM_WHO, 1, false },
		{ DGRAM_VERSION, DGRAM_END, 1, false },
		{ DGRAM_VERSION, DGRAM_END, 0, true },
	};
	struct place *p = *state;
	struct sockaddr_un sun = relay_address(p);
	char body[DGRAM_VERDICT_MAX + 1] = { 0 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dgram_head h = { .version = cases[i].version,
			.type = cases[i].type };
		struct iovec parts[] = { { &h, sizeof(h) },
			{ body, cases[i].len } };
		ssize_t n;

		assert_int_equal(sendmsg(p->session,
				     &(struct msghdr){ .msg_name = &sun,
					 .msg_namelen = sizeof(sun),
					 .msg_iov = parts,
					 .msg_iovlen = 2 },
				     0),
		    sizeof(h) + cases[i].len);
		n = receive(p);
		if (n != (cases[i].taken ? (ssize_t)cases[i].len : -2))
			fail_msg("version %d type %d of %zu bytes gives %zd",
			    h.version, h.type, cases[i].len, n);
		buf_reset(&p->body, 0);
	}
}

static void
half_a_head_is_dropped(void **state)
{
	struct place *p = *state;
	struct sockaddr_un sun = relay_address(p);

	for (size_t n = 0; n < sizeof(publish); n++) {
		assert_int_equal(sendto(p->session, &publish, n, 0,
				     (struct sockaddr *)&sun, sizeof(sun)),
		    n);
		assert_int_equal(receive(p), -2);
	}
}

static void
without_credentials_it_is_dropped(void **state)
{
	struct place *p = *state;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	assert_int_equal(
	    send(pair[0], &publish, sizeof(publish), 0), sizeof(publish));
	assert_int_equal(
	    dgram_receive(pair[1], &p->head, &p->body, &p->from), -2);
	assert_true(dgram_ask_credentials(pair[1]));
	assert_int_equal(
	    send(pair[0], &publish, sizeof(publish), 0), sizeof(publish));
	assert_int_equal(
	    dgram_receive(pair[1], &p->head, &p->body, &p->from), 0);
	assert_string_equal(p->from.socket, "");
	close(pair[0]);
	close(pair[1]);
}

/* Send over that socket as another user; only root can. */
static void
send_as_nobody(int fd)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		bool ok = setuid(NOBODY) == 0 &&
		    send(fd, &publish, sizeof(publish), 0) ==
			(ssize_t)sizeof(publish);
		_exit(ok ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
another_users_datagram_is_dropped(void **state)
{
	struct place *p = *state;
	int pair[2];

	if (geteuid() != 0) {
		print_message("only root can become another user\n");
		skip();
	}
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	assert_true(dgram_ask_credentials(pair[1]));
	send_as_nobody(pair[0]);
	assert_int_equal(
	    dgram_receive(pair[1], &p->head, &p->body, &p->from), -2);
	close(pair[0]);
	close(pair[1]);
}

static void
descriptors_sent_along_are_not_kept(void **state)
{
	struct place *p = *state;
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .space = { 0 } };
	struct dgram_head h = publish;
	struct iovec part = { &h, sizeof(h) };
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct msghdr msg = { .msg_name = &sun,
		.msg_namelen = sizeof(sun),
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int next = dup(0), after;

	close(next);
	snprintf(
	    sun.sun_path, sizeof(sun.sun_path), "%s/%s", p->dir, DGRAM_NOTIFY);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &p->session, sizeof(int));
	assert_int_equal(sendmsg(p->session, &msg, 0), sizeof(h));
	assert_int_equal(receive(p), 0);
	assert_int_equal(after = dup(0), next);
	close(after);
}

static void
a_session_can_be_sent_to(void **state)
{
	struct place *p = *state;
	struct dgram_head h = {
		.version = DGRAM_VERSION, .type = DGRAM_LOOK, .last = 9
	};
	int fd = dgram_session_connect(&p->registry, p->name);

	assert_int_not_equal(fd, -1);
	assert_int_equal(send(fd, &h, sizeof(h), 0), sizeof(h));
	assert_int_equal(
	    dgram_receive(p->session, &p->head, &p->body, &p->from), 0);
	assert_int_equal(p->head.last, 9);
	close(fd);
	h.type = DGRAM_END;
	assert_true(dgram_send(p->relay, &p->registry, p->name, &h, NULL, 0));
	assert_int_equal(
	    dgram_receive(p->session, &p->head, &p->body, &p->from), 0);
	assert_int_equal(p->head.type, DGRAM_END);
}

static void
nothing_blocks_when_a_queue_is_full(void **state)
{
	struct place *p = *state;
	int n = 0;

	while (send_publish(p, "x", 1))
		assert_true(n++ < 100000);
	assert_int_equal(errno, EAGAIN);
	/* At least as many as the smallest queue takes. */
	assert_true(n >= 10);
}

static void
a_socket_nobody_reads_is_dead(void **state)
{
	struct place *p = *state;
	char name[DGRAM_NAME_MAX + 1];
	struct dgram_head h = { .version = DGRAM_VERSION, .type = DGRAM_END };
	int fd = dgram_session_bind(&p->registry, name);

	assert_int_not_equal(fd, -1);
	assert_string_not_equal(name, p->name);
	assert_true(dgram_session_alive(&p->registry, name));
	close(fd);
	assert_false(dgram_session_alive(&p->registry, name));
	assert_int_equal(dgram_session_connect(&p->registry, name), -1);
	assert_int_equal(errno, ECONNREFUSED);
	assert_false(dgram_send(p->relay, &p->registry, name, &h, NULL, 0));
	assert_int_equal(errno, ECONNREFUSED);
	dgram_unlink(&p->registry, name);
	assert_false(dgram_session_alive(&p->registry, name));
	assert_int_equal(dgram_session_connect(&p->registry, name), -1);
	assert_int_equal(errno, ENOENT);
}

static void
sockets_are_for_their_user_alone(void **state)
{
	struct place *p = *state;
	char path[160];
	struct stat st;

	snprintf(
	    path, sizeof(path), "%s/%s/%s", p->dir, DGRAM_SESSIONS, p->name);
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0600);
	snprintf(path, sizeof(path), "%s/%s", p->dir, DGRAM_NOTIFY);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void
a_stale_relay_is_replaced_and_a_living_one_is_not(void **state)
{
	struct place *p = *state;

	assert_int_equal(dgram_bind(&p->registry, NULL), -1);
	assert_int_equal(errno, EADDRINUSE);
	close(p->relay);
	p->relay = dgram_bind(&p->registry, NULL);
	assert_int_not_equal(p->relay, -1);
	assert_true(send_publish(p, "x", 1));
	assert_int_equal(receive(p), 1);
	dgram_unlink(&p->registry, NULL);
	assert_false(send_publish(p, "x", 1));
	assert_int_equal(errno, ENOENT);
}

static void
names_are_sixteen_hexadecimal_digits(void **state)
{
	struct place *p = *state;

	assert_true(dgram_is_name(p->name));
	assert_true(dgram_is_name("0123456789abcdef"));
	assert_false(dgram_is_name(""));
	assert_false(dgram_is_name("0123456789abcde"));
	assert_false(dgram_is_name("0123456789abcdef0"));
	assert_false(dgram_is_name("0123456789ABCDEF"));
	assert_false(dgram_is_name("../0123456789abc"));
	assert_int_equal(
	    dgram_session_connect(&p->registry, "../notify.sock"), -1);
	assert_int_equal(errno, EINVAL);
	assert_false(dgram_session_alive(&p->registry, "../notify.sock"));
}

static void
a_directory_whose_sockets_would_be_too_long_is_refused(void **state)
{
	struct dgram_registry r;
	char dir[108];

	(void)state;
	memset(dir, 'd', sizeof(dir));
	/* 107 bytes: the directory, "/sessions/", 16 digits. */
	dir[81] = '\0';
	assert_true(dgram_registry_init(&r, dir));
	dir[81] = 'd';
	dir[82] = '\0';
	errno = 0;
	assert_false(dgram_registry_init(&r, dir));
	assert_int_equal(errno, ENAMETOOLONG);
}

#define test(name) \
	cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(head_and_body_arrive_with_their_sender),
		test(the_longest_arrives_and_a_longer_one_is_dropped),
		test(other_versions_types_and_lengths_are_dropped),
		test(half_a_head_is_dropped),
		test(without_credentials_it_is_dropped),
		test(another_users_datagram_is_dropped),
		test(descriptors_sent_along_are_not_kept),
		test(a_session_can_be_sent_to),
		test(nothing_blocks_when_a_queue_is_full),
		test(a_socket_nobody_reads_is_dead),
		test(sockets_are_for_their_user_alone),
		test(a_stale_relay_is_replaced_and_a_living_one_is_not),
		test(names_are_sixteen_hexadecimal_digits),
		test(a_directory_whose_sockets_would_be_too_long_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
