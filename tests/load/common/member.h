/*
 * The clients of chat-chaos.  Each keeps at it whatever happens: it connects
 * again with `resume` and `since` after any loss, sends again what was not
 * acknowledged with the same `ref`, and tells the judge all it hears.
 */
#ifndef MEMBER_H
#define MEMBER_H

#include "conn.h"
#include "judge.h"

#define WINDOW_MAX   64
#define TROUBLES_MAX 32

enum member_drop { DROP_RESET, DROP_CLOSE, DROP_ABANDON };

struct trouble { /* survived, and counted */
	char what[32];
	uint64_t count;
};

struct members {
	/* Set before members_new(). */
	struct conn_target target;
	size_t count;
	size_t senders;		/* the first of them */
	size_t slow;		/* the last of them */
	size_t window;		/* messages each under way */
	double rate;		/* of each a second; 0: any */
	uint32_t limit;		/* messages of each; 0: any */
	unsigned private_share; /* of messages, percent */
	unsigned again_share;	/* sent again though ACKed */
	unsigned patience;	/* seconds without a login */

	bool sending; /* new messages are begun */
	bool done;    /* all reached the limit */
	struct judge *judge;
	size_t ready; /* logged in now */
	uint64_t sent, acked, again, logins;
	uint64_t errors; /* that nothing excuses */
	struct trouble troubles[TROUBLES_MAX];
};

extern struct members members;

void members_new(void);
/* Wait so many milliseconds for something to happen, and deal with it. */
void members_step(int milliseconds);
/* Nothing is under way, and everybody is connected. */
bool members_are_quiet(void);
/* The slow ones stop reading, or go on. */
void members_pause(bool);
/*
 * One loses its connection: by a reset, by closing, or by leaving the old one
 * open without reading it.  Nothing happens to one that is not connected.
 */
void member_drop(size_t, enum member_drop);

#endif
