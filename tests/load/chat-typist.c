/*
 * chat-typist: how long a key takes to show on chat-client's screen.  It runs
 * the client on a terminal of its own and is the server it talks to, in one
 * thread:
 *
 *	chat-typist [--messages N] [--rate N] [--seconds N] [--keys N] CLIENT
 *
 * First with nothing on the screen, then with N messages in the scrollback,
 * then while messages come in at that rate: keys are typed one at a time, and
 * each is timed until the terminal gets its character; so are pages scrolled
 * back, until the terminal gets anything.  What the client writes at once is
 * a draw.  The status is 1 if a key does not show within ten seconds.
 */
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <netinet/in.h>

#include <err.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "buf.h"
#include "line.h"

#include "common/clock.h"
#include "common/options.h"
#include "common/proc.h"

#define PATIENCE  (10 * SECOND)
#define QUIET	  (50 * MILLISECOND)
#define LINE_KEYS 40 /* typed before the line is emptied */
#define ROWS	  40
#define COLUMNS	  120

static long messages = 100000, rate = 1000, seconds = 5, keys = 200;
static struct {
	pid_t pid;
	int screen; /* its terminal */
	int door;   /* where it connects to */
	int peer;   /* the connection, or -1 */
	struct line_buf in;
	struct buf out;
	char seen[65536]; /* what it wrote last */
	size_t seen_len;
	uint64_t draws, wrote_at;
	long sent;
	bool leaving;
} c;

static void
say(const char *line)
{
	buf_add_str(&c.out, line);
	buf_add_str(&c.out, "\n");
}

static void
say_message(void)
{
	char line[256];

	snprintf(line, sizeof(line),
	    "{\"event\":\"MESSAGE\",\"id\":%ld,\"from\":\"bob%ld\","
	    "\"to\":\"all\",\"message\":\"this is what somebody says when "
	    "there is something to say, number %ld\","
	    "\"timestamp\":\"2026-11-23T04:38:09.123Z\"}",
	    c.sent + 1, c.sent % 20, c.sent + 1);
	say(line);
	c.sent++;
}

/* Answers only what the client insists on. */
static void
answer(const char *line)
{
	const char *ref = strstr(line, "\"ref\":\"");
	char text[256];
	int len = ref != NULL ? (int)strcspn(ref + 7, "\"") : 0;

	if (strstr(line, "\"CONNECT\"") != NULL) {
		say("{\"event\":\"CONNECTED\",\"username\":\"alice\","
		    "\"last_id\":0}");
	} else if (strstr(line, "\"PING\"") != NULL) {
		snprintf(text, sizeof(text),
		    "{\"event\":\"PONG\",\"ref\":\"%.*s\"}", len,
		    ref != NULL ? ref + 7 : "");
		say(text);
	} else if (strstr(line, "\"DISCONNECT\"") != NULL) {
		say("{\"event\":\"DISCONNECTED\"}");
	}
}

static void
take_peer(void)
{
	char bytes[4096], *line, text[1024];
	ssize_t n = read(c.peer, bytes, sizeof(bytes));
	size_t len;

	if (n <= 0 && c.leaving) {
		close(c.peer);
		c.peer = -1;
		return;
	}
	if (n <= 0)
		errx(EXIT_FAILURE, "the client has closed its connection");
	buf_add(&c.in.in, bytes, (size_t)n);
	while (line_next(&c.in, &line, &len) == LINE_FOUND) {
		snprintf(text, sizeof(text), "%.*s", (int)len, line);
		answer(text);
	}
}

static void
give_peer(void)
{
	ssize_t n = write(c.peer, buf_head(&c.out), buf_len(&c.out));

	if (n > 0)
		buf_consume(&c.out, (size_t)n);
}

static void
take_door(void)
{
	if ((c.peer = accept4(c.door, NULL, NULL, SOCK_NONBLOCK)) == -1)
		err(EXIT_FAILURE, "accept");
}

