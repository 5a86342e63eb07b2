/*
 * The lines of pairs.h.  Called by state.c, which reads and writes them.
 */
#include <string.h>

#include "pairs.h"

/* The line at *at, which moves behind it; NULL after the last. */
static const char *
next_line(const struct buf *text, size_t *at, size_t *len)
{
	const char *line, *lf;

	if (*at >= buf_len(text))
		return NULL;
	line = buf_head(text) + *at;
	lf = memchr(line, '\n', buf_len(text) - *at);
	*len = lf != NULL ? (size_t)(lf - line) : buf_len(text) - *at;
	*at += *len + 1;
	return line;
}

static bool
has_key(const char *line, size_t len, const char *key)
{
	size_t n = strlen(key);

	return len > n && memcmp(line, key, n) == 0 && line[n] == '\t';
}

const char *
pairs_find(const struct buf *text, const char *key, size_t *len)
{
	const char *line;
	size_t at = 0;

	while ((line = next_line(text, &at, len)) != NULL)
		if (has_key(line, *len, key)) {
			*len -= strlen(key) + 1;
			return line + strlen(key) + 1;
		}
	return NULL;
}

bool
pairs_edit(
    struct buf *out, const struct buf *old, const char *key, const char *value)
{
	const char *line;
	size_t at = 0, len;
	bool found = false;

	while ((line = next_line(old, &at, &len)) != NULL) {
		if (has_key(line, len, key)) {
			found = true;
			continue;
		}
		buf_add(out, line, len);
		buf_add(out, "\n", 1);
	}
	if (value != NULL) {
		buf_add_str(out, key);
		buf_add(out, "\t", 1);
		buf_add_str(out, value);
		buf_add(out, "\n", 1);
	}
	return found;
}
