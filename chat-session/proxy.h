/*
 * The PROXY protocol: a header in front of a connection by which a proxy says
 * for whom it connects.  Versions 1 and 2, for receivers; the rules are those
 * of haproxy's proxy-protocol.txt, section 2.  Pure.
 */
#ifndef PROXY_H
#define PROXY_H

#include <stdbool.h>
#include <stddef.h>

#include "net.h"

enum proxy_result {
	PROXY_MORE, /* so far it is right: more bytes are needed */
	PROXY_DONE,
	PROXY_WRONG /* whatever follows, this is no header */
};

struct proxy_header {
	size_t len;		 /* bytes of it; what follows is the client's */
	bool has_address;	 /* false: the proxy speaks for itself, or for
			     something that has none */
	struct net_addr address; /* of the client */
	unsigned port;
};

/*
 * Look at the first len bytes of a connection.  The header is filled in with
 * PROXY_DONE only.  A version 1 line has at most PROXY_LINE_MAX bytes, a version
 * 2 header at most PROXY_HEADER_MAX; longer ones are wrong.
 */
enum proxy_result
proxy_parse(struct proxy_header *, const void *data, size_t len);

#endif
