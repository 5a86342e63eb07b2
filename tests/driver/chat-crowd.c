/*
 * As many sessions as a test likes, from as many addresses, as the relay sees
 * them: each binds a socket, asks for admission, is let in, and ends without a
 * word.  No client and no session is behind them, so ten thousand take seconds.
 *
 *	chat-crowd FIRST COUNT	(in $CHAT_RUNTIME_DIR)
 *
 * The address of number N is N's own, an IPv4 one or one of an IPv6 /64 in turn.
 * Fails if one is not let in.
 */
#include <sys/wait.h>

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dgram.h"
#include "net.h"

#define TOGETHER 50    /* sessions of one process, which then ends */
#define PATIENCE 10000 /* ms for one verdict */

static struct net_addr
address(uint32_t number)
{
	struct net_addr a = { { 0 } };
	uint32_t n = htonl(number);

	if (number % 2 == 0) {
		/* ::ffff:10.x.y.z */
		n = htonl(10u << 24 | number);
		memset(a.bytes + 10, 0xff, 2);
		memcpy(a.bytes + 12, &n, sizeof(n));
	} else {
		/* 2001:db8:N::1 */
		memcpy(a.bytes, "\x20\x01\x0d\xb8", 4);
		memcpy(a.bytes + 4, &n, sizeof(n));
		a.bytes[15] = 1;
	}
	return a;
}

/* One comes.  Its socket stays open until the process ends. */
static int
come(const struct dgram_registry *registry, uint32_t number)
{
	struct dgram_head head = { .type = DGRAM_ADMIT };
	struct net_addr a = address(number);
	char name[DGRAM_NAME_MAX + 1];
	int fd = dgram_session_bind(registry, name);

	if (fd == -1)
		err(1, "bind");
	while (!dgram_send(fd, registry, NULL, &head, a.bytes, sizeof(a))) {
		if (errno != EAGAIN)
			err(1, "send");
		poll(NULL, 0, 1);
	}
	return fd;
}

/* And is let in. */
static void
enter(int fd, uint32_t number)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct dgram_head head = { 0 };
	struct dgram_from from;
	struct buf body = { 0 };

	/* (A relay that has just started asks all who they are: WHO.) */
	while (head.type != DGRAM_VERDICT) {
		if (poll(&p, 1, PATIENCE) != 1)
			errx(1, "the relay is silent");
		if (dgram_receive(fd, &head, &body, &from) < 0)
			err(1, "receive");
	}
	if (head.count != DGRAM_ADMITTED)
		errx(1, "number %u is not let in: %.*s", number,
		    (int)buf_len(&body), (const char *)buf_head(&body));
	buf_free(&body);
}

static void
come_together(
    const struct dgram_registry *registry, uint32_t first, uint32_t count)
{
	pid_t child = fork();
	int fds[TOGETHER], status;
	uint32_t i;

	if (child == -1)
		err(1, "fork");
	if (child == 0) {
		for (i = 0; i < count; i++)
			fds[i] = come(registry, first + i);
		for (i = 0; i < count; i++)
			enter(fds[i], first + i);
		_exit(0);
	}
	if (waitpid(child, &status, 0) != child || status != 0)
		exit(1);
}

int
main(int argc, char **argv)
{
	const char *dir = getenv("CHAT_RUNTIME_DIR");
	struct dgram_registry registry;
	uint32_t first, count, i;

	if (argc != 3 || dir == NULL || !dgram_registry_init(&registry, dir))
		errx(64, "usage: CHAT_RUNTIME_DIR=DIR chat-crowd FIRST COUNT");
	first = (uint32_t)strtoul(argv[1], NULL, 10);
	count = (uint32_t)strtoul(argv[2], NULL, 10);
	for (i = 0; i < count; i += TOGETHER)
		come_together(&registry, first + i,
		    count - i < TOGETHER ? count - i : TOGETHER);
	return 0;
}
