/*
 * The shared page: its file, and bringing it into shape.  How its locks are taken
 * is in shared-lock.c.
 */
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "limit.h"
#include "memory.h"
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
#define PAGE_TAIL offsetof(struct shared, send)

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

/* What version 5 added, in memory of its own: behind the places. */
static bool
send_init(struct shared *page)
{
	return memory_have(&page->send, sizeof(*page) - PAGE_TAIL) &&
	    (errno = lock_init(&page->send)) == 0;
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
		ok = send_init(page);
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
