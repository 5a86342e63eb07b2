/*
 * Takes the relay's place in the runtime directory, as place.h says.
 */
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "limit.h"
#include "log.h"
#include "notify.h"
#include "place.h"
#include "process.h"

#define PATH_SIZE	(sizeof(((struct dgram_registry *)0)->dir) + 16)
#define SOCKET_PATH_MAX (sizeof(((struct sockaddr_un *)0)->sun_path) + 1)

/* Whether the socket's file is there; then *st tells of it. */
static bool
socket_stat(const struct place *p, struct stat *st)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/%s", p->registry.dir, DGRAM_NOTIFY);
	return stat(path, st) == 0 && S_ISSOCK(st->st_mode);
}

static void
socket_remember(struct place *p)
{
	struct stat st;

	if (!socket_stat(p, &st))
		return;
	p->device = st.st_dev;
	p->inode = st.st_ino;
}

/*
 * sessions/ with the lock.  Returns -1 with errno set: EWOULDBLOCK when another
 * relay has it.
 */
static int
sessions_open(const struct place *p)
{
	const char *dir = p->registry.dir;
	char path[PATH_SIZE];
	int fd, saved;

	snprintf(path, sizeof(path), "%s/%s", dir, DGRAM_SESSIONS);
	if ((mkdir(dir, 0700) == -1 && errno != EEXIST) ||
	    (mkdir(path, 0700) == -1 && errno != EEXIST) ||
	    (fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/*
 * systemd would start us again at once, and for ever: wait here, as a relay does
 * whose directory is taken away, until it is there.  Returns false when a signal
 * ended the wait.
 */
static bool
sessions_await(struct place *p, int error)
{
	static const struct timespec tick = { .tv_sec = RELAY_TICK / 1000 };
	sigset_t signals;

	loop_block_signals(&signals);
	sd_notifyf(0, "READY=1\nSTATUS=Waits for %s: %s", p->registry.dir,
	    strerror(error));
	while ((p->sessions = sessions_open(p)) == -1) {
		sd_notify(0, "WATCHDOG=1");
		if (sigtimedwait(&signals, NULL, &tick) != -1) {
			sd_notify(0, "STOPPING=1");
			return false;
		}
	}
	return true;
}

/* The path of a UNIX socket for datagrams.  Returns false if fd is none. */
static bool
socket_path(int fd, char path[SOCKET_PATH_MAX])
{
	struct sockaddr_un sun;
	socklen_t len = sizeof(sun);

	if (sd_is_socket_unix(fd, SOCK_DGRAM, -1, NULL, 0) <= 0 ||
	    getsockname(fd, (struct sockaddr *)&sun, &len) == -1)
		return false;
	len -= offsetof(struct sockaddr_un, sun_path);
	memcpy(path, sun.sun_path, len);
	path[len] = '\0';
	return true;
}

/* Whether what was handed over has the name of the socket sent to. */
static bool
socket_has_our_name(const struct place *p)
{
	struct stat handed, ours;
	char path[SOCKET_PATH_MAX], *name;

	if (!socket_path(p->fd, path))
		return false;
	if ((name = strrchr(path, '/')) == NULL ||
	    strcmp(name + 1, DGRAM_NOTIFY) != 0)
		return false;
	*name = '\0';
	if (strcmp(path, p->registry.dir) == 0)
		return true;
	/* It may differ by a link or a slash. */
	return stat(path, &handed) == 0 && stat(p->registry.dir, &ours) == 0 &&
	    handed.st_dev == ours.st_dev && handed.st_ino == ours.st_ino;
}

/* 0, or the exit status. */
static int
socket_bind(struct place *p)
{
	int status;

	if ((p->fd = dgram_bind(&p->registry, NULL)) != -1)
		return 0;
	status = errno == EADDRINUSE ? EX_TEMPFAIL : EX_OSERR;
	log_event(LEVEL_CRITICAL, "error", "%s/%s: %s", p->registry.dir,
	    DGRAM_NOTIFY, strerror(errno));
	return status;
}

/*
 * What was handed over, if the file still leads to it: as nobody else is the
 * relay, it does if it leads to any socket.  0, or the exit status.
 */
static int
socket_take(struct place *p)
{
	int fd = dgram_bind(&p->registry, NULL);

	if (fd != -1) {
		close(p->fd);
		p->fd = fd;
		p->handed = false;
		log_event(LEVEL_WARNING, "socket_made",
		    "%s/%s was gone and is made anew: restart"
		    " chat-notify.socket, which has the former one",
		    p->registry.dir, DGRAM_NOTIFY);
		return 0;
	}
	if (errno == EADDRINUSE && dgram_ask_credentials(p->fd))
		return 0;
	log_event(LEVEL_CRITICAL, "error", "%s/%s: %s", p->registry.dir,
	    DGRAM_NOTIFY, strerror(errno));
	return EX_OSERR;
}

/*
 * What was handed over, which is asked first: a directory that is missing is
 * waited for only where the socket says that it is the right one.  0, or the exit
 * status.
 */
static int
socket_inherit(struct place *p, char error[CONFIG_ERROR_MAX])
{
	int count = process_listen_fds();

	if (count == 0)
		return 0;
	p->fd = PROCESS_LISTEN_FDS;
	p->handed = true;
	if (count == 1 && socket_has_our_name(p))
		return 0;
	snprintf(error, CONFIG_ERROR_MAX,
	    "was handed something else than the one datagram socket %s/%s",
	    p->registry.dir, DGRAM_NOTIFY);
	return EX_CONFIG;
}

int
place_open(
    struct place *p, const char *runtime_dir, char error[CONFIG_ERROR_MAX])
{
	int status, error_number;

	*p = (struct place){ .sessions = -1, .fd = -1 };
	if (!dgram_registry_init(&p->registry, runtime_dir)) {
		snprintf(error, CONFIG_ERROR_MAX,
		    "CHAT_RUNTIME_DIR is too long for a socket's name: %s",
		    runtime_dir);
		return EX_CONFIG;
	}
	if ((status = socket_inherit(p, error)) != 0)
		return status;
	if ((p->sessions = sessions_open(p)) == -1) {
		if (errno == EWOULDBLOCK) {
			log_event(LEVEL_ERROR, "error",
			    "another chat-notify"
			    " runs on %s",
			    runtime_dir);
			return EX_TEMPFAIL;
		}
		error_number = errno;
		log_event(LEVEL_CRITICAL, "error", "runtime directory %s: %s",
		    runtime_dir, strerror(error_number));
		if (!p->handed)
			return EX_OSERR;
		if (!sessions_await(p, error_number))
			return PLACE_GIVEN_UP;
	}
	status = p->handed ? socket_take(p) : socket_bind(p);
	if (status == 0)
		socket_remember(p);
	return status;
}

/* Whether sessions/ is still the one that we have the lock on. */
static bool
sessions_are_ours(const struct place *p)
{
	char path[PATH_SIZE];
	struct stat held, there;

	snprintf(path, sizeof(path), "%s/%s", p->registry.dir, DGRAM_SESSIONS);
	return fstat(p->sessions, &held) == 0 && stat(path, &there) == 0 &&
	    held.st_dev == there.st_dev && held.st_ino == there.st_ino;
}

static bool
socket_is_bound(const struct place *p)
{
	struct stat st;

	return socket_stat(p, &st) && st.st_dev == p->device &&
	    st.st_ino == p->inode;
}

/* What is gone nobody can find: sessions/, the socket's file, or both. */
static bool
place_retake(struct place *p)
{
	int sessions, fd;

	if (!sessions_are_ours(p)) {
		if ((sessions = sessions_open(p)) == -1)
			return false;
		close(p->sessions);
		p->sessions = sessions;
	}
	if (socket_is_bound(p))
		return true;
	if ((fd = dgram_bind(&p->registry, NULL)) == -1)
		return false;
	close(p->fd);
	p->fd = fd;
	/* systemd would not be woken by this one. */
	p->handed = false;
	return true;
}

bool
place_check(struct place *p)
{
	bool bound = socket_is_bound(p);
	const char *what = bound ? DGRAM_SESSIONS : DGRAM_NOTIFY;

	if (bound && sessions_are_ours(p))
		return false;
	if (!place_retake(p)) {
		if (!p->told)
			log_event(LEVEL_ERROR, "socket_lost",
			    "%s/%s is gone:"
			    " %s",
			    p->registry.dir, what, strerror(errno));
		p->told = true;
		return false;
	}
	log_event(LEVEL_WARNING, "socket_made",
	    "%s/%s was gone and is made"
	    " anew",
	    p->registry.dir, what);
	p->told = false;
	socket_remember(p);
	return true;
}

void
place_close(struct place *p)
{
	if (!p->handed && p->fd != -1 && socket_is_bound(p))
		dgram_unlink(&p->registry, NULL);
	if (p->fd != -1)
		close(p->fd);
	if (p->sessions != -1)
		close(p->sessions);
}
