/*
 * The beginning of a session: its configuration, and giving up what it does
 * not need before it reads a byte of its client (docs/SANDBOX.md).
 */
#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "process.h"
#include "sandbox.h"
#include "session.h"

bool
session_configure(struct session *s, char error[CONFIG_ERROR_MAX])
{
	struct dgram_registry registry;

	if (!config_load(&s->config, error))
		return false;
	if (dgram_registry_init(&registry, s->config.runtime_dir))
		return true;
	snprintf(error, CONFIG_ERROR_MAX,
	    "CHAT_RUNTIME_DIR is '%.64s...': too long for the names of sockets"
	    " in it",
	    s->config.runtime_dir);
	return false;
}

/* Nothing is read from the client as root, even if all else went wrong. */
static bool
leave_root(const struct config *c)
{
	if (process_leave_root(c->runtime_dir, c->db))
		return true;
	log_event(LEVEL_CRITICAL, "root",
	    "cannot become the owner of %s, or of the directory of %s: %s",
	    c->runtime_dir, c->db, strerror(errno));
	return false;
}

static void
on_violation(int number, const char *name)
{
	log_event(LEVEL_CRITICAL, "violation",
	    "system call %d (%s) is forbidden: a bug, or somebody has taken"
	    " this session over; it is killed",
	    number, name);
}

/* NULL: without a configuration, no files at all. */
static struct sandbox
sandbox_wanted(const struct config *c)
{
	return (struct sandbox){ .db = c != NULL ? c->db : NULL,
		.runtime_dir = c != NULL ? c->runtime_dir : NULL,
		.violation = on_violation };
}

/* What a client sends is read in the sandbox, or not at all. */
static bool
sandbox(const struct config *config)
{
	const struct sandbox wanted = sandbox_wanted(config);
	struct sandbox_state state;
	const char *what;

	if (!sandbox_enter(&wanted, &state, &what)) {
		log_event(LEVEL_CRITICAL, "no_sandbox", "%s: %s", what,
		    strerror(errno));
		return false;
	}
	if (state.was_here)
		log_event(LEVEL_DEBUG, "sandbox", "entered before");
	else if (state.landlock == 0)
		log_event(LEVEL_DEBUG, "sandbox",
		    "seccomp alone: this kernel has no Landlock");
	else
		log_event(LEVEL_DEBUG, "sandbox", "seccomp, Landlock %d",
		    state.landlock);
	return true;
}

/*
 * Stands for dlopen(3) in a static program (Makefile): SQLite, which refers to
 * it, is told that there is no such library.
 */
void *__wrap_dlopen(const char *, int);

void *
__wrap_dlopen(const char *file, int mode)
{
	(void)file;
	(void)mode;
	return NULL;
}

void
session_prepare(const struct session *s)
{
	const struct sandbox wanted = sandbox_wanted(&s->config);
	struct stat st;

	/* Whose it is says who to become. */
	if (stat(s->config.runtime_dir, &st) == 0 &&
	    process_leave_root(s->config.runtime_dir, s->config.db))
		sandbox_prepare(&wanted);
}

int
session_lock_in(const struct session *s, bool configured)
{
	if (!leave_root(&s->config))
		return EX_NOPERM;
	return sandbox(configured ? &s->config : NULL) ? EX_OK : EX_OSERR;
}
