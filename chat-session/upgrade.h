/*
 * Another program takes this one's place (docs/UPGRADE.md).
 */
#ifndef UPGRADE_H
#define UPGRADE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "file-id.h"

struct session;

struct upgrade {
	bool wanted;
	pid_t pid; /* of its self-test, */
	int pidfd; /* -1: none is running */
	struct file_id tested;
	int64_t deadline;
	char program[32]; /* the version that wrote this state */
	int count;	  /* how often, on this connection */
};

/*
 * Between two messages: test the new program if that is wanted, and when it has
 * passed execute it, which does not return.  What is wrong with it is logged,
 * and the session goes on as it is.  The time of the next such call.
 */
int64_t upgrade_tick(struct session *, int64_t now);
/* The session ends, and a test that still runs with it. */
void upgrade_stop(struct session *);

/*
 * In the new program, configured: go on with the state in the file fd.
 * Returns EX_OK, or the exit status; then it was logged why.
 */
int upgrade_take(struct session *, int fd);
/* It does: tell log and operator. */
void upgrade_done(struct session *);
/*
 * Whether this program could go on with the state in the file fd.  Nothing of
 * that session is touched.  Returns the exit status.
 */
int upgrade_self_test(struct session *, int fd);

#endif
