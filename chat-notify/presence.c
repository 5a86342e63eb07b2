/*
 * The users of presence.h, in a list: it is searched when somebody comes or
 * goes, never for a message.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "presence.h"

struct presence_user *
presence_find(const struct presence *p, int64_t id)
{
	struct presence_user *u = p->users;

	while (u != NULL && u->id != id)
		u = u->next;
	return u;
}

struct presence_user *
presence_enter(struct presence *p, int64_t id, const char *username, bool again,
    bool *joined)
{
	struct presence_user *u = presence_find(p, id);

	if (u == NULL) {
		if ((u = calloc(1, sizeof(*u))) == NULL)
			abort();
		u->id = id;
		u->next = p->users;
		p->users = u;
	}
	snprintf(u->username, sizeof(u->username), "%s", username);
	*joined = !u->announced && !again;
	u->announced = true;
	if (u->sessions++ == 0)
		p->count++;
	return u;
}

/* Nobody is left, and others believe that somebody is. */
static bool
take_leave(struct presence_user *u)
{
	bool told = u->announced && u->sessions == 0 && u->ending == 0;

	if (told)
		u->announced = false;
	return told;
}

static void
session_gone(struct presence *p, struct presence_user *u)
{
	assert(u->sessions > 0);
	if (--u->sessions == 0)
		p->count--;
}

bool
presence_leave(struct presence *p, struct presence_user *u)
{
	session_gone(p, u);
	return take_leave(u);
}

void
presence_die(struct presence *p, struct presence_user *u)
{
	session_gone(p, u);
	u->ending++;
}

bool
presence_ended(struct presence_user *u)
{
	assert(u->ending > 0);
	u->ending--;
	return take_leave(u);
}

void
presence_forget(struct presence *p, struct presence_user *u)
{
	struct presence_user **at = &p->users;

	if (u->sessions > 0 || u->ending > 0)
		return;
	while (*at != u)
		at = &(*at)->next;
	*at = u->next;
	free(u);
}

void
presence_free(struct presence *p)
{
	struct presence_user *u;

	while ((u = p->users) != NULL) {
		p->users = u->next;
		free(u);
	}
	p->count = 0;
}
