/*
 * The protocols.  All but MQTT and XMPP are made of lines; the texts that
 * chat-load sends hold no line ends, so a text that is sent as a counted string
 * (Redis, NATS) is a line as well.
 */
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "body.h"
#include "dialect.h"
#include "mqtt.h"
#include "xmpp.h"

#define ROOM "chat-load"

static void
add(struct buf *out, const char *a, const char *b, const char *c)
{
	buf_add_str(out, a);
	buf_add_str(out, b);
	buf_add_str(out, c);
}

static bool
begins(const char *line, size_t n, const char *with)
{
	return n >= strlen(with) && memcmp(line, with, strlen(with)) == 0;
}

static void
chat_greet(struct buf *out, const char *name, bool room)
{
	(void)room;
	add(out, "{\"command\":\"CONNECT\",\"username\":\"", name, "\"}\n");
}

static void
chat_message(struct buf *out, const char *text, size_t n, uint32_t number)
{
	char end[32];

	snprintf(end, sizeof(end), "\",\"ref\":\"%x\"}\n", number);
	buf_add_str(
	    out, "{\"command\":\"MESSAGE\",\"to\":\"all\",\"message\":\"");
	buf_add(out, text, n);
	buf_add_str(out, end);
}

static void
chat_history(struct buf *out, size_t n, struct slice before)
{
	buf_add_str(out, "{\"command\":\"HISTORY\",\"limit\":");
	buf_add_int(out, (int64_t)n);
	if (before.s != NULL) {
		buf_add_str(out, ",\"before\":");
		buf_add(out, before.s, before.n);
	}
	buf_add_str(out, "}\n");
}

/* Whether a message of a page is not what its sender, a load program, said. */
static bool
chat_changed(struct json_object *message)
{
	struct json_object *from = json_object_object_get(message, "from"),
			   *text = json_object_object_get(message, "message");

	return body_is_changed(json_object_get_string(from),
	    (size_t)json_object_get_string_len(from),
	    json_object_get_string(text),
	    (size_t)json_object_get_string_len(text));
}

/* How many messages are in a page; false: it is none, or out of order. */
static bool
chat_page(struct wire *ev)
{
	struct json_object *all, *message, *id;
	int64_t last = 0, next;
	size_t i, n;

	all = json_object_object_get(ev->object, "messages");
	if (!json_object_is_type(all, json_type_array))
		return false;
	n = json_object_array_length(all);
	for (i = 0; i < n; i++) {
		message = json_object_array_get_idx(all, i);
		id = json_object_object_get(message, "id");
		next = id != NULL ? json_object_get_int64(id) : 0;
		if (next <= last)
			return false;
		last = next;
		ev->changed += chat_changed(message);
		if (i > 0)
			continue;
		ev->id = next;
		ev->first.s = json_object_to_json_string(id);
		ev->first.n = strlen(ev->first.s);
	}
	ev->past = n;
	return true;
}

static bool
chat_read(struct wire *ev, char *line, size_t n, struct buf *out, bool room)
{
	(void)room;
	if (!wire_scan(ev, line, n) && !wire_parse(ev, line, n))
		return false;
	if (ev->kind == WIRE_PAGE && !chat_page(ev)) {
		wire_free(ev);
		return false;
	}
	if (ev->kind == WIRE_PING)
		buf_add_str(out, "{\"command\":\"PING\"}\n");
	return true;
}

/* IRC, RFC 2812. */
static void
irc_greet(struct buf *out, const char *name, bool room)
{
	(void)room;
	add(out, "NICK ", name, "\r\nUSER load 0 * :load\r\n");
}

static void
irc_message(struct buf *out, const char *text, size_t n, uint32_t number)
{
	(void)number;
	buf_add_str(out, "PRIVMSG #" ROOM " :");
	buf_add(out, text, n);
	buf_add_str(out, "\r\n");
}

/* ":SENDER!USER@HOST PRIVMSG #ROOM :TEXT" */
static bool
irc_heard(struct wire *ev, const char *line, const char *command, size_t n)
{
	static const char wanted[] = "PRIVMSG #" ROOM " :";
	const char *name = memchr(line, '!', (size_t)(command - line));

	if (!begins(command, n, wanted))
		return false;
	ev->kind = WIRE_MESSAGE;
	ev->message.s = command + strlen(wanted);
	ev->message.n = n - strlen(wanted);
	if (name != NULL)
		ev->from =
		    (struct slice){ line + 1, (size_t)(name - line) - 1 };
	return true;
}

