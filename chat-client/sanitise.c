/*
 * The sanitiser of sanitise.h: decides for each character, by one table of
 * ranges and wcwidth(), what the terminal gets to see.  It never fails and
 * keeps no state between calls.  Used by whatever shows or prints.
 */
#include <string.h>
#include <wchar.h>

#include "bounds.h"
#include "sanitise.h"
#include "text.h"

#define REPLACEMENT   0xfffd
#define CONTROL_SIGNS 0x2400 /* U+2400: a sign for each C0 control */
#define DELETE_SIGN   0x2421
#define NEWLINE_SIGN  0x2424
#define DOTTED_CIRCLE 0x25cc /* carries a mark that has no letter */
#define ELLIPSIS      "\xe2\x80\xa6"

enum fate { REMOVED, REPLACED };

/*
 * Characters that show nothing are removed; those that reorder or hide what
 * is around them are replaced, so that an attempt is seen.  In order.
 */
static const struct {
	uint32_t first, last;
	enum fate fate;
} special[] = {
	{ 0x0080, 0x009f, REPLACED },  /* C1 controls */
	{ 0x00ad, 0x00ad, REMOVED },   /* soft hyphen */
	{ 0x034f, 0x034f, REMOVED },   /* grapheme joiner */
	{ 0x061c, 0x061c, REMOVED },   /* Arabic letter mark */
	{ 0x115f, 0x1160, REMOVED },   /* Hangul fillers */
	{ 0x17b4, 0x17b5, REMOVED },   /* Khmer inherent vowels */
	{ 0x180b, 0x180f, REMOVED },   /* Mongolian selectors */
	{ 0x200b, 0x200f, REMOVED },   /* zero width, direction marks */
	{ 0x2028, 0x202e, REPLACED },  /* separators, embeddings, overrides */
	{ 0x2060, 0x2065, REMOVED },   /* word joiner, invisible operators */
	{ 0x2066, 0x2069, REPLACED },  /* isolates */
	{ 0x206a, 0x206f, REMOVED },   /* deprecated format characters */
	{ 0x2800, 0x2800, REPLACED },  /* a Braille pattern without dots */
	{ 0x3164, 0x3164, REMOVED },   /* Hangul filler */
	{ 0xd800, 0xdfff, REPLACED },  /* surrogates */
	{ 0xfe00, 0xfe0f, REMOVED },   /* variation selectors */
	{ 0xfeff, 0xfeff, REMOVED },   /* zero width no-break space */
	{ 0xffa0, 0xffa0, REMOVED },   /* half-width Hangul filler */
	{ 0xfff0, 0xfffb, REPLACED },  /* annotations */
	{ 0x1bca0, 0x1bca3, REMOVED }, /* shorthand format controls */
	{ 0x1d173, 0x1d17a, REMOVED }, /* musical format controls */
	{ 0xe0000, 0xe0fff, REMOVED }, /* tags, more variation selectors */
};

static bool
is_special(uint32_t code, enum fate *fate)
{
	size_t low = 0, high = sizeof(special) / sizeof(special[0]), middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (code > special[middle].last)
			low = middle + 1;
		else if (code < special[middle].first)
			high = middle;
		else {
			*fate = special[middle].fate;
			return true;
		}
	}
	return false;
}

uint32_t
sanitise_char(uint32_t code)
{
	enum fate fate;

	if (code < 0x20)
		return CONTROL_SIGNS + code;
	if (code < 0x7f)
		return code;
	if (code == 0x7f)
		return DELETE_SIGN;
	if (is_special(code, &fate))
		return fate == REMOVED ? 0 : REPLACEMENT;
	/* Unassigned, a noncharacter, or the locale cannot tell. */
	if (wcwidth((wchar_t)code) < 0)
		return REPLACEMENT;
	return code;
}

int
sanitise_width(uint32_t code)
{
	uint32_t shown = sanitise_char(code);
	int width;

	if (shown == 0)
		return 0;
	width = wcwidth((wchar_t)shown);
	return width < 0 ? 1 : width;
}

