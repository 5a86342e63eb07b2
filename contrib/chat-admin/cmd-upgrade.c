/*
 * upgrade: all sessions execute their new program, and say how that went
 * (docs/UPGRADE.md).  Which processes are sessions only root can see; once
 * they are found it is as the service's user that they are told.
 */
#include <sys/syscall.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "admin.h"
#include "monotonic.h"
#include "process.h"

#define BOOTED	  "/run/systemd/system" /* see sd_booted(3) */
#define RELAY_DIR "/run/chat"		/* of chat-notify.socket */
#define RELAY	  "chat-notify.service"
#define LISTENER  "chat-fork.service"
#define SESSION	  "chat-session"

enum outcome { WAITING, TOLD, UPGRADED, REFUSED, ENDED, SILENT };

struct target {
	pid_t pid;
	int pidfd;
	enum outcome outcome;
	int64_t deadline;
	char why[DGRAM_TEXT_MAX + 1];
};

struct targets {
	struct target *list;
	size_t count;
};

/* ---- the relay, and the listener that forks ---- */

/* EX_OK, or a status (told).  Neither has a connection to lose. */
static int
relay_restart(struct admin *a)
{
	char program[] = "systemctl", verb[] = "try-restart";
	char relay[] = RELAY, listener[] = LISTENER;
	char *argv[] = { program, verb, relay, listener, NULL };
	int error, status = 0;
	pid_t pid;

	if (strcmp(a->config.runtime_dir, RELAY_DIR) != 0 ||
	    access(BOOTED, F_OK) == -1) {
		out_line(a,
		    "chat-notify is no unit of systemd's here: restart"
		    " it yourself");
		return EX_OK;
	}
	error = posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
	if (error == 0 && waitpid(pid, &status, 0) == -1)
		error = errno;
	if (error == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return EX_OK;
	out_error("systemctl try-restart " RELAY " " LISTENER " has failed: %s",
	    error != 0 ? strerror(error)
		       : "\"systemctl status\" of them says why");
	return EX_UNAVAILABLE;
}

/* ---- which processes are sessions of this server ---- */

/* The inodes of all sockets in the registry, as many as *count. */
static ino_t *
inodes_read(const struct admin *a, size_t *count)
{
	FILE *f = fopen("/proc/net/unix", "re");
	char *line = NULL, *slash, path[PATH_MAX];
	unsigned long inode;
	ino_t *inodes = NULL;
	size_t size = 0;

	*count = 0;
	while (f != NULL && getline(&line, &size, f) != -1) {
		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "%*s %*s %*s %*s %*s %*s %lu", &inode) != 1 ||
		    (slash = strrchr(line, '/')) == NULL ||
		    !dgram_is_name(slash + 1))
			continue;
		snprintf(path, sizeof(path), "%s/" DGRAM_SESSIONS "/%s",
		    a->config.runtime_dir, slash + 1);
		if (access(path, F_OK) == -1)
			continue;
		inodes = reallocarray(inodes, *count + 1, sizeof(*inodes));
		if (inodes == NULL)
			abort();
		inodes[(*count)++] = inode;
	}
	free(line);
	if (f != NULL)
		fclose(f);
	return inodes;
}

static bool
is_called_session(pid_t pid)
{
	char path[64], name[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	if ((f = fopen(path, "re")) == NULL)
		return false;
	if (fgets(name, sizeof(name), f) == NULL)
		*name = '\0';
	fclose(f);
	return strcmp(name, SESSION "\n") == 0;
}

static bool
inode_is_listed(unsigned long inode, const ino_t *inodes, size_t count)
{
	size_t i = 0;

	while (i < count && inodes[i] != inode)
		i++;
	return i < count;
}

/* Whether it holds one of these sockets. */
static bool
holds(pid_t pid, const ino_t *inodes, size_t count)
{
	char path[64], link[64];
	struct dirent *entry;
	unsigned long inode;
	bool found = false;
	ssize_t n;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	if ((dir = opendir(path)) == NULL)
		return false;
	while (!found && (entry = readdir(dir)) != NULL) {
		n = readlinkat(
		    dirfd(dir), entry->d_name, link, sizeof(link) - 1);
		link[n > 0 ? n : 0] = '\0';
		found = sscanf(link, "socket:[%lu]", &inode) == 1 &&
		    inode_is_listed(inode, inodes, count);
	}
	closedir(dir);
	return found;
}

static void
target_add(struct targets *t, pid_t pid, int pidfd)
{
	t->list = reallocarray(t->list, t->count + 1, sizeof(*t->list));
	if (t->list == NULL)
		abort();
	t->list[t->count++] = (struct target){ .pid = pid, .pidfd = pidfd };
}

static void
targets_find(const struct admin *a, struct targets *t)
{
	struct dirent *entry;
	ino_t *inodes;
	size_t count;
	pid_t pid;
	int pidfd;
	DIR *dir;

	inodes = inodes_read(a, &count);
	dir = opendir("/proc");
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		pid = (pid_t)atoi(entry->d_name);
		if (pid <= 0 || !is_called_session(pid) ||
		    /* Held before it is looked at, so that it stays that. */
		    (pidfd = (int)syscall(SYS_pidfd_open, pid, 0)) == -1)
			continue;
		if (holds(pid, inodes, count))
			target_add(t, pid, pidfd);
		else
			close(pidfd);
	}
	if (dir != NULL)
		closedir(dir);
	free(inodes);
}

