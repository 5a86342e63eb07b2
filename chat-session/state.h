/*
 * The state of a session as bytes, for the program that takes its place
 * (docs/UPGRADE.md has the format).  Pure.
 */
#ifndef STATE_H
#define STATE_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

struct session;

#define STATE_VERSION	1 /* of what is written */
#define STATE_BYTES_MAX (8 * 1024 * 1024)
#define STATE_WHY_MAX	128

/*
 * Append what has to outlive the program.  False, and nothing appended, if so
 * much waits for the client, or from it, that state_read() would not take it.
 */
bool state_write(const struct session *, struct buf *out);

/*
 * Fill in what was written by this program or an earlier one; all else in the
 * session stays as it is.  False with a reason in why, and nothing changed, if
 * the bytes are no state or one of a version that is not known.
 */
bool state_read(
    struct session *, const void *data, size_t len, char why[STATE_WHY_MAX]);

#endif