static void
add_code(struct buf *out, uint32_t code)
{
	unsigned char utf8[4];
	size_t n;

	if (code < 0x80) {
		utf8[0] = (unsigned char)code;
		n = 1;
	} else if (code < 0x800) {
		utf8[0] = (unsigned char)(0xc0 | code >> 6);
		utf8[1] = (unsigned char)(0x80 | (code & 0x3f));
		n = 2;
	} else if (code < 0x10000) {
		utf8[0] = (unsigned char)(0xe0 | code >> 12);
		utf8[1] = (unsigned char)(0x80 | (code >> 6 & 0x3f));
		utf8[2] = (unsigned char)(0x80 | (code & 0x3f));
		n = 3;
	} else {
		utf8[0] = (unsigned char)(0xf0 | code >> 18);
		utf8[1] = (unsigned char)(0x80 | (code >> 12 & 0x3f));
		utf8[2] = (unsigned char)(0x80 | (code >> 6 & 0x3f));
		utf8[3] = (unsigned char)(0x80 | (code & 0x3f));
		n = 4;
	}
	buf_add(out, utf8, n);
}

/*
 * Marks follow the character they belong to, a bounded number of them; one
 * without a character gets a circle, or it would sit on what is before it.
 */
static void
add_shown(struct buf *out, uint32_t shown, int *marks)
{
	if (wcwidth((wchar_t)shown) != 0) {
		*marks = 0;
	} else if (*marks < 0) {
		add_code(out, DOTTED_CIRCLE);
		*marks = 1;
	} else if (++*marks > COMBINING_MAX) {
		return;
	}
	add_code(out, shown);
}

void
sanitise_add(struct buf *out, const char *s, size_t n, size_t max,
    enum sanitise_mode mode)
{
	size_t i = 0, len, before = buf_len(out);
	int marks = -1; /* on this character; -1: none yet */
	uint32_t code, shown;

	while (i < n) {
		if (buf_len(out) - before >= max) {
			buf_add_str(out, ELLIPSIS);
			return;
		}
		if ((len = text_char_len(s + i, n - i, &code)) == 0) {
			/* One sign for a sequence that was broken off. */
			for (len = 1; i + len < n && len < 4 &&
			     ((unsigned char)s[i + len] & 0xc0) == 0x80;
			     len++)
				;
			code = REPLACEMENT;
		}
		i += len;
		if (code == '\n' || code == '\t') {
			if (code == '\t')
				buf_add_str(
				    out, mode == SANITISE_TEXT ? "    " : " ");
			else if (mode == SANITISE_TEXT)
				buf_add(out, "\n", 1);
			else
				add_code(out, NEWLINE_SIGN);
			marks = -1;
			continue;
		}
		if ((shown = sanitise_char(code)) != 0)
			add_shown(out, shown, &marks);
	}
}

void
sanitise_add_name(struct buf *out, const char *s, size_t n)
{
	size_t i = 0, len, chars = 0;

	for (; i < n && chars < USERNAME_MAX; i += len, chars++) {
		if ((len = text_char_len(s + i, n - i, NULL)) == 0)
			len = 1;
		/* "all" is no name, but its letters are those of one. */
		if (len == 1 && text_is_username(s + i, 1))
			buf_add(out, s + i, 1);
		else
			buf_add(out, "?", 1);
	}
	if (chars == 0)
		buf_add(out, "?", 1);
}

static void
add_escape(struct buf *out, uint32_t code)
{
	static const char hex[] = "0123456789abcdef";
	char escape[6] = "\\u0000";
	int i;

	if (code > 0xffff) {
		add_escape(out, 0xd800 + ((code - 0x10000) >> 10));
		code = 0xdc00 + ((code - 0x10000) & 0x3ff);
	}
	for (i = 5; i >= 2; i--, code >>= 4)
		escape[i] = hex[code & 15];
	buf_add(out, escape, sizeof(escape));
}

/* Structure, numbers, true, false and null need no more than these. */
static bool
outside_string(struct buf *out, uint32_t code)
{
	static const char allowed[] = "{}[]:, 0123456789+-.eEtrufalsn\"";

	if (code == '\t' || code == '\r' || code == '\n')
		code = ' ';
	if (code == 0 || code > 0x7e || strchr(allowed, (int)code) == NULL)
		return false;
	add_code(out, code);
	return true;
}

bool
sanitise_add_json(struct buf *out, const char *s, size_t n)
{
	size_t i, len, before = buf_len(out);
	bool in_string = false, escaped = false;
	uint32_t code;

	for (i = 0; i < n; i += len) {
		if ((len = text_char_len(s + i, n - i, &code)) == 0)
			break;
		if (!in_string) {
			if (!outside_string(out, code))
				break;
			in_string = code == '"';
			continue;
		}
		if (sanitise_char(code) == code)
			add_code(out, code);
		else if (escaped)
			break; /* no JSON escape looks like this */
		else
			add_escape(out, code);
		if (!escaped && code == '"')
			in_string = false;
		escaped = !escaped && code == '\\';
	}
	if (i < n || in_string) {
		buf_cut(out, before);
		return false;
	}
	return true;
}
