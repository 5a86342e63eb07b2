/*
 * What arguments mean: durations, numbers, names, texts.  Each says what is
 * wrong and what is right.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "admin.h"
#include "text.h"

bool
read_number(const char *text, const char *what, int64_t max, int64_t *value)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (isdigit((unsigned char)*text) && *end == '\0' && errno == 0 &&
	    n >= 1 && n <= max) {
		*value = n;
		return true;
	}
	out_error("%s is '%s': give a number from 1 to %lld", what, text,
	    (long long)max);
	return false;
}

bool
read_duration(const char *text, const char *what, int64_t *ms)
{
	static const char units[] = "smhdw";
	static const int64_t seconds[] = { 1, 60, 3600, 86400, 604800 };
	const int64_t most = (int64_t)DURATION_MAX * 86400;
	char *end;
	const char *unit;
	long long n;

	errno = 0;
	n = strtoll(text, &end, 10);
	unit = *end != '\0' && end[1] == '\0' ? strchr(units, *end) : NULL;
	if (isdigit((unsigned char)*text) && errno == 0 && unit != NULL &&
	    n >= 1 && n <= most / seconds[unit - units]) {
		*ms = n * seconds[unit - units] * 1000;
		return true;
	}
	out_error("%s is '%s': give a number with s, m, h, d or w behind it,"
		  " up to %dd",
	    what, text, DURATION_MAX);
	return false;
}

bool
read_username(const char *text)
{
	if (text_is_username(text, strlen(text)))
		return true;
	out_error("'%s' is no username: that is 1 to %d of A-Z a-z 0-9 _ . -,"
		  " and not 'all'",
	    text, USERNAME_MAX);
	return false;
}

bool
read_no_server(const char *name)
{
	if (strcasecmp(name, STORE_SERVER) != 0)
		return true;
	out_error(STORE_SERVER " is whom announcements come from: it is nobody"
			       " else's name");
	return false;
}

bool
read_text(struct buf *out, const char *text, const char *what, size_t max)
{
	size_t len;

	text_repair(out, text, strlen(text));
	len = buf_len(out);
	len = len > 0 ? text_strip_controls(buf_head(out), len) : 0;
	buf_cut(out, len);
	if (len >= 1 && len <= max)
		return true;
	out_error("%s has %zu bytes without control characters: give 1 to %zu",
	    what, len, max);
	return false;
}
