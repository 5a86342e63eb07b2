/*
 * A client that a test drives line by line: it holds one connection to a
 * server, sends what it is told, keeps what comes, and says when it ended.
 * It knows nothing of the protocol but lines.  Started by helpers.bash, which
 * writes commands into one fifo and reads answers from another.
 */
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"

#define LINES_MAX    500  /* lines in one answer */
#define TRICKLE_WAIT 5000 /* ms for the server to take one byte */

enum end { END_NOT, END_EOF, END_RESET, END_OURS };

/* What a pending question waits for. */
enum waiting { WAIT_NOTHING, WAIT_LINES, WAIT_COUNT, WAIT_END, WAIT_SENT };

struct talk {
	int sock;
	int control;  /* commands come from here */
	int reply;    /* answers go here */
	int record;   /* everything received, for the reader */
	pid_t child;  /* of exec:, else 0 */
	bool reading; /* false: the socket is left to fill */
	enum end end;
	struct buf in;	/* received, not yet handed out */
	struct buf out; /* told to send, not yet taken */
	struct buf commands;
	long long total;  /* complete lines ever received */
	long long unread; /* complete lines in `in` */
	enum waiting waiting;
	long long count; /* lines that WAIT_COUNT wants */
	long long deadline;
};

static const char *const end_names[] = { "open", "eof", "reset", "closed" };

static long long
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static void
answer(struct talk *t, const char *text)
{
	if (dprintf(t->reply, "%s\n", text) < 0)
		err(1, "answer");
}

/* So that a test can come from several addresses, such as 127.0.0.2. */
static void
bind_source(int fd, const char *source)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST },
			*ai;
	int error = getaddrinfo(source, NULL, &hints, &ai);

	if (error != 0)
		errx(64, "%s: %s", source, gai_strerror(error));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == -1)
		err(1, "bind to %s", source);
	freeaddrinfo(ai);
}

static int
connect_tcp(char *address)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV },
			*ai;
	char *source = strchr(address, '@'), *port;
	int fd, on = 1, error;

	if (source != NULL)
		*source++ = '\0';
	if ((port = strrchr(address, ':')) == NULL)
		errx(64, "no port in %s", address);
	*port++ = '\0';
	if ((error = getaddrinfo(address, port, &hints, &ai)) != 0)
		errx(64, "%s: %s", address, gai_strerror(error));
	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd != -1 && source != NULL)
		bind_source(fd, source);
	if (fd == -1 || connect(fd, ai->ai_addr, ai->ai_addrlen) == -1)
		err(1, "connect to %s", address);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	freeaddrinfo(ai);
	return fd;
}

static int
connect_unix(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(sun.sun_path))
		errx(64, "path too long: %s", path);
	strcpy(sun.sun_path, path);
	if (fd == -1 || connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1)
		err(1, "connect to %s", path);
	return fd;
}

/* Run a program on a socket pair as its fds 0, 1 and 2, as inetd does. */
static int
connect_exec(const char *program, pid_t *child)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1)
		err(1, "socketpair");
	if ((*child = fork()) == -1)
		err(1, "fork");
	if (*child == 0) {
		dup2(pair[1], 0);
		dup2(pair[1], 1);
		dup2(pair[1], 2);
		execl(program, program, (char *)NULL);
		_exit(127);
	}
	close(pair[1]);
	return pair[0];
}

static void
connection_open(struct talk *t, char *address)
{
	if (strncmp(address, "tcp:", 4) == 0)
		t->sock = connect_tcp(address + 4);
	else if (strncmp(address, "unix:", 5) == 0)
		t->sock = connect_unix(address + 5);
	else if (strncmp(address, "exec:", 5) == 0)
		t->sock = connect_exec(address + 5, &t->child);
	else
		errx(64, "what is %s?", address);
	if (fcntl(t->sock, F_SETFL, O_NONBLOCK) == -1)
		err(1, "fcntl");
}

static void
connection_end(struct talk *t, enum end how)
{
	if (t->end != END_NOT)
		return;
	t->end = how;
	buf_cut(&t->out, 0);
	close(t->sock);
	t->sock = -1;
}

static void
socket_read(struct talk *t)
{
	char *room = buf_room(&t->in, 65536), *p;
	ssize_t n = read(t->sock, room, 65536);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		connection_end(t, n == 0 ? END_EOF : END_RESET);
		return;
	}
	if (write(t->record, room, (size_t)n) != n)
		err(1, "record");
	buf_added(&t->in, (size_t)n);
	for (p = room; (p = memchr(p, '\n', (size_t)(room + n - p))); p++) {
		t->total++;
		t->unread++;
	}
}

static void
socket_write(struct talk *t)
{
	ssize_t n;

	while (t->end == END_NOT && buf_len(&t->out) > 0) {
		n = send(
		    t->sock, buf_head(&t->out), buf_len(&t->out), MSG_NOSIGNAL);
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n == -1) {
			/*
			 * What the server said before it went is still worth
			 * reading: the end is found by read().
			 */
			buf_cut(&t->out, 0);
			return;
		}
		buf_consume(&t->out, (size_t)n);
	}
}

