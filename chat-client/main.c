/*
 * chat-client: talk on a Chat server, on a screen or in scripts.  Here the
 * process is set up and the mode is chosen; each mode has its own loop.
 */
#include <sys/signalfd.h>

#include <err.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "options.h"
#include "plain.h"
#include "process.h"
#include "screen.h"
#include "settings.h"
#include "status.h"

/* The protocol is UTF-8, and so are today's terminals. */
static void
set_locale(void)
{
	setlocale(LC_ALL, "");
	if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		setlocale(LC_CTYPE, "C.UTF-8");
}

/* One that is ignored, as with nohup(1), could be read all the same. */
static void
add_unless_ignored(sigset_t *set, int signal)
{
	struct sigaction action;

	if (sigaction(signal, NULL, &action) == -1 ||
	    action.sa_handler != SIG_IGN)
		sigaddset(set, signal);
}

/* Signals are read in the loops, never handled in between. */
static int
open_signals(void)
{
	sigset_t set;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	add_unless_ignored(&set, SIGHUP);
	add_unless_ignored(&set, SIGINT);
	add_unless_ignored(&set, SIGTERM);
	sigaddset(&set, SIGWINCH);
	sigaddset(&set, SIGCONT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1 ||
	    (fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) == -1)
		err(STATUS_SYSTEM, "signals");
	return fd;
}

static enum status
run(const struct options *options, struct login *login, int signal_fd)
{
	if (options->mode == MODE_AUTO && isatty(STDIN_FILENO) &&
	    isatty(STDOUT_FILENO)) {
		if (options->with != NULL)
			errx(STATUS_USAGE,
			    "--with is for --plain and --json: the screen "
			    "shows all talks");
		return screen_run(options, login, signal_fd);
	}
	if (options->mode == MODE_AUTO && options->user == NULL)
		errx(STATUS_USAGE, "a name is needed: -u NAME, or CHAT_USER");
	return plain_run(options, login, signal_fd);
}

/*
 * A standard output that was closed is one that nothing can be written to, not
 * one that forgets what is written.
 */
static void
fill_standard_fds(void)
{
	bool closed = fcntl(STDOUT_FILENO, F_GETFD) == -1;
	int fd;

	process_fill_standard_fds();
	if (!closed)
		return;
	if ((fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) == -1 ||
	    dup2(fd, STDOUT_FILENO) == -1)
		err(STATUS_SYSTEM, "/dev/null");
	close(fd);
}

/* All that is wrong, at once; --help and --version work all the same. */
static void
check_settings(const struct settings *s)
{
	const char *text = buf_head(&s->errors), *lf;
	size_t left = buf_len(&s->errors), n;

	if (left == 0)
		return;
	for (; left > 0; text += n, left -= n) {
		lf = memchr(text, '\n', left);
		n = lf != NULL ? (size_t)(lf - text) + 1 : left;
		fprintf(stderr, "chat-client: %.*s", (int)n, text);
	}
	exit(STATUS_INPUT);
}

int
main(int argc, char **argv)
{
	static struct settings settings;
	static struct login login;
	struct options options;
	enum status status;

	fill_standard_fds();
	set_locale();
	settings_init(&settings);
	settings_load(&settings);
	options_parse(&options, &settings, argc, argv);
	check_settings(&settings);
	/* Before signals wait to be read: they can end this. */
	login_init(&login, &options);
	status = run(&options, &login, open_signals());
	login_free(&login);
	settings_free(&settings);
	return (int)status;
}
