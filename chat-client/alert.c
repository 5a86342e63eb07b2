/*
 * The calls of alert.h.  A command is started, and not waited for; what it
 * prints goes nowhere.
 */
#include <sys/wait.h>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alert.h"
#include "sanitise.h"

extern char **environ;

void
alert_reap(struct alert *a)
{
	int i;

	for (i = 0; i < ALERT_RUNNING_MAX; i++)
		if (a->running[i] > 0 &&
		    waitpid(a->running[i], NULL, WNOHANG) != 0)
			a->running[i] = 0;
}

/* A place for one more, or NULL. */
static pid_t *
place(struct alert *a)
{
	int i;

	alert_reap(a);
	for (i = 0; i < ALERT_RUNNING_MAX; i++)
		if (a->running[i] == 0)
			return &a->running[i];
	return NULL;
}

/* The terminal is the client's alone, and so are the signals it waits for. */
static bool
spawn(char *const *argv, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int i, error;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setflags(&attr,
	    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
		POSIX_SPAWN_SETSID);
	posix_spawn_file_actions_init(&files);
	for (i = 0; i <= 2; i++)
		posix_spawn_file_actions_addopen(
		    &files, i, "/dev/null", i == 0 ? O_RDONLY : O_WRONLY, 0);
	posix_spawn_file_actions_addclosefrom_np(&files, 3);
	error = posix_spawnp(pid, argv[0], &files, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	return error == 0;
}

/* Sanitised, in one line, and never taken for an option. */
static char *
argument(struct span text)
{
	struct buf clean = { 0 };
	char *s;

	/* It may begin with what is removed. */
	buf_add_str(&clean, " ");
	sanitise_add(&clean, text.s, text.n, ALERT_TEXT_MAX, SANITISE_LINE);
	buf_add(&clean, "", 1);
	s = buf_head(&clean);
	s = strdup(s[1] == '-' ? s : s + 1);
	buf_free(&clean);
	return s;
}

static bool
run(struct alert *a, struct span from, struct span text)
{
	pid_t *pid = place(a);
	const char *argv[SETTINGS_WORDS_MAX + 3];
	char *who, *what;
	size_t n = 0;
	bool done = false;

	if (pid == NULL)
		return false;
	for (; a->command[n] != NULL; n++)
		argv[n] = a->command[n];
	who = argument(from);
	what = argument(text);
	if (who != NULL && what != NULL) {
		argv[n++] = who;
		argv[n++] = what;
		argv[n] = NULL;
		/* The system only reads them. */
		done = spawn((char *const *)(uintptr_t)argv, pid);
	}
	if (!done)
		*pid = 0;
	free(who);
	free(what);
	return done;
}

bool
alert_call(struct alert *a, struct span from, struct span text, int64_t now)
{
	bool done = false;

	if (a->any && now - a->last < ALERT_EVERY)
		return false;
	a->any = true;
	a->last = now;
	/* A command that cannot be run must not make it silent. */
	if (a->command != NULL && a->command[0] != NULL)
		done = run(a, from, text);
	return !done && !a->quiet;
}