static void
targets_free(struct targets *t)
{
	size_t i;

	for (i = 0; i < t->count; i++)
		close(t->list[i].pidfd);
	free(t->list);
}

/* ---- telling them, some at a time ---- */

static void
tell(struct target *t, int64_t now)
{
	t->outcome = TOLD;
	t->deadline = now + UPGRADE_WAIT;
	if (syscall(SYS_pidfd_send_signal, t->pidfd, UPGRADE_SIGNAL, NULL, 0) ==
	    -1)
		t->outcome = ENDED;
}

static void
answers_take(struct targets *t, int fd)
{
	struct dgram_from from;
	struct dgram_head head;
	struct buf text = { 0 };
	size_t i;
	ssize_t n;

	while ((n = dgram_receive(fd, &head, &text, &from)) != -1) {
		for (i = 0; i < t->count; i++) {
			if (n < 0 || t->list[i].pid != from.pid ||
			    head.type != DGRAM_UPGRADED)
				continue;
			t->list[i].outcome =
			    head.count == DGRAM_DONE ? UPGRADED : REFUSED;
			snprintf(t->list[i].why, sizeof(t->list[i].why), "%.*s",
			    (int)n, buf_head(&text));
		}
		buf_reset(&text, SIZE_MAX);
	}
	buf_free(&text);
}

/*
 * Tell the next ones when there is room, and see which have ended.  How many
 * are waited for; they are in fds from its second place on.
 */
static nfds_t
targets_look(struct targets *t, struct pollfd fds[1 + UPGRADE_AT_ONCE])
{
	int64_t now = monotonic_ms();
	struct target *each;
	nfds_t n = 0;

	for (each = t->list; each < t->list + t->count; each++) {
		if (each->outcome == WAITING && n < UPGRADE_AT_ONCE)
			tell(each, now);
		if (each->outcome != TOLD)
			continue;
		if (poll(
			&(struct pollfd){ .fd = each->pidfd, .events = POLLIN },
			1, 0) == 1)
			each->outcome = ENDED;
		else if (now >= each->deadline)
			each->outcome = SILENT;
		else
			fds[1 + n++] = (struct pollfd){ .fd = each->pidfd,
				.events = POLLIN };
	}
	return n;
}

static void
targets_upgrade(struct targets *t, int fd)
{
	struct pollfd fds[1 + UPGRADE_AT_ONCE] = { { .fd = fd,
	    .events = POLLIN } };
	nfds_t n;

	while ((n = targets_look(t, fds)) > 0) {
		/* (Deadlines are looked at twice a second.) */
		poll(fds, 1 + n, 500);
		answers_take(t, fd);
	}
}

/* ---- what came of it ---- */

static int
outcome_count(const struct targets *t, enum outcome outcome, const char *why)
{
	int n = 0;
	size_t i;

	for (i = 0; i < t->count; i++)
		n += t->list[i].outcome == outcome &&
		    (why == NULL || strcmp(why, t->list[i].why) == 0);
	return n;
}

/* Each reason once. */
static void
refusals_tell(const struct targets *t)
{
	size_t i, j;

	for (i = 0; i < t->count; i++) {
		if (t->list[i].outcome != REFUSED)
			continue;
		for (j = 0; j < i; j++)
			if (t->list[j].outcome == REFUSED &&
			    strcmp(t->list[j].why, t->list[i].why) == 0)
				break;
		if (j == i)
			out_error("%d refused: %s",
			    outcome_count(t, REFUSED, t->list[i].why),
			    t->list[i].why);
	}
}

static int
summary(struct admin *a, const struct targets *t)
{
	int refused = outcome_count(t, REFUSED, NULL);
	int silent = outcome_count(t, SILENT, NULL);

	out_line(a,
	    "sessions: %d upgraded, %d refused, %d did not answer, %d ended"
	    " meanwhile",
	    outcome_count(t, UPGRADED, NULL), refused, silent,
	    outcome_count(t, ENDED, NULL));
	refusals_tell(t);
	if (silent > 0)
		out_error("those that did not answer within %d s may be"
			  " stopped, or of a version that cannot be upgraded",
		    UPGRADE_WAIT / 1000);
	return refused + silent == 0 ? EX_OK : EX_TEMPFAIL;
}

static int
sessions_upgrade(struct admin *a, struct targets *t)
{
	int status = become_service_user(a), fd;

	if (status != EX_OK)
		return status;
	if ((fd = dgram_bind(&a->registry, DGRAM_OPERATOR)) == -1) {
		out_error("%s/" DGRAM_OPERATOR ": %s: is another upgrade under"
			  " way?",
		    a->config.runtime_dir, strerror(errno));
		return EX_TEMPFAIL;
	}
	targets_upgrade(t, fd);
	dgram_unlink(&a->registry, DGRAM_OPERATOR);
	close(fd);
	return summary(a, t);
}

int
cmd_upgrade(struct admin *a)
{
	struct targets t = { 0 };
	int relay, status;

	if (geteuid() != 0) {
		out_error("only root can see which processes are sessions: run"
			  " chat-admin as root");
		return EX_NOPERM;
	}
	relay = relay_restart(a);
	targets_find(a, &t);
	status = t.count > 0 ? sessions_upgrade(a, &t) : summary(a, &t);
	targets_free(&t);
	return status != EX_OK ? status : relay;
}
