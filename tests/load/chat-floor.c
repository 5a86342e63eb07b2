/*
 * chat-floor: what three hops cost when nothing else is done on the way: the
 * sender's process, a relay, and a process for each connection, with datagrams
 * in between.  Nothing is parsed, checked or stored.  `make bench` puts it
 * beside the server, which has the same hops; it understands just what
 * chat-load says.
 */
#include <sys/socket.h>
#include <sys/uio.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define SESSIONS_MAX 4096
#define BATCH_MAX    64
#define TEXT_MAX     8192 /* of chat-load, with what is added */
#define READ_SIZE    65536
#define HEAD	     "{\"event\":\"MESSAGE\",\"id\":%lld"

struct publication { /* from a session to the relay, several in a datagram */
	uint32_t from;
	uint32_t size; /* of it all, with the end of its text */
	char ref[20];
	char tail[TEXT_MAX]; /* the event behind its id; a string */
};

struct relayed {
	uint32_t from;
	struct iovec event, ack;
	char event_text[TEXT_MAX + 64], ack_text[96];
};

static int sockets[SESSIONS_MAX]; /* the relay's ends; -1: gone */
static uint32_t nsockets;

/* The text behind the key, up to a quote; "" where it is not. */
static const char *
member(char *line, const char *key)
{
	char *start = strstr(line, key), *end;

	if (start == NULL)
		return "";
	start += strlen(key);
	if ((end = strchr(start, '"')) != NULL)
		*end = '\0';
	return start;
}

/* What the line asks to be published goes to p.  Returns its size, or 0. */
static size_t
session_line(int client, uint32_t self, char *line, struct publication *p)
{
	static const char connected[] =
	    "{\"event\":\"CONNECTED\",\"last_id\":0}\n";
	static char name[64];
	int n;

	if (strstr(line, "\"CONNECT\"") != NULL) {
		snprintf(
		    name, sizeof(name), "%s", member(line, "\"username\":\""));
		if (send(client, connected, sizeof(connected) - 1, 0) == -1)
			exit(0);
		return 0;
	}
	p->from = self;
	snprintf(p->ref, sizeof(p->ref), "%s", member(line, "\"ref\":\""));
	n = snprintf(p->tail, sizeof(p->tail),
	    ",\"from\":\"%s\",\"to\":\"all\",\"message\":\"%s\","
	    "\"timestamp\":\"2000-01-01T00:00:00.000Z\"}\n",
	    name, member(line, "\"message\":\""));
	if (n < 0 || (size_t)n >= sizeof(p->tail))
		return 0;
	p->size =
	    (uint32_t)(offsetof(struct publication, tail) + (size_t)n + 1);
	return p->size;
}

static void
session_read(int client, int publish, uint32_t self)
{
	static char in[READ_SIZE + 1], out[READ_SIZE];
	static struct publication p;
	static size_t have;
	char *line = in, *end;
	size_t filled = 0, size;
	ssize_t n = recv(client, in + have, READ_SIZE - have, 0);

	if (n <= 0)
		exit(0);
	have += (size_t)n;
	in[have] = '\0';
	while ((end = strchr(line, '\n')) != NULL) {
		*end = '\0';
		size = session_line(client, self, line, &p);
		if (filled + size > sizeof(out)) {
			send(publish, out, filled, 0);
			filled = 0;
		}
		memcpy(out + filled, &p, size);
		filled += size;
		line = end + 1;
	}
	if (filled > 0)
		send(publish, out, filled, 0);
	have -= (size_t)(line - in);
	memmove(in, line, have);
}

/* One process for a connection: bytes in, bytes out. */
static void
session(int client, int relay, int publish, uint32_t self)
{
	static char line[READ_SIZE];
	struct pollfd fds[] = { { client, POLLIN, 0 }, { relay, POLLIN, 0 } };
	ssize_t n;

	for (;;) {
		if (poll(fds, 2, -1) == -1)
			exit(EX_OSERR);
		if (fds[1].revents != 0) {
			n = recv(relay, line, sizeof(line), 0);
			if (n <= 0 || send(client, line, (size_t)n, 0) == -1)
				exit(0);
		}
		if (fds[0].revents != 0)
			session_read(client, publish, self);
	}
}

