/*
 * The model of model.h: a decoder that decodes first and judges afterwards,
 * and a recursive descent through RFC 8259's grammar.
 */
#include <string.h>

#include "model.h"

size_t
model_char(const char *s, size_t n, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *u = (const unsigned char *)s;
	size_t len, i;

	if (n == 0)
		return 0;
	if (u[0] < 0x80) {
		*code = u[0];
		return 1;
	}
	len = u[0] >> 5 == 6  ? 2
	    : u[0] >> 4 == 14 ? 3
	    : u[0] >> 3 == 30 ? 4
			      : 0;
	if (len == 0 || len > n)
		return 0;
	*code = u[0] & (0xffu >> (len + 1));
	for (i = 1; i < len; i++) {
		if (u[i] >> 6 != 2)
			return 0;
		*code = *code * 64 + u[i] % 64;
	}
	if (*code < least[len] || *code > 0x10ffff ||
	    (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return len;
}

bool
model_is_utf8(const char *s, size_t n)
{
	uint32_t code;
	size_t len;

	for (; n > 0; s += len, n -= len)
		if ((len = model_char(s, n, &code)) == 0)
			return false;
	return true;
}

struct input {
	const char *at, *end;
	int depth, max;
	bool halves;
	bool nul;      /* in the last string, as an escape */
	uint32_t high; /* the first half, just before here */
};

static bool value(struct input *);

static void
blanks(struct input *in)
{
	while (in->at < in->end && *in->at != '\0' &&
	    strchr(" \t\r\n", *in->at) != NULL)
		in->at++;
}

/* Take c if it is next. */
static bool
take(struct input *in, char c)
{
	if (in->at == in->end || *in->at != c)
		return false;
	in->at++;
	return true;
}

static bool
word(struct input *in, const char *text)
{
	while (*text != '\0')
		if (!take(in, *text++))
			return false;
	return true;
}

/* A half is whole only right between its partner's and another escape. */
static void
half_ends(struct input *in)
{
	in->halves |= in->high != 0;
	in->high = 0;
}

static bool
unicode_escape(struct input *in)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	uint32_t code = 0;
	const char *digit;
	int i;

	for (i = 0; i < 4; i++, in->at++) {
		if (in->at == in->end || *in->at == '\0' ||
		    (digit = strchr(digits, *in->at)) == NULL)
			return false;
		code = code * 16 + (uint32_t)(digit - digits) % 16;
	}
	in->nul |= code == 0;
	if (code >= 0xdc00 && code <= 0xdfff) {
		in->halves |= in->high == 0;
		in->high = 0;
		return true;
	}
	half_ends(in);
	if (code >= 0xd800 && code <= 0xdbff)
		in->high = code;
	return true;
}

static bool
string(struct input *in)
{
	uint32_t code;
	size_t len;

	if (!take(in, '"'))
		return false;
	in->nul = false;
	while (!take(in, '"')) {
		if (take(in, '\\')) {
			if (take(in, 'u')) {
				if (!unicode_escape(in))
					return false;
				continue;
			}
			half_ends(in);
			if (in->at == in->end || *in->at == '\0' ||
			    strchr("\"\\/bfnrt", *in->at) == NULL)
				return false;
			in->at++;
			continue;
		}
		half_ends(in);
		len = model_char(in->at, (size_t)(in->end - in->at), &code);
		if (len == 0 || code < 0x20)
			return false;
		in->at += len;
	}
	half_ends(in);
	return true;
}

static bool
digits(struct input *in)
{
	const char *from = in->at;

	while (in->at < in->end && *in->at >= '0' && *in->at <= '9')
		in->at++;
	return in->at > from;
}

static bool
number(struct input *in)
{
	take(in, '-');
	if (!take(in, '0') && !digits(in))
		return false;
	if (take(in, '.') && !digits(in))
		return false;
	if (take(in, 'e') || take(in, 'E')) {
		if (!take(in, '+'))
			take(in, '-');
		return digits(in);
	}
	return true;
}

/* Behind an opening bracket, up to the one that closes it. */
static bool
members(struct input *in, char close, bool named)
{
	blanks(in);
	if (take(in, close))
		return true;
	do {
		blanks(in);
		if (named) {
			if (!string(in) || in->nul)
				return false;
			blanks(in);
			if (!take(in, ':'))
				return false;
		}
		if (!value(in))
			return false;
	} while (take(in, ','));
	return take(in, close);
}

static bool
value(struct input *in)
{
	bool ok, named;

	blanks(in);
	if (in->at == in->end)
		return false;
	switch (*in->at) {
	case '{':
	case '[':
		named = *in->at++ == '{';
		ok = ++in->depth <= in->max &&
		    members(in, named ? '}' : ']', named);
		in->depth--;
		break;
	case '"':
		ok = string(in);
		break;
	case 't':
		ok = word(in, "true");
		break;
	case 'f':
		ok = word(in, "false");
		break;
	case 'n':
		ok = word(in, "null");
		break;
	default:
		ok = number(in);
	}
	blanks(in);
	return ok;
}

bool
model_is_json(const char *s, size_t n, int max, bool *object, bool *halves)
{
	struct input in = { .at = s, .end = s + n, .max = max };

	blanks(&in);
	*object = in.at < in.end && *in.at == '{';
	if (!value(&in) || in.at != in.end)
		return false;
	*halves = in.halves;
	return true;
}
