/*
 * Says which setting stands in the way.  The keys are those of chat.conf(5).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "advice.h"

static const struct {
	const char *code;
	const char *advice;
} codes[] = {
	{ "SERVER_FULL",
	    "CHAT_MAX_CONNECTIONS must be above the number of clients, and for "
	    "an address\nthat is not in CHAT_TRUSTED also "
	    "CHAT_SOURCE_CONNECTIONS and CHAT_SOURCE_RATE" },
	{ "RATE_LIMITED",
	    "clients may not do so much at once: set CHAT_RATE=0 on the "
	    "server, or do less" },
	{ "AUTH_REQUIRED",
	    "only who is registered comes in: set CHAT_AUTH=open on the "
	    "server" },
	{ "BLOCKED",
	    "this address is blocked: see \"chat-admin blocks list\", or add "
	    "it to CHAT_TRUSTED" },
	{ "TOO_LARGE",
	    "CHAT_MESSAGE_MAX_SIZE is below --size: change one of them" },
	{ "TIMEOUT",
	    "CHAT_LOGIN_TIMEOUT is too short for so many at a time: lower "
	    "--concurrency" },
	{ "PROXY_REQUIRED",
	    "this socket is for a proxy: connect to the one for clients" },
};

const char *
advice_code(const char *code, size_t n)
{
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (n == strlen(codes[i].code) &&
		    memcmp(code, codes[i].code, n) == 0)
			return codes[i].advice;
	return NULL;
}

void
advice_connect(const char *server, int error, bool connecting)
{
	const char *advice = "";

	if (error == ECONNREFUSED || error == ENOENT)
		advice = ": nobody listens there; is chat.socket or "
			 "chat-fork.socket started?";
	else if (error == EMFILE || error == ENFILE)
		advice = ": raise the limit of open files (ulimit -n)";
	else if (error == EADDRNOTAVAIL)
		advice = ": no ports are left; wait a minute, or see "
			 "net.ipv4.ip_local_port_range";
	else if (!connecting)
		advice = ": closed before it said anything; see "
			 "MaxConnections= and\nMaxConnectionsPerSource= of "
			 "chat.socket, and the journal";
	fprintf(stderr, "chat-load: %s: %s%s\n", server,
	    error != 0 ? strerror(error) : "no answer", advice);
}
