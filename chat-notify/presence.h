/*
 * Who is there: the users with at least one session, each told once however
 * many sessions they have.  Pure; the loop makes JOINED and LEFT of it.
 */
#ifndef PRESENCE_H
#define PRESENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "limit.h"

struct presence_user {
	struct presence_user *next;
	int64_t id;
	char username[USERNAME_MAX + 1];
	unsigned sessions;
	unsigned ending; /* dead, rows not yet closed */
	bool announced;	 /* others know it as there */
};

struct presence {
	struct presence_user *users;
	unsigned count; /* with a session */
};

/*
 * A session of that user registers.  With `again`, others know of the user
 * already.  *joined says whether they are to be told now.
 */
struct presence_user *presence_enter(struct presence *, int64_t id,
    const char *username, bool again, bool *joined);

/*
 * A session of the user said goodbye, its row is closed.  Returns whether LEFT
 * is to be told; the user is to be forgotten with presence_forget() afterwards
 * in any case.
 */
bool presence_leave(struct presence *, struct presence_user *);

/*
 * A session died: its row is still open.  LEFT is not told before
 * presence_ended() is called for it, which returns what presence_leave() does.
 */
void presence_die(struct presence *, struct presence_user *);
bool presence_ended(struct presence_user *);

/* The user with that id, NULL if it has no session and none is ending. */
struct presence_user *presence_find(const struct presence *, int64_t id);

/* Free the user, unless a session of it is there or ending. */
void presence_forget(struct presence *, struct presence_user *);

void presence_free(struct presence *);

#endif
