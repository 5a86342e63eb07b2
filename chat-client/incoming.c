/*
 * The parser of incoming.h.  Only one table knows the names of the events and
 * which members each cannot do without.  Called by link-take.c for each line.
 */
#include <string.h>

#include <json-c/json.h>

#include "incoming.h"
#include "json-check.h"
#include "limit.h"
#include "text.h"

bool
span_is(struct span span, const char *s)
{
	return span.n == strlen(s) && memcmp(span.s, s, span.n) == 0;
}

static struct json_object *
member(struct json_object *from, const char *name, enum json_type type)
{
	struct json_object *value;

	if (!json_object_object_get_ex(from, name, &value) ||
	    !json_object_is_type(value, type))
		return NULL;
	return value;
}

static bool
get_span(struct json_object *from, const char *name, struct span *span)
{
	struct json_object *value = member(from, name, json_type_string);

	*span = (struct span){ "", 0 };
	if (value == NULL)
		return false;
	span->s = json_object_get_string(value);
	span->n = (size_t)json_object_get_string_len(value);
	return true;
}

static bool
get_int(struct json_object *from, const char *name, int64_t *number)
{
	struct json_object *value = member(from, name, json_type_int);

	*number = value != NULL ? json_object_get_int64(value) : 0;
	if (*number < 0)
		*number = 0;
	return value != NULL;
}

static bool
get_bool(struct json_object *from, const char *name)
{
	return json_object_get_boolean(member(from, name, json_type_boolean));
}

int64_t
incoming_time(struct span span)
{
	int64_t time =
	    span.n == TIMESTAMP_LEN ? text_timestamp_read(span.s) : 0;

	return time > 0 ? time : 0;
}

static bool
get_message(struct json_object *from, struct message *m)
{
	struct span stamp;

	if (!get_int(from, "id", &m->id) || m->id == 0 ||
	    !get_span(from, "from", &m->from) ||
	    !get_span(from, "to", &m->to) ||
	    !get_span(from, "message", &m->text))
		return false;
	get_span(from, "timestamp", &stamp);
	m->time = incoming_time(stamp);
	return true;
}

static bool
parse_connected(struct event *e)
{
	struct json_object *limits =
	    member(e->json, "limits", json_type_object);

	if (!get_span(e->json, "username", &e->username) ||
	    !get_int(e->json, "last_id", &e->last_id))
		return false;
	get_span(e->json, "resume", &e->resume);
	e->reset = get_bool(e->json, "reset");
	if (limits != NULL) {
		get_int(limits, "message_max_size", &e->message_max);
		get_int(limits, "line_max_size", &e->line_max);
	}
	return true;
}

static bool
parse_message(struct event *e)
{
	return get_message(e->json, &e->message);
}

static bool
parse_ack(struct event *e)
{
	struct span stamp;

	get_span(e->json, "timestamp", &stamp);
	e->message.time = incoming_time(stamp);
	e->repaired = get_bool(e->json, "repaired");
	return get_int(e->json, "id", &e->message.id) && e->message.id > 0;
}

static bool
parse_error(struct event *e)
{
	get_span(e->json, "message", &e->text);
	if (!get_int(e->json, "reconnect_after", &e->wait))
		get_int(e->json, "retry_after", &e->wait);
	return get_span(e->json, "code", &e->code);
}

static bool
parse_history(struct event *e)
{
	get_span(e->json, "with", &e->with);
	e->more = get_bool(e->json, "more");
	e->list = member(e->json, "messages", json_type_array);
	return e->list != NULL;
}

static bool
parse_users(struct event *e)
{
	e->list = member(e->json, "users", json_type_array);
	return e->list != NULL;
}

static bool
parse_presence(struct event *e)
{
	return get_span(e->json, "username", &e->username);
}

/* Either there is a new one, or a number of them was revoked. */
static bool
parse_token(struct event *e)
{
	struct span expires;
	int64_t count;

	get_span(e->json, "expires", &expires);
	e->expires = incoming_time(expires);
	e->revoked = get_int(e->json, "revoked", &count);
	return e->revoked ||
	    (get_int(e->json, "id", &e->token_id) &&
		get_span(e->json, "token", &e->token));
}

