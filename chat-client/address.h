/*
 * Where the server is, as the user writes it: HOST, HOST:PORT, [IPV6]:PORT or
 * unix:/PATH.  Pure.
 */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdbool.h>

#define ADDRESS_HOST_MAX 255
#define ADDRESS_DEFAULT	 "127.0.0.1"
#define ADDRESS_PORT	 "5555"
#define ADDRESS_PORT_TLS "5556"

struct address {
	char text[ADDRESS_HOST_MAX + 16]; /* to show */
	char host[ADDRESS_HOST_MAX + 1];
	char port[8];
	char path[108]; /* not empty: a UNIX socket */
};

/* Without a port it has the given one.  Returns false if s is no address. */
bool address_parse(struct address *, const char *s, const char *port);

#endif
