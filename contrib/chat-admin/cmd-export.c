/*
 * export: users, messages and sessions as lines of JSON, without secrets.  It
 * reads a part, lets go of the store, and writes: who takes the lines slowly
 * holds up nobody.
 */
#include <sysexits.h>

#include "admin.h"

struct page {
	struct admin *a;
	struct out_json json;
	int64_t last; /* id */
	int rows;
};

static void
export_user(void *arg, const struct store_admin_user *u)
{
	struct page *p = arg;

	out_json_string(&p->json, "type", "user");
	out_json_int(&p->json, "id", u->id);
	out_json_text(&p->json, "username", u->username);
	out_json_bool(
	    &p->json, "registered", u->state == STORE_USER_REGISTERED);
	out_json_bool(&p->json, "locked", u->state == STORE_USER_LOCKED);
	out_json_time(&p->json, "created", u->created_at);
	out_json_time(&p->json, "seen", u->seen_at);
	out_json_end(&p->json, p->a);
}

static bool
export_message(void *arg, const struct store_message *m)
{
	struct page *p = arg;

	out_json_string(&p->json, "type", "message");
	out_json_int(&p->json, "id", m->id);
	out_json_string(&p->json, "from", m->from);
	out_json_string(&p->json, "to", m->to != NULL ? m->to : "all");
	out_json_text(
	    &p->json, "message", (struct store_text){ m->body, m->body_len });
	out_json_time(&p->json, "timestamp", m->time);
	out_json_int(&p->json, "session", m->session_id);
	out_json_end(&p->json, p->a);
	p->last = m->id;
	return ++p->rows < EXPORT_ROWS && buf_len(&p->a->out) < EXPORT_BYTES;
}

static void
export_session(void *arg, const struct store_admin_session *s)
{
	struct page *p = arg;

	out_json_string(&p->json, "type", "session");
	out_json_int(&p->json, "id", s->id);
	out_json_text(&p->json, "username", s->username);
	out_json_text(&p->json, "peer", s->peer);
	out_json_time(&p->json, "started", s->started_at);
	out_json_time(&p->json, "ended", s->ended_at);
	if (s->ended_at != 0)
		out_json_text(&p->json, "reason", s->reason);
	out_json_end(&p->json, p->a);
	p->last = s->id;
	p->rows++;
}

static int
messages_export(struct page *p, int64_t limit)
{
	enum store_result result;
	int status;

	p->last = 0;
	do {
		p->rows = 0;
		result =
		    store_log(p->a->store, p->last, limit, export_message, p);
		if (result != STORE_OK)
			return out_store_error(p->a, result);
		if ((status = out_flush(p->a)) != EX_OK)
			return status;
	} while (p->rows > 0);
	return EX_OK;
}

static int
sessions_export(struct page *p)
{
	enum store_result result;
	int status;

	p->last = 0;
	do {
		p->rows = 0;
		result = store_admin_sessions_page(
		    p->a->store, p->last, EXPORT_ROWS, export_session, p);
		if (result != STORE_OK)
			return out_store_error(p->a, result);
		if ((status = out_flush(p->a)) != EX_OK)
			return status;
	} while (p->rows == EXPORT_ROWS);
	return EX_OK;
}

int
cmd_export(struct admin *a)
{
	struct page p = { .a = a };
	/* What is stored while we write may be by users who came later. */
	int64_t limit = store_position(a->store);
	enum store_result result = store_admin_users(a->store, export_user, &p);
	int status;

	if (result != STORE_OK)
		status = out_store_error(a, result);
	else if ((status = out_flush(a)) == EX_OK &&
	    (status = messages_export(&p, limit)) == EX_OK)
		status = sessions_export(&p);
	buf_free(&p.json.line);
	return status;
}
