/*
 * The client's socket or pipes: reading and writing without ever blocking.
 * It knows lines and bytes, nothing of what they mean.
 */
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "process.h"
#include "session.h"

static bool
is_socket(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

void
client_set_peer(struct client *c, unsigned port)
{
	char host[NET_TEXT_MAX];

	net_addr_format(host, &c->address);
	snprintf(c->peer, sizeof(c->peer),
	    strchr(host, ':') != NULL ? "[%s]:%u" : "%s:%u", host, port);
}

/* Who is at the other end: "unix:uid=1000" or "pipe" where there is no address. */
static void
peer_find(struct client *c)
{
	struct sockaddr_storage ss;
	struct sockaddr_in in4;
	struct ucred cred;
	socklen_t len = sizeof(ss), credlen = sizeof(cred);

	snprintf(c->peer, sizeof(c->peer), "pipe");
	if (!c->is_socket)
		return;
	snprintf(c->peer, sizeof(c->peer), "unknown");
	/*
	 * A connection that was reset already: whether its address is blocked,
	 * or a proxy's, cannot be told, so that nothing is taken from it.
	 */
	if (getpeername(c->in, (struct sockaddr *)&ss, &len) == -1) {
		c->eof = c->lost = true;
		return;
	}
	c->has_address = net_addr_from(&c->address, (struct sockaddr *)&ss);
	if (c->has_address) {
		/* (IPv6 has its port in the same place.) */
		memcpy(&in4, &ss, sizeof(in4));
		client_set_peer(c, ntohs(in4.sin_port));
	} else if (ss.ss_family == AF_UNIX &&
	    getsockopt(c->in, SOL_SOCKET, SO_PEERCRED, &cred, &credlen) == 0) {
		snprintf(c->peer, sizeof(c->peer), "unix:uid=%u",
		    (unsigned int)cred.uid);
	}
}

void
client_init(struct client *c, const struct config *config)
{
	struct stat st;
	int on = 1;

	*c = (struct client){ .in = STDIN_FILENO, .out = STDOUT_FILENO };
	if (process_listen_fds() == 1)
		c->in = PROCESS_LISTEN_FDS;
	c->is_socket = is_socket(c->in);
	if (c->is_socket) {
		c->out = c->in;
		/* What is written was gathered.  (Fails for UNIX sockets.) */
		setsockopt(c->in, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	} else if (fstat(c->out, &st) == 0 && S_ISFIFO(st.st_mode)) {
		fcntl(c->out, F_SETFL, fcntl(c->out, F_GETFL) | O_NONBLOCK);
	}
	peer_find(c);
	c->lines.max = config_line_max(config);
	c->heard = monotonic_ms();
}

void
client_was_heard(struct client *c, int64_t now)
{
	c->heard = now;
	c->pinged = false;
}

static ssize_t
receive(struct client *c, char *data, size_t size)
{
	if (c->is_socket)
		return recv(c->in, data, size, MSG_DONTWAIT);
	return read(c->in, data, size);
}

void
client_read(struct client *c)
{
	char *room = buf_room(&c->lines.in, INPUT_CHUNK);
	ssize_t n = receive(c, room, INPUT_CHUNK);

	if (n > 0) {
		buf_added(&c->lines.in, (size_t)n);
		client_was_heard(c, monotonic_ms());
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		c->eof = true;
		/* A reset destroys what the client had not read yet. */
		c->lost = n == -1;
	}
}

void
client_discard(struct client *c)
{
	char waste[4096];
	ssize_t n = receive(c, waste, sizeof(waste));

	if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR))
		c->eof = true;
}

bool
client_write(struct client *c)
{
	ssize_t n;

	while (buf_len(&c->output) > 0) {
		if (c->is_socket)
			n = send(c->out, buf_head(&c->output),
			    buf_len(&c->output), MSG_DONTWAIT | MSG_NOSIGNAL);
		else
			n = write(
			    c->out, buf_head(&c->output), buf_len(&c->output));
		if (n == -1)
			return errno == EAGAIN || errno == EINTR;
		buf_consume(&c->output, (size_t)n);
	}
	if (c->secret)
		buf_wipe(&c->output);
	c->secret = false;
	return true;
}

void
client_shut(struct client *c)
{
	c->shut = true;
	if (c->is_socket)
		shutdown(c->out, SHUT_WR);
	else
		close(c->out);
}

bool
client_has_room(const struct client *c)
{
	return buf_len(&c->output) < OUTPUT_HIGH;
}

bool
client_has_all(const struct client *c)
{
	int unsent = 0;

	return buf_len(&c->output) == 0 && c->is_socket && !c->lost &&
	    (ioctl(c->out, SIOCOUTQ, &unsent) == -1 || unsent == 0);
}
