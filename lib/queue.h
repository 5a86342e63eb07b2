/*
 * The queue of writers: who finds that another one stores leaves its messages
 * in a place of the shared page, and the next one who stores takes them all into
 * its own transaction (store-send.c).  So many who write at once make few
 * transactions.  It knows texts and states, nothing of the store.
 *
 * A place is its owner's from queue_claim() to queue_leave(), by a mutex that
 * the kernel gives back when the owner dies.  The state says who may touch what
 * is in it.
 */
#ifndef QUEUE_H
#define QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>

#include "limit.h"

enum queue_state {
	QUEUE_FREE,    /* the owner */
	QUEUE_WAITING, /* nobody: see queue_take() and queue_withdraw() */
	QUEUE_CALLED,  /* the same; the owner is to take the lock by itself */
	QUEUE_BUSY,    /* who stores */
	QUEUE_DONE     /* the owner */
};

struct queue_message {
	/* What is asked. */
	char to[USERNAME_MAX + 1]; /* empty: all */
	char ref[REF_MAX + 1];	   /* empty: none */
	uint32_t body, body_len;   /* in the place's text */
	/* What came of it. */
	int32_t result; /* enum store_result */
	uint32_t again;
	int64_t id, time, recipient_id;
	char sent_to[USERNAME_MAX + 1];
};

/* By pages, of which there are only those in use, most often the first. */
struct queue_place {
	_Alignas(4096) uint32_t count;
	uint32_t text_len;
	uint32_t generation; /* of the database that is meant */
	int64_t user_id, session_id, private_from; /* who sends */
	/* What came of it. */
	int32_t result;	 /* enum store_result */
	int64_t before;	 /* the log's last id before the first message */
	int64_t last;	 /* the last id that was given, 0: none */
	uint64_t commit; /* number of the transaction */
	struct queue_message messages[QUEUE_MESSAGES];
	char text[QUEUE_TEXT];
};

struct queue {
	_Atomic uint32_t state[QUEUE_PLACES]; /* enum queue_state */
	pthread_mutex_t owner[QUEUE_PLACES];  /* robust, process-shared */
	struct queue_place places[QUEUE_PLACES];
};

/* Before anybody uses it.  Returns an errno. */
int queue_init(struct queue *);

/* ---- the owner ---- */

/*
 * A place of one's own, empty; -1 if none is free, or there is no room in the
 * file system for one.  *had is the place that one had before, which is in
 * memory, or -1; since the queue is mapped.
 */
int queue_claim(struct queue *, int *had);
/* Put a message in; to and ref may be NULL.  False if there is no room. */
bool queue_add(struct queue *, int place, const char *to, const char *ref,
    const char *body, size_t len);
/* From now on it may be stored. */
void queue_offer(struct queue *, int place);
/* Wait until it is CALLED or DONE, at most QUEUE_WAIT ms.  Whether it is DONE. */
bool queue_wait(struct queue *, int place);
/* It was called in vain, and may be again. */
void queue_wait_again(struct queue *, int place);
bool queue_is_done(const struct queue *, int place);
/* Take it back.  False if somebody has it, or has stored it. */
bool queue_withdraw(struct queue *, int place);
/* Give it back, in whatever state. */
void queue_leave(struct queue *, int place);

/* ---- who stores: one at a time ---- */

/*
 * The next place from *at on that waits, now BUSY; -1 if there is none.  Start
 * with *at = 0.
 */
int queue_take(struct queue *, int *at);
/* The next that was BUSY already: who took it has died. */
int queue_orphan(const struct queue *, int *at);
/* What was BUSY waits again, or is DONE: then with queue_wake() afterwards. */
void queue_return(struct queue *, int place);
void queue_done(struct queue *, int place);

/* ---- who has stored ---- */

void queue_wake(struct queue *, int place);
/* Somebody waits and nobody stores: one of them is to. */
void queue_call(struct queue *);

#endif