static void
session_start(int listener, int publish)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC), pair[2], on = 1;
	uint32_t i;

	if (fd == -1)
		return;
	if (nsockets == SESSIONS_MAX ||
	    socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) == -1)
		abort();
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	sockets[nsockets] = pair[0];
	switch (fork()) {
	case -1:
		abort();
	case 0:
		for (i = 0; i <= nsockets; i++)
			close(sockets[i]);
		close(listener);
		session(fd, pair[1], publish, nsockets);
	}
	nsockets++;
	close(fd);
	close(pair[1]);
}

/* What has been published, up to a batch.  Returns how many; 0: no more. */
static size_t
relay_take(int publish, struct relayed *batch)
{
	static char datagram[READ_SIZE];
	static struct publication p;
	static ssize_t have, taken;
	static long long id;
	size_t n;

	for (n = 0; n < BATCH_MAX; n++) {
		if (taken >= have) {
			taken = 0;
			have = recv(
			    publish, datagram, sizeof(datagram), MSG_DONTWAIT);
			if (have <= 0)
				break;
		}
		memcpy(&p, datagram + taken, offsetof(struct publication, ref));
		memcpy(&p, datagram + taken, p.size);
		taken += p.size;
		batch[n].from = p.from;
		batch[n].event.iov_base = batch[n].event_text;
		batch[n].event.iov_len = (size_t)snprintf(batch[n].event_text,
		    sizeof(batch[n].event_text), HEAD "%s", ++id, p.tail);
		batch[n].ack.iov_base = batch[n].ack_text;
		batch[n].ack.iov_len = (size_t)snprintf(batch[n].ack_text,
		    sizeof(batch[n].ack_text),
		    "{\"event\":\"ACK\",\"ref\":\"%s\",\"id\":%lld}\n", p.ref,
		    id);
	}
	return n;
}

/* One datagram for each session. */
static void
relay_send(struct relayed *batch, size_t n)
{
	struct iovec parts[BATCH_MAX];
	struct msghdr msg = { .msg_iov = parts, .msg_iovlen = n };
	uint32_t i;
	size_t k;

	for (i = 0; i < nsockets; i++) {
		for (k = 0; k < n; k++)
			parts[k] =
			    batch[k].from == i ? batch[k].ack : batch[k].event;
		if (sockets[i] == -1 ||
		    sendmsg(sockets[i], &msg, MSG_NOSIGNAL) != -1)
			continue;
		close(sockets[i]);
		sockets[i] = -1;
	}
}

/* A socket on a free port of 127.0.0.1, which is printed. */
static int
listener_open(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1 ||
	    bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) == -1 ||
	    listen(fd, SOMAXCONN) == -1 ||
	    getsockname(fd, (struct sockaddr *)&addr, &len) == -1) {
		perror("chat-floor");
		exit(EX_OSERR);
	}
	printf("%u\n", ntohs(addr.sin_port));
	fflush(stdout);
	return fd;
}

int
main(int argc, char **argv)
{
	static struct relayed batch[BATCH_MAX];
	struct pollfd fds[2];
	int publish[2];
	size_t n;

	if (argc > 1) {
		printf(strcmp(argv[1], "--version") == 0
			? "chat-floor " CHAT_VERSION "\n"
			: "usage: chat-floor\n\nPrints its port, and serves "
			  "chat-load until it is ended.\n");
		return argv[1][0] == '-' ? 0 : EX_USAGE;
	}
	signal(SIGCHLD, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, publish) == -1)
		return EX_OSERR;
	fds[0] = (struct pollfd){ listener_open(), POLLIN, 0 };
	fds[1] = (struct pollfd){ publish[0], POLLIN, 0 };
	while (poll(fds, 2, -1) != -1 || errno == EINTR) {
		if (fds[0].revents != 0)
			session_start(fds[0].fd, publish[1]);
		while (fds[1].revents != 0 &&
		    (n = relay_take(publish[0], batch)) > 0)
			relay_send(batch, n);
	}
	return EX_OSERR;
}
