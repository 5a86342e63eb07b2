/*
 * Where a client comes from when a proxy connects for it: whose connections
 * must begin with a PROXY header, and what that changes.  A header from
 * anybody else is a line like others, and a wrong one.
 */
#include <sys/socket.h>

#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "proxy.h"
#include "session.h"

#define PASSWD "/etc/passwd"

static bool
name_listed(const struct peers *list, const char *name)
{
	unsigned i = 0;

	while (i < list->user_count && strcmp(list->users[i], name) != 0)
		i++;
	return i < list->user_count;
}

/*
 * The user at the other end of a UNIX socket is one of the list.  The file is
 * read here, since asking all that nsswitch.conf(5) names costs 0.1 ms, 0.7
 * for a name that nobody has, and a proxy's user is one of this machine.
 */
static bool
user_listed(const struct peers *list, int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	const struct passwd *pw;
	bool listed = false;
	FILE *f;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1 ||
	    cred.uid == (uid_t)-1 || (f = fopen(PASSWD, "re")) == NULL)
		return false;
	while (!listed && (pw = fgetpwent(f)) != NULL)
		listed =
		    pw->pw_uid == cred.uid && name_listed(list, pw->pw_name);
	fclose(f);
	return listed;
}

bool
origin_is_proxy(const struct session *s)
{
	const struct client *c = &s->client;
	const struct peers *list = &s->config.proxy_from;

	if (!c->is_socket)
		return false;
	if (c->has_address)
		return net_list_has(&list->nets, &c->address);
	return user_listed(list, c->in);
}

/* The client takes the proxy's place, in everything that asks for its peer. */
static void
replace(struct session *s, const struct proxy_header *h)
{
	struct client *c = &s->client;
	char proxy[sizeof(c->peer)];

	memcpy(proxy, c->peer, sizeof(proxy));
	c->address = h->address;
	c->has_address = true;
	client_set_peer(c, h->port);
	log_event(LEVEL_DEBUG, "proxied", "by %s", proxy);
}

static void
refuse(struct session *s)
{
	session_end_error(s, "PROXY_REQUIRED",
	    "your address is in CHAT_PROXY_FROM, so you must begin with a PROXY"
	    " header of version 1 or 2");
}

bool
origin_take(struct session *s)
{
	struct client *c = &s->client;
	struct proxy_header h;

	switch (
	    proxy_parse(&h, buf_head(&c->lines.in), buf_len(&c->lines.in))) {
	case PROXY_DONE:
		break;
	case PROXY_WRONG:
		refuse(s);
		return false;
	case PROXY_MORE:
		/* Nothing at all is a health check, and no trouble. */
		if (c->eof && buf_len(&c->lines.in) > 0)
			refuse(s);
		return false;
	}
	buf_consume(&c->lines.in, h.len);
	s->state = STATE_NEW;
	if (h.has_address)
		replace(s, &h);
	admit_ask(s);
	return true;
}

int64_t
origin_deadline(struct session *s, int64_t now)
{
	int64_t end = s->started + PROXY_WAIT;

	if (now >= end)
		session_end_error(s, "TIMEOUT",
		    "your address is in CHAT_PROXY_FROM, but no PROXY header"
		    " came within %d s",
		    PROXY_WAIT / 1000);
	return end;
}
