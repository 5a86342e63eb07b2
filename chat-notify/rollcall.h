/*
 * The roll call: goes through the sockets in the registry whose sessions are
 * not here.  Those that nobody reads are removed; a relay that has just started
 * sends WHO to the others.  In steps, so that the answers can be read in
 * between.
 */
#ifndef ROLLCALL_H
#define ROLLCALL_H

#include <dirent.h>
#include <stdbool.h>

#include "dgram.h"

#define ROLLCALL_STEP 8 /* sockets; the answers fit into any queue */

struct rollcall {
	const struct dgram_registry *registry;
	/* Whether the session with that socket is here already. */
	bool (*here)(void *arg, const char *name);
	void *arg;
	bool quiet;	/* only remove, send nothing */
	DIR *dir;	/* NULL: not under way */
	int fd;		/* of the registry's directory */
	unsigned asked; /* since the beginning; so many may answer */
};

/*
 * Begin, in the registry's directory (its descriptor is kept), with the members
 * above `dir` set.  False with errno set.
 */
bool rollcall_begin(struct rollcall *, int dirfd);
/* Ask the next ones.  Returns whether there are more. */
bool rollcall_step(struct rollcall *);
void rollcall_end(struct rollcall *);

#endif
