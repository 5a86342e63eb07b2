/*
 * Preloaded into a chat-session by tests/150-sandbox.bats: at the session's
 * first ppoll(2), that is, in its sandbox and before it has read a byte, this
 * does what the words of $CHAT_TEST_FORBIDDEN say, as if somebody had taken
 * the session over; with $CHAT_TEST_WHEN, once that file is there; with
 * $CHAT_TEST_COPY, in copies that a listening one makes.  What it was told is on
 * standard error, one line a word: "WORD: done" or "WORD: errno N".
 */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORDS "CHAT_TEST_FORBIDDEN"

int ppoll(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);
int __ppoll_chk(
    struct pollfd *, nfds_t, const struct timespec *, const sigset_t *, size_t);

static pid_t parent, loaded;

/* Once, while it is allowed to ask: a program run anew finds the answer. */
__attribute__((constructor)) static void
parent_find(void)
{
	const char *known = getenv("CHAT_TEST_PARENT");
	char number[24];

	loaded = getpid();
	parent = known != NULL ? (pid_t)atoi(known) : getppid();
	snprintf(number, sizeof(number), "%d", (int)parent);
	setenv("CHAT_TEST_PARENT", number, 1);
}

static long
inet(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static long
netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW, 0);
}

static long
trace(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static long
process(void)
{
	/* (fork() blocks signals for a moment, since glibc 2.41 all of them.) */
	long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return pid;
}

/* As fork() asks for it. */
static long
copy(void)
{
	long pid = syscall(SYS_clone,
	    CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return pid;
}

static long
client_take(void)
{
	return accept4(0, NULL, NULL, SOCK_CLOEXEC);
}

static long
descriptor_copy(void)
{
	return dup2(0, 1);
}

static long
filter(void)
{
	return syscall(SYS_seccomp, 0, 0, NULL);
}

static long
rules(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
}

static long
user(void)
{
	return setresuid(getuid(), getuid(), getuid());
}

static long
signal_other(void)
{
	return kill(parent, 0);
}

static long
pidfd_term(void)
{
	return syscall(SYS_pidfd_send_signal, 0, SIGTERM, NULL, 0);
}

static long
memory_both(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? -1 : 0;
}

static long
memory_later(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

static long
terminal(void)
{
	char c = 'x';

	return ioctl(0, TIOCSTI, &c);
}

static long
option(void)
{
	int on = 1;

	return setsockopt(0, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
}

static long
other_memory(void)
{
	return process_vm_readv(parent, NULL, 0, NULL, 0, 0);
}

static long
name_set(void)
{
	return prctl(PR_SET_NAME, "cat", 0, 0, 0);
}

static long
dumpable(void)
{
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static long namespace(void)
{
	return unshare(CLONE_NEWUSER);
}

static long
limit_raise(void)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	return setrlimit(RLIMIT_NOFILE, &limit);
}

static long
file_rename(void)
{
	return rename(getenv("CHAT_DB"), "elsewhere");
}

static long
directory(void)
{
	return mkdir(getenv("CHAT_TEST_ID"), 0700);
}

/* The kernel looks at 32 bits of it. */
static long
handler_hidden(void)
{
	return syscall(
	    SYS_rt_sigaction, SIGSYS | 1L << 32, NULL, NULL, _NSIG / 8);
}

static long
handler(void)
{
	struct sigaction sa = { .sa_handler = SIG_IGN };

	return sigaction(SIGSYS, &sa, NULL);
}

static long
thread3(void)
{
	return syscall(SYS_clone3, NULL, 0);
}

static long
passwd(void)
{
	return open("/etc/passwd", O_RDONLY);
}

static long
listing(void)
{
	return open("/proc", O_RDONLY | O_DIRECTORY);
}

static long
outside(void)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s.outside", getenv("CHAT_TEST_ID"));
	return open(path, O_WRONLY | O_CREAT, 0600);
}

static long
inside(void)
{
	char path[PATH_MAX];
	int fd;

	snprintf(
	    path, sizeof(path), "%s/data/chat.db-x", getenv("CHAT_TEST_ID"));
	fd = open(path, O_RDWR | O_CREAT, 0600);
	return fd == -1 ? -1 : unlink(path);
}

static long
shell(void)
{
	char *argv[] = { NULL, NULL };

	argv[0] = strdup("sh");
	return execv("/bin/sh", argv);
}

static long
parents_memory(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)parent);
	return open(path, O_RDONLY);
}

/* More than SESSION_MEMORY, and more than SESSION_FILES. */
static long
memory_much(void)
{
	void *p = mmap(NULL, (size_t)256 << 20, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? -1 : 0;
}

static long
files_many(void)
{
	int fd;

	while ((fd = open("/dev/null", O_RDONLY)) != -1)
		if (fd >= 64)
			return fd;
	return -1;
}

static void *
work(void *arg)
{
	void *p;

	*(long *)arg = setpriority(PRIO_PROCESS, (id_t)gettid(), 10);
	p = malloc(100000);
	free(p);
	return NULL;
}

/* What hashes a password. */
static long
thread(void)
{
	pthread_t t;
	long result = -1;

	errno = pthread_create(&t, NULL, work, &result);
	if (errno == 0)
		errno = pthread_join(t, NULL);
	return errno == 0 ? result : -1;
}

/* How many filters there are. */
static long
state(void)
{
	char line[256];
	FILE *f = fopen("/proc/self/status", "r");

	if (f == NULL)
		return -1;
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "Seccomp", 7) == 0 ||
		    strncmp(line, "NoNewPrivs", 10) == 0)
			fputs(line, stderr);
	fclose(f);
	return 0;
}

