/*
 * The line cutter of line.h.  It looks at each byte once, however the bytes
 * arrive, and never holds more than one line above what was appended.
 */
#include <string.h>

#include "line.h"

enum line_result
line_next(struct line_buf *lb, char **line, size_t *len)
{
	char *head = buf_head(&lb->in), *lf = NULL;
	size_t have = buf_len(&lb->in);

	if (have > lb->scanned)
		lf = memchr(head + lb->scanned, '\n', have - lb->scanned);
	if (lf == NULL) {
		lb->scanned = have;
		return have > lb->max ? LINE_TOO_LONG : LINE_NONE;
	}
	lb->scanned = 0;
	*len = (size_t)(lf - head);
	if (*len > lb->max)
		return LINE_TOO_LONG;
	*line = head;
	/* Consuming moves no bytes, so the line stays where it is. */
	buf_consume(&lb->in, *len + 1);
	if (*len > 0 && head[*len - 1] == '\r')
		(*len)--;
	return LINE_FOUND;
}

size_t
line_wanted(const struct line_buf *lb)
{
	size_t have = buf_len(&lb->in);

	return have > lb->max ? 0 : lb->max + 1 - have;
}
