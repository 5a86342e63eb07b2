/*
 * Runs at build time: writes the system calls that a session may make, as a
 * program for the kernel (seccomp(2)), into a header for lib/sandbox.c; and as
 * two for one that is forked: what the forker may do, and what the copy, having
 * it from there, gives up.  So libseccomp is needed to build, and by no process
 * that serves a client.
 *
 *	filter [--instrumented] >sandbox-filter.h
 *
 * What is in no list traps: the process says which call it was and dies.
 */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <seccomp.h>

#include "sandbox.h"

#define NAMES 1024 /* numbers above are called by no name */

/*
 * By themselves harmless: what they do is done to descriptors, memory and
 * paths, which Landlock and the absence of other calls keep in bounds.  Names
 * that a processor does not have are left out there.
 */
static const char *const allowed[] = {
	/* The client, the relay, files. */
	"read", "write", "pread64", "pwrite64", "lseek", "close", "openat",
	"fstat", "newfstatat", "access", "faccessat", "unlink", "unlinkat",
	"readlink", "readlinkat", "getcwd", "ftruncate", "fsync", "fdatasync",
	"flock", "fchmod", "fchown", "umask", "poll", "ppoll", "connect",
	"bind", "sendto", "sendmsg", "recvfrom", "recvmsg", "shutdown",
	"getsockname", "getpeername", "getsockopt", "pidfd_open",
	/* Memory and time. */
	"munmap", "mremap", "brk", "madvise", "futex", "clock_gettime",
	"clock_nanosleep", "nanosleep", "gettimeofday", "restart_syscall",
	"getrandom",
	/* The process itself, its threads, and its program run anew. */
	"getpid", "gettid", "getuid", "geteuid", "rt_sigprocmask",
	"rt_sigreturn", "set_robust_list", "set_tid_address", "rseq",
	"arch_prctl", "sched_getaffinity", "setpriority", "execve", "wait4",
	"waitid", /* posix_spawn(3) of glibc 2.41, when there was no program */
	"exit", "exit_group"
};

/* Allowed with these arguments alone. */
static const struct checked {
	const char *name;
	unsigned int count;
	struct scmp_arg_cmp args[2];
} checked[] = {
	/* No network but that of this machine. */
	{ "socket", 1, { { 0, SCMP_CMP_EQ, AF_UNIX, 0 } } },
	{ "setsockopt", 2,
	    { { 1, SCMP_CMP_EQ, SOL_SOCKET, 0 },
		{ 2, SCMP_CMP_EQ, SO_SNDBUF, 0 } } },
	{ "setsockopt", 2,
	    { { 1, SCMP_CMP_EQ, SOL_SOCKET, 0 },
		{ 2, SCMP_CMP_EQ, SO_PASSCRED, 0 } } },
	{ "setsockopt", 2,
	    { { 1, SCMP_CMP_EQ, IPPROTO_TCP, 0 },
		{ 2, SCMP_CMP_EQ, TCP_NODELAY, 0 } } },
	/* What is not confirmed by the client's machine; isatty(3). */
	{ "ioctl", 1, { { 1, SCMP_CMP_EQ, TIOCOUTQ, 0 } } },
	{ "ioctl", 1, { { 1, SCMP_CMP_EQ, TCGETS, 0 } } },
	{ "fcntl", 1, { { 1, SCMP_CMP_EQ, F_GETFD, 0 } } },
	{ "fcntl", 1, { { 1, SCMP_CMP_EQ, F_SETFD, 0 } } },
	{ "fcntl", 1, { { 1, SCMP_CMP_EQ, F_GETFL, 0 } } },
	{ "fcntl", 1, { { 1, SCMP_CMP_EQ, F_SETFL, 0 } } },
	{ "fcntl", 1, { { 1, SCMP_CMP_EQ, F_GETLK, 0 } } },
	{ "fcntl", 1, { { 1, SCMP_CMP_EQ, F_SETLK, 0 } } },
	/* Memory that can be executed comes from files, and is never made. */
	{ "mmap", 1, { { 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0 } } },
	{ "mmap", 2,
	    { { 2, SCMP_CMP_MASKED_EQ, PROT_EXEC | PROT_WRITE, PROT_EXEC },
		{ 3, SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, 0 } } },
	{ "mprotect", 1, { { 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0 } } },
	/* Threads; and processes that execute something at once, since their
	 * parent waits for that: posix_spawn(3). */
	{ "clone", 1,
	    { { 0, SCMP_CMP_EQ, CLONE_VM | CLONE_VFORK | SIGCHLD, 0 } } },
	{ "clone", 1,
	    { { 0, SCMP_CMP_MASKED_EQ, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD,
		CLONE_VM | CLONE_SIGHAND | CLONE_THREAD } } },
	/* The stopped holder of a lock is ended; abort(3) ends this process. */
	{ "pidfd_send_signal", 1, { { 1, SCMP_CMP_EQ, 0, 0 } } },
	{ "pidfd_send_signal", 1, { { 1, SCMP_CMP_EQ, SIGKILL, 0 } } },
	{ "tgkill", 1, { { 2, SCMP_CMP_EQ, SIGABRT, 0 } } },
	/* Limits are read, not set. */
	{ "prlimit64", 1, { { 2, SCMP_CMP_EQ, 0, 0 } } },
	/* execve(2) has made it dumpable again. */
	{ "prctl", 2,
	    { { 0, SCMP_CMP_EQ, PR_SET_DUMPABLE, 0 },
		{ 1, SCMP_CMP_EQ, 0, 0 } } },
	/* Any but SIGSYS (31): 1 to 30, 32 to 63, and 64. */
	{ "rt_sigaction", 1, { { 0, SCMP_CMP_LT, SIGSYS, 0 } } },
	{ "rt_sigaction", 1,
	    { { 0, SCMP_CMP_MASKED_EQ, ~(scmp_datum_t)31, 32 } } },
	{ "rt_sigaction", 1, { { 0, SCMP_CMP_EQ, 64, 0 } } },
};

