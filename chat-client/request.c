/*
 * The commands of request.h, written member by member.
 */
#include <string.h>

#include "request.h"

static void
add_string(struct buf *out, const char *name, const char *s)
{
	if (s == NULL)
		return;
	buf_add_str(out, ",\"");
	buf_add_str(out, name);
	buf_add_str(out, "\":");
	buf_add_json(out, s, strlen(s));
}

static void
add_int(struct buf *out, const char *name, int64_t number)
{
	if (number < 0)
		return;
	buf_add_str(out, ",\"");
	buf_add_str(out, name);
	buf_add_str(out, "\":");
	buf_add_int(out, number);
}

static void
begin(struct buf *out, const char *command, const char *ref)
{
	buf_add_str(out, "{\"command\":\"");
	buf_add_str(out, command);
	buf_add_str(out, "\"");
	add_string(out, "ref", ref);
}

void
request_connect(struct buf *out, const struct request_login *login)
{
	begin(out, "CONNECT", login->ref);
	add_string(out, "username", login->username);
	add_string(out, "password", login->password);
	add_string(out, "token", login->token);
	add_string(out, "resume", login->resume);
	add_int(out, "since", login->since);
	add_int(out, "history", login->history);
	buf_add_str(out, "}\n");
}

void
request_register(struct buf *out, const struct request_login *login)
{
	begin(out, "REGISTER", login->ref);
	add_string(out, "username", login->username);
	add_string(out, "password", login->password);
	add_string(out, "invite", login->invite);
	buf_add_str(out, "}\n");
}

void
request_password(
    struct buf *out, const char *old_one, const char *new_one, const char *ref)
{
	begin(out, "PASSWORD", ref);
	add_string(out, "old", old_one);
	add_string(out, "new", new_one);
	buf_add_str(out, "}\n");
}

void
request_token(struct buf *out, int64_t revoke, const char *ref)
{
	begin(out, "TOKEN", ref);
	add_int(out, "revoke", revoke);
	buf_add_str(out, "}\n");
}

void
request_message(struct buf *out, const char *to, const char *text, size_t len,
    const char *ref)
{
	begin(out, "MESSAGE", ref);
	add_string(out, "to", to);
	buf_add_str(out, ",\"message\":");
	buf_add_json(out, text, len);
	buf_add_str(out, "}\n");
}

void
request_history(struct buf *out, const char *with, int64_t before,
    int64_t limit, const char *ref)
{
	begin(out, "HISTORY", ref);
	add_string(out, "with", with);
	add_int(out, "before", before);
	add_int(out, "limit", limit);
	buf_add_str(out, "}\n");
}

void
request_simple(struct buf *out, const char *command, const char *ref)
{
	begin(out, command, ref);
	buf_add_str(out, "}\n");
}
