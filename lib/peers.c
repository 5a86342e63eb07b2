/*
 * The functions of peers.h.
 */
#include <stdio.h>
#include <string.h>

#include "peers.h"

#define UNIX_PREFIX "unix:"

static bool
user_add(struct peers *p, const char *word, size_t n)
{
	const size_t before = strlen(UNIX_PREFIX);
	char *user;

	if (p->user_count == PEERS_USERS_MAX || n <= before ||
	    n - before >= PEERS_NAME_MAX)
		return false;
	user = p->users[p->user_count];
	memcpy(user, word + before, n - before);
	user[n - before] = '\0';
	p->user_count++;
	return true;
}

bool
peers_parse(struct peers *p, const char *text, char error[PEERS_ERROR_MAX])
{
	struct peers found = { .user_count = 0 };
	size_t n;

	for (; *(text += strspn(text, " \t,")) != '\0'; text += n) {
		n = strcspn(text, " \t,");
		if (strncmp(text, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0
			? user_add(&found, text, n)
			: net_list_add(&found.nets, text, n))
			continue;
		snprintf(error, PEERS_ERROR_MAX,
		    "'%.*s' is none: give up to %d addresses or networks, such"
		    " as 192.0.2.0/24, and up to %d of unix:USER",
		    n < 64 ? (int)n : 64, text, NET_LIST_MAX, PEERS_USERS_MAX);
		return false;
	}
	*p = found;
	return true;
}
