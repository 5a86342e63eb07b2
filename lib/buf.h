/*
 * A growing byte buffer with a read position: append at the end, consume at
 * the front.  It never does I/O.  Used for output queues, lines and datagrams.
 */
#ifndef BUF_H
#define BUF_H

#include <stddef.h>
#include <stdint.h>

struct buf {
	char *data;   /* NULL while nothing was ever appended */
	size_t start; /* first byte not yet consumed */
	size_t end;   /* one past the last byte */
	size_t size;  /* bytes allocated */
};

/*
 * Bytes waiting, and where they are: valid until the next append, NULL if there
 * never was one.
 */
size_t buf_len(const struct buf *);
char *buf_head(const struct buf *);

/*
 * Room for at least n more bytes at the end; the caller fills it and says so
 * with buf_added().  Ends the process when memory is exhausted: every buffer
 * is bounded by its user, so this is the machine's trouble, not a peer's.
 */
char *buf_room(struct buf *, size_t n);
void buf_added(struct buf *, size_t n);

void buf_add(struct buf *, const void *, size_t n);
void buf_add_str(struct buf *, const char *);
void buf_add_int(struct buf *, int64_t);
/* A JSON string of n bytes of valid UTF-8, quotes included (RFC 8259, 7). */
void buf_add_json(struct buf *, const char *, size_t n);

/* Forget the first n bytes; at most buf_len(). */
void buf_consume(struct buf *, size_t n);
/* Forget everything appended after the buffer held n bytes. */
void buf_cut(struct buf *, size_t n);
/* Empty it, and give memory above `keep` bytes back. */
void buf_reset(struct buf *, size_t keep);
void buf_free(struct buf *);
/* The same, and leave nothing of what was in it in memory. */
void buf_wipe(struct buf *);

#endif
