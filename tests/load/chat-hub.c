/*
 * chat-hub: a chat server that keeps no promise: one process, nothing stored,
 * no names checked, one write for every delivery.  It exists to stand beside
 * the real one in `make bench`, and understands just what chat-load says.  With
 * a fault it shows whether chat-load notices.
 */
#include <sys/epoll.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <json-c/json.h>

#include "common/conn.h"

#define CLIENTS_MAX    4096
#define EVENTS_AT_ONCE 64
#define FAULT_EVERY    7 /* messages */

struct client {
	struct conn conn;
	char name[64]; /* empty until CONNECT */
};

static struct client *clients[CLIENTS_MAX];
static size_t nclients;
static int64_t last_id;
static enum { NONE, LOSE, DOUBLE, SWAP, DAMAGE } fault;
static const char *const faults[] = { "none", "lose", "double", "swap",
	"damage" };

static const char *
member(struct json_object *command, const char *key)
{
	struct json_object *value = json_object_object_get(command, key);
	const char *text = value != NULL ? json_object_get_string(value) : "";

	return text != NULL ? text : "";
}

static void
client_gone(struct client *c)
{
	size_t i;

	for (i = 0; clients[i] != c; i++)
		;
	clients[i] = clients[--nclients];
	conn_close(&c->conn, false);
	free(c);
}

static void
client_connect(struct client *c, struct json_object *command)
{
	struct buf *out = &c->conn.out;

	snprintf(c->name, sizeof(c->name), "%s", member(command, "username"));
	buf_add_str(out, "{\"event\":\"CONNECTED\",\"last_id\":");
	buf_add_int(out, last_id);
	buf_add_str(out, "}\n");
}

/* The fault hits who came last, and some messages only. */
static void
deliver(struct client *to, const struct buf *line)
{
	static struct buf late;
	bool last = to == clients[nclients - 1];
	bool now = last && last_id % FAULT_EVERY == 0;
	struct buf *out = &to->conn.out;

	if (now && fault == LOSE)
		return;
	if (now && fault == SWAP) {
		buf_add(&late, buf_head(line), buf_len(line));
		return;
	}
	buf_add(out, buf_head(line), buf_len(line));
	if (now && fault == DOUBLE)
		buf_add(out, buf_head(line), buf_len(line));
	if (now && fault == DAMAGE)
		memset(memchr(buf_head(out), '.', buf_len(out)), '!', 1);
	if (last && buf_len(&late) > 0) {
		buf_add(out, buf_head(&late), buf_len(&late));
		buf_reset(&late, SIZE_MAX);
	}
	/* A lost one is noticed when it is read from. */
	conn_flush(&to->conn);
}

static void
client_message(struct client *c, struct json_object *command)
{
	static struct buf line;
	const char *text = member(command, "message");
	struct buf *out = &c->conn.out;
	size_t i;

	buf_reset(&line, SIZE_MAX);
	buf_add_str(&line, "{\"event\":\"MESSAGE\",\"id\":");
	buf_add_int(&line, ++last_id);
	buf_add_str(&line, ",\"from\":");
	buf_add_json(&line, c->name, strlen(c->name));
	buf_add_str(&line, ",\"to\":\"all\",\"message\":");
	buf_add_json(&line, text, strlen(text));
	buf_add_str(&line, ",\"timestamp\":\"2000-01-01T00:00:00.000Z\"}\n");
	for (i = 0; i < nclients; i++) {
		if (clients[i] == c || clients[i]->name[0] == '\0')
			continue;
		deliver(clients[i], &line);
	}
	buf_add_str(out, "{\"event\":\"ACK\",\"id\":");
	buf_add_int(out, last_id);
	buf_add_str(out, ",\"ref\":");
	text = member(command, "ref");
	buf_add_json(out, text, strlen(text));
	buf_add_str(out, "}\n");
}

static void
client_line(struct client *c, const char *line, size_t n)
{
	struct json_tokener *tok = json_tokener_new();
	struct json_object *command = json_tokener_parse_ex(tok, line, (int)n);

	json_tokener_free(tok);
	if (strcmp(member(command, "command"), "CONNECT") == 0)
		client_connect(c, command);
	else if (strcmp(member(command, "command"), "MESSAGE") == 0)
		client_message(c, command);
	json_object_put(command);
}

static void
client_event(struct client *c, uint32_t events)
{
	bool alive = conn_ready(&c->conn, events);
	char *line;
	size_t n;

	while ((line = conn_line(&c->conn, &n)) != NULL)
		client_line(c, line, n);
	if (!alive || !conn_flush(&c->conn))
		client_gone(c);
}

static void
client_accept(int epoll, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct client *c;

	if (fd == -1)
		return;
	c = calloc(1, sizeof(*c));
	if (c == NULL || nclients == CLIENTS_MAX)
		abort();
	clients[nclients++] = c;
	c->conn.epoll = epoll;
	c->conn.tag = c;
	conn_adopt(&c->conn, fd);
}

/* A socket on a free port of 127.0.0.1, which is printed. */
static int
listener_open(int epoll)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = NULL };
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd == -1 ||
	    bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) == -1 ||
	    listen(fd, SOMAXCONN) == -1 ||
	    getsockname(fd, (struct sockaddr *)&addr, &len) == -1 ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) == -1) {
		perror("chat-hub");
		exit(EX_OSERR);
	}
	printf("%u\n", ntohs(addr.sin_port));
	fflush(stdout);
	return fd;
}

static int
usage(const char *option)
{
	printf(strcmp(option, "--version") == 0
		? "chat-hub " CHAT_VERSION "\n"
		: "usage: chat-hub [lose|double|swap|damage]\n\nPrints its "
		  "port, and serves chat-load until it is ended.\n");
	return option[0] == '-' ? 0 : EX_USAGE;
}

int
main(int argc, char **argv)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	int epoll = epoll_create1(EPOLL_CLOEXEC), listener, n, i;

	while (argc > 1 && strcmp(argv[1], faults[fault]) != 0)
		if (fault++ == DAMAGE)
			return usage(argv[1]);
	conn_raise_limit();
	listener = listener_open(epoll);
	while ((n = epoll_wait(epoll, events, EVENTS_AT_ONCE, -1)) >= 0 ||
	    errno == EINTR)
		for (i = 0; i < n; i++) {
			if (events[i].data.ptr == NULL)
				client_accept(epoll, listener);
			else
				client_event(
				    events[i].data.ptr, events[i].events);
		}
	return EX_OSERR;
}
