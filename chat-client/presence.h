/*
 * Who came and who left in one line of a conversation, so that a crowd at the
 * door does not push away what is said.  Pure.
 */
#ifndef PRESENCE_H
#define PRESENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "limit.h"

/* One who came or left: how it was before the line, and is now. */
struct comer {
	char name[USERNAME_MAX + 1];
	bool was, is; /* online */
};

struct presence_run {
	uint64_t serial; /* of the entry that shows it, 0: none does */
	int64_t time;	 /* of the first, in ms since 1970 */
	struct comer *comers;
	size_t len;
};

/* Begin anew; also frees what it has. */
void presence_reset(struct presence_run *);

/*
 * Take one more, with a name that is sanitised.  Returns false, with nothing
 * changed, if the line has as many as it may have or is too old for it.
 */
bool presence_add(
    struct presence_run *, const char *name, bool online, int64_t time);

/*
 * Append the line: "joined: a, b - left: c - came and went: d - came back: e"
 * (with middle dots), of each no more names than COMERS_SHOWN_MAX.
 */
void presence_tell(const struct presence_run *, struct buf *);

#endif
