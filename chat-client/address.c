/*
 * The address parser of address.h.  It resolves nothing.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"

#define UNIX_PREFIX "unix:"

/* A port by number; services by name are a matter of the server's unit. */
static bool
is_port(const char *s)
{
	size_t i;

	for (i = 0; s[i] != '\0'; i++)
		if (!isdigit((unsigned char)s[i]) || i >= 5)
			return false;
	return i > 0 && atoi(s) >= 1 && atoi(s) <= 65535;
}

/* Names, numbers, and a scope after '%'; nothing that a terminal minds. */
static bool
is_host(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) &&
		    strchr("-._:%", s[i]) == NULL)
			return false;
	return n > 0 && n <= ADDRESS_HOST_MAX;
}

static bool
parse_path(struct address *a, const char *path)
{
	size_t i;

	if (*path == '\0' || strlen(path) >= sizeof(a->path))
		return false;
	for (i = 0; path[i] != '\0'; i++)
		if (iscntrl((unsigned char)path[i]))
			return false;
	strcpy(a->path, path);
	snprintf(a->text, sizeof(a->text), UNIX_PREFIX "%s", path);
	return true;
}

bool
address_parse(struct address *a, const char *s, const char *default_port)
{
	const char *host = s, *port = NULL, *end, *colon = strchr(s, ':');
	size_t len;

	*a = (struct address){ .text = "" };
	if (strncmp(s, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0)
		return parse_path(a, s + strlen(UNIX_PREFIX));
	if (*s == '[') {
		host++;
		if ((end = strchr(host, ']')) == NULL)
			return false;
		if (end[1] == ':')
			port = end + 2;
		else if (end[1] != '\0')
			return false;
	} else if (colon != NULL && strchr(colon + 1, ':') == NULL) {
		end = colon;
		port = colon + 1;
	} else {
		/* Two colons without brackets: IPv6 and no port. */
		end = s + strlen(s);
	}
	len = (size_t)(end - host);
	if (len == 0 && *s == ':') {
		host = ADDRESS_DEFAULT;
		len = strlen(host);
	}
	if (port == NULL)
		port = default_port;
	if (!is_host(host, len) || !is_port(port))
		return false;
	memcpy(a->host, host, len);
	strcpy(a->port, port);
	snprintf(a->text, sizeof(a->text),
	    strchr(a->host, ':') != NULL ? "[%s]:%s" : "%s:%s", a->host,
	    a->port);
	return true;
}
