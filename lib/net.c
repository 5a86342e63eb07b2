/*
 * The functions of net.h.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "net.h"

#define ALL_BITS  128u
#define IPV4_BITS 96u /* of the prefix that IPv4 is mapped into */
#define HOST_BITS 64u /* of an IPv6 source */

static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

static bool
is_ipv4(const struct net_addr *a)
{
	return memcmp(a->bytes, mapped, sizeof(mapped)) == 0;
}

static void
map_ipv4(struct net_addr *a, const void *in4)
{
	memcpy(a->bytes, mapped, sizeof(mapped));
	memcpy(a->bytes + sizeof(mapped), in4, 4);
}

bool
net_addr_from(struct net_addr *a, const struct sockaddr *sa)
{
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;

	switch (sa->sa_family) {
	case AF_INET:
		memcpy(&in4, sa, sizeof(in4));
		map_ipv4(a, &in4.sin_addr);
		return true;
	case AF_INET6:
		memcpy(&in6, sa, sizeof(in6));
		memcpy(a->bytes, &in6.sin6_addr, NET_ADDR_LEN);
		return true;
	default:
		return false;
	}
}

/* The bits of byte i that belong to a prefix. */
static unsigned char
mask(unsigned bits, unsigned i)
{
	unsigned here = bits > 8 * i ? bits - 8 * i : 0;

	return here >= 8 ? 0xff : (unsigned char)(0xff00 >> here);
}

static struct net
prefix(const struct net_addr *a, unsigned bits)
{
	struct net net = { .bits = bits };
	unsigned i;

	for (i = 0; i < NET_ADDR_LEN; i++)
		net.addr.bytes[i] = a->bytes[i] & mask(bits, i);
	return net;
}

/* A number without sign or blanks, at most max. */
static bool
bits_parse(const char *text, unsigned max, unsigned *bits)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; text[i] >= '0' && text[i] <= '9' && i < 3; i++)
		n = 10 * n + (unsigned)(text[i] - '0');
	if (i == 0 || text[i] != '\0' || n > max)
		return false;
	*bits = n;
	return true;
}

bool
net_parse(struct net *net, const char *text)
{
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	char host[INET6_ADDRSTRLEN];
	unsigned char raw[NET_ADDR_LEN];
	struct net_addr addr;
	unsigned before = 0, bits;

	if (len >= sizeof(host))
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	if (inet_pton(AF_INET, host, raw) == 1) {
		map_ipv4(&addr, raw);
		before = IPV4_BITS;
	} else if (inet_pton(AF_INET6, host, addr.bytes) != 1) {
		return false;
	}
	bits = ALL_BITS - before;
	if (slash != NULL && !bits_parse(slash + 1, bits, &bits))
		return false;
	*net = prefix(&addr, before + bits);
	return true;
}

bool
net_list_add(struct net_list *list, const char *word, size_t n)
{
	char text[NET_TEXT_MAX];

	if (list->count == NET_LIST_MAX || n >= sizeof(text))
		return false;
	memcpy(text, word, n);
	text[n] = '\0';
	if (!net_parse(&list->nets[list->count], text))
		return false;
	list->count++;
	return true;
}

bool
net_list_parse(
    struct net_list *list, const char *text, char error[NET_ERROR_MAX])
{
	struct net_list found = { .count = 0 };
	size_t n;

	for (; *(text += strspn(text, " \t,")) != '\0'; text += n) {
		n = strcspn(text, " \t,");
		if (net_list_add(&found, text, n))
			continue;
		snprintf(error, NET_ERROR_MAX,
		    "'%.*s' is none: give up to %d addresses or networks, such"
		    " as 192.0.2.0/24 or 2001:db8::/32",
		    n < NET_TEXT_MAX ? (int)n : NET_TEXT_MAX, text,
		    NET_LIST_MAX);
		return false;
	}
	*list = found;
	return true;
}

bool
net_has(const struct net *net, const struct net_addr *a)
{
	struct net same = prefix(a, net->bits);

	return memcmp(same.addr.bytes, net->addr.bytes, NET_ADDR_LEN) == 0;
}

bool
net_list_has(const struct net_list *list, const struct net_addr *a)
{
	unsigned i = 0;

	while (i < list->count && !net_has(&list->nets[i], a))
		i++;
	return i < list->count;
}

struct net
net_source(const struct net_addr *a)
{
	return prefix(a, is_ipv4(a) ? ALL_BITS : HOST_BITS);
}

struct net_addr
net_last(const struct net *net)
{
	struct net_addr last = net->addr;
	unsigned i;

	for (i = 0; i < NET_ADDR_LEN; i++)
		last.bytes[i] |= (unsigned char)~mask(net->bits, i);
	return last;
}

void
net_format(char out[NET_TEXT_MAX], const struct net *net)
{
	bool ipv4 = is_ipv4(&net->addr) && net->bits >= IPV4_BITS;
	unsigned before = ipv4 ? IPV4_BITS : 0;
	char host[INET6_ADDRSTRLEN];

	inet_ntop(ipv4 ? AF_INET : AF_INET6,
	    net->addr.bytes + (ipv4 ? sizeof(mapped) : 0), host, sizeof(host));
	if (net->bits == ALL_BITS)
		snprintf(out, NET_TEXT_MAX, "%s", host);
	else
		snprintf(out, NET_TEXT_MAX, "%s/%u", host, net->bits - before);
}

void
net_addr_format(char out[NET_TEXT_MAX], const struct net_addr *a)
{
	struct net one = { .addr = *a, .bits = ALL_BITS };

	net_format(out, &one);
}
