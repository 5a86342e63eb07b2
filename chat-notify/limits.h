/*
 * The counts by source: connections at once and a minute, and offences (wrong
 * passwords, flooding, registrations), which cost waiting and in the end a
 * block.  A source is what net_source() says.  Pure: no I/O and no clock; times
 * are milliseconds of any clock that does not step.
 *
 * At most SOURCES_MAX sources are kept in mind.  One more takes the place of
 * the one that was heard of least lately and has no connection; when all have
 * one, a newcomer is let in without being counted by its source.
 */
#ifndef LIMITS_H
#define LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "limit.h"
#include "net.h"

struct limits_options {
	long max_connections;	 /* of all */
	long source_connections; /* of one, 0: any number */
	long source_rate;	 /* new ones a minute of one, 0: any number */
	long login_failures;	 /* offences until a block, 0: never */
	struct net_list trusted; /* none of these has a source */
	uint64_t seed;		 /* random: places in the table are secret */
};

struct limits_source {
	struct limits_source *next;	     /* in its chain */
	struct limits_source *older, *newer; /* among those without any */
	struct net_addr addr;
	unsigned connections;
	int64_t rate;	  /* until then all connections are paid for */
	int64_t offences; /* until then all offences are remembered */
	int64_t wait;	  /* nobody may try before */
	uint64_t prints[LOGIN_REMEMBERED];
	unsigned nprints;
};

struct limits {
	struct limits_options options;
	unsigned connections; /* of all, trusted ones as well */
	struct limits_source *sources, **chains;
	unsigned used;
	struct limits_source *oldest, *newest; /* without connections */
};

enum limits_verdict {
	LIMITS_OK,
	LIMITS_FULL,  /* there are max_connections */
	LIMITS_MANY,  /* too many of this source at once */
	LIMITS_OFTEN, /* too many of this source in a minute */
	LIMITS_BLOCK  /* it is enough: block the source */
};

struct limits_answer {
	enum limits_verdict verdict;
	int64_t wait;		      /* ms */
	bool nearly_full;	      /* of all connections */
	struct limits_source *source; /* of limits_enter(); NULL: trusted */
};

void limits_init(struct limits *, const struct limits_options *);
void limits_free(struct limits *);

/*
 * A connection came, from an address or (NULL) from this machine.  With LIMITS_OK
 * it is counted until limits_leave() with the answer's source; `wait` is how
 * long it is to be kept waiting because of earlier offences.  With LIMITS_OFTEN
 * `wait` is when to come again.  With `again` it is here already, and counted
 * without being judged.
 */
struct limits_answer
limits_enter(struct limits *, const struct net_addr *, bool again, int64_t now);
void limits_leave(struct limits *, struct limits_source *);

/* From NEARLY_FULL percent on. */
bool limits_nearly_full(const struct limits *);

/*
 * A wrong password came from a source (NULL: trusted, all is well).  The print
 * stands for user and password: one that is remembered costs the least wait and
 * is no further offence.  LIMITS_BLOCK forgets all offences.
 */
struct limits_answer limits_login(
    struct limits *, struct limits_source *, uint64_t print, int64_t now);
/* A client of the source has flooded for FLOOD_TIME, or registered a name. */
struct limits_answer
limits_offence(struct limits *, struct limits_source *, int64_t now);

#endif
