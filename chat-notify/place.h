/*
 * The relay's place: the runtime directory with the registry in it, the lock
 * that says that a relay is there, and the socket that sessions send to.  All
 * of it may be removed and made again under a running relay.
 */
#ifndef PLACE_H
#define PLACE_H

#include <sys/types.h>

#include <stdbool.h>

#include "config.h"
#include "dgram.h"

struct place {
	struct dgram_registry registry;
	int sessions; /* its directory, locked */
	int fd;	      /* the socket */
	bool handed;  /* it can start us again */
	bool told;    /* that the socket, or sessions/, is gone */
	dev_t device; /* of the socket's file */
	ino_t inode;
};

/*
 * Make what is missing (of the runtime directory only its last component), take
 * the lock, take or bind the socket.  Returns 0; PLACE_GIVEN_UP when a signal
 * ended the wait for the directory; or the exit status: EX_CONFIG with the reason
 * in error, others with the reason logged.
 */
#define PLACE_GIVEN_UP (-1)
int place_open(
    struct place *, const char *runtime_dir, char error[CONFIG_ERROR_MAX]);

/*
 * If the socket's file or sessions/ is not ours any more, take the place anew.
 * Returns whether that was done: fd and sessions may be others now.
 */
bool place_check(struct place *);

void place_close(struct place *);

#endif
