/*
 * The queue of writers, as queue.h says.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "futex.h"
#include "memory.h"
#include "queue.h"

int
queue_init(struct queue *q)
{
	pthread_mutexattr_t attr;
	int i, error;

	if ((error = pthread_mutexattr_init(&attr)) != 0)
		return error;
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	for (i = 0; i < QUEUE_PLACES && error == 0; i++)
		error = pthread_mutex_init(&q->owner[i], &attr);
	pthread_mutexattr_destroy(&attr);
	return error;
}

static bool
change(struct queue *q, int place, uint32_t from, enum queue_state to)
{
	return atomic_compare_exchange_strong(&q->state[place], &from, to);
}

/* ---- the owner ---- */

/*
 * Ours, unless its owner died or gave up while somebody has it.  (That one may
 * change the state at any time, so it is only ever changed from what it was.)
 */
static bool
try_claim(struct queue *q, int place, int *had)
{
	int error = pthread_mutex_trylock(&q->owner[place]);

	if (error == EOWNERDEAD)
		error = pthread_mutex_consistent(&q->owner[place]);
	if (error != 0)
		return false;
	/* Whoever is given the place may touch it. */
	if ((place == *had ||
		memory_have(&q->places[place], sizeof(q->places[place]))) &&
	    (atomic_load(&q->state[place]) == QUEUE_FREE ||
		queue_withdraw(q, place) ||
		change(q, place, QUEUE_DONE, QUEUE_FREE))) {
		q->places[place].count = q->places[place].text_len = 0;
		*had = place;
		return true;
	}
	pthread_mutex_unlock(&q->owner[place]);
	return false;
}

int
queue_claim(struct queue *q, int *had)
{
	int i, first = getpid() % QUEUE_PLACES, place;

	for (i = 0; i < QUEUE_PLACES; i++) {
		place = (first + i) % QUEUE_PLACES;
		if (try_claim(q, place, had))
			return place;
	}
	return -1;
}

bool
queue_add(struct queue *q, int place, const char *to, const char *ref,
    const char *body, size_t len)
{
	struct queue_place *p = &q->places[place];
	/* Once: whoever maps the page can write here meanwhile. */
	const uint32_t count = *(volatile uint32_t *)&p->count;
	const uint32_t used = *(volatile uint32_t *)&p->text_len;
	struct queue_message *m;

	if (count >= QUEUE_MESSAGES || used > QUEUE_TEXT ||
	    len > QUEUE_TEXT - used)
		return false;
	m = &p->messages[count];
	memset(m, 0, sizeof(*m));
	if (to != NULL)
		strncpy(m->to, to, USERNAME_MAX);
	if (ref != NULL)
		strncpy(m->ref, ref, REF_MAX);
	m->body = used;
	m->body_len = (uint32_t)len;
	memcpy(p->text + used, body, len);
	p->text_len = used + (uint32_t)len;
	p->count = count + 1;
	return true;
}

void
queue_offer(struct queue *q, int place)
{
	q->places[place].last = 0;
	atomic_store(&q->state[place], QUEUE_WAITING);
}

bool
queue_wait(struct queue *q, int place)
{
	uint32_t state;

	do
		state = atomic_load(&q->state[place]);
	while (state != QUEUE_CALLED && state != QUEUE_DONE &&
	    futex_wait(&q->state[place], state, QUEUE_WAIT));
	return queue_is_done(q, place);
}

void
queue_wait_again(struct queue *q, int place)
{
	change(q, place, QUEUE_CALLED, QUEUE_WAITING);
}

bool
queue_is_done(const struct queue *q, int place)
{
	return atomic_load(&q->state[place]) == QUEUE_DONE;
}

bool
queue_withdraw(struct queue *q, int place)
{
	return change(q, place, QUEUE_WAITING, QUEUE_FREE) ||
	    change(q, place, QUEUE_CALLED, QUEUE_FREE);
}

void
queue_leave(struct queue *q, int place)
{
	pthread_mutex_unlock(&q->owner[place]);
}

/* ---- who stores ---- */

int
queue_take(struct queue *q, int *at)
{
	while (*at < QUEUE_PLACES) {
		int place = (*at)++;

		if (change(q, place, QUEUE_WAITING, QUEUE_BUSY) ||
		    change(q, place, QUEUE_CALLED, QUEUE_BUSY))
			return place;
	}
	return -1;
}

int
queue_orphan(const struct queue *q, int *at)
{
	while (*at < QUEUE_PLACES) {
		int place = (*at)++;

		if (atomic_load(&q->state[place]) == QUEUE_BUSY)
			return place;
	}
	return -1;
}

void
queue_return(struct queue *q, int place)
{
	change(q, place, QUEUE_BUSY, QUEUE_WAITING);
}

void
queue_done(struct queue *q, int place)
{
	change(q, place, QUEUE_BUSY, QUEUE_DONE);
}

/* ---- who has stored ---- */

void
queue_wake(struct queue *q, int place)
{
	futex_wake(&q->state[place], 1);
}

void
queue_call(struct queue *q)
{
	int place;

	for (place = 0; place < QUEUE_PLACES; place++)
		if (change(q, place, QUEUE_WAITING, QUEUE_CALLED)) {
			queue_wake(q, place);
			return;
		}
}
