/*
 * The shared page and its locks.  The mutexes are robust: when a holder dies,
 * the next one gets the lock and SQLite's own recovery does the rest.
 */
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "limit.h"
#include "memory.h"
#include "monotonic.h"
#include "process.h"
#include "shared.h"

static int
lock_init(struct shared_lock *l)
{
	pthread_mutexattr_t attr;
	int error;

	memset(l, 0, sizeof(*l));
	if ((error = pthread_mutexattr_init(&attr)) != 0)
		return error;
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	error = pthread_mutex_init(&l->mutex, &attr);
	pthread_mutexattr_destroy(&attr);
	return error;
}

/* By shared_setup(); empty: not known. */
static char boot_id[SHARED_BOOT_MAX];

void
shared_setup(void)
{
	shared_boot_id(boot_id);
}

void
shared_boot_id(char id[SHARED_BOOT_MAX])
{
	FILE *f;

	if (boot_id[0] != '\0') {
		memcpy(id, boot_id, SHARED_BOOT_MAX);
		return;
	}
	f = fopen("/proc/sys/kernel/random/boot_id", "re");
	memset(id, 0, SHARED_BOOT_MAX);
	if (f == NULL)
		return;
	if (fgets(id, SHARED_BOOT_MAX, f) != NULL)
		id[strcspn(id, "\n")] = '\0';
	fclose(f);
}

/*
 * A page of a former boot has locks that nobody will ever release.  (The fences
 * belong to those of page_format(): who sees that it is made sees all of it.)
 */
static bool
page_has_locks(const struct shared *page, const char *boot)
{
	bool has = page->magic == SHARED_MAGIC && strcmp(page->boot, boot) == 0;

	atomic_thread_fence(memory_order_acquire);
	return has;
}

static bool
page_has_version(const struct shared *page, const char *boot, uint32_t version)
{
	bool has = page_has_locks(page, boot) && page->version >= version;

	atomic_thread_fence(memory_order_acquire);
	return has;
}

#define PAGE_HEAD offsetof(struct shared, queue.places)

/*
 * Make the file at least as long as we know the page; never shorter.  *whole:
 * all but the places is in it.
 */
static bool
file_extend(int fd, bool *whole)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return false;
	*whole = st.st_blocks * 512 >= (blkcnt_t)PAGE_HEAD;
	return st.st_size >= (off_t)sizeof(struct shared) ||
	    ftruncate(fd, sizeof(struct shared)) == 0;
}

/*
 * Lock the page's file against others who want to make its locks.  Waits at most
 * LOCK_WAIT ms.  Returns false with errno set.
 */
static bool
file_lock(int fd)
{
	const struct timespec pause = { .tv_nsec = FILE_LOCK_STEP * 1000000L };
	long waited;

	/* flock(2) knows no deadline. */
	for (waited = 0; waited < LOCK_WAIT; waited += FILE_LOCK_STEP) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return true;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		nanosleep(&pause, NULL);
	}
	errno = ETIMEDOUT;
	return false;
}

/* What version 2 added. */
static int
hash_slots_init(struct shared *page)
{
	int i, error = 0;

	for (i = 0; i < HASH_SLOTS_MAX && error == 0; i++)
		error = lock_init(&page->hash[i]);
	return error;
}

/* Bring a file that is new, of an older version or another boot, into shape. */
static bool
page_format(struct shared *page, int fd, const char *boot)
{
	bool ok = true;

	if (!file_lock(fd))
		return false;
	if (!page_has_locks(page, boot)) {
		/* (Nobody reads what is left in a place.) */
		memset(page, 0, PAGE_HEAD);
		ok = (errno = lock_init(&page->write)) == 0 &&
		    (errno = lock_init(&page->sync)) == 0;
		memcpy(page->boot, boot, SHARED_BOOT_MAX);
		/* Last: who sees it may use the rest. */
		atomic_thread_fence(memory_order_release);
		if (ok)
			page->magic = SHARED_MAGIC;
	}
	/* What a version adds is at the end, and zero until then. */
	if (ok && page->version < 2)
		ok = (errno = hash_slots_init(page)) == 0;
	if (ok && page->version < 4)
		ok = (errno = queue_init(&page->queue)) == 0;
	if (ok && page->version < 5)
		ok = (errno = lock_init(&page->send)) == 0;
	if (ok && page->version < SHARED_VERSION) {
		atomic_thread_fence(memory_order_release);
		page->version = SHARED_VERSION;
	}
	flock(fd, LOCK_UN);
	return ok;
}

