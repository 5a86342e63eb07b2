/*
 * The shared page: a small file in the runtime directory that every session
 * and the relay map.  It holds the locks between writers, those for hashing
 * passwords, the positions that say how far the log is committed and on disk,
 * counters, and messages until they are stored.  Where it is missing it is made
 * anew from the database.
 */
#ifndef SHARED_H
#define SHARED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <pthread.h>

#include "count.h"
#include "limit.h"
#include "queue.h"

#define SHARED_FILE	"shared"
#define SHARED_MAGIC	0x43686174u /* "Chat" */
#define SHARED_VERSION	5u
#define SHARED_BOOT_MAX 40 /* bytes of a boot's id and its NUL */

/* A lock between processes that outlives the death of its holder. */
struct shared_lock {
	pthread_mutex_t mutex; /* robust, process-shared */
	int32_t unused;	       /* was the holder's pid */
	_Atomic uint32_t turn; /* counts acquisitions */
};

/* Members are only ever added, at the end: sessions of two versions share it. */
struct shared {
	uint32_t magic, version;
	char boot[SHARED_BOOT_MAX];
	_Atomic uint32_t ready;	     /* positions below are valid */
	_Atomic uint32_t generation; /* of the database file */
	uint64_t db_device, db_inode;

	struct shared_lock write; /* around each transaction */
	struct shared_lock sync;  /* around each sync of the WAL */

	_Atomic int64_t committed_id; /* last id of the log */
	_Atomic int64_t synced_id;    /* the same, known on disk */
	_Atomic uint64_t commits;     /* transactions so far */
	_Atomic uint64_t synced_commits;
	_Atomic uint64_t checkpointed; /* commits at the last whole one */
	_Atomic uint32_t sync_failed;  /* until a whole checkpoint */

	/* Version 2: who holds one of these may hash a password. */
	struct shared_lock hash[HASH_SLOTS_MAX];

	/* Version 3: from a line of the processor's cache of its own. */
	_Alignas(64) struct counts counts;

	/* Version 4. */
	struct queue queue;

	/* Version 5: who has it stores for the queue; taken before `write`. */
	struct shared_lock send;
	_Atomic uint32_t syncs; /* so many have ended: who waits is woken */
};

/*
 * Remember the boot's id, so that it is read once in this process and those that
 * it forks.  Before there are threads.
 */
void shared_setup(void);
/* The id of this boot of the machine, empty where there is none. */
void shared_boot_id(char id[SHARED_BOOT_MAX]);

/*
 * Map the page of a runtime directory, making it when missing.  Returns NULL
 * with errno set.  *fd stays open (for shared_gone()).
 */
struct shared *shared_map(const char *runtime_dir, int *fd);
void shared_unmap(struct shared *, int fd);
/*
 * Map a page of this boot for reading alone; NULL with errno set if there is
 * none, EINVAL if it is of an older version.
 */
const struct shared *shared_read(const char *runtime_dir);

/* Whether the page's file was removed: what is mapped is then nobody's. */
bool shared_gone(int fd);

/* What a lock tells of a holder that keeps others waiting. */
typedef void (*shared_notice)(void *arg, const char *text);

/*
 * Milliseconds of a clock that is never set.  It stands still, for the thread,
 * when the thread is stopped for LOCK_ASLEEP ms or more while it waits here.
 */
int64_t shared_now(void);

/*
 * Take a lock, waiting until LOCK_WAIT ms after `since` (shared_now()).  A holder
 * that has kept it for LOCK_STOPPED ms is named through notice(arg, ...), and
 * killed when it is a stopped process.  Returns 0, or ETIMEDOUT.
 */
int shared_lock(struct shared_lock *, int64_t since, shared_notice, void *arg);
/* The same without waiting; whether it is ours. */
bool shared_trylock(struct shared_lock *);
void shared_unlock(struct shared_lock *);

/*
 * For who waits for what the holder of a lock does, and not for the lock: call
 * shared_watch() now and then.  It does to a holder what shared_lock() does;
 * false from LOCK_WAIT ms after `began` on.
 */
struct shared_watch {
	uint32_t turn;	      /* the holder's */
	int64_t began, since; /* ms; since: the last turn that was seen */
	int64_t looked;	      /* the last time */
};
void shared_watch_begin(
    struct shared_watch *, const struct shared_lock *, int64_t began);
bool shared_watch(
    struct shared_watch *, struct shared_lock *, shared_notice, void *arg);

/*
 * Take one of the locks for hashing, of which there are half as many as this
 * process may use processors: a flood of logins leaves the other half alone.
 * Waits at most `wait` ms; NULL if there was none.  A stopped process that has
 * kept one for LOCK_STOPPED ms is killed, and named through notice(arg, ...).
 * Given back with shared_unlock(), by the same thread.
 */
struct shared_lock *
shared_hash_lock(struct shared *, long wait, shared_notice, void *arg);

#endif