static int
status_of_client(void)
{
	int status;

	if (waitpid(c.pid, &status, 0) == -1)
		err(EX_OSERR, "waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

static void
take_screen(void)
{
	uint64_t now;
	ssize_t n;

	if (c.seen_len == sizeof(c.seen))
		c.seen_len = 0;
	n = read(c.screen, c.seen + c.seen_len, sizeof(c.seen) - c.seen_len);
	if (n <= 0 && c.leaving)
		exit(status_of_client());
	if (n <= 0)
		errx(EXIT_FAILURE, "the client has left its terminal");
	c.seen_len += (size_t)n;
	/* The kernel may hand out in pieces what was written as one. */
	now = clock_ns();
	if (now > c.wrote_at + 5 * MILLISECOND)
		c.draws++;
	c.wrote_at = now;
}

/* One turn: whatever can be done until then. */
static void
turn(uint64_t until)
{
	struct pollfd polls[2];
	uint64_t now = clock_ns();
	struct timespec wait = { 0, 0 };

	if (until > now) {
		wait.tv_sec = (time_t)((until - now) / SECOND);
		wait.tv_nsec = (long)((until - now) % SECOND);
	}
	polls[0] = (struct pollfd){ c.screen, POLLIN, 0 };
	polls[1] = (struct pollfd){ c.peer == -1 ? c.door : c.peer, POLLIN, 0 };
	if (buf_len(&c.out) > 0)
		polls[1].events |= POLLOUT;
	if (ppoll(polls, 2, &wait, NULL) == -1)
		err(EXIT_FAILURE, "poll");
	if (polls[0].revents != 0)
		take_screen();
	if (polls[1].revents & POLLOUT)
		give_peer();
	if (polls[1].revents & ~POLLOUT) {
		if (c.peer == -1)
			take_door();
		else
			take_peer();
	}
}

static void
press(const char *sequence)
{
	size_t n = strlen(sequence);

	c.seen_len = 0;
	if (write(c.screen, sequence, n) != (ssize_t)n)
		err(EXIT_FAILURE, "the client's terminal");
}

/* Until the terminal got that text, or anything (NULL). */
static void
wait_screen(const char *text, struct hist *waits)
{
	uint64_t start = clock_ns();

	while (text == NULL
		? c.seen_len == 0
		: memmem(c.seen, c.seen_len, text, strlen(text)) == NULL) {
		if (clock_ns() > start + PATIENCE)
			errx(EXIT_FAILURE, "not on the screen in time: %s",
			    text == NULL ? "anything" : text);
		turn(start + PATIENCE);
	}
	if (waits != NULL)
		hist_add(waits, clock_ns() - start);
}

/* Until nothing more is written, for a while. */
static void
wait_quiet(void)
{
	uint64_t start = clock_ns();

	c.wrote_at = start;
	while (clock_ns() < c.wrote_at + QUIET && clock_ns() < start + PATIENCE)
		turn(c.wrote_at + QUIET);
}

/* A character that is nowhere else on the screen. */
static void
type_one(long number, struct hist *waits)
{
	static const char *const letters[] = { "Z", "Q", "X", "J", "K", "W" };
	const char *letter = letters[number % 6];

	if (number % LINE_KEYS == LINE_KEYS - 1)
		press("\025");
	press(letter);
	wait_screen(letter, waits);
}

static void
type_many(const char *name)
{
	static struct hist waits;
	long i;

	memset(&waits, 0, sizeof(waits));
	for (i = 0; i < keys; i++) {
		type_one(i, &waits);
		wait_quiet();
	}
	press("\025");
	wait_quiet();
	hist_print(&waits, name);
}

static void
scroll_many(void)
{
	static struct hist waits;
	long i, pages = messages / ROWS / 2;

	for (i = 0; i < keys && i < pages; i++) {
		press("\033[5~");
		wait_screen(NULL, &waits);
		wait_quiet();
	}
	press("\033>");
	wait_quiet();
	hist_print(&waits, "page_back");
}

static void
fill(void)
{
	char last[32];
	uint64_t start = clock_ns();

	c.seen_len = 0;
	while (c.sent < messages) {
		while (buf_len(&c.out) < 65536 && c.sent < messages)
			say_message();
		turn(clock_ns() + SECOND);
	}
	snprintf(last, sizeof(last), "%ld", messages);
	wait_screen(last, NULL);
	printf("fill_s=%.2f\n", (double)(clock_ns() - start) / SECOND);
	wait_quiet();
}

static void
memory(const char *name)
{
	struct proc_filter filter = { .names = { "chat-client" },
		.nnames = 1,
		.parents = { getpid() },
		.nparents = 1 };
	struct proc_memory m;

	proc_memory(&filter, 0, &m);
	printf("%s_pss_mb=%.1f\n", name, m.pss / 1024);
}

/* Messages at their rate, and a key now and then. */
static void
storm(void)
{
	struct proc_filter filter = { .names = { "chat-client" },
		.nnames = 1,
		.parents = { getpid() },
		.nparents = 1 };
	static struct hist waits;
	uint64_t start = clock_ns(), draws = c.draws, typed = start, now;
	long first = c.sent, number = 0;
	uint64_t end = start + (uint64_t)seconds * SECOND;

	proc_begin(&filter);
	while ((now = clock_ns()) < end) {
		while (c.sent - first <
		    (long)((double)(now - start) / SECOND * (double)rate))
			say_message();
		if (now >= typed + SECOND / 20) {
			typed = now;
			type_one(number++, &waits);
		}
		turn(now + MILLISECOND);
	}
	proc_sample(&filter);
	printf("storm_messages_per_s=%.0f\n",
	    (double)(c.sent - first) / (double)seconds);
	printf("storm_draws_per_s=%.1f\n",
	    (double)(c.draws - draws) / (double)seconds);
	printf("storm_cpu_percent=%.1f\n", 100 * proc_cpu(0) / (double)seconds);
	hist_print(&waits, "storm_key");
	wait_quiet();
}

static int
listen_here(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t len = sizeof(in);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if ((c.door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1 ||
	    bind(c.door, (struct sockaddr *)&in, sizeof(in)) == -1 ||
	    listen(c.door, 1) == -1 ||
	    getsockname(c.door, (struct sockaddr *)&in, &len) == -1)
		err(EX_OSERR, "a port to listen on");
	return ntohs(in.sin_port);
}

static void
start(const char *client)
{
	struct winsize size = { .ws_row = ROWS, .ws_col = COLUMNS };
	char address[32];

	snprintf(address, sizeof(address), "127.0.0.1:%d", listen_here());
	c.peer = -1;
	c.in.max = 65536;
	if ((c.pid = forkpty(&c.screen, NULL, NULL, &size)) == -1)
		err(EX_OSERR, "forkpty");
	if (c.pid == 0) {
		setenv("TERM", "xterm-256color", 1);
		setenv("TZ", "UTC", 1);
		unsetenv("CHAT_USER");
		execl(client, client, "-u", "alice", address, (char *)NULL);
		err(EX_OSERR, "%s", client);
	}
	wait_screen("online", NULL);
	wait_quiet();
}

/* Until the terminal is closed, which ends this program. */
static void
finish(void)
{
	uint64_t end = clock_ns() + PATIENCE;

	c.leaving = true;
	press("\025/quit\r");
	while (clock_ns() < end)
		turn(end);
	errx(EXIT_FAILURE, "the client does not leave");
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "messages", required_argument, NULL, 'm' },
		{ "rate", required_argument, NULL, 'r' },
		{ "seconds", required_argument, NULL, 's' },
		{ "keys", required_argument, NULL, 'k' }, { NULL, 0, NULL, 0 }
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (option) {
		case 'm':
			messages =
			    option_number("--messages", optarg, 1, 1000000);
			break;
		case 'r':
			rate = option_number("--rate", optarg, 1, 100000);
			break;
		case 's':
			seconds = option_number("--seconds", optarg, 1, 3600);
			break;
		case 'k':
			keys = option_number("--keys", optarg, 1, 100000);
			break;
		default:
			return EX_USAGE;
		}
	if (optind != argc - 1)
		option_usage("which client?");
	start(argv[optind]);
	type_many("empty_key");
	memory("empty");
	fill();
	type_many("full_key");
	memory("full");
	scroll_many();
	storm();
	finish();
}
