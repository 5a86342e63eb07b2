/*
 * What the lines say that clients of the crowd get.
 */
#ifndef SAID_H
#define SAID_H

#include "judge.h"
#include "wire.h"

struct said {
	struct judge_heard heard; /* when it is a MESSAGE */
	struct wire ev;
};

/*
 * Read what the dialect's next() gave, and answer it if need be.  NULL: it is
 * nothing that this server says.  Valid until the next call.
 */
const struct said *said_read(char *line, size_t n, struct buf *out);

#endif
