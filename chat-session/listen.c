/*
 * The second way to be started, for servers where many log in at a time: one
 * process listens and forks itself for each connection, so that what comes
 * before the first line (executing, linking, relocating) is done once.  The
 * copy goes on in main() as if it had been started with the connection; this
 * process reads nothing from anybody, is in most of a session's sandbox itself,
 * and has no database open, since an open one must not cross a fork(2)
 * (sqlite.org/howtocorrupt.html, 2.6).
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "process.h"
#include "session.h"

struct listeners {
	struct pollfd fds[LISTEN_SOCKETS];
	nfds_t count;
	long children, children_max;
	int connection;		       /* that is to get a process, or -1 */
	bool shut;		       /* by somebody else who has them */
	bool paused;		       /* since something is lacking */
	bool leaving;		       /* when nobody waits any more */
	bool short_of_something;       /* it was said already */
	const struct session *session; /* what the copies begin as, or NULL */
};

static volatile sig_atomic_t terminated;

static void
on_signal(int signo)
{
	if (signo != SIGCHLD)
		terminated = 1;
}

static const int taken[] = { SIGTERM, SIGINT, SIGCHLD, 0 };

/* As they were before, for the copy. */
static void
signals_give_back(const sigset_t *before)
{
	const int *s;

	for (s = taken; *s != 0; s++)
		signal(*s, SIG_DFL);
	terminated = 0;
	sigprocmask(SIG_SETMASK, before, NULL);
}

/* ---- the sockets ---- */

static bool
is_listening(int fd)
{
	int on = 0;
	socklen_t len = sizeof(on);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == 0 && on;
}

static bool
add(struct listeners *l, int fd)
{
	/* Another process may have taken the connection that woke us. */
	if (l->count == LISTEN_SOCKETS ||
	    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == -1 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) == -1)
		return false;
	l->fds[l->count++] =
	    (struct pollfd){ .fd = fd, .events = POLLIN | POLLRDHUP };
	return true;
}

/* Those that were handed over. */
static int
inherit(struct listeners *l)
{
	int n = process_listen_fds(), end = PROCESS_LISTEN_FDS + n, fd;

	for (fd = PROCESS_LISTEN_FDS; fd < end; fd++)
		if (!is_listening(fd) || !add(l, fd)) {
			log_event(LEVEL_CRITICAL, "listen",
			    "descriptor %d of LISTEN_FDS=%d is no socket that"
			    " listens, or there are more than %d: Accept=no is"
			    " needed in the socket unit",
			    fd, n, LISTEN_SOCKETS);
			return EX_USAGE;
		}
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDNAMES");
	if (n > 0)
		return EX_OK;
	log_event(LEVEL_CRITICAL, "listen",
	    "no socket was handed over (LISTEN_FDS): name an address,"
	    " --listen=HOST:PORT");
	return EX_USAGE;
}

/* "HOST:PORT", "[HOST]:PORT": the host in text, the port as a number. */
static bool
split(char *text, char **host, in_port_t *port)
{
	char *colon = strrchr(text, ':'), *end;
	long number;

	if (colon == NULL || colon == text || colon[1] < '0' || colon[1] > '9')
		return false;
	number = strtol(colon + 1, &end, 10);
	if (*end != '\0' || number < 1 || number > 65535)
		return false;
	*colon = '\0';
	*host = text;
	*port = htons((in_port_t)number);
	if (*text == '[' && colon[-1] == ']') {
		colon[-1] = '\0';
		*host = text + 1;
	}
	return **host != '\0';
}

/* An address of either family. */
union address {
	struct sockaddr any;
	struct sockaddr_in ip4;
	struct sockaddr_in6 ip6;
};