static bool
page_path(char path[PATH_MAX], const char *runtime_dir)
{
	if (snprintf(path, PATH_MAX, "%s/%s", runtime_dir, SHARED_FILE) <
	    PATH_MAX)
		return true;
	errno = ENAMETOOLONG;
	return false;
}

struct shared *
shared_map(const char *runtime_dir, int *fd)
{
	char path[PATH_MAX], boot[SHARED_BOOT_MAX];
	struct shared *page;
	bool whole;
	int saved;

	if (!page_path(path, runtime_dir))
		return NULL;
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd == -1)
		return NULL;
	if (!file_extend(*fd, &whole))
		goto fail;
	page = mmap(
	    NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	if (page == MAP_FAILED)
		goto fail;
	shared_boot_id(boot);
	if ((whole || memory_have(page, PAGE_HEAD)) &&
	    (page_has_version(page, boot, SHARED_VERSION) ||
		page_format(page, *fd, boot)))
		return page;
	munmap(page, sizeof(*page));
fail:
	saved = errno;
	close(*fd);
	*fd = -1;
	errno = saved;
	return NULL;
}

const struct shared *
shared_read(const char *runtime_dir)
{
	char path[PATH_MAX], boot[SHARED_BOOT_MAX];
	struct shared *page = MAP_FAILED;
	struct stat st;
	int fd;

	if (!page_path(path, runtime_dir) ||
	    (fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)) == -1)
		return NULL;
	errno = EINVAL;
	if (fstat(fd, &st) == 0 && st.st_size >= (off_t)sizeof(*page))
		page = mmap(NULL, sizeof(*page), PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (page == MAP_FAILED)
		return NULL;
	shared_boot_id(boot);
	if (page_has_version(page, boot, 3))
		return page;
	munmap(page, sizeof(*page));
	errno = EINVAL;
	return NULL;
}

void
shared_unmap(struct shared *page, int fd)
{
	if (page == NULL)
		return;
	munmap(page, sizeof(*page));
	close(fd);
}

bool
shared_gone(int fd)
{
	struct stat st;

	return fstat(fd, &st) == -1 || st.st_nlink == 0;
}

/*
 * The process that has the lock, 0: none.  It cannot have been stopped before it
 * said so: whose thread it is stands in the word by which the lock is taken,
 * where the kernel looks when that dies (get_robust_list(2)).
 */
static pid_t
holder(const struct shared_lock *l)
{
	int word = __atomic_load_n(&l->mutex.__data.__lock, __ATOMIC_RELAXED);

	return process_of_thread(word & FUTEX_TID_MASK);
}

/* End the holder since `turn`, if it is a stopped process. */
static bool
holder_end(struct shared_lock *l, uint32_t turn, pid_t pid)
{
	bool stopped = pid > 0 && process_is_stopped(pid), ended = false;
	int pidfd;

	if (!stopped)
		return false;
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd == -1)
		return false;
	/* Still the same turn: the pid was the holder's when pidfd was made. */
	if (atomic_load(&l->turn) == turn && holder(l) == pid)
		ended = syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL,
			    0) == 0;
	close(pidfd);
	return ended;
}

/* Name who has kept the lock since `turn`, and end it if it is stopped. */
static void
holder_accuse(
    struct shared_lock *l, uint32_t turn, shared_notice notice, void *arg)
{
	pid_t pid = holder(l);
	bool ended = holder_end(l, turn, pid);
	char text[160];

	if (pid <= 0)
		return;
	snprintf(text, sizeof(text),
	    "process %d has held the store's lock for"
	    " %d s%s",
	    (int)pid, LOCK_STOPPED / 1000,
	    ended ? " and was stopped: ended it" : "");
	if (notice != NULL)
		notice(arg, text);
}

/* ms that this thread could not look, although it was time to. */
static _Thread_local int64_t asleep;

int64_t
shared_now(void)
{
	return monotonic_ms() - asleep;
}

/* Wait for it, so long at most.  Returns what pthread_mutex_clocklock() does. */
static int
lock_await(struct shared_lock *l, long ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	return pthread_mutex_clocklock(&l->mutex, CLOCK_MONOTONIC, &until);
}