/* Answered with an error, for whoever has another way then. */
static const struct refused {
	struct checked rule;
	int error;
} refused[] = {
	/* Its flags are in memory, where no filter sees them: clone(2). */
	{ { "clone3", 0, { { 0, SCMP_CMP_EQ, 0, 0 } } }, ENOSYS },
	/* The program run anew sets it as well; the answer to a violation
	 * must not be for sale. */
	{ { "rt_sigaction", 1, { { 0, SCMP_CMP_EQ, SIGSYS, 0 } } }, EPERM },
	/* How is_entered() of sandbox.c knows this filter from any other. */
	{ { "prctl", 1, { { 0, SCMP_CMP_EQ, SANDBOX_PROBE, 0 } } },
	    SANDBOX_PROBE_ERROR },
};

/*
 * Of a process that listens and forks itself for each client: to take it, to
 * make the copy, and for the copy to become a session, which takes it back.
 */
static const char *const forker[] = { "accept4", "dup2", "dup3", "setgroups",
	"setresgid", "setresuid", "faccessat2", "landlock_create_ruleset",
	"landlock_add_rule", "landlock_restrict_self", "seccomp" };

static const struct checked forker_clone = { "clone", 1,
	{ { 0, SCMP_CMP_EQ, CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD,
	    0 } } };

/*
 * What sanitizers, coverage and valgrind need: never in a program that is
 * meant to be used.
 */
static const char *const instrumented[] = { "clone", "dup", "fcntl", "fork",
	"getdents", "getdents64", "getpgrp", "getppid", "getrlimit", "gettid",
	"ioctl", "kill", "mkdir", "mkdirat", "mmap", "mprotect", "open", "pipe",
	"pipe2", "prlimit64", "process_vm_readv", "ptrace", "readv",
	"rt_sigpending", "rt_sigsuspend", "rt_sigtimedwait", "sched_yield",
	"sigaltstack", "stat", "statx", "sysinfo", "tgkill", "time", "times",
	"tkill", "uname", "writev" };

/* All but the question by which the program run anew knows the filter. */
static const struct checked instrumented_prctl = { "prctl", 1,
	{ { 0, SCMP_CMP_NE, SANDBOX_PROBE, 0 } } };

static void
check(int error, const char *name)
{
	if (error == 0)
		return;
	errno = -error;
	err(1, "%s", name);
}

/* The call's number; negative where this processor does not have it. */
static int
number_of(const char *name)
{
	int number = seccomp_syscall_resolve_name(name);

	if (number == __NR_SCMP_ERROR)
		errx(1, "no system call is called %s", name);
	return number;
}

static void
add(scmp_filter_ctx ctx, uint32_t action, const struct checked *c)
{
	int number = number_of(c->name);

	if (number >= 0)
		check(seccomp_rule_add_exact_array(
			  ctx, action, number, c->count, c->args),
		    c->name);
}