/* (Without getaddrinfo(3), which a static program cannot use.) */
static bool
address_parse(union address *a, char *text)
{
	char *host, *zone;
	in_port_t port;

	*a = (union address){ 0 };
	if (!split(text, &host, &port))
		return false;
	if (inet_pton(AF_INET, host, &a->ip4.sin_addr) == 1) {
		a->ip4.sin_family = AF_INET;
		a->ip4.sin_port = port;
		return true;
	}
	if ((zone = strchr(host, '%')) != NULL) {
		*zone++ = '\0';
		if ((a->ip6.sin6_scope_id = if_nametoindex(zone)) == 0)
			return false;
	}
	a->ip6.sin6_family = AF_INET6;
	a->ip6.sin6_port = port;
	return inet_pton(AF_INET6, host, &a->ip6.sin6_addr) == 1;
}

static int
bound_socket(const union address *a)
{
	int fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len =
	    a->any.sa_family == AF_INET ? sizeof(a->ip4) : sizeof(a->ip6);
	int error, on = 1;

	if (fd != -1 &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)) == 0 &&
	    bind(fd, &a->any, len) == 0 && listen(fd, LISTEN_BACKLOG) == 0)
		return fd;
	error = errno;
	if (fd != -1)
		close(fd);
	errno = error;
	return -1;
}

/* One of our own, at a numeric address. */
static int
bind_to(struct listeners *l, const char *address)
{
	union address a;
	char text[256];
	int fd;

	if ((size_t)snprintf(text, sizeof(text), "%s", address) >=
		sizeof(text) ||
	    !address_parse(&a, text)) {
		log_event(LEVEL_CRITICAL, "listen",
		    "--listen=%s: give an IPv4 or IPv6 address and a port, such"
		    " as 127.0.0.1:5555 or [::1]:5555",
		    address);
		return EX_USAGE;
	}
	if ((fd = bound_socket(&a)) != -1 && add(l, fd))
		return EX_OK;
	log_event(LEVEL_CRITICAL, "listen", "cannot listen on %s: %s", address,
	    strerror(errno));
	return EX_OSERR;
}

/* ---- connections ---- */

/* Who was ended by a signal could not say so itself. */
static void
reap(struct listeners *l)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (l->children > 0)
			l->children--;
		if (WIFSIGNALED(status))
			log_event(LEVEL_ERROR, "killed",
			    "process %d, a session, was ended by signal %d"
			    " (%s)",
			    (int)pid, WTERMSIG(status),
			    strsignal(WTERMSIG(status)));
	}
}

/* What is lacking comes back with time, or when somebody leaves. */
static void
trouble(struct listeners *l, const char *what)
{
	if (!l->short_of_something)
		log_event(LEVEL_ERROR, "listen",
		    "%s: %s; connections wait until there is room again", what,
		    strerror(errno));
	l->short_of_something = l->paused = true;
}

/* The copy: the connection is its standard input and output. */
static void
become_session(struct listeners *l, const sigset_t *before)
{
	int fd = l->connection;
	nfds_t i;

	signals_give_back(before);
	log_part();
	for (i = 0; i < l->count; i++)
		close(l->fds[i].fd);
	if (dup2(fd, STDIN_FILENO) == -1 || dup2(fd, STDOUT_FILENO) == -1)
		_exit(EX_OSERR);
	close(fd);
}

/*
 * Who else has it has shut it down, and nobody can connect to it.  Shut wholly,
 * it shows that to who gave it as well, as a hang-up: systemd makes a new one
 * before it starts this program again.
 */
static void
lose(struct listeners *l, int fd)
{
	log_event(LEVEL_CRITICAL, "listen",
	    "the socket of descriptor %d was shut down: this process ends, and"
	    " whoever gave it has to make a new one",
	    fd);
	shutdown(fd, SHUT_RDWR);
	l->shut = true;
}

