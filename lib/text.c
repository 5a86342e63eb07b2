/*
 * The text rules of text.h.  Pure functions on bytes.
 */
#include <string.h>
#include <strings.h>
#include <time.h>

#include "text.h"

/* The bytes that may follow each lead byte (Unicode, table 3-7). */
static size_t
sequence_len(unsigned char lead, unsigned char *low, unsigned char *high)
{
	*low = 0x80;
	*high = 0xbf;
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if (lead >= 0xe0 && lead <= 0xef) {
		if (lead == 0xe0)
			*low = 0xa0;
		if (lead == 0xed)
			*high = 0x9f;
		return 3;
	}
	if (lead >= 0xf0 && lead <= 0xf4) {
		if (lead == 0xf0)
			*low = 0x90;
		if (lead == 0xf4)
			*high = 0x8f;
		return 4;
	}
	return 0;
}

/* How much of a character is well-formed at s; *whole when all of it is. */
static size_t
well_formed(const char *s, size_t n, bool *whole)
{
	unsigned char low, high;
	size_t len = sequence_len((unsigned char)s[0], &low, &high), i;

	*whole = false;
	if (len == 0)
		return 0;
	for (i = 1; i < len && i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c < low || c > high)
			return i;
		low = 0x80;
		high = 0xbf;
	}
	*whole = i == len;
	return i;
}

size_t
text_char_len(const char *s, size_t n, uint32_t *code)
{
	static const unsigned char mask[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	bool whole;
	size_t len, i;

	if (n == 0)
		return 0;
	len = well_formed(s, n, &whole);
	if (!whole)
		return 0;
	if (code != NULL) {
		*code = (unsigned char)s[0] & mask[len];
		for (i = 1; i < len; i++)
			*code = *code << 6 | ((unsigned char)s[i] & 0x3f);
	}
	return len;
}

/* The length of the ASCII run at s, eight bytes at a time. */
static size_t
ascii_run(const char *s, size_t n)
{
	size_t i = 0;
	uint64_t word;

	for (; i + 8 <= n; i += 8) {
		memcpy(&word, s + i, 8);
		if (word & 0x8080808080808080u)
			break;
	}
	while (i < n && (unsigned char)s[i] < 0x80)
		i++;
	return i;
}

bool
text_is_utf8(const char *s, size_t n)
{
	size_t i = ascii_run(s, n), len;

	while (i < n) {
		if ((len = text_char_len(s + i, n - i, NULL)) == 0)
			return false;
		i += len;
		i += ascii_run(s + i, n - i);
	}
	return true;
}

bool
text_repair(struct buf *out, const char *s, size_t n)
{
	bool repaired = false, whole;
	size_t i = 0, len;

	while (i < n) {
		len = well_formed(s + i, n - i, &whole);
		if (whole) {
			buf_add(out, s + i, len);
		} else {
			buf_add(out, "\xef\xbf\xbd", 3);
			repaired = true;
			if (len == 0)
				len = 1;
		}
		i += len;
	}
	return repaired;
}

size_t
text_strip_controls(char *s, size_t n)
{
	size_t i, kept = 0;

	for (i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		/* C1 is U+0080 to U+009F: C2 80 to C2 9F in UTF-8. */
		if (c == 0xc2 && i + 1 < n && (unsigned char)s[i + 1] < 0xa0) {
			i++;
			continue;
		}
		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
			continue;
		s[kept++] = s[i];
	}
	return kept;
}

bool
text_is_username(const char *s, size_t n)
{
	static const char allowed[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789_.-";
	size_t i;

	if (n == 0 || n > USERNAME_MAX)
		return false;
	for (i = 0; i < n; i++)
		if (s[i] == '\0' || strchr(allowed, s[i]) == NULL)
			return false;
	return !(n == 3 && strncasecmp(s, "all", 3) == 0);
}

void
text_timestamp(char out[TIMESTAMP_LEN + 1], int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;
	char date[TIMESTAMP_LEN + 1];

	if (ms < 0)
		ms = seconds = 0;
	if (gmtime_r(&seconds, &tm) == NULL || tm.tm_year > 9999 - 1900 ||
	    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm) != 19)
		memcpy(date, "1970-01-01T00:00:00", 20);
	memcpy(out, date, 19);
	out[19] = '.';
	out[20] = (char)('0' + ms % 1000 / 100);
	out[21] = (char)('0' + ms % 100 / 10);
	out[22] = (char)('0' + ms % 10);
	out[23] = 'Z';
	out[24] = '\0';
}

/* A number of n digits, -1 if something else is among them. */
static int
digits_read(const char *s, int n)
{
	int value = 0;

	for (; n > 0; n--, s++) {
		if (*s < '0' || *s > '9')
			return -1;
		value = value * 10 + *s - '0';
	}
	return value;
}

/* Days since 1970 of a date of the Gregorian calendar. */
static int64_t
days_since_1970(int64_t year, int month, int day)
{
	/* Years that begin in March have their leap day last. */
	if (month < 3) {
		year--;
		month += 12;
	}
	return 365 * year + year / 4 - year / 100 + year / 400 +
	    (153 * (month - 3) + 2) / 5 + day - 1 - 719468;
}

int64_t
text_timestamp_read(const char *s)
{
	static const struct {
		int at, len;
		char end;
	} parts[] = { { 0, 4, '-' }, { 5, 2, '-' }, { 8, 2, 'T' },
		{ 11, 2, ':' }, { 14, 2, ':' }, { 17, 2, '.' },
		{ 20, 3, 'Z' } };
	int v[7], i;

	for (i = 0; i < 7; i++) {
		v[i] = digits_read(s + parts[i].at, parts[i].len);
		if (v[i] == -1 || s[parts[i].at + parts[i].len] != parts[i].end)
			return -1;
	}
	/* (60 is a leap second.) */
	if (v[1] < 1 || v[1] > 12 || v[2] < 1 || v[2] > 31 || v[3] > 23 ||
	    v[4] > 59 || v[5] > 60)
		return -1;
	return (((days_since_1970(v[0], v[1], v[2]) * 24 + v[3]) * 60 + v[4]) *
		       60 +
		   v[5]) *
	    1000 +
	    v[6];
}

void
text_hex(char *out, const unsigned char *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < n; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * n] = '\0';
}