static void
add_all(scmp_filter_ctx ctx, uint32_t action, const char *const names[],
    size_t count)
{
	struct checked c = { .count = 0 };

	for (size_t i = 0; i < count; i++) {
		c.name = names[i];
		add(ctx, action, &c);
	}
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool
is_instrumented(const char *name)
{
	for (size_t i = 0; i < COUNT(instrumented); i++)
		if (strcmp(instrumented[i], name) == 0)
			return true;
	return false;
}

static scmp_filter_ctx
filter_begin(uint32_t otherwise)
{
	scmp_filter_ctx ctx = seccomp_init(otherwise);

	if (ctx == NULL)
		errx(1, "seccomp_init");
	check(seccomp_attr_set(
		  ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS),
	    "SCMP_FLTATR_ACT_BADARCH");
	/* A tree instead of a list: fewer steps for each call. */
	check(seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2),
	    "SCMP_FLTATR_CTL_OPTIMIZE");
	return ctx;
}

static void
add_forker(scmp_filter_ctx ctx, uint32_t action, bool extended)
{
	add_all(ctx, action, forker, COUNT(forker));
	if (!extended || !is_instrumented(forker_clone.name))
		add(ctx, action, &forker_clone);
}

static scmp_filter_ctx
filter_make(bool extended)
{
	scmp_filter_ctx ctx = filter_begin(SCMP_ACT_TRAP);

	add_all(ctx, SCMP_ACT_ALLOW, allowed, COUNT(allowed));
	if (extended) {
		add_all(ctx, SCMP_ACT_ALLOW, instrumented, COUNT(instrumented));
		add(ctx, SCMP_ACT_ALLOW, &instrumented_prctl);
	}
	for (size_t i = 0; i < COUNT(checked); i++)
		if (!extended || !is_instrumented(checked[i].name))
			add(ctx, SCMP_ACT_ALLOW, &checked[i]);
	for (size_t i = 0; i < COUNT(refused); i++)
		if (!extended || !is_instrumented(refused[i].rule.name))
			add(ctx, SCMP_ACT_ERRNO((uint32_t)refused[i].error),
			    &refused[i].rule);
	return ctx;
}

static void
instruction_write(const struct sock_filter *f)
{
	printf("\t{ 0x%02x, %u, %u, 0x%08xU },\n", (unsigned int)f->code,
	    (unsigned int)f->jt, (unsigned int)f->jf, (unsigned int)f->k);
}

/*
 * A tracer that injects an error makes the call number -1, which no process
 * can do harm with: that is let pass before anything else is looked at.
 */
static void
filter_write(const char *name, scmp_filter_ctx ctx)
{
	static const struct sock_filter traced[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)-1, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	FILE *program = tmpfile();
	struct sock_filter f;

	if (program == NULL)
		err(1, "tmpfile");
	check(seccomp_export_bpf(ctx, fileno(program)), "seccomp_export_bpf");
	rewind(program);
	printf("static const struct sock_filter %s[] = {\n", name);
	for (size_t i = 0; i < COUNT(traced); i++)
		instruction_write(&traced[i]);
	while (fread(&f, sizeof(f), 1, program) == 1)
		instruction_write(&f);
	puts("};\n");
	fclose(program);
	seccomp_release(ctx);
}

/* All names in the order of their numbers, without relocations. */
static void
names_write(void)
{
	int last = 0;

	puts("static const char sandbox_names[] =");
	for (int n = 0; n < NAMES; n++) {
		char *name =
		    seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, n);

		if (name == NULL)
			continue;
		for (; last < n; last++)
			puts("\t\"\\0\"");
		printf("\t\"%s\"\n", name);
		free(name);
	}
	puts("\t;");
}

int
main(int argc, char **argv)
{
	bool extended = argc == 2 && strcmp(argv[1], "--instrumented") == 0;
	scmp_filter_ctx ctx;

	if (argc > 1 && !extended)
		errx(1, "usage: filter [--instrumented]");
	filter_write("sandbox_filter", filter_make(extended));
	ctx = filter_make(extended);
	add_forker(ctx, SCMP_ACT_ALLOW, extended);
	filter_write("sandbox_forker", ctx);
	ctx = filter_begin(SCMP_ACT_ALLOW);
	add_forker(ctx, SCMP_ACT_TRAP, extended);
	filter_write("sandbox_forked", ctx);
	names_write();
	if (fflush(stdout) == EOF || ferror(stdout))
		err(1, "standard output");
	return 0;
}
