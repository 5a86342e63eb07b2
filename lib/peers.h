/*
 * A list of peers: networks, and users of this machine who connect through a
 * UNIX socket.  Pure.
 */
#ifndef PEERS_H
#define PEERS_H

#include "net.h"

#define PEERS_USERS_MAX 4  /* users in one list */
#define PEERS_NAME_MAX	33 /* bytes of a user's name, with its NUL */
#define PEERS_ERROR_MAX (NET_ERROR_MAX + 64)

struct peers {
	struct net_list nets;
	char users[PEERS_USERS_MAX][PEERS_NAME_MAX];
	unsigned user_count;
};

/*
 * Networks, addresses and words "unix:USER" with blanks or commas between them;
 * may be empty.  Returns false with a sentence in error that names the wrong
 * word; the list is then as before.
 */
bool peers_parse(struct peers *, const char *text, char error[PEERS_ERROR_MAX]);

#endif