/* Has the server's side of a UNIX socket read all that was sent? */
static bool
taken(struct talk *t)
{
	int unread = 0;

	return ioctl(t->sock, SIOCOUTQ, &unread) == -1 || unread == 0;
}

/* Send byte by byte; on a UNIX socket each is read before the next goes. */
static void
trickle(struct talk *t, const char *s, size_t n)
{
	const struct timespec nap = { .tv_nsec = 50000 };
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	long long deadline;
	size_t i;

	if (getsockname(t->sock, (struct sockaddr *)&ss, &len) == -1)
		return;
	for (i = 0; i < n; i++) {
		if (send(t->sock, s + i, 1, MSG_NOSIGNAL) != 1)
			return;
		deadline = now_ms() + TRICKLE_WAIT;
		while (
		    ss.ss_family == AF_UNIX && !taken(t) && now_ms() < deadline)
			nanosleep(&nap, NULL);
	}
}

static void
file_send(struct talk *t, const char *path, bool slowly)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct buf b = { 0 };
	ssize_t n;

	if (fd == -1)
		err(1, "%s", path);
	while ((n = read(fd, buf_room(&b, 65536), 65536)) > 0)
		buf_added(&b, (size_t)n);
	close(fd);
	if (t->end == END_NOT && slowly)
		trickle(t, buf_head(&b), buf_len(&b));
	else if (t->end == END_NOT && buf_len(&b) > 0)
		buf_add(&t->out, buf_head(&b), buf_len(&b));
	buf_free(&b);
	answer(t, "ok");
}

/* Hand out complete lines: how many, then they. */
static void
lines_answer(struct talk *t)
{
	long long n = t->unread < LINES_MAX ? t->unread : LINES_MAX, i;
	char *head = buf_head(&t->in), *p = head;
	size_t len;

	for (i = 0; i < n; i++)
		p = (char *)memchr(
			p, '\n', (size_t)(head + buf_len(&t->in) - p)) +
		    1;
	len = (size_t)(p - head);
	dprintf(t->reply, "lines %lld\n", n);
	while (len > 0) {
		ssize_t done = write(t->reply, buf_head(&t->in), len);

		if (done <= 0)
			err(1, "reply");
		buf_consume(&t->in, (size_t)done);
		len -= (size_t)done;
	}
	t->unread -= n;
}

/* Answer the pending question if it can be answered now. */
static void
wait_check(struct talk *t)
{
	bool late = t->waiting != WAIT_NOTHING && now_ms() >= t->deadline;
	bool ended = t->end != END_NOT;
	enum waiting w = t->waiting;

	if (w == WAIT_NOTHING)
		return;
	t->waiting = WAIT_NOTHING;
	if (w == WAIT_LINES && t->unread > 0)
		lines_answer(t);
	else if (w == WAIT_COUNT && t->total >= t->count)
		answer(t, "ok");
	else if (w == WAIT_SENT &&
	    (ended || (buf_len(&t->out) == 0 && taken(t))))
		answer(t, "ok");
	else if (ended)
		answer(t, end_names[t->end]);
	else if (late)
		answer(t, "timeout");
	else
		t->waiting = w;
}

static void
wait_for(struct talk *t, enum waiting what, const char *args)
{
	char *rest;

	t->waiting = what;
	t->deadline = now_ms() + strtoll(args, &rest, 10);
	t->count = strtoll(rest, NULL, 10);
}

static void
answer_port(struct talk *t)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);
	char port[NI_MAXSERV] = "";

	getsockname(t->sock, (struct sockaddr *)&ss, &len);
	getnameinfo((struct sockaddr *)&ss, len, NULL, 0, port, sizeof(port),
	    NI_NUMERICSERV);
	answer(t, port);
}

