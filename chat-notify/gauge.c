/*
 * What the relay says of now in the shared page, each second: how much there
 * is, and which sessions' memory may be looked at.
 */
#include <unistd.h>

#include "count.h"
#include "notify.h"

/* Others each time, so that all get their turn. */
static void
sample(struct notify *n)
{
	const struct subscribers *all = &n->subscribers;
	unsigned i;

	for (i = 0; i < COUNT_SAMPLE; i++)
		count_sample(i,
		    i < all->count
			? all->list[(n->sampled + i) % all->count]->pid
			: 0);
	n->sampled += COUNT_SAMPLE;
}

void
gauge_set(struct notify *n)
{
	count_set(COUNT_SESSIONS, n->subscribers.registered);
	count_set(COUNT_USERS, n->presence.count);
	count_set(COUNT_LAGGING, n->subscribers.lagging);
	count_set(COUNT_BLOCKED_NETWORKS, n->blocks.nets.n);
	count_set(COUNT_BLOCKED_USERS, n->blocks.users.n);
	count_set(COUNT_RELAY_PID, getpid());
	count_set(COUNT_UNTIL, n->now / 1000 + COUNT_VALID);
	sample(n);
}

void
gauge_end(void)
{
	unsigned i;

	count_set(COUNT_UNTIL, 0);
	for (i = 0; i < COUNT_SAMPLE; i++)
		count_sample(i, 0);
	count_close();
}