static bool
irc_read(struct wire *ev, char *line, size_t n, struct buf *out, bool room)
{
	const char *space = memchr(line, ' ', n), *command = line;
	size_t left = n;

	memset(ev, 0, sizeof(*ev));
	if (n > 0 && line[0] == ':' && space != NULL) {
		command = space + 1;
		left = n - (size_t)(command - line);
	}
	if (irc_heard(ev, line, command, left))
		return true;
	if (begins(command, left, "PING ")) {
		buf_add_str(out, "PONG ");
		buf_add(out, command + 5, left - 5);
		buf_add_str(out, "\r\n");
	} else if (begins(command, left, "001 ") && room) {
		buf_add_str(out, "JOIN #" ROOM "\r\n");
	} else if (begins(command, left, room ? "366 " : "001 ")) {
		ev->kind = WIRE_CONNECTED;
	} else if (begins(command, left, "ERROR ") ||
	    begins(command, left, "43")) {
		ev->kind = WIRE_ERROR;
	}
	return true;
}

/* A line that is a text of this program. */
static bool
text_heard(struct wire *ev, const char *line, size_t n)
{
	if (n < BODY_MIN || line[8] != '-' || line[BODY_MIN - 1] != ' ')
		return false;
	ev->kind = WIRE_MESSAGE;
	ev->message = (struct slice){ line, n };
	return true;
}

/* Redis publish/subscribe, RESP3. */
static void
redis_greet(struct buf *out, const char *name, bool room)
{
	(void)name;
	buf_add_str(out, "HELLO 3\r\n");
	buf_add_str(out, room ? "SUBSCRIBE " ROOM "\r\n" : "PING\r\n");
}

static void
redis_message(struct buf *out, const char *text, size_t n, uint32_t number)
{
	(void)number;
	buf_add_str(out, "*3\r\n$7\r\nPUBLISH\r\n$9\r\n" ROOM "\r\n$");
	buf_add_int(out, (int64_t)n);
	buf_add_str(out, "\r\n");
	buf_add(out, text, n);
	buf_add_str(out, "\r\n");
}

static bool
redis_read(struct wire *ev, char *line, size_t n, struct buf *out, bool room)
{
	(void)out;
	memset(ev, 0, sizeof(*ev));
	if (text_heard(ev, line, n))
		return true;
	if (begins(line, n, room ? "subscribe" : "+PONG"))
		ev->kind = WIRE_CONNECTED;
	else if (begins(line, n, "-"))
		ev->kind = WIRE_ERROR;
	return true;
}

/* NATS without headers. */
static void
nats_greet(struct buf *out, const char *name, bool room)
{
	add(out, "CONNECT {\"verbose\":false,\"echo\":false,\"name\":\"", name,
	    "\"}\r\n");
	buf_add_str(out, room ? "SUB " ROOM " 1\r\nPING\r\n" : "PING\r\n");
}

static void
nats_message(struct buf *out, const char *text, size_t n, uint32_t number)
{
	(void)number;
	buf_add_str(out, "PUB " ROOM " ");
	buf_add_int(out, (int64_t)n);
	buf_add_str(out, "\r\n");
	buf_add(out, text, n);
	buf_add_str(out, "\r\n");
}

static bool
nats_read(struct wire *ev, char *line, size_t n, struct buf *out, bool room)
{
	(void)room;
	memset(ev, 0, sizeof(*ev));
	if (text_heard(ev, line, n))
		return true;
	if (begins(line, n, "PING"))
		buf_add_str(out, "PONG\r\n");
	else if (begins(line, n, "PONG"))
		ev->kind = WIRE_CONNECTED;
	else if (begins(line, n, "-ERR"))
		ev->kind = WIRE_ERROR;
	return true;
}

static const struct dialect dialects[] = {
	{ "chat", ACK_ID, true, chat_greet, chat_message, conn_line, chat_read,
	    chat_history },
	{ "irc", ACK_NONE, true, irc_greet, irc_message, conn_line, irc_read,
	    NULL },
	{ "redis", ACK_NONE, true, redis_greet, redis_message, conn_line,
	    redis_read, NULL },
	{ "nats", ACK_NONE, true, nats_greet, nats_message, conn_line,
	    nats_read, NULL },
	{ "mqtt", ACK_NONE, false, mqtt_greet, mqtt_message, mqtt_next,
	    mqtt_read, NULL },
	{ "xmpp", ACK_COPY, false, xmpp_greet, xmpp_message, xmpp_next,
	    xmpp_read, xmpp_history },
};

const struct dialect *
dialect_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(dialects) / sizeof(dialects[0]); i++)
		if (strcmp(dialects[i].name, name) == 0)
			return &dialects[i];
	return NULL;
}
