/*
 * XMPP's stream is one XML document that never ends.  It is not parsed: stanzas
 * are cut out of it, and what is wanted of them is found, by looking for text
 * as Prosody and ejabberd write it.  Nothing that chat-load sends needs to be
 * escaped, and no element has another of its own name in it.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "xmpp.h"

#define DOMAIN	    "localhost"
#define ROOM	    "chat-load@conference." DOMAIN
#define STANZA_MAX  (64 * 1024) /* more than a message, or features, can be */
#define ELEMENT_MAX 32		/* bytes of an element's name */
#define SASL_MAX    64		/* bytes of a name and a password */

static bool
begins(struct slice s, const char *with)
{
	return s.n >= strlen(with) && memcmp(s.s, with, strlen(with)) == 0;
}

static bool
has(struct slice s, const char *text)
{
	return memmem(s.s, s.n, text, strlen(text)) != NULL;
}

/* What is between the first two of these texts; NULL: nothing is. */
static struct slice
between(struct slice s, const char *before, const char *after)
{
	const char *start = memmem(s.s, s.n, before, strlen(before)), *end;
	size_t left;

	if (start == NULL)
		return (struct slice){ NULL, 0 };
	start += strlen(before);
	left = s.n - (size_t)(start - s.s);
	end = memmem(start, left, after, strlen(after));
	if (end == NULL)
		return (struct slice){ NULL, 0 };
	return (struct slice){ start, (size_t)(end - start) };
}

static void
add_base64(struct buf *out, const char *bytes, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned group;
	char four[4];
	size_t i, k;

	for (i = 0; i < n; i += 3) {
		group = 0;
		for (k = 0; k < 3; k++)
			group = group << 8 |
			    (i + k < n ? (unsigned char)bytes[i + k] : 0);
		for (k = 0; k < 4; k++)
			four[k] = i + k > n
			    ? '='
			    : digits[group >> (18 - 6 * k) & 63];
		buf_add(out, four, sizeof(four));
	}
}

static void
add_stream(struct buf *out)
{
	buf_add_str(out,
	    "<stream:stream to='" DOMAIN "' xmlns='jabber:client' "
	    "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>");
}

/*
 * Whoever comes is let in with any password.  The name becomes that of the
 * account, which the server tells when it is time to enter the room.
 */
void
xmpp_greet(struct buf *out, const char *name, bool room)
{
	char plain[SASL_MAX];
	int n = snprintf(plain, sizeof(plain), "%c%s%cload", 0, name, 0);

	(void)room;
	add_stream(out);
	buf_add_str(out,
	    "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' "
	    "mechanism='PLAIN'>");
	add_base64(out, plain, (size_t)n);
	buf_add_str(out, "</auth>");
}

void
xmpp_message(struct buf *out, const char *text, size_t n, uint32_t number)
{
	(void)number;
	buf_add_str(out, "<message to='" ROOM "' type='groupchat'><body>");
	buf_add(out, text, n);
	buf_add_str(out, "</body></message>");
}

/* Bytes of the first stanza, 0: it is not all there. */
static size_t
stanza_length(struct slice s)
{
	char end[ELEMENT_MAX + sizeof("</>")];
	const char *close = memchr(s.s, '>', s.n);
	size_t tag, name;

	if (s.s[0] != '<')
		return s.n;
	if (close == NULL)
		return 0;
	tag = (size_t)(close - s.s) + 1;
	if (close[-1] == '/' || s.s[1] == '/' || s.s[1] == '?' ||
	    begins(s, "<stream:stream "))
		return tag;
	for (name = 1; name < tag && strchr(" \n\t>", s.s[name]) == NULL;)
		name++;
	if (name > ELEMENT_MAX)
		return tag;
	snprintf(end, sizeof(end), "</%.*s>", (int)name - 1, s.s + 1);
	close = memmem(s.s, s.n, end, strlen(end));
	return close == NULL ? 0 : (size_t)(close - s.s) + strlen(end);
}

