/*
 * MQTT's packets are a byte that says what they are, a length of one to four
 * bytes with seven bits each, and so many bytes.  A broker that hands messages
 * on with less than QoS 1 is not what is measured here, so that is refused.
 */
#include <string.h>

#include "mqtt.h"

#define TOPIC	   "chat-load"
#define TOPIC_LEN  (sizeof(TOPIC) - 1)
#define LENGTH_MAX 4	       /* bytes of a length */
#define PACKET_MAX (16 * 1024) /* more than a message can be */

enum { /* first bytes; the flags are fixed but for PUBLISH */
	CONNECT = 0x10,
	CONNACK = 0x20,
	PUBLISH = 0x32, /* with QoS 1 */
	PUBACK = 0x40,
	SUBSCRIBE = 0x82,
	SUBACK = 0x90
};

static void
add_byte(struct buf *out, size_t byte)
{
	unsigned char c = (unsigned char)byte;

	buf_add(out, &c, 1);
}

static void
add_16(struct buf *out, size_t number)
{
	add_byte(out, number >> 8);
	add_byte(out, number & 0xff);
}

static void
add_text(struct buf *out, const char *text)
{
	add_16(out, strlen(text));
	buf_add_str(out, text);
}

static void
add_head(struct buf *out, int type, size_t length)
{
	add_byte(out, (size_t)type);
	for (; length > 0x7f; length >>= 7)
		add_byte(out, (length & 0x7f) | 0x80);
	add_byte(out, length);
}

void
mqtt_greet(struct buf *out, const char *name, bool room)
{
	add_head(out, CONNECT, 12 + strlen(name));
	add_text(out, "MQTT");
	add_byte(out, 4); /* the version */
	add_byte(out, 2); /* nothing is kept of an earlier session */
	add_16(out, 0);	  /* no keep-alive */
	add_text(out, name);
	if (!room)
		return;
	add_head(out, SUBSCRIBE, 5 + TOPIC_LEN);
	add_16(out, 1);
	add_text(out, TOPIC);
	add_byte(out, 1); /* QoS */
}

void
mqtt_message(struct buf *out, const char *text, size_t n, uint32_t number)
{
	add_head(out, PUBLISH, 4 + TOPIC_LEN + n);
	add_text(out, TOPIC);
	add_16(out, number % 0xffff + 1); /* 0 is no id */
	buf_add(out, text, n);
}

/* Bytes of the length, 0: it is not all there, above LENGTH_MAX: it is none. */
static size_t
length_read(const unsigned char *p, size_t have, size_t *length)
{
	size_t i;

	*length = 0;
	for (i = 0; i < LENGTH_MAX; i++) {
		if (i == have)
			return 0;
		*length |= (size_t)(p[i] & 0x7f) << (7 * i);
		if ((p[i] & 0x80) == 0)
			return i + 1;
	}
	return LENGTH_MAX + 1;
}

char *
mqtt_next(struct conn *c, size_t *n)
{
	size_t have = buf_len(&c->in.in), bytes, length;
	char *head;

	if (c->fd == -1 || have == 0)
		return NULL;
	head = buf_head(&c->in.in);
	bytes = length_read((unsigned char *)head + 1, have - 1, &length);
	if (bytes > LENGTH_MAX || length > PACKET_MAX) {
		buf_consume(&c->in.in, have);
		*n = 0;
		return head;
	}
	if (bytes == 0 || have < 1 + bytes + length)
		return NULL;
	buf_consume(&c->in.in, 1 + bytes + length);
	head[bytes] = head[0];
	*n = 1 + length;
	return head + bytes;
}

/* Type, topic, id, text. */
static bool
publish_read(struct wire *ev, char *packet, size_t n, struct buf *out)
{
	static const char head[] = "\0\x9" TOPIC;
	const size_t id = 1 + sizeof(head) - 1, text = id + 2;

	if (n < text || memcmp(packet + 1, head, sizeof(head) - 1) != 0)
		return false;
	ev->kind = WIRE_MESSAGE;
	ev->message = (struct slice){ packet + text, n - text };
	add_head(out, PUBACK, 2);
	buf_add(out, packet + id, 2);
	return true;
}

bool
mqtt_read(struct wire *ev, char *packet, size_t n, struct buf *out, bool room)
{
	memset(ev, 0, sizeof(*ev));
	switch (n > 0 ? (unsigned char)packet[0] : 0) {
	case PUBLISH:
		return publish_read(ev, packet, n, out);
	case PUBACK:
		return n == 3;
	case CONNACK:
		if (n != 3 || packet[2] != 0)
			return false;
		ev->kind = room ? WIRE_OTHER : WIRE_CONNECTED;
		return true;
	case SUBACK:
		ev->kind = WIRE_CONNECTED;
		return n == 4 && packet[3] == 1;
	default:
		return false;
	}
}