static void
socket_abort(struct talk *t)
{
	struct linger hard = { .l_onoff = 1 };

	setsockopt(t->sock, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	connection_end(t, END_OURS);
}

static bool
is(const char *line, const char *word, const char **args)
{
	size_t n = strlen(word);

	if (strncmp(line, word, n) != 0 || (line[n] != ' ' && line[n] != '\0'))
		return false;
	*args = line[n] == ' ' ? line + n + 1 : line + n;
	return true;
}

/* Simple commands: done at once and answered "ok". */
static void
command_simple(struct talk *t, const char *line)
{
	const char *args;

	if (is(line, "send", &args)) {
		if (t->end == END_NOT) {
			buf_add_str(&t->out, args);
			buf_add_str(&t->out, "\n");
		}
	} else if (is(line, "stop", &args)) {
		t->reading = false;
	} else if (is(line, "go", &args)) {
		t->reading = true;
	} else if (is(line, "shut", &args)) {
		socket_write(t);
		shutdown(t->sock, SHUT_WR);
	} else if (is(line, "close", &args)) {
		socket_write(t);
		connection_end(t, END_OURS);
	} else if (is(line, "abort", &args)) {
		socket_abort(t);
	} else {
		errx(64, "unknown command: %s", line);
	}
	answer(t, "ok");
}

static void
command_run(struct talk *t, const char *line)
{
	const char *args;

	if (is(line, "lines", &args))
		wait_for(t, WAIT_LINES, args);
	else if (is(line, "count", &args))
		wait_for(t, WAIT_COUNT, args);
	else if (is(line, "end", &args))
		wait_for(t, WAIT_END, args);
	else if (is(line, "sent", &args))
		wait_for(t, WAIT_SENT, args);
	else if (is(line, "file", &args))
		file_send(t, args, false);
	else if (is(line, "trickle", &args))
		file_send(t, args, true);
	else if (is(line, "port", &args))
		answer_port(t);
	else
		command_simple(t, line);
}

static void
control_read(struct talk *t)
{
	ssize_t n = read(t->control, buf_room(&t->commands, 65536), 65536);
	char *lf;

	if (n <= 0)
		err(1, "control");
	buf_added(&t->commands, (size_t)n);
	while (buf_len(&t->commands) > 0 &&
	    (lf = memchr(buf_head(&t->commands), '\n',
		 buf_len(&t->commands))) != NULL) {
		*lf = '\0';
		command_run(t, buf_head(&t->commands));
		buf_consume(
		    &t->commands, (size_t)(lf - buf_head(&t->commands)) + 1);
	}
}

static void
loop(struct talk *t)
{
	struct pollfd pfd[2];
	int timeout;

	for (;;) {
		wait_check(t);
		pfd[0] = (struct pollfd){ .fd = t->control, .events = POLLIN };
		pfd[1] = (struct pollfd){ .fd = t->sock };
		if (t->reading)
			pfd[1].events |= POLLIN;
		if (buf_len(&t->out) > 0)
			pfd[1].events |= POLLOUT;
		/* A stopped reader must not spin on a hang-up. */
		if (pfd[1].events == 0)
			pfd[1].fd = -1;
		timeout = -1;
		if (t->waiting != WAIT_NOTHING && t->deadline > now_ms())
			timeout = (int)(t->deadline - now_ms());
		else if (t->waiting != WAIT_NOTHING)
			timeout = 0;
		/* Nothing tells when the peer has read what was sent. */
		if (t->waiting == WAIT_SENT && timeout > 5)
			timeout = 5;
		if (poll(pfd, 2, timeout) == -1 && errno != EINTR)
			err(1, "poll");
		if (pfd[0].revents != 0)
			control_read(t);
		if (t->sock != -1 && pfd[1].revents & POLLOUT)
			socket_write(t);
		if (t->sock != -1 && t->reading &&
		    pfd[1].revents & (POLLIN | POLLHUP | POLLERR))
			socket_read(t);
	}
}

/* Print a TCP port below the kernel's ephemeral range that is free now. */
static int
port_find(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	unsigned seed = (unsigned)now_ms() * 31 + (unsigned)getpid() * 7919;
	int tries, fd;

	for (tries = 0; tries < 1000; tries++) {
		int port = 10000 + rand_r(&seed) % 22000;

		sin.sin_port = htons((uint16_t)port);
		if ((fd = socket(AF_INET, SOCK_STREAM, 0)) == -1)
			err(1, "socket");
		if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0) {
			close(fd);
			printf("%d\n", port);
			return 0;
		}
		close(fd);
	}
	errx(1, "no free port");
}

/* Bring the loopback interface of a new network namespace up. */
static int
loopback_up(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd == -1 || ioctl(fd, SIOCSIFFLAGS, &ifr) == -1)
		err(1, "loopback");
	close(fd);
	return 0;
}

/* Send standard input as one datagram to a UNIX socket. */
static int
datagram_send(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	char data[65536];
	size_t n = fread(data, 1, sizeof(data), stdin);

	if (fd == -1 || strlen(path) >= sizeof(sun.sun_path))
		errx(1, "cannot send to %s", path);
	strcpy(sun.sun_path, path);
	if (sendto(fd, data, n, 0, (struct sockaddr *)&sun, sizeof(sun)) == -1)
		err(1, "send to %s", path);
	close(fd);
	return 0;
}

int
main(int argc, char *argv[])
{
	struct talk t = { .reading = true };

	if (argc == 2 && strcmp(argv[1], "--port") == 0)
		return port_find();
	if (argc == 2 && strcmp(argv[1], "--loopback") == 0)
		return loopback_up();
	if (argc == 3 && strcmp(argv[1], "--datagram") == 0)
		return datagram_send(argv[2]);
	if (argc != 5)
		errx(64,
		    "usage: chat-talk ADDRESS CONTROL REPLY RECORD\n"
		    "       chat-talk --port | --loopback | --datagram PATH");
	/* No test leaves a client behind, even when it is killed itself. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_IGN);
	t.control = open(argv[2], O_RDWR | O_CLOEXEC);
	t.reply = open(argv[3], O_RDWR | O_CLOEXEC);
	t.record =
	    open(argv[4], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (t.control == -1 || t.reply == -1 || t.record == -1)
		err(1, "open");
	connection_open(&t, argv[1]);
	if (t.child != 0)
		dprintf(t.reply, "ok %d\n", (int)t.child);
	else
		answer(&t, "ok");
	loop(&t);
}
