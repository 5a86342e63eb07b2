/*
 * The client's side: its socket or pipes, read and written without ever
 * blocking.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "config.h"
#include "line.h"
#include "net.h"

struct client {
	int in, out; /* the same descriptor for a socket */
	bool is_socket;
	bool eof;  /* the client will send no more */
	bool lost; /* nor has it got all that was sent */
	bool shut; /* we will send no more */
	char peer[64];
	struct net_addr address; /* of the peer, if it has one */
	bool has_address;	 /* no UNIX socket, no pipe */
	struct line_buf lines;
	struct buf output;
	bool secret;   /* output holds one: wiped when it is sent */
	int64_t heard; /* when the last sign of life came */
	bool pinged;   /* since then */
};

void client_init(struct client *, const struct config *);
/* Call it by its address: "192.0.2.1:1234", "[2001:db8::1]:1234". */
void client_set_peer(struct client *, unsigned port);
/* The client is there: its idle time begins anew. */
void client_was_heard(struct client *, int64_t now);
/* Take what has come, at most INPUT_CHUNK bytes. */
void client_read(struct client *);
/* Read and forget; for the time after the last event. */
void client_discard(struct client *);
/* Send what is waiting, as much as goes.  False: nobody is there any more. */
bool client_write(struct client *);
/* No more output: let the client see the end of the stream. */
void client_shut(struct client *);
/* Whether more may be queued for the client. */
bool client_has_room(const struct client *);
/* Whether the client's machine has confirmed all that was ever queued. */
bool client_has_all(const struct client *);

#endif