/* What pthread_mutex_*lock() said; 0: it is ours. */
static int
lock_taken(struct shared_lock *l, int error)
{
	if (error == EOWNERDEAD)
		error = pthread_mutex_consistent(&l->mutex);
	if (error != 0)
		return error;
	atomic_fetch_add(&l->turn, 1);
	return 0;
}

int
shared_lock(
    struct shared_lock *l, int64_t since, shared_notice notice, void *arg)
{
	struct shared_watch watch;
	int error = pthread_mutex_trylock(&l->mutex);

	if (error == EBUSY)
		shared_watch_begin(&watch, l, since);
	while (error == EBUSY || error == ETIMEDOUT) {
		if (!shared_watch(&watch, l, notice, arg))
			return ETIMEDOUT;
		error = lock_await(l, LOCK_STEP);
	}
	return lock_taken(l, error);
}

bool
shared_trylock(struct shared_lock *l)
{
	return lock_taken(l, pthread_mutex_trylock(&l->mutex)) == 0;
}

void
shared_unlock(struct shared_lock *l)
{
	pthread_mutex_unlock(&l->mutex);
}

void
shared_watch_begin(
    struct shared_watch *w, const struct shared_lock *l, int64_t began)
{
	w->turn = atomic_load(&l->turn);
	w->began = began;
	w->since = w->looked = shared_now();
}

/*
 * Who was stopped itself, as all are when the machine is, blames nobody for
 * the time: the holder may go on only just now.
 */
static int64_t
now_awake(struct shared_watch *w)
{
	int64_t now = shared_now();

	if (now - w->looked >= LOCK_ASLEEP) {
		asleep += now - w->looked;
		now = w->looked;
	}
	w->looked = now;
	return now;
}

bool
shared_watch(struct shared_watch *w, struct shared_lock *l,
    shared_notice notice, void *arg)
{
	uint32_t turn = atomic_load(&l->turn);
	int64_t now = now_awake(w);

	if (turn == w->turn && now - w->since < LOCK_STOPPED)
		return now - w->began < LOCK_WAIT;
	if (turn == w->turn)
		holder_accuse(l, turn, notice, arg);
	w->turn = turn;
	w->since = now;
	return now - w->began < LOCK_WAIT;
}

/* Half of the processors that this process may use, at least one. */
static int
hash_slots(void)
{
	cpu_set_t set;
	int n = 1;

	/* (sysconf(3) would read files that a session must not.) */
	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		n = CPU_COUNT(&set) / 2;
	if (n < 1)
		return 1;
	return n > HASH_SLOTS_MAX ? HASH_SLOTS_MAX : n;
}

/* The first of the slots that is free. */
static struct shared_lock *
hash_trylock(struct shared *page, int slots)
{
	int i;

	for (i = 0; i < slots; i++)
		if (shared_trylock(&page->hash[i]))
			return &page->hash[i];
	return NULL;
}

/* A holder that is stopped would keep its slot for ever. */
static void
hash_accuse(
    struct shared_lock *l, uint32_t turn, shared_notice notice, void *arg)
{
	pid_t pid = holder(l);
	char text[160];

	if (!holder_end(l, turn, pid) || notice == NULL)
		return;
	snprintf(text, sizeof(text),
	    "process %d was stopped while it hashed a password: ended it",
	    (int)pid);
	notice(arg, text);
}

struct shared_lock *
shared_hash_lock(
    struct shared *page, long wait, shared_notice notice, void *arg)
{
	int slots = hash_slots();
	struct shared_lock *mine = &page->hash[getpid() % slots], *l;
	uint32_t turn = atomic_load(&mine->turn);
	long waited, kept = 0;

	l = hash_trylock(page, slots);
	for (waited = 0; l == NULL && waited < wait; waited += HASH_STEP) {
		l = lock_taken(mine, lock_await(mine, HASH_STEP)) == 0
		    ? mine
		    : hash_trylock(page, slots);
		if (atomic_load(&mine->turn) != turn) {
			turn = atomic_load(&mine->turn);
			kept = 0;
		} else if ((kept += HASH_STEP) >= LOCK_STOPPED) {
			hash_accuse(mine, turn, notice, arg);
			kept = 0;
		}
	}
	return l;
}
