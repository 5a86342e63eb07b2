/*
 * chat-metrics: what its parts offer each other.
 */
#ifndef METRICS_H
#define METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "config.h"

/* Which of two formats that hardly differ. */
enum format { PROMETHEUS, OPENMETRICS };

/* ---- expose.c: families and samples in either format ---- */

struct expose {
	struct buf *out;
	enum format format;
	const char *name; /* of the family at hand */
	enum family_type { GAUGE, COUNTER, HISTOGRAM, INFO } type;
};

/* Begin a family; unit NULL: none.  Its samples follow. */
void expose_family(struct expose *, enum family_type, const char *name,
    const char *unit, const char *help);
/* One sample; label NULL: without one.  Values are words of ours. */
void expose_int(struct expose *, const char *label, const char *value, int64_t);
/* A histogram: n buckets in us, the last without a bound, and their sum. */
void expose_histogram(struct expose *, const uint32_t *bounds,
    const uint64_t *buckets, unsigned n, uint64_t sum);
void expose_end(struct expose *);

/* ---- gather.c ---- */

/*
 * Everything that there is to tell, of now.  What cannot be read is left out.
 * It looks at the memory of processes, so it comes before drop_rights().
 */
void gather(const struct config *, enum format, struct buf *out);

/* ---- memory.c ---- */

/* The proportional set size of a process called so, in bytes; -1 if none. */
int64_t memory_pss(int32_t pid, const char *name);

/* ---- http.c ---- */

/*
 * Answer one request on a connected socket with one of the two, within
 * HTTP_WAIT.  Returns the status that was sent, 0 if none could be.
 */
int http_answer(
    int fd, const struct buf *prometheus, const struct buf *openmetrics);

#endif
