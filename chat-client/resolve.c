/*
 * The resolver of resolve.h.  The request is shared by its owner and the
 * thread, and freed by whoever lets go of it last: a lookup that hangs for a
 * minute can be forgotten at once.
 */
#include <sys/socket.h>
#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "resolve.h"

struct resolve {
	atomic_int owners;
	int done[2]; /* a pipe */
	char *host, *port;
	int result;
	struct addrinfo *list;
};

void
resolve_drop(struct resolve *r)
{
	if (r == NULL || atomic_fetch_sub(&r->owners, 1) > 1)
		return;
	if (r->list != NULL)
		freeaddrinfo(r->list);
	close(r->done[0]);
	close(r->done[1]);
	free(r->host);
	free(r->port);
	free(r);
}

static void *
look_up(void *arg)
{
	struct resolve *r = arg;
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	ssize_t n;

	r->result = getaddrinfo(r->host, r->port, &hints, &r->list);
	do
		n = write(r->done[1], "", 1);
	while (n == -1 && errno == EINTR);
	resolve_drop(r);
	return NULL;
}

struct resolve *
resolve_start(const char *host, const char *port)
{
	struct resolve *r = calloc(1, sizeof(*r));
	pthread_t thread;
	int error;

	if (r == NULL)
		return NULL;
	atomic_init(&r->owners, 1);
	if (pipe2(r->done, O_CLOEXEC) == -1) {
		error = errno;
		free(r);
		errno = error;
		return NULL;
	}
	r->host = strdup(host);
	r->port = strdup(port);
	error = ENOMEM;
	if (r->host == NULL || r->port == NULL)
		goto fail;
	atomic_store(&r->owners, 2);
	if ((error = pthread_create(&thread, NULL, look_up, r)) != 0) {
		atomic_store(&r->owners, 1);
		goto fail;
	}
	pthread_detach(thread);
	return r;
fail:
	resolve_drop(r);
	errno = error;
	return NULL;
}

int
resolve_fd(const struct resolve *r)
{
	return r->done[0];
}

int
resolve_take(struct resolve *r, struct addrinfo **list)
{
	char byte;

	/* The write after the answer orders what the thread has stored. */
	if (read(r->done[0], &byte, 1) != 1)
		return EAI_AGAIN;
	*list = r->list;
	r->list = NULL;
	return r->result;
}
