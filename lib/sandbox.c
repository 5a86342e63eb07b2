/*
 * Enters the sandbox of sandbox.h.  The filter of system calls comes from
 * seccomp/filter.c, at build time; what Landlock allows is in landlock.c.
 */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "landlock.h"
#include "limit.h"
#include "sandbox.h"

#include "sandbox-filter.h"

#ifndef SYS_SECCOMP
#define SYS_SECCOMP 1 /* si_code of a trapped call, see seccomp(2) */
#endif

static void (*on_violation)(int, const char *);

static const char *
call_name(int number)
{
	const char *name = sandbox_names;
	const char *end = sandbox_names + sizeof(sandbox_names);

	if (number < 0)
		return "?";
	while (number-- > 0 && name < end)
		name += strlen(name) + 1;
	return name < end && *name != '\0' ? name : "?";
}

/*
 * The filter trapped a call, which was not made.  SA_RESETHAND has given the
 * signal its default action back, so that it ends the process: pending as long
 * as this runs, or at once if the filter will not even let it be raised.
 */
static void
on_sigsys(int signo, siginfo_t *info, void *context)
{
	(void)context;
	if (info->si_code == SYS_SECCOMP)
		on_violation(info->si_syscall, call_name(info->si_syscall));
	raise(signo);
}

static bool
handler_set(void)
{
	struct sigaction sa = { .sa_sigaction = on_sigsys,
		.sa_flags = SA_SIGINFO | SA_RESETHAND };
	sigset_t set;

	sigfillset(&sa.sa_mask);
	sigemptyset(&set);
	sigaddset(&set, SIGSYS);
	return sigaction(SIGSYS, &sa, NULL) == 0 &&
	    sigprocmask(SIG_UNBLOCK, &set, NULL) == 0;
}

/* Without Landlock no filter could tell our own program from a shell. */
static const struct sock_filter no_execve[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execve, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

static bool
filter_load(const struct sock_filter *filter, size_t size)
{
	struct sock_fprog program = {
		.len = (unsigned short)(size / sizeof(*filter)),
	};

	/* (The kernel only reads it.) */
	memcpy(&program.filter, &filter, sizeof(filter));
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

/* ---- limits ---- */

static bool
limit_lower(__rlimit_resource_t resource, rlim_t to)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) == -1)
		return false;
	if (limit.rlim_max < to)
		to = limit.rlim_max;
	limit.rlim_cur = limit.rlim_max = to;
	return setrlimit(resource, &limit) == 0;
}

static bool
limits_set(void)
{
#ifndef SANDBOX_INSTRUMENTED /* they need all memory that there is */
	if (!limit_lower(RLIMIT_DATA, SESSION_MEMORY))
		return false;
#endif
	return limit_lower(RLIMIT_NOFILE, SESSION_FILES) &&
	    limit_lower(RLIMIT_CORE, 0);
}

/*
 * Neither a core dump, nor /proc/PID/mem, nor a debugger of the same user gets
 * at passwords in memory.
 */
static bool
memory_close(void)
{
#ifdef SANDBOX_INSTRUMENTED /* the leak checker looks into itself */
	return true;
#else
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
#endif
}

static bool
privileges_drop(const struct sandbox *s, const char **what)
{
	*what = "limits";
	if (!limits_set())
		return false;
	*what = "PR_SET_NO_NEW_PRIVS";
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return false;
	*what = "SIGSYS";
	on_violation = s->violation;
	return handler_set();
}

/* ---- once, for all copies ---- */

static struct {
	bool entered; /* no privileges, filter */
	int version;  /* of Landlock, if rules are known */
	int rules;    /* -1: not known */
	struct landlock_places places;
} prepared = { .rules = -1 };

static bool
is_entered(void)
{
	return prctl(SANDBOX_PROBE, 0, 0, 0, 0) == -1 &&
	    errno == SANDBOX_PROBE_ERROR;
}

static void
rules_prepare(const struct sandbox *s)
{
	struct landlock_places now = landlock_places(s->db, s->runtime_dir);

	if (prepared.rules != -1) {
		if (landlock_places_equal(&prepared.places, &now))
			return;
		close(prepared.rules);
		prepared.rules = -1;
	}
	prepared.places = now;
	prepared.version = landlock_version();
	if (prepared.version > 0)
		prepared.rules =
		    landlock_rules(prepared.version, s->db, s->runtime_dir);
}

void
sandbox_prepare(const struct sandbox *s)
{
	const char *what;

	/* (In that of another, nothing is stacked on it.) */
	if (!prepared.entered)
		prepared.entered = !is_entered() && memory_close() &&
		    privileges_drop(s, &what) &&
		    filter_load(sandbox_forker, sizeof(sandbox_forker));
	if (prepared.entered)
		rules_prepare(s);
}

/* ---- all of it ---- */

/* Sets *version to 0 where there is no Landlock, which is no failure. */
static bool
files_close(const struct sandbox *s, int *version)
{
	int rules = prepared.rules;
	bool ok;

	*version = rules != -1 ? prepared.version : landlock_version();
	if (*version <= 0)
		return *version == 0;
	if (rules == -1)
		rules = landlock_rules(*version, s->db, s->runtime_dir);
	if (rules == -1)
		return false;
	ok = landlock_enter(rules);
	close(rules);
	return ok;
}

static bool
calls_close(void)
{
	return prepared.entered
	    ? filter_load(sandbox_forked, sizeof(sandbox_forked))
	    : filter_load(sandbox_filter, sizeof(sandbox_filter));
}

bool
sandbox_enter(
    const struct sandbox *s, struct sandbox_state *state, const char **what)
{
	state->was_here = !prepared.entered && is_entered();
	state->landlock = 0;
	*what = "PR_SET_DUMPABLE";
	if (!memory_close())
		return false;
	if (state->was_here)
		return true;
	if (!prepared.entered && !privileges_drop(s, what))
		return false;
	*what = "Landlock";
	if (!files_close(s, &state->landlock))
		return false;
	*what = "seccomp";
	return (state->landlock > 0 ||
		   filter_load(no_execve, sizeof(no_execve))) &&
	    calls_close();
}
