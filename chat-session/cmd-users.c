/*
 * USERS and PING.
 */
#include <string.h>

#include "command.h"
#include "event.h"
#include "request.h"
#include "session.h"

static bool
user_add(void *arg, const struct store_user *u)
{
	struct buf *out = arg;

	/* The first one follows the opening bracket. */
	buf_add_str(out, buf_head(out)[buf_len(out) - 1] == '[' ? "{" : ",{");
	buf_add_str(out, "\"username\":");
	buf_add_json(out, u->username, strlen(u->username));
	buf_add_str(out, u->online ? ",\"online\":true" : ",\"online\":false");
	event_time(out, "since", u->since);
	buf_add_str(out, "}");
	return true;
}

bool
users_send(struct session *s, const char *ref)
{
	struct buf *out = &s->client.output;
	struct store *store = session_store(s);
	size_t before = buf_len(out);
	bool more;

	if (store == NULL)
		return false;
	event_begin(out, "USERS", ref);
	buf_add_str(out, ",\"users\":[");
	if (store_users(store, user_add, out, &more) != STORE_OK) {
		buf_cut(out, before);
		session_store_failed(s);
		return false;
	}
	buf_add_str(out, more ? "],\"more\":true" : "]");
	event_end(out);
	return true;
}

void
cmd_users(struct session *s, const struct request *r)
{
	if (!users_send(s, r->ref))
		session_unavailable(s, r->ref);
}

void
cmd_ping(struct session *s, const struct request *r)
{
	event_begin(&s->client.output, "PONG", r->ref);
	event_end(&s->client.output);
}
