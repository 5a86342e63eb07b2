/*
 * Reads the server's events for the load programs: strictly, or quickly where
 * the generator must not be what limits the measurement.  Both ways fill in
 * the same members through one table.
 */
#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "json-check.h"
#include "wire.h"

#define KEY(k, member, type) \
	{ \
		k, sizeof(k) - 1, offsetof(struct wire, member), type \
	}

static const struct {
	const char *key;
	size_t len;
	size_t where;
	char type; /* 0: slice, i: integer, b: boolean */
} members[] = {
	KEY("event", name, 0),
	KEY("ref", ref, 0),
	KEY("from", from, 0),
	KEY("to", to, 0),
	KEY("message", message, 0),
	KEY("code", code, 0),
	KEY("resume", resume, 0),
	KEY("id", id, 'i'),
	KEY("last_id", last_id, 'i'),
	KEY("reset", reset, 'b'),
	KEY("more", more, 'b'),
};
#define NMEMBERS (sizeof(members) / sizeof(members[0]))

static const struct {
	const char *name;
	enum wire_kind kind;
} kinds[] = {
	{ "MESSAGE", WIRE_MESSAGE },
	{ "ACK", WIRE_ACK },
	{ "CONNECTED", WIRE_CONNECTED },
	{ "ERROR", WIRE_ERROR },
	{ "HISTORY", WIRE_PAGE },
	{ "PING", WIRE_PING },
};

bool
slice_is(struct slice s, const char *text)
{
	return s.s != NULL && s.n == strlen(text) &&
	    memcmp(s.s, text, s.n) == 0;
}

static void
wire_classify(struct wire *ev)
{
	size_t i;

	ev->kind = WIRE_OTHER;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (slice_is(ev->name, kinds[i].name))
			ev->kind = kinds[i].kind;
}

/* Store one member if it is wanted; text is NULL for numbers and booleans. */
static void
wire_set(struct wire *ev, struct slice key, struct slice text, char type,
    int64_t number)
{
	char *base = (char *)ev;
	size_t i;

	for (i = 0; i < NMEMBERS; i++) {
		if (key.n != members[i].len || members[i].type != type ||
		    key.s[0] != members[i].key[0] ||
		    memcmp(key.s, members[i].key, key.n) != 0)
			continue;
		if (type == 0)
			memcpy(base + members[i].where, &text, sizeof(text));
		else if (type == 'i')
			memcpy(
			    base + members[i].where, &number, sizeof(number));
		else
			*(bool *)(base + members[i].where) = number != 0;
		return;
	}
}

/* Take what is wanted out of the object. */
static void
wire_take(struct wire *ev)
{
	struct slice key, text;

	json_object_object_foreach(ev->object, name, value)
	{
		key = (struct slice){ name, strlen(name) };
		text = (struct slice){ NULL, 0 };
		switch (json_object_get_type(value)) {
		case json_type_string:
			text.s = json_object_get_string(value);
			text.n = (size_t)json_object_get_string_len(value);
			wire_set(ev, key, text, 0, 0);
			break;
		case json_type_int:
			wire_set(
			    ev, key, text, 'i', json_object_get_int64(value));
			break;
		case json_type_boolean:
			wire_set(
			    ev, key, text, 'b', json_object_get_boolean(value));
			break;
		default:
			break;
		}
		if (slice_is(key, "retry_after") ||
		    slice_is(key, "reconnect_after"))
			ev->retry_after = json_object_get_double(value);
	}
}

bool
wire_parse(struct wire *ev, const char *line, size_t n)
{
	struct json_tokener *tok;
	bool whole, surrogates;

	memset(ev, 0, sizeof(*ev));
	if (json_check(line, n, &surrogates) != NULL)
		return false;
	tok = json_tokener_new();
	json_tokener_set_flags(tok, JSON_TOKENER_VALIDATE_UTF8);
	ev->object = json_tokener_parse_ex(tok, line, (int)n);
	whole = json_tokener_get_error(tok) == json_tokener_success &&
	    json_tokener_get_parse_end(tok) == n;
	json_tokener_free(tok);
	if (whole && json_object_is_type(ev->object, json_type_object))
		wire_take(ev);
	if (ev->name.s == NULL) {
		wire_free(ev);
		return false;
	}
	wire_classify(ev);
	return true;
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Past what, eight bytes at a time, surely belongs to a string. */
static const char *
skip_plain(const char *s, const char *end)
{
	uint64_t w, quote, backslash, control;

	for (; end - s >= (ptrdiff_t)sizeof(w); s += sizeof(w)) {
		memcpy(&w, s, sizeof(w));
		/* (x - 1) & ~x has the high bit of each byte that is 0. */
		quote = w ^ EACH('"');
		quote = (quote - EACH(1)) & ~quote;
		backslash = w ^ EACH('\\');
		backslash = (backslash - EACH(1)) & ~backslash;
		control = (w - EACH(' ')) & ~w;
		if (((quote | backslash | control) & EACH(0x80)) != 0)
			break;
	}
	return s;
}

/* A string without escapes at *p, which is left behind its closing quote. */
static bool
scan_string(const char **p, const char *end, struct slice *out)
{
	const char *s = *p;

	if (s == end || *s != '"')
		return false;
	out->s = ++s;
	s = skip_plain(s, end);
	while (s < end && *s != '"' && *s != '\\' && (unsigned char)*s >= ' ')
		s++;
	if (s == end || *s != '"')
		return false;
	out->n = (size_t)(s - out->s);
	*p = s + 1;
	return true;
}

static bool
scan_integer(const char **p, const char *end, int64_t *out)
{
	const char *s = *p;
	int64_t value = 0;

	while (s < end && isdigit((unsigned char)*s) && s - *p < 18)
		value = value * 10 + (*s++ - '0');
	if (s == *p || (**p == '0' && s - *p > 1))
		return false;
	*p = s;
	*out = value;
	return true;
}

static bool
scan_value(struct wire *ev, struct slice key, const char **p, const char *end)
{
	struct slice text = { NULL, 0 };
	int64_t number;

	if (scan_string(p, end, &text)) {
		wire_set(ev, key, text, 0, 0);
	} else if (scan_integer(p, end, &number)) {
		wire_set(ev, key, text, 'i', number);
	} else if (end - *p > 4 && memcmp(*p, "true", 4) == 0) {
		wire_set(ev, key, text, 'b', 1);
		*p += 4;
	} else {
		return false;
	}
	return true;
}

bool
wire_scan(struct wire *ev, const char *line, size_t n)
{
	const char *p = line, *end = line + n;
	struct slice key;

	memset(ev, 0, sizeof(*ev));
	if (n < 2 || *p != '{')
		return false;
	do {
		p++;
		if (!scan_string(&p, end, &key) || p == end || *p++ != ':' ||
		    !scan_value(ev, key, &p, end) || p == end)
			return false;
	} while (*p == ',');
	if (*p != '}' || p + 1 != end || ev->name.s == NULL)
		return false;
	wire_classify(ev);
	return true;
}

void
wire_free(struct wire *ev)
{
	if (ev->object != NULL)
		json_object_put(ev->object);
	ev->object = NULL;
}
