/*
 * The growing byte buffer of buf.h.  No I/O, no knowledge of what it holds.
 */
#include <assert.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"

size_t
buf_len(const struct buf *b)
{
	return b->end - b->start;
}

char *
buf_head(const struct buf *b)
{
	/* C has no NULL + 0. */
	return b->data != NULL ? b->data + b->start : NULL;
}

/* Move to the beginning of memory of that size (maybe the present one). */
static void
move(struct buf *b, size_t size)
{
	size_t len = b->end - b->start;
	char *data = b->data;

	if (size != b->size && (data = malloc(size)) == NULL)
		err(71, "out of memory for %zu bytes", size);
	if (len > 0)
		memmove(data, b->data + b->start, len);
	/* It may have been a password: nothing stays behind. */
	if (data == b->data) {
		explicit_bzero(data + len, b->end - len);
	} else if (b->data != NULL) {
		explicit_bzero(b->data, b->end);
		free(b->data);
	}
	*b = (struct buf){ .data = data, .end = len, .size = size };
}

char *
buf_room(struct buf *b, size_t n)
{
	size_t size = b->size != 0 ? b->size : 256;

	if (b->start == b->end)
		b->start = b->end = 0;
	if (b->size - b->end >= n && b->data != NULL)
		return b->data + b->end;
	/* Move down only when half is consumed: appending stays linear. */
	if (b->start >= b->size / 2 && b->start > 0)
		move(b, b->size);
	while (size - b->end < n)
		size *= 2;
	if (size != b->size)
		move(b, size);
	return b->data + b->end;
}

void
buf_added(struct buf *b, size_t n)
{
	assert(n <= b->size - b->end);
	b->end += n;
}

void
buf_add(struct buf *b, const void *data, size_t n)
{
	if (n == 0)
		return;
	memcpy(buf_room(b, n), data, n);
	b->end += n;
}

void
buf_add_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_add_int(struct buf *b, int64_t value)
{
	char digits[21], *p = digits + sizeof(digits);
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	do
		*--p = (char)('0' + rest % 10);
	while ((rest /= 10) != 0);
	if (value < 0)
		*--p = '-';
	buf_add(b, p, (size_t)(digits + sizeof(digits) - p));
}

void
buf_add_json(struct buf *b, const char *s, size_t n)
{
	static const char hex[] = "0123456789abcdef";
	/* At worst each byte becomes six. */
	char *out = buf_room(b, 6 * n + 2), *p = out;
	size_t i;

	*p++ = '"';
	for (i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) {
			*p++ = (char)c;
			continue;
		}
		*p++ = '\\';
		switch (c) {
		case '"':
		case '\\':
			*p++ = (char)c;
			break;
		case '\n':
			*p++ = 'n';
			break;
		case '\t':
			*p++ = 't';
			break;
		default:
			*p++ = 'u';
			*p++ = '0';
			*p++ = '0';
			*p++ = hex[c >> 4];
			*p++ = hex[c & 15];
		}
	}
	*p++ = '"';
	b->end += (size_t)(p - out);
}

void
buf_consume(struct buf *b, size_t n)
{
	assert(n <= buf_len(b));
	b->start += n;
	if (b->start == b->end)
		b->start = b->end = 0;
}

void
buf_cut(struct buf *b, size_t n)
{
	assert(n <= buf_len(b));
	b->end = b->start + n;
}

void
buf_reset(struct buf *b, size_t keep)
{
	b->start = b->end = 0;
	if (b->size > keep)
		buf_free(b);
}

void
buf_free(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ 0 };
}

void
buf_wipe(struct buf *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->size);
	buf_free(b);
}
