/*
 * The roll call of a relay that has just started: every socket in the registry
 * whose session is not here is sent WHO, those that nobody reads are removed.
 * In steps, so that the answers can be read in between.
 */
#ifndef ROLLCALL_H
#define ROLLCALL_H

#include <dirent.h>
#include <stdbool.h>

#include "dgram.h"

#define ROLLCALL_STEP	8	/* sockets; the answers fit into any queue */

struct rollcall {
	const struct dgram_registry *registry;
	/* Whether the session with that socket is here already. */
	bool	(*here)(void *arg, const char *name);
	void	*arg;
	DIR	*dir;		/* NULL: not under way */
	int	 fd;		/* of the registry's directory */
};

/*
 * Begin, in the registry's directory (its descriptor is kept), with the first
 * three members set.  False with errno set.
 */
bool	 rollcall_begin(struct rollcall *, int dirfd);
/* Ask the next ones.  Returns whether there are more. */
bool	 rollcall_step(struct rollcall *);
void	 rollcall_end(struct rollcall *);

#endif
