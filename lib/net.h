/*
 * Internet addresses and networks, for limits and blocks by source.  IPv4 is
 * kept as IPv4-mapped IPv6 (RFC 4291, 2.5.5.2), so that there is one kind.
 * Pure.
 */
#ifndef NET_H
#define NET_H

#include <sys/socket.h>

#include <stdbool.h>

#define NET_ADDR_LEN  16 /* bytes of an address */
#define NET_TEXT_MAX  50 /* bytes of a network as text, with its NUL */
#define NET_LIST_MAX  64 /* networks in one list */
#define NET_ERROR_MAX 160

struct net_addr {
	unsigned char bytes[NET_ADDR_LEN];
};

/* The addresses that begin with the same `bits` (0 to 128) bits. */
struct net {
	struct net_addr addr; /* all other bits are 0 */
	unsigned bits;
};

struct net_list {
	struct net nets[NET_LIST_MAX];
	unsigned count;
};

/* False for anything but AF_INET and AF_INET6. */
bool net_addr_from(struct net_addr *, const struct sockaddr *);

/*
 * "192.0.2.0/24", "2001:db8::/32", or an address, which is a network of one.
 * Bits beyond the prefix are taken as 0.
 */
bool net_parse(struct net *, const char *text);

/*
 * Networks with blanks or commas between them; may be empty.  Returns false
 * with a sentence in error that names the wrong word.
 */
bool
net_list_parse(struct net_list *, const char *text, char error[NET_ERROR_MAX]);

/* One more, of n bytes.  False: it is none, or the list is full. */
bool net_list_add(struct net_list *, const char *word, size_t n);

bool net_has(const struct net *, const struct net_addr *);
bool net_list_has(const struct net_list *, const struct net_addr *);

/* What limits count as one source: an IPv4 address, an IPv6 /64. */
struct net net_source(const struct net_addr *);

/* The highest address of a network; its lowest is addr. */
struct net_addr net_last(const struct net *);

/* "192.0.2.1", "192.0.2.0/24", "2001:db8::/64". */
void net_format(char out[NET_TEXT_MAX], const struct net *);
void net_addr_format(char out[NET_TEXT_MAX], const struct net_addr *);

#endif