/* (Which errors are about what, accept(2) tells.) */
static void
take(struct listeners *l, const struct pollfd *p)
{
	l->connection = accept4(p->fd, NULL, NULL, SOCK_CLOEXEC);
	if (l->connection != -1)
		return;
	switch (errno) {
	case EINVAL:
		lose(l, p->fd);
		break;
	case EAGAIN:
		/* What a UNIX socket says instead, once it is empty. */
		if (p->revents & (POLLHUP | POLLRDHUP))
			lose(l, p->fd);
		break;
	/* The connection's own trouble, which went with it. */
	case ECONNABORTED:
	case ENETDOWN:
	case EPROTO:
	case ENOPROTOOPT:
	case EHOSTDOWN:
	case ENONET:
	case EHOSTUNREACH:
	case EOPNOTSUPP:
	case ENETUNREACH:
		break;
	/* Whatever it is, it is not tried again without a pause. */
	default:
		trouble(l, "cannot take a connection");
	}
}

/* A process for the connection, if there is one.  Returns true in it. */
static bool
copy(struct listeners *l, const sigset_t *before)
{
	pid_t pid;

	if (l->connection == -1)
		return false;
	if (l->session != NULL)
		session_prepare(l->session);
	if ((pid = fork()) == 0) {
		become_session(l, before);
		return true;
	}
	if (pid == -1) {
		trouble(l, "cannot make a process for a connection");
		return false;
	}
	l->children++;
	l->short_of_something = false;
	close(l->connection);
	l->connection = -1;
	return false;
}

/* EX_CONFIG: it was leaving. */
static int
serve(struct listeners *l)
{
	static const struct timespec pause = { .tv_nsec =
						   LISTEN_PAUSE * 1000000L },
				     at_once;
	sigset_t before;
	const struct timespec *wait;
	bool full;
	nfds_t i;
	int n;

	process_take_signals(taken, on_signal, &before);
	while (!terminated && !l->shut) {
		full = l->children >= l->children_max;
		wait = l->paused ? &pause : NULL;
		if (l->leaving && !full && !l->paused)
			wait = &at_once;
		n = ppoll(
		    l->fds, full || l->paused ? 0 : l->count, wait, &before);
		if (n == -1 && errno != EINTR) {
			log_event(LEVEL_CRITICAL, "listen", "cannot wait: %s",
			    strerror(errno));
			return EX_OSERR;
		}
		if (n == 0 && wait == &at_once)
			return EX_CONFIG;
		if (n > 0)
			process_hear_signals(&before);
		l->paused = false;
		reap(l);
		/* That for which there was no process before. */
		if (copy(l, &before))
			return LISTEN_SESSION;
		for (i = 0; n > 0 && !l->paused && !terminated && i < l->count;
		     i++) {
			if (l->fds[i].revents == 0)
				continue;
			take(l, &l->fds[i]);
			if (copy(l, &before))
				return LISTEN_SESSION;
		}
	}
	return terminated ? EX_OK : EX_OSERR;
}

int
listen_run(struct session *s, const char *address)
{
	static struct listeners l = { .connection = -1 };
	char error[CONFIG_ERROR_MAX] = "";
	int status;

	/*
	 * Said now, and then to each client that waits, by a copy that finds it so
	 * itself: one left there would start this program again at once.
	 */
	if (!session_configure(s, error)) {
		log_event(LEVEL_CRITICAL, "bad_configuration", "%s", error);
		log_settle();
		s->config.db = NULL;
		l.leaving = true;
		l.children_max = LISTEN_FACTOR * s->config.max_connections;
		return address == NULL && inherit(&l) == EX_OK ? serve(&l)
							       : EX_CONFIG;
	}
	/* For a program that a copy executes, which may not be able to read it. */
	config_export();
	log_set_level((enum log_level)s->config.log_level);
	status = address != NULL ? bind_to(&l, address) : inherit(&l);
	if (status != EX_OK)
		return status;
	l.session = s;
	l.children_max = LISTEN_FACTOR * s->config.max_connections;
	log_event(LEVEL_INFO, "listening", "%s",
	    address != NULL ? address : "on what was handed over");
	process_tell_ready();
	session_prepare(s);
	return serve(&l);
}
