/*
 * The parser of proxy.h.  It looks at the bytes that are there and keeps
 * nothing between calls: a header comes in one piece nearly always.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "limit.h"
#include "proxy.h"

#define V1_PREFIX "PROXY "
#define V2_FIXED  16 /* bytes before the addresses */

/* Where a version 2 header has what. */
enum { V2_VERSION = 12, V2_FAMILY, V2_LENGTH };

static const unsigned char v2_signature[] = { '\r', '\n', '\r', '\n', '\0',
	'\r', '\n', 'Q', 'U', 'I', 'T', '\n' };

/* Whether data, as far as it goes, begins with these bytes. */
static bool
begins(const unsigned char *data, size_t len, const void *with, size_t n)
{
	return memcmp(data, with, len < n ? len : n) == 0;
}

static bool
address_from(struct net_addr *address, int family, const void *raw)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	if (family == AF_INET) {
		memcpy(&in4.sin_addr, raw, sizeof(in4.sin_addr));
		return net_addr_from(address, (struct sockaddr *)&in4);
	}
	memcpy(&in6.sin6_addr, raw, sizeof(in6.sin6_addr));
	return net_addr_from(address, (struct sockaddr *)&in6);
}

/* The word that ends at the next single blank, or at the end. */
static char *
word(char **rest)
{
	char *word = *rest, *blank;

	if (word == NULL)
		return NULL;
	blank = strchr(word, ' ');
	*rest = blank != NULL ? blank + 1 : NULL;
	if (blank != NULL)
		*blank = '\0';
	return word;
}

static bool
word_is_address(char **rest, int family, struct net_addr *address)
{
	const char *text = word(rest);
	unsigned char raw[sizeof(struct in6_addr)];

	return text != NULL && inet_pton(family, text, raw) == 1 &&
	    address_from(address, family, raw);
}

/* A decimal number up to 65535 without leading zeros. */
static bool
word_is_port(char **rest, unsigned *port)
{
	const char *text = word(rest);
	unsigned n = 0;
	size_t i;

	if (text == NULL)
		return false;
	for (i = 0; text[i] >= '0' && text[i] <= '9' && i < 5; i++)
		n = 10 * n + (unsigned)(text[i] - '0');
	if (i == 0 || text[i] != '\0' || n > 65535 || (i > 1 && *text == '0'))
		return false;
	*port = n;
	return true;
}

/* Everything between "PROXY " and CR LF. */
static bool
v1_line(struct proxy_header *h, char *line)
{
	char *rest = line;
	const char *protocol = word(&rest);
	struct net_addr to;
	unsigned to_port;
	int family;

	if (strcmp(protocol, "UNKNOWN") == 0)
		return true;
	if (strcmp(protocol, "TCP4") == 0)
		family = AF_INET;
	else if (strcmp(protocol, "TCP6") == 0)
		family = AF_INET6;
	else
		return false;
	h->has_address = true;
	return word_is_address(&rest, family, &h->address) &&
	    word_is_address(&rest, family, &to) &&
	    word_is_port(&rest, &h->port) && word_is_port(&rest, &to_port) &&
	    rest == NULL;
}

static enum proxy_result
v1_parse(struct proxy_header *out, const unsigned char *data, size_t len)
{
	const size_t before = strlen(V1_PREFIX);
	char line[PROXY_LINE_MAX];
	size_t most = len < PROXY_LINE_MAX ? len : PROXY_LINE_MAX, n;
	const unsigned char *lf = memchr(data, '\n', most);
	struct proxy_header h = { 0 };

	if (lf == NULL)
		return len < PROXY_LINE_MAX ? PROXY_MORE : PROXY_WRONG;
	h.len = (size_t)(lf - data) + 1;
	if (h.len < before + 2 || lf[-1] != '\r')
		return PROXY_WRONG;
	n = h.len - before - 2;
	memcpy(line, data + before, n);
	line[n] = '\0';
	if (strlen(line) != n || !v1_line(&h, line))
		return PROXY_WRONG;
	*out = h;
	return PROXY_DONE;
}

/*
 * The client's address, out of a block of n bytes behind the fixed part; what
 * follows the addresses are TLVs, of which nothing is needed here.
 */
static bool
v2_block(
    struct proxy_header *h, unsigned byte, const unsigned char *block, size_t n)
{
	unsigned family = byte >> 4, transport = byte & 0xf;
	int af = family == 1 ? AF_INET : AF_INET6;
	size_t size = af == AF_INET ? 4 : 16;

	if (family > 3 || transport > 2)
		return false;
	/* TCP is all that a chat can come by: the rest has no address. */
	if ((family != 1 && family != 2) || transport != 1)
		return true;
	/* Two addresses and two ports. */
	if (n < 2 * (size + 2))
		return false;
	h->has_address = address_from(&h->address, af, block);
	h->port = (unsigned)block[2 * size] << 8 | block[2 * size + 1];
	return true;
}

static enum proxy_result
v2_parse(struct proxy_header *out, const unsigned char *data, size_t len)
{
	struct proxy_header h = { 0 };
	unsigned command;
	size_t n;

	if (len > V2_VERSION &&
	    (data[V2_VERSION] >> 4 != 2 || (data[V2_VERSION] & 0xf) > 1))
		return PROXY_WRONG;
	if (len < V2_FIXED)
		return PROXY_MORE;
	command = data[V2_VERSION] & 0xf;
	n = (size_t)data[V2_LENGTH] << 8 | data[V2_LENGTH + 1];
	h.len = V2_FIXED + n;
	if (h.len > PROXY_HEADER_MAX)
		return PROXY_WRONG;
	if (len < h.len)
		return PROXY_MORE;
	/* LOCAL (0) is the proxy itself; the rest of it means nothing. */
	if (command == 1 && !v2_block(&h, data[V2_FAMILY], data + V2_FIXED, n))
		return PROXY_WRONG;
	*out = h;
	return PROXY_DONE;
}

enum proxy_result
proxy_parse(struct proxy_header *out, const void *data, size_t len)
{
	if (len == 0)
		return PROXY_MORE;
	if (begins(data, len, V1_PREFIX, strlen(V1_PREFIX)))
		return v1_parse(out, data, len);
	if (begins(data, len, v2_signature, sizeof(v2_signature)))
		return v2_parse(out, data, len);
	return PROXY_WRONG;
}
