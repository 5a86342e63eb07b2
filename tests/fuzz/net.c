/*
 * Addresses and networks (lib/net): what is read and written again is the same
 * network, whose first and last address lie in it, and whose list says so.
 */
#include <string.h>

#include "fuzz.h"
#include "net.h"

static void
check_net(const struct net *net)
{
	char text[NET_TEXT_MAX];
	struct net again;
	struct net_addr last = net_last(net), beyond;

	net_format(text, net);
	CHECK(net_parse(&again, text));
	CHECK(memcmp(&again.addr, &net->addr, sizeof(again.addr)) == 0);
	CHECK(again.bits == net->bits);
	CHECK(net_has(net, &net->addr));
	CHECK(net_has(net, &last));
	if (net->bits > 0) {
		/* The same but for the last bit of the prefix. */
		beyond = net->addr;
		beyond.bytes[(net->bits - 1) / 8] ^=
		    (unsigned char)(0x80 >> (net->bits - 1) % 8);
		CHECK(!net_has(net, &beyond));
	}
}

static void
check_source(const struct net_addr *a)
{
	struct net source = net_source(a);
	char text[NET_TEXT_MAX];

	CHECK(net_has(&source, a));
	CHECK(source.bits == 64 || source.bits == 128);
	net_addr_format(text, a);
	CHECK(strlen(text) > 0 && strlen(text) < NET_TEXT_MAX);
	check_net(&source);
}

static void
check_list(const char *text)
{
	struct net_list list = { .count = NET_LIST_MAX + 1 };
	char error[NET_ERROR_MAX] = "";
	unsigned i;

	if (!net_list_parse(&list, text, error)) {
		CHECK(*error != '\0');
		CHECK(memchr(error, '\0', sizeof(error)) != NULL);
		CHECK(list.count == NET_LIST_MAX + 1);
		return;
	}
	CHECK(*error == '\0');
	CHECK(list.count <= NET_LIST_MAX);
	for (i = 0; i < list.count; i++) {
		check_net(&list.nets[i]);
		CHECK(net_list_has(&list, &list.nets[i].addr));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct net_addr address;
	struct net net;
	char *text = malloc(size + 1);

	CHECK(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	if (net_parse(&net, text)) {
		CHECK(net.bits <= 128);
		check_net(&net);
		check_source(&net.addr);
	}
	check_list(text);
	free(text);
	if (size >= sizeof(address)) {
		memcpy(&address, data, sizeof(address));
		check_source(&address);
	}
	return 0;
}
