/*
 * The functions of process.h.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process.h"

void
process_fill_standard_fds(void)
{
	int fd;

	do
		if ((fd = open("/dev/null", O_RDWR)) == -1)
			abort();
	while (fd <= STDERR_FILENO);
	close(fd);
}

int
process_listen_fds(void)
{
	const char *fds = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
	long n;

	if (fds == NULL || pid == NULL ||
	    strtol(pid, NULL, 10) != (long)getpid())
		return 0;
	n = strtol(fds, NULL, 10);
	return n > 0 && n <= INT_MAX - PROCESS_LISTEN_FDS ? (int)n : 0;
}

void
process_tell_ready(void)
{
	static const char ready[] = "READY=1";
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	size_t n = path != NULL ? strlen(path) : 0;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd != -1 && n > 0 && n < sizeof(a.sun_path)) {
		memcpy(a.sun_path, path, n);
		/* The name of an abstract socket. */
		if (*path == '@')
			a.sun_path[0] = '\0';
		sendto(fd, ready, strlen(ready), MSG_NOSIGNAL,
		    (struct sockaddr *)&a,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
	}
	if (fd != -1)
		close(fd);
	unsetenv("NOTIFY_SOCKET");
}

void
process_take_signals(
    const int *signals, void (*handler)(int), sigset_t *waiting)
{
	struct sigaction sa = { .sa_handler = handler };
	sigset_t taken;
	const int *s;

	sigemptyset(&taken);
	for (s = signals; *s != 0; s++)
		sigaddset(&taken, *s);
	sigprocmask(SIG_BLOCK, &taken, waiting);
	for (s = signals; *s != 0; s++) {
		sigdelset(waiting, *s);
		sigaction(*s, &sa, NULL);
	}
}

void
process_hear_signals(const sigset_t *waiting)
{
	sigset_t blocked;

	sigprocmask(SIG_SETMASK, waiting, &blocked);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
}

/* The directory that a file is, or would be, in. */
static bool
stat_directory(const char *file, struct stat *st)
{
	const char *slash = strrchr(file, '/');
	char dir[PATH_MAX];

	if (slash == NULL)
		return stat(".", st) == 0;
	if ((size_t)(slash - file) + 1 >= sizeof(dir)) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(dir, file, (size_t)(slash - file) + 1);
	dir[slash - file + 1] = '\0';
	return stat(dir, st) == 0;
}

bool
process_leave_root(const char *dir, const char *file)
{
	struct stat st;

	if (geteuid() != 0)
		return true;
	if (stat(dir, &st) == -1 && !stat_directory(file, &st))
		return false;
	return st.st_uid == 0 ||
	    (setgroups(0, NULL) == 0 &&
		setresgid(st.st_gid, st.st_gid, st.st_gid) == 0 &&
		setresuid(st.st_uid, st.st_uid, st.st_uid) == 0);
}

pid_t
process_of_thread(pid_t thread)
{
	char path[64], line[256];
	int pid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)thread);
	if ((f = fopen(path, "re")) == NULL)
		return 0;
	while (pid == 0 && fgets(line, sizeof(line), f) != NULL)
		sscanf(line, "Tgid: %d", &pid);
	fclose(f);
	return pid;
}

bool
process_is_stopped(pid_t pid)
{
	char path[64], line[256], *p;
	bool stopped = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if ((f = fopen(path, "re")) == NULL)
		return false;
	/* The state follows the name, which may itself hold brackets. */
	if (fgets(line, sizeof(line), f) != NULL &&
	    (p = strrchr(line, ')')) != NULL && p[1] == ' ')
		stopped = p[2] == 'T' || p[2] == 't';
	fclose(f);
	return stopped;
}

bool
process_end_stopped(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	bool ended;

	/* With fd held, who is stopped and who is killed are the same. */
	ended = fd != -1 && process_is_stopped(pid) &&
	    syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) == 0;
	if (fd != -1)
		close(fd);
	return ended;
}
