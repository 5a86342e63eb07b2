/*
 * The datagrams of dgram.h: sockets in the registry, sending, receiving.  Every
 * call is non-blocking, whatever the socket's own mode, because a socket handed
 * over by systemd is not ours to change.
 */
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dgram.h"
#include "net.h"
#include "text.h"

#define NAME_BYTES 8 /* of a session socket's random name */
#define BIND_TRIES 8 /* names that are taken already */

bool
dgram_registry_init(struct dgram_registry *r, const char *runtime_dir)
{
	static const char longest[] = "/" DGRAM_SESSIONS "/0123456789abcdef";
	size_t len = strlen(runtime_dir);

	if (len + sizeof(longest) >
	    sizeof(((struct sockaddr_un *)0)->sun_path)) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(r->dir, runtime_dir, len + 1);
	return true;
}

bool
dgram_is_name(const char *name)
{
	return strlen(name) == 2 * NAME_BYTES &&
	    strspn(name, "0123456789abcdef") == 2 * NAME_BYTES;
}

static bool
address(
    struct sockaddr_un *sun, const struct dgram_registry *r, const char *name)
{
	int n;

	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	if (name == NULL || strcmp(name, DGRAM_OPERATOR) == 0) {
		n = snprintf(sun->sun_path, sizeof(sun->sun_path), "%s/%s",
		    r->dir, name != NULL ? name : DGRAM_NOTIFY);
	} else if (dgram_is_name(name)) {
		n = snprintf(sun->sun_path, sizeof(sun->sun_path), "%s/%s/%s",
		    r->dir, DGRAM_SESSIONS, name);
	} else {
		errno = EINVAL;
		return false;
	}
	if (n >= 0 && (size_t)n < sizeof(sun->sun_path))
		return true;
	errno = ENAMETOOLONG;
	return false;
}

/* Close after a failure, keeping its errno. */
static int
give_up(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
	return -1;
}

static int
new_socket(void)
{
	return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/*
 * `bytes` is what the kernel may hold for us; it doubles what it is told, to
 * have room for its own structures.
 */
static bool
set_send_buffer(int fd, int bytes)
{
	int half = bytes / 2;

	return setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &half, sizeof(half)) == 0;
}

bool
dgram_ask_credentials(int fd)
{
	int on = 1;

	return setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0;
}

/* A receiving socket that only its user will be able to send to. */
static int
new_receiver(void)
{
	int fd = new_socket();

	if (fd == -1)
		return -1;
	/* The mode of an unbound socket is what bind(2) makes its file with. */
	if (fchmod(fd, 0600) == -1 || !dgram_ask_credentials(fd))
		return give_up(fd);
	return fd;
}

static int
bind_address(int fd, const struct sockaddr_un *sun)
{
	return bind(fd, (const struct sockaddr *)sun, sizeof(*sun));
}

int
dgram_session_bind(
    const struct dgram_registry *r, char name[DGRAM_NAME_MAX + 1])
{
	unsigned char bytes[NAME_BYTES];
	char text[2 * NAME_BYTES + 1];
	struct sockaddr_un sun;
	int fd = new_receiver(), tries;

	if (fd == -1)
		return -1;
	if (!set_send_buffer(fd, SESSION_SNDBUF))
		return give_up(fd);
	for (tries = 0; tries < BIND_TRIES; tries++) {
		if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
			return give_up(fd);
		text_hex(text, bytes, sizeof(bytes));
		if (!address(&sun, r, text))
			return give_up(fd);
		if (bind_address(fd, &sun) == 0) {
			memcpy(name, text, sizeof(text));
			return fd;
		}
		if (errno != EADDRINUSE)
			break;
	}
	return give_up(fd);
}

int
dgram_session_rebind(const struct dgram_registry *r, const char *name)
{
	struct sockaddr_un sun;
	int fd;

	if (!address(&sun, r, name) || access(sun.sun_path, F_OK) == 0 ||
	    (fd = new_receiver()) == -1)
		return -1;
	if (!set_send_buffer(fd, SESSION_SNDBUF) ||
	    bind_address(fd, &sun) == -1)
		return give_up(fd);
	return fd;
}

/* Connect; 0, or -1 with errno set. */
static int
connect_address(int fd, const struct sockaddr_un *sun)
{
	return connect(fd, (const struct sockaddr *)sun, sizeof(*sun));
}

/* Whether an error of connect(2) or sendmsg(2) says that nobody is there. */
static bool
means_nobody(int error)
{
	return error == ECONNREFUSED || error == ENOENT || error == EPROTOTYPE;
}

/* Without a socket to ask with nobody is called dead. */
static bool
answers(const struct sockaddr_un *sun)
{
	int fd = new_socket();
	bool alive = true;

	if (fd == -1)
		return true;
	if (connect_address(fd, sun) == -1)
		alive = !means_nobody(errno);
	close(fd);
	return alive;
}

int
dgram_bind(const struct dgram_registry *r, const char *name)
{
	struct sockaddr_un sun;
	int fd;

	if (!address(&sun, r, name) || (fd = new_receiver()) == -1)
		return -1;
	if (bind_address(fd, &sun) == 0)
		return fd;
	if (errno != EADDRINUSE)
		return give_up(fd);
	if (answers(&sun)) {
		errno = EADDRINUSE;
		return give_up(fd);
	}
	if (unlink(sun.sun_path) == -1 || bind_address(fd, &sun) == -1)
		return give_up(fd);
	return fd;
}

