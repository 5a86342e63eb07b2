/*
 * One client asks for history, again and again.
 */
#ifndef HISTORY_H
#define HISTORY_H

#include "clock.h"

struct history {
	/* Of the last answer. */
	size_t messages;
	size_t pages;

	struct hist answer;
};

extern struct history history;

/* Ask so many times for the latest `limit` messages to all. */
void history_run(long fetches, long limit);

#endif
