/*
 * Framing: cuts a byte stream into lines ended by LF (CR LF is accepted), with
 * a bound on the length of one.  Pure; used by the session and the client.
 */
#ifndef LINE_H
#define LINE_H

#include "buf.h"

enum line_result {
	LINE_NONE, /* no complete line is there */
	LINE_FOUND,
	LINE_TOO_LONG /* more than max bytes without an LF */
};

struct line_buf {
	struct buf in;
	size_t scanned; /* bytes known to hold no LF */
	size_t max;	/* of a line, without its LF */
};

/*
 * The next complete line, without its LF or CR LF and not NUL-terminated.  It
 * stays valid until the next call with the same buffer.  After LINE_TOO_LONG
 * the buffer cannot be used further: there is no way back into step.
 */
enum line_result line_next(struct line_buf *, char **line, size_t *len);

/* How many bytes may still be appended before a refusal is certain, plus one. */
size_t line_wanted(const struct line_buf *);

#endif
