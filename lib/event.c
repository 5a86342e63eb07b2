/*
 * The event writer of event.h.  It only appends to buffers: no I/O.
 */
#include <string.h>

#include "event.h"
#include "store.h"
#include "text.h"

#define LITERAL(b, s) buf_add((b), (s), sizeof(s) - 1)

void
event_begin(struct buf *b, const char *event, const char *ref)
{
	LITERAL(b, "{\"event\":\"");
	buf_add_str(b, event);
	LITERAL(b, "\"");
	if (ref != NULL)
		event_str(b, "ref", ref, strlen(ref));
}

static void
key_begin(struct buf *b, const char *key)
{
	LITERAL(b, ",\"");
	buf_add_str(b, key);
	LITERAL(b, "\":");
}

void
event_str(struct buf *b, const char *key, const char *value, size_t n)
{
	key_begin(b, key);
	buf_add_json(b, value, n);
}

void
event_int(struct buf *b, const char *key, int64_t value)
{
	key_begin(b, key);
	buf_add_int(b, value);
}

void
event_true(struct buf *b, const char *key)
{
	key_begin(b, key);
	LITERAL(b, "true");
}

static void
add_time(struct buf *b, int64_t ms)
{
	char stamp[TIMESTAMP_LEN + 1];

	text_timestamp(stamp, ms);
	LITERAL(b, "\"");
	buf_add(b, stamp, TIMESTAMP_LEN);
	LITERAL(b, "\"");
}

void
event_time(struct buf *b, const char *key, int64_t ms)
{
	key_begin(b, key);
	add_time(b, ms);
}

void
event_end(struct buf *b)
{
	LITERAL(b, "}\n");
}

struct event_message
event_of_stored(const struct store_message *m)
{
	return (struct event_message){ .id = m->id,
		.time = m->time,
		.from = m->from,
		.to = m->to,
		.body = m->body,
		.body_len = m->body_len };
}

/* From the id on, which both forms share. */
static void
message_members(struct buf *b, const struct event_message *m)
{
	const char *to = m->to != NULL ? m->to : "all";

	LITERAL(b, "\"id\":");
	buf_add_int(b, m->id);
	LITERAL(b, ",\"from\":");
	buf_add_json(b, m->from, strlen(m->from));
	LITERAL(b, ",\"to\":");
	buf_add_json(b, to, strlen(to));
	LITERAL(b, ",\"message\":");
	buf_add_json(b, m->body, m->body_len);
	LITERAL(b, ",\"timestamp\":");
	add_time(b, m->time);
	LITERAL(b, "}");
}

void
event_message(struct buf *b, const struct event_message *m)
{
	LITERAL(b, "{\"event\":\"MESSAGE\",");
	message_members(b, m);
	LITERAL(b, "\n");
}

void
event_message_item(struct buf *b, const struct event_message *m)
{
	LITERAL(b, "{");
	message_members(b, m);
}

void
event_presence(struct buf *b, const char *event, const char *username)
{
	event_begin(b, event, NULL);
	event_str(b, "username", username, strlen(username));
	event_end(b);
}