/* (Servers that keep a connection alive send spaces.) */
char *
xmpp_next(struct conn *c, size_t *n)
{
	struct buf *in = &c->in.in;
	size_t have;
	char *head;

	if (c->fd == -1)
		return NULL;
	while (buf_len(in) > 0 && isspace((unsigned char)*buf_head(in)))
		buf_consume(in, 1);
	head = buf_head(in);
	have = buf_len(in);
	if (have == 0)
		return NULL;
	*n = stanza_length((struct slice){ head, have });
	if (*n == 0 && have <= STANZA_MAX)
		return NULL;
	buf_consume(in, *n > 0 ? *n : have);
	return head;
}

static bool
is_error(struct slice stanza)
{
	return has(stanza, " type='error'");
}

static bool
nothing_read(struct wire *ev, struct slice stanza, struct buf *out, bool room)
{
	(void)ev;
	(void)stanza;
	(void)out;
	(void)room;
	return true;
}

static bool
failure_read(struct wire *ev, struct slice stanza, struct buf *out, bool room)
{
	ev->kind = WIRE_ERROR;
	return nothing_read(ev, stanza, out, room);
}

/* Once logged in, one has to begin again, and wants an address. */
static bool
success_read(struct wire *ev, struct slice stanza, struct buf *out, bool room)
{
	add_stream(out);
	return nothing_read(ev, stanza, out, room);
}

static bool
features_read(struct wire *ev, struct slice stanza, struct buf *out, bool room)
{
	if (has(stanza, "urn:ietf:params:xml:ns:xmpp-bind"))
		buf_add_str(out,
		    "<iq type='set' id='bind'>"
		    "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
	return nothing_read(ev, stanza, out, room);
}

/* The answer with the address: what is before its @ is the name. */
static bool
iq_read(struct wire *ev, struct slice stanza, struct buf *out, bool room)
{
	struct slice name = between(stanza, "<jid>", "@" DOMAIN "/");

	if (is_error(stanza))
		return failure_read(ev, stanza, out, room);
	if (name.s == NULL)
		return false;
	if (!room) {
		ev->kind = WIRE_CONNECTED;
		return true;
	}
	buf_add_str(out, "<presence to='" ROOM "/");
	buf_add(out, name.s, name.n);
	buf_add_str(out,
	    "'><x xmlns='http://jabber.org/protocol/muc'>"
	    "<history maxstanzas='0'/></x></presence>");
	return true;
}

/* Status 110 is one's own presence, which comes after that of the others. */
static bool
presence_read(struct wire *ev, struct slice stanza, struct buf *out, bool room)
{
	if (is_error(stanza))
		return failure_read(ev, stanza, out, room);
	if (has(stanza, " code='110'"))
		ev->kind = WIRE_CONNECTED;
	return true;
}

/* Of the room itself there are messages too, but they have no text. */
static bool
message_read(struct wire *ev, struct slice stanza, struct buf *out, bool room)
{
	struct slice tag = between(stanza, "<message", ">");

	if (has(tag, " type='error'"))
		return failure_read(ev, stanza, out, room);
	ev->message = between(stanza, "<body>", "</body>");
	if (ev->message.s == NULL)
		return has(tag, " from='" ROOM);
	ev->kind = WIRE_MESSAGE;
	ev->from = between(tag, " from='" ROOM "/", "'");
	return has(tag, " type='groupchat'") && ev->from.s != NULL;
}

static const struct {
	const char *begin;
	bool (*read)(struct wire *, struct slice, struct buf *, bool room);
} stanzas[] = {
	{ "<message ", message_read },
	{ "<presence ", presence_read },
	{ "<iq ", iq_read },
	{ "<?xml ", nothing_read },
	{ "<stream:stream ", nothing_read },
	{ "<stream:features>", features_read },
	{ "<success ", success_read },
	{ "<failure ", failure_read },
	{ "<stream:error>", failure_read },
};

bool
xmpp_read(struct wire *ev, char *stanza, size_t n, struct buf *out, bool room)
{
	struct slice s = { stanza, n };
	size_t i;

	memset(ev, 0, sizeof(*ev));
	for (i = 0; i < sizeof(stanzas) / sizeof(stanzas[0]); i++)
		if (begins(s, stanzas[i].begin))
			return stanzas[i].read(ev, s, out, room);
	return false;
}
