/*
 * What is said to sessions and to chat-notify.
 */
#include <sys/socket.h>

#include <unistd.h>

#include "admin.h"

bool
relay_session_alive(void *admin, const char *socket)
{
	const struct admin *a = admin;

	return dgram_session_alive(&a->registry, socket);
}

bool
relay_send(struct admin *a, const struct dgram_head *head, const void *body,
    size_t len)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool sent;

	if (fd == -1)
		return false;
	sent = dgram_send(fd, &a->registry, NULL, head, body, len);
	close(fd);
	return sent;
}
