/*
 * The look at a line before json-c gets it.  One pass, no memory.
 */
#include <string.h>

#include "json-check.h"
#include "limit.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The value of four hexadecimal digits, -1 if they are not. */
static long
hex4(const char *p, const char *end)
{
	long value = 0;
	int i;

	if (end - p < 4)
		return -1;
	for (i = 0; i < 4; i++) {
		char c = p[i];

		value <<= 4;
		if (c >= '0' && c <= '9')
			value |= c - '0';
		else if (c >= 'a' && c <= 'f')
			value |= c - 'a' + 10;
		else if (c >= 'A' && c <= 'F')
			value |= c - 'A' + 10;
		else
			return -1;
	}
	return value;
}

/* What was seen within strings. */
struct seen {
	bool surrogates; /* half a pair, anywhere */
	bool nul;	 /* \u0000 in the last string */
};

/* At the u of an escape: skip it, and its other half when that follows. */
static const char *
escape_skip(const char *p, const char *end, struct seen *seen)
{
	long unit = hex4(p + 1, end), low = -1;

	seen->nul |= unit == 0;
	if (unit < 0xd800 || unit > 0xdfff)
		return p + 1;
	if (unit < 0xdc00 && end - p >= 7 && p[5] == '\\' && p[6] == 'u')
		low = hex4(p + 7, end);
	if (low >= 0xdc00 && low <= 0xdfff)
		return p + 11;
	seen->surrogates = true;
	return p + 5;
}

/* Behind the opening quote: skip the string.  NULL for a control in it. */
static const char *
string_skip(const char *p, const char *end, struct seen *seen)
{
	seen->nul = false;
	while (p < end && *p != '"') {
		if ((unsigned char)*p < 0x20)
			return NULL;
		if (*p++ != '\\' || p >= end)
			continue;
		p = *p == 'u' ? escape_skip(p, end, seen) : p + 1;
	}
	return p < end ? p + 1 : end;
}

static const char *
word_skip(const char *p, const char *end)
{
	static const char *const words[] = { "true", "false", "null" };
	size_t i, len;

	for (i = 0; i < 3; i++) {
		len = strlen(words[i]);
		if ((size_t)(end - p) >= len && memcmp(p, words[i], len) == 0)
			return p + len;
	}
	return NULL;
}

/* At a digit or a sign: skip a number as RFC 8259, 6, writes it. */
static const char *
number_skip(const char *p, const char *end)
{
	const char *digits;

	if (*p == '-')
		p++;
	for (digits = p; p < end && is_digit(*p); p++)
		;
	if (p == digits || (*digits == '0' && p > digits + 1))
		return NULL;
	if (p < end && *p == '.') {
		for (digits = ++p; p < end && is_digit(*p); p++)
			;
		if (p == digits)
			return NULL;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		for (digits = p; p < end && is_digit(*p); p++)
			;
		if (p == digits)
			return NULL;
	}
	return p;
}

const char *
json_check(const char *line, size_t len, bool *surrogates)
{
	const char *p = line, *end = line + len;
	struct seen seen = { false, false };
	bool comma = false; /* nothing has come after it */
	int depth = 0;

	*surrogates = false;
	while (p < end) {
		if (strchr(" \t\r", *p) == NULL) {
			if (comma && (*p == '}' || *p == ']'))
				return "nothing follows a comma";
			comma = *p == ',';
		}
		switch (*p) {
		case '"':
			p = string_skip(p + 1, end, &seen);
			if (p == NULL)
				return "a control character in a string must"
				       " be escaped";
			*surrogates = seen.surrogates;
			continue;
		case ':':
			/* Parsers would take the name up to there. */
			if (seen.nul)
				return "a NUL character in a member's name";
			break;
		case '{':
		case '[':
			if (++depth > JSON_DEPTH_MAX)
				return "it is nested too deep";
			break;
		case '}':
		case ']':
			depth--;
			break;
		case 't':
		case 'f':
		case 'n':
			if ((p = word_skip(p, end)) == NULL)
				return "a word other than true, false, null";
			continue;
		case '\0':
			return "a NUL character";
		default:
			if (*p == '-' || is_digit(*p)) {
				if ((p = number_skip(p, end)) == NULL)
					return "a number that is none";
				continue;
			}
			if (strchr(",: \t\r", *p) == NULL)
				return "an unexpected character";
		}
		p++;
	}
	return NULL;
}