static bool
parse_nothing(struct event *e)
{
	get_span(e->json, "reason", &e->text);
	return true;
}

static const struct {
	const char *name;
	enum event_kind kind;
	bool (*parse)(struct event *);
} kinds[] = {
	{ "MESSAGE", EVENT_MESSAGE, parse_message },
	{ "ACK", EVENT_ACK, parse_ack },
	{ "ERROR", EVENT_ERROR, parse_error },
	{ "JOINED", EVENT_JOINED, parse_presence },
	{ "LEFT", EVENT_LEFT, parse_presence },
	{ "HISTORY", EVENT_HISTORY, parse_history },
	{ "USERS", EVENT_USERS, parse_users },
	{ "PING", EVENT_PING, parse_nothing },
	{ "PONG", EVENT_PONG, parse_nothing },
	{ "CONNECTED", EVENT_CONNECTED, parse_connected },
	{ "DISCONNECTED", EVENT_DISCONNECTED, parse_nothing },
	{ "REGISTERED", EVENT_REGISTERED, parse_nothing },
	{ "PASSWORD_CHANGED", EVENT_PASSWORD_CHANGED, parse_nothing },
	{ "TOKEN", EVENT_TOKEN, parse_token },
};

static struct json_object *
parse_json(const char *s, size_t n)
{
	struct json_tokener *tokener;
	struct json_object *json;
	bool surrogates;

	while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t'))
		n--;
	if (n > INT32_MAX || json_check(s, n, &surrogates) != NULL ||
	    (tokener = json_tokener_new_ex(JSON_DEPTH_MAX)) == NULL)
		return NULL;
	json = json_tokener_parse_ex(tokener, s, (int)n);
	if (json_tokener_get_error(tokener) != json_tokener_success ||
	    json_tokener_get_parse_end(tokener) != n ||
	    !json_object_is_type(json, json_type_object)) {
		json_object_put(json);
		json = NULL;
	}
	json_tokener_free(tokener);
	return json;
}

static bool
parse_members(struct event *e)
{
	struct span name;
	size_t i;

	if (!get_span(e->json, "event", &name))
		return false;
	get_span(e->json, "ref", &e->ref);
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (span_is(name, kinds[i].name)) {
			e->kind = kinds[i].kind;
			return kinds[i].parse(e);
		}
	return true;
}

bool
incoming_parse(struct event *e, const char *line, size_t n)
{
	static const struct span none = { "", 0 };

	*e = (struct event){ .ref = none,
		.message = { .from = none, .to = none, .text = none },
		.username = none,
		.code = none,
		.text = none,
		.with = none,
		.token = none,
		.resume = none };
	if (text_is_utf8(line, n))
		buf_add(&e->copy, line, n);
	else
		text_repair(&e->copy, line, n);
	buf_add(&e->copy, "", 1);
	e->line = (struct span){ buf_head(&e->copy), buf_len(&e->copy) - 1 };
	e->json = parse_json(e->line.s, e->line.n);
	if (e->json == NULL || !parse_members(e)) {
		incoming_free(e);
		return false;
	}
	return true;
}

void
incoming_free(struct event *e)
{
	json_object_put(e->json);
	buf_free(&e->copy);
	*e = (struct event){ 0 };
}

size_t
incoming_count(const struct event *e)
{
	return e->list != NULL ? json_object_array_length(e->list) : 0;
}

bool
incoming_message(const struct event *e, size_t i, struct message *m)
{
	*m = (struct message){ 0 };
	return get_message(json_object_array_get_idx(e->list, i), m);
}

bool
incoming_presence(const struct event *e, size_t i, struct presence *p)
{
	struct json_object *user = json_object_array_get_idx(e->list, i);

	p->online = get_bool(user, "online");
	return get_span(user, "username", &p->username);
}
