/*
 * Waits for a wrong configuration to be mended, as mend.h says.  That it has been
 * logged is kept where the next process looks, whatever the configuration: in the
 * time of the handed socket's file.
 */
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include <systemd/sd-daemon.h>

#include "config.h"
#include "limit.h"
#include "log.h"
#include "mend.h"
#include "monotonic.h"
#include "notify.h"
#include "place.h"

/* The file of the socket that was handed over.  Returns false without. */
static bool
handed_path(char path[PLACE_PATH_MAX])
{
	return place_socket_path(SD_LISTEN_FDS_START, path) && path[0] == '/';
}

static bool
was_said(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_mtime == 0;
}

/* For the process that comes next. */
static void
remember(const char *path, bool said)
{
	static const struct timespec epoch[2],
	    now[2] = { { .tv_nsec = UTIME_NOW }, { .tv_nsec = UTIME_NOW } };

	if (utimensat(AT_FDCWD, path, said ? epoch : now, 0) == -1)
		log_event(
		    LEVEL_ERROR, "error", "%s: %s", path, strerror(errno));
}

/* What changes with the configuration's file; all 0 while it is missing. */
static struct stat
file_now(void)
{
	struct stat st;

	if (stat(config_path(), &st) == -1)
		memset(&st, 0, sizeof(st));
	return st;
}

static bool
file_is(const struct stat *before)
{
	struct stat st = file_now();

	return st.st_dev == before->st_dev && st.st_ino == before->st_ino &&
	    st.st_ctim.tv_sec == before->st_ctim.tv_sec &&
	    st.st_ctim.tv_nsec == before->st_ctim.tv_nsec;
}

/* What sessions send is lost, as if no relay were there.  Returns if any was. */
static bool
drain(void)
{
	char byte;
	int n = 0;

	while (n < RELAY_DRAIN_MAX &&
	    recv(SD_LISTEN_FDS_START, &byte, 1, MSG_DONTWAIT) != -1)
		n++;
	return n > 0;
}

static volatile sig_atomic_t told;

static void
on_signal(int signo)
{
	(void)signo;
	told = 1;
}

/* From now on they end the wait alone. */
static void
take_signals(void)
{
	static const struct sigaction action = { .sa_handler = on_signal };
	sigset_t set;

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	loop_block_signals(&set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void
wait_for_change(void)
{
	struct pollfd fd = { .fd = SD_LISTEN_FDS_START, .events = POLLIN };
	struct stat before = file_now();
	int64_t now = monotonic_ms(), heard = now, looked = now;

	while (!told && now - heard < RELAY_IDLE_EXIT) {
		if (poll(&fd, 1, RELAY_TICK) == 1 && drain())
			heard = now;
		now = monotonic_ms();
		if (now - looked < RELAY_TICK)
			continue;
		looked = now;
		sd_notify(0, "WATCHDOG=1");
		if (!file_is(&before))
			break;
	}
}

int
mend_wait(const char *error)
{
	char path[PLACE_PATH_MAX];
	bool handed = handed_path(path);

	if (!handed || !was_said(path)) {
		log_event(LEVEL_CRITICAL, "bad_configuration", "%s", error);
		if (handed)
			remember(path, true);
		log_settle();
		return EX_CONFIG;
	}
	take_signals();
	sd_notifyf(0,
	    "READY=1\nSTATUS=Relays nothing until the configuration is changed: %s",
	    error);
	wait_for_change();
	sd_notify(0, "STOPPING=1");
	remember(path, false);
	return EX_OK;
}

void
mend_forget(void)
{
	char path[PLACE_PATH_MAX];

	if (handed_path(path) && was_said(path))
		remember(path, false);
}
