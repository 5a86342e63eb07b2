/*
 * What the programs count, for chat-metrics(8): in the shared page, so that it
 * outlives each of them.  Counting is one relaxed addition, no lock; without a
 * page nothing is counted.  One thread of a process counts, and opens.
 */
#ifndef COUNT_H
#define COUNT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct shared;

/* Room in the page, for what later versions count. */
#define COUNT_NUMBERS	 32
#define COUNT_ENDS	 32 /* ways in which a connection ended */
#define COUNT_ERRORS	 48 /* codes of ERROR */
#define COUNT_HISTOGRAMS 8
#define COUNT_BUCKETS	 16
#define COUNT_GAUGES	 16
#define COUNT_SAMPLE	 16 /* sessions whose memory is looked at */

/* Each keeps its number for ever: processes of two versions count together. */
enum count_number {
	COUNT_LOGINS,
	COUNT_LOGIN_FAILURES,
	COUNT_STORED,	 /* messages */
	COUNT_RELAYED,	 /* messages that came by datagram */
	COUNT_READ,	 /* messages that were read from the store */
	COUNT_CATCH_UPS, /* times that some had to be read */
	COUNT_RATE_WAITS,
	COUNT_LAGS,
	COUNT_DROPPED, /* datagrams */
	COUNT_BLOCKS_LOGIN,
	COUNT_BLOCKS_FLOOD,
	COUNT_BLOCKS_CONNECTIONS,
	COUNT_BLOCKS_REGISTRATIONS
};

enum count_histogram {
	COUNT_COMMIT,	/* lock, transaction, sync */
	COUNT_DELIVERY, /* from its timestamp to a recipient's session */
	COUNT_HISTORY,	/* query */
	COUNT_CATCH_UP	/* query of one page */
};

/* What the relay says of now, each second. */
enum count_gauge {
	COUNT_UNTIL, /* ms, monotonic: when it will have said so again */
	COUNT_SESSIONS,
	COUNT_USERS,
	COUNT_LAGGING,
	COUNT_BLOCKED_NETWORKS,
	COUNT_BLOCKED_USERS,
	COUNT_RELAY_PID
};

/* The part of the shared page. */
struct counts {
	_Atomic uint64_t numbers[COUNT_NUMBERS];
	_Atomic uint64_t ends[COUNT_ENDS], errors[COUNT_ERRORS];
	struct count_buckets {
		_Atomic uint64_t buckets[COUNT_BUCKETS];
		_Atomic uint64_t sum; /* us */
	} histograms[COUNT_HISTOGRAMS];
	_Atomic int64_t gauges[COUNT_GAUGES];
	_Atomic int32_t sample[COUNT_SAMPLE]; /* pids, 0: none */
};

/* Upper bounds of all buckets but the last, in us. */
extern const uint32_t count_bounds[COUNT_BUCKETS - 1];

/* The word of an end or an error of that number; NULL above the last. */
const char *count_end_name(size_t);
const char *count_error_name(size_t);

/* Count in that directory's page from now on; without success, as before. */
void count_open(const char *runtime_dir);
void count_close(void);
/* The page and its descriptor, until the next of these calls; or NULL. */
struct shared *count_page(int *fd);

void count_add(enum count_number, uint64_t n);
/* By a reason of session_end(), or a code; unknown ones are "other". */
void count_end(const char *reason);
void count_error(const char *code);
void count_observe(enum count_histogram, int64_t us);
void count_set(enum count_gauge, int64_t value);
/* pid of the session to be looked at, in place i of COUNT_SAMPLE. */
void count_sample(size_t i, int32_t pid);

#endif