void
dgram_unlink(const struct dgram_registry *r, const char *name)
{
	struct sockaddr_un sun;

	if (address(&sun, r, name))
		unlink(sun.sun_path);
}

int
dgram_session_connect(const struct dgram_registry *r, const char *name)
{
	struct sockaddr_un sun;
	int fd;

	if (!address(&sun, r, name) || (fd = new_socket()) == -1)
		return -1;
	if (!set_send_buffer(fd, RELAY_SNDBUF) ||
	    connect_address(fd, &sun) == -1)
		return give_up(fd);
	return fd;
}

bool
dgram_session_alive(const struct dgram_registry *r, const char *name)
{
	struct sockaddr_un sun;

	return address(&sun, r, name) && answers(&sun);
}

/* The parts of a message are only read, whatever the type of iov_base says. */
static struct iovec
part(const void *data, size_t len)
{
	struct iovec v = { .iov_len = len };

	memcpy(&v.iov_base, &data, sizeof(data));
	return v;
}

bool
dgram_send(int fd, const struct dgram_registry *r, const char *name,
    const struct dgram_head *head, const void *body, size_t len)
{
	struct dgram_head ours = *head;
	struct iovec parts[2] = { part(&ours, sizeof(ours)), part(body, len) };
	struct sockaddr_un sun;
	struct msghdr msg = { .msg_name = &sun,
		.msg_namelen = sizeof(sun),
		.msg_iov = parts,
		.msg_iovlen = len > 0 ? 2 : 1 };
	ssize_t n;

	if (!address(&sun, r, name))
		return false;
	ours.version = DGRAM_VERSION;
	do
		n = sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	return n != -1;
}

bool
dgram_tell(const struct dgram_registry *r, const char *name,
    const struct dgram_head *head, const void *body, size_t len)
{
	int fd = new_socket(), saved;
	bool sent;

	if (fd == -1)
		return false;
	sent = dgram_send(fd, r, name, head, body, len);
	saved = errno;
	close(fd);
	errno = saved;
	return sent;
}

/* Whether a datagram of that type may have a body of that length. */
static bool
fits_type(unsigned type, size_t len)
{
	switch (type) {
	case DGRAM_REGISTER:
		return len >= 1 && len <= USERNAME_MAX;
	case DGRAM_PUBLISH:
		return true;
	case DGRAM_EVENTS:
		return len >= 1;
	case DGRAM_BYE:
		return len <= USERNAME_MAX;
	case DGRAM_WELCOME:
	case DGRAM_LOOK:
	case DGRAM_WHO:
	case DGRAM_END:
	case DGRAM_RELOAD:
		return len == 0;
	case DGRAM_ADMIT:
		return len == 0 || len == NET_ADDR_LEN;
	case DGRAM_VERDICT:
		return len <= DGRAM_VERDICT_MAX;
	case DGRAM_UPGRADED:
		return len <= DGRAM_TEXT_MAX;
	case DGRAM_OFFENCE:
		return len == 0 || len == DGRAM_PRINT_LEN;
	default:
		return false;
	}
}

/* Who sent it, as the kernel says.  Without credentials it is nobody. */
static bool
read_sender(
    struct msghdr *msg, const struct sockaddr_un *sun, struct dgram_from *from)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	struct ucred cred;
	size_t len;
	const char *slash;
	char path[sizeof(sun->sun_path) + 1];

	if (c == NULL || c->cmsg_level != SOL_SOCKET ||
	    c->cmsg_type != SCM_CREDENTIALS ||
	    c->cmsg_len != CMSG_LEN(sizeof(cred)))
		return false;
	memcpy(&cred, CMSG_DATA(c), sizeof(cred));
	*from = (struct dgram_from){ .pid = cred.pid, .uid = cred.uid };
	if (msg->msg_namelen <= offsetof(struct sockaddr_un, sun_path))
		return true; /* it has no name */
	len = msg->msg_namelen - offsetof(struct sockaddr_un, sun_path);
	if (len > sizeof(sun->sun_path))
		len = sizeof(sun->sun_path);
	memcpy(path, sun->sun_path, len);
	path[len] = '\0';
	slash = strrchr(path, '/');
	if (slash != NULL && dgram_is_name(slash + 1))
		memcpy(from->socket, slash + 1, 2 * NAME_BYTES + 1);
	return true;
}

/* Whether we listen to that user.  (Ours does not change once we do.) */
static bool
is_trusted(uid_t uid)
{
	static uid_t own = (uid_t)-1;

	if (own == (uid_t)-1)
		own = geteuid();
	return uid == own || uid == 0;
}

ssize_t
dgram_receive(
    int fd, struct dgram_head *head, struct buf *body, struct dgram_from *from)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct sockaddr_un sun;
	struct dgram_head h;
	struct dgram_from who;
	struct iovec parts[2] = { { &h, sizeof(h) },
		{ buf_room(body, DGRAM_BODY_MAX), DGRAM_BODY_MAX } };
	struct msghdr msg = { .msg_name = &sun,
		.msg_namelen = sizeof(sun),
		.msg_iov = parts,
		.msg_iovlen = 2,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	ssize_t n;
	size_t len;

	do
		n = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return -1;
	if (!read_sender(&msg, &sun, &who) || !is_trusted(who.uid) ||
	    (msg.msg_flags & MSG_TRUNC) || (size_t)n < sizeof(h))
		return -2;
	len = (size_t)n - sizeof(h);
	if (h.version != DGRAM_VERSION || !fits_type(h.type, len))
		return -2;
	*head = h;
	*from = who;
	buf_added(body, len);
	return (ssize_t)len;
}
