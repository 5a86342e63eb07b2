/*
 * The sandbox that a session locks itself in before it reads a byte: no new
 * privileges, resource limits, nobody may look into its memory, Landlock for
 * files and networks, seccomp for system calls.  docs/SANDBOX.md says what
 * each is for, what it costs and what it does not do.
 */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <stdbool.h>

/* A prctl(2) of ours that the filter alone answers, and with what. */
#define SANDBOX_PROBE	    0x43686174 /* "Chat" */
#define SANDBOX_PROBE_ERROR EALREADY

struct sandbox {
	/*
	 * What it may read and write: the database's file and the runtime
	 * directory, which need not exist.  NULL: neither.
	 */
	const char *db, *runtime_dir;
	/*
	 * Called in a signal handler, once, before a forbidden system call
	 * ends the process with SIGSYS.  It must not allocate memory.
	 */
	void (*violation)(int number, const char *name);
};

/* How much of it there is: whoever enters may log this. */
struct sandbox_state {
	int landlock;  /* version of the kernel's Landlock, 0: it has none */
	bool was_here; /* entered before this program was executed */
};

/*
 * For a process that forks itself for each client: do now what is the same for
 * all copies.  It is in the sandbox then, but for what it needs to go on with
 * that, and for files; a copy takes the rest upon itself by sandbox_enter().
 * Call it before each fork: what has to be done again, since a directory was
 * replaced, is.  What fails will fail, and be told, in sandbox_enter().
 */
void sandbox_prepare(const struct sandbox *);
/*
 * Enter it, for good: children and programs executed later stay in it.  In a
 * program that was executed by one inside, nothing is stacked on what is there;
 * a violation then ends the process without a word of its own.  Call it while
 * there is one thread.  Returns false with errno set; *what then names what
 * could not be done.
 */
bool sandbox_enter(
    const struct sandbox *, struct sandbox_state *, const char **what);

#endif
