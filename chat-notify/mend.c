/*
 * Waits for a wrong configuration to be mended, as mend.h says.  Whether that was
 * logged the next process has to know, whatever its configuration: the socket that
 * both are handed bears it, as its priority, which nothing else uses.
 */
#include <sys/socket.h>

#include <signal.h>
#include <sysexits.h>
#include <time.h>

#include <systemd/sd-daemon.h>

#include "config.h"
#include "file-id.h"
#include "limit.h"
#include "log.h"
#include "mend.h"
#include "notify.h"
#include "process.h"

/* For the process that comes next. */
static void
remember(int said)
{
	if (process_listen_fds() > 0)
		setsockopt(PROCESS_LISTEN_FDS, SOL_SOCKET, SO_PRIORITY, &said,
		    sizeof(said));
}

static bool
was_said(void)
{
	int said = 0;
	socklen_t len = sizeof(said);

	return process_listen_fds() > 0 &&
	    getsockopt(PROCESS_LISTEN_FDS, SOL_SOCKET, SO_PRIORITY, &said,
		&len) == 0 &&
	    said != 0;
}

/* What sessions send is lost, as if no relay were there.  Returns if any was. */
static bool
drain(void)
{
	char byte;
	int n = 0;

	while (n < RELAY_DRAIN_MAX &&
	    recv(PROCESS_LISTEN_FDS, &byte, 1, MSG_DONTWAIT) != -1)
		n++;
	return n > 0;
}

/* Until the file is another, a signal ends it, or nobody was heard for long. */
static void
wait_for_change(const sigset_t *signals)
{
	static const struct timespec tick = { .tv_sec = RELAY_TICK / 1000 };
	const struct file_id before = file_id(config_path());
	int silent = 0;

	while (silent < RELAY_IDLE_EXIT &&
	    sigtimedwait(signals, NULL, &tick) == -1 &&
	    file_id_equal(before, file_id(config_path()))) {
		sd_notify(0, "WATCHDOG=1");
		silent = drain() ? 0 : silent + RELAY_TICK;
	}
}

int
mend_wait(const char *error)
{
	sigset_t signals;

	if (!was_said()) {
		log_event(LEVEL_CRITICAL, "bad_configuration", "%s", error);
		remember(1);
		log_settle();
		return EX_CONFIG;
	}
	/* However this wait ends, the next one says it again. */
	remember(0);
	loop_block_signals(&signals);
	sd_notifyf(0,
	    "READY=1\nSTATUS=Relays nothing until the configuration is changed: %s",
	    error);
	wait_for_change(&signals);
	sd_notify(0, "STOPPING=1");
	return EX_OK;
}

void
mend_forget(void)
{
	remember(0);
}
