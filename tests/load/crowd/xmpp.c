/*
 * XMPP's stream is one XML document that never ends.  It is not parsed: stanzas
 * are cut out of it, and what is wanted of them is found, by looking for text
 * as Prosody and ejabberd write it.  Nothing that chat-load sends needs to be
 * escaped.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "body.h"
#include "xmpp.h"

#define DOMAIN	     "localhost"
#define ROOM	     "chat-load@conference." DOMAIN
#define ARCHIVE	     " xmlns='urn:xmpp:mam:2'"
#define STANZA_MAX   (64 * 1024) /* more than a message, or features, can be */
#define ELEMENT_MAX  32		 /* bytes of an element's name */
#define SASL_MAX     64		 /* bytes of a name and a password */
#define STAMP_DIGITS 18		 /* of a time, year to microsecond */

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

void
xmpp_history(struct buf *out, size_t n, struct slice before)
{
	buf_add_str(out,
	    "<iq type='set' to='" ROOM "' id='history'><query" ARCHIVE ">"
	    "<set xmlns='http://jabber.org/protocol/rsm'><max>");
	buf_add_int(out, (int64_t)n);
	buf_add_str(out, "</max><before>");
	if (before.s != NULL)
		buf_add(out, before.s, before.n);
	buf_add_str(out, "</before></set></query></iq>");
}

/* How many elements begin so here and are not ended at once. */
static size_t
count_begun(struct slice s, const char *begin)
{
	const char *p = s.s, *end = s.s + s.n, *close;
	size_t n = 0;

	while (
	    (p = memmem(p, (size_t)(end - p), begin, strlen(begin))) != NULL) {
		p += strlen(begin);
		close = memchr(p, '>', (size_t)(end - p));
		if (close == NULL)
			break;
		if (strchr(" \n\t>", *p) != NULL && close[-1] != '/')
			n++;
	}
	return n;
}

/*
 * Bytes of an element of that name, which may have others of it inside: what
 * comes out of an archive is a message in a message.  0: it is not all there.
 */
static size_t
element_length(struct slice s, const char *name, int n)
{
	char begin[ELEMENT_MAX + sizeof("<")], end[ELEMENT_MAX + sizeof("</>")];
	const char *close;
	size_t at = 0, depth = 0, next;

	snprintf(begin, sizeof(begin), "<%.*s", n, name);
	snprintf(end, sizeof(end), "</%.*s>", n, name);
	do {
		close = memmem(s.s + at, s.n - at, end, strlen(end));
		if (close == NULL)
			return 0;
		next = (size_t)(close - s.s);
		depth +=
		    count_begun((struct slice){ s.s + at, next - at }, begin);
		at = next + strlen(end);
	} while (--depth > 0);
	return at;
}

/* Bytes of the first stanza, 0: it is not all there. */
static size_t
stanza_length(struct slice s)
{
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
	return element_length(s, s.s + 1, (int)name - 1);
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

/* Of a page: <first>NAME</first>, which may have attributes, and the rest. */
static bool
page_read(struct wire *ev, struct slice stanza)
{
	struct slice first = between(stanza, "<first", "</first>"),
		     stored = between(stanza, "<count>", "</count>");
	const char *name =
	    first.s == NULL ? NULL : memchr(first.s, '>', first.n);

	ev->kind = WIRE_PAGE;
	ev->more = !has(between(stanza, "<fin", ">"), " complete='true'");
	if (name != NULL) {
		name++;
		ev->first =
		    (struct slice){ name, first.n - (size_t)(name - first.s) };
	}
	if (stored.s != NULL)
		ev->stored = strtoll(stored.s, NULL, 10);
	return ev->first.s != NULL || !ev->more;
}

/* The answer with the address: what is before its @ is the name. */
static bool
iq_read(struct wire *ev, struct slice stanza, struct buf *out, bool room)
{
	struct slice name = between(stanza, "<jid>", "@" DOMAIN "/");

	if (is_error(stanza))
		return failure_read(ev, stanza, out, room);
	if (has(stanza, "<fin "))
		return page_read(ev, stanza);
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

/*
 * Its place among others: the digits of the time, as far as microseconds and
 * without the century.  2026-11-29T02:24:31.26Z is 261129022431260000.
 */
static int64_t
stamp_place(struct slice stamp)
{
	int64_t place = 0;
	size_t i, digits = 0;

	for (i = 2; i < stamp.n && digits < STAMP_DIGITS; i++) {
		if (!isdigit((unsigned char)stamp.s[i]))
			continue;
		place = place * 10 + (stamp.s[i] - '0');
		digits++;
	}
	for (; digits < STAMP_DIGITS; digits++)
		place *= 10;
	return place;
}

/* A message that was said before, inside of one that the archive sends. */
static bool
past_read(struct wire *ev, struct slice stanza, struct slice tag)
{
	struct slice stamp = between(stanza, " stamp='", "'"),
		     from = between(stanza, " from='" ROOM "/", "'"),
		     text = between(stanza, "<body>", "</body>");

	ev->past = 1;
	ev->changed = body_is_changed(from.s, from.n, text.s, text.n);
	ev->id = stamp_place(stamp);
	return stamp.s != NULL && has(tag, " from='" ROOM "'");
}

/* Of the room itself there are messages too, but they have no text. */
static bool
message_read(struct wire *ev, struct slice stanza, struct buf *out, bool room)
{
	struct slice tag = between(stanza, "<message", ">");

	if (has(tag, " type='error'"))
		return failure_read(ev, stanza, out, room);
	if (has(between(stanza, "<result", ">"), ARCHIVE))
		return past_read(ev, stanza, tag);
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