static long
again(void)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *argv[] = { path, NULL };

	path[n > 0 ? n : 0] = '\0';
	return execv(path, argv);
}

static const struct {
	const char *word;
	long (*run)(void);
} deeds[] = { { "inet", inet }, { "netlink", netlink }, { "trace", trace },
	{ "process", process }, { "copy", copy }, { "take", client_take },
	{ "descriptor", descriptor_copy }, { "filter", filter },
	{ "rules", rules }, { "user", user }, { "signal", signal_other },
	{ "pidfd", pidfd_term }, { "memory-both", memory_both },
	{ "memory-later", memory_later }, { "terminal", terminal },
	{ "option", option }, { "other-memory", other_memory },
	{ "name", name_set }, { "dumpable", dumpable },
	{ "namespace", namespace }, { "limit", limit_raise },
	{ "rename", file_rename }, { "directory", directory },
	{ "handler-hidden", handler_hidden }, { "handler", handler },
	{ "thread3", thread3 }, { "passwd", passwd }, { "listing", listing },
	{ "outside", outside }, { "inside", inside }, { "shell", shell },
	{ "parents-memory", parents_memory }, { "memory-much", memory_much },
	{ "files-many", files_many }, { "thread", thread }, { "state", state },
	{ "again", again } };

/* The rest of the words is in the environment before each: see again(). */
static void
words_do(void)
{
	char *words = getenv(WORDS), word[32], *rest;
	size_t n;

	while (words != NULL && *words != '\0') {
		n = strcspn(words, " ");
		snprintf(word, sizeof(word), "%.*s", (int)n, words);
		rest = strdup(words + n + (words[n] == ' '));
		setenv(WORDS, rest, 1);
		free(rest);
		for (n = 0; n < sizeof(deeds) / sizeof(deeds[0]); n++)
			if (strcmp(deeds[n].word, word) == 0)
				break;
		if (n == sizeof(deeds) / sizeof(deeds[0]))
			fprintf(stderr, "%s: unknown\n", word);
		else if (deeds[n].run() == -1)
			fprintf(stderr, "%s: errno %d\n", word, errno);
		else
			fprintf(stderr, "%s: done\n", word);
		words = getenv(WORDS);
	}
}

int
ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
    const sigset_t *mask)
{
	static int (*real)(
	    struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);
	void *symbol;

	if (real == NULL) {
		symbol = dlsym(RTLD_NEXT, "ppoll");
		memcpy(&real, &symbol, sizeof(real));
	}
	if ((getenv("CHAT_TEST_COPY") == NULL || getpid() != loaded) &&
	    (getenv("CHAT_TEST_WHEN") == NULL ||
		access(getenv("CHAT_TEST_WHEN"), F_OK) == 0))
		words_do();
	return real(fds, n, timeout, mask);
}

int
__ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
    const sigset_t *mask, size_t size)
{
	(void)size;
	return ppoll(fds, n, timeout, mask);
}
