/*
 * The line cutter (lib/line): bytes that come in any pieces are the same lines
 * as bytes that come at once, and both are what a plain loop finds.  The first
 * byte is the longest line, the second how the rest is cut into pieces.
 */
#include <stdbool.h>
#include <string.h>

#include "fuzz.h"
#include "line.h"

struct lines {
	struct buf text; /* each line and an LF */
	bool too_long;
};

/* Take all that can be had now. */
static void
take(struct line_buf *lb, struct lines *out)
{
	enum line_result result;
	char *line;
	size_t len;

	while ((result = line_next(lb, &line, &len)) == LINE_FOUND) {
		CHECK(len <= lb->max);
		CHECK(memchr(line, '\n', len) == NULL);
		buf_add(&out->text, line, len);
		buf_add(&out->text, "\n", 1);
	}
	if (result == LINE_TOO_LONG) {
		out->too_long = true;
		return;
	}
	CHECK(buf_len(&lb->in) <= lb->max);
	CHECK(line_wanted(lb) == lb->max + 1 - buf_len(&lb->in));
	CHECK(line_next(lb, &line, &len) == LINE_NONE);
}

static void
feed(struct lines *out, const char *s, size_t n, size_t max, unsigned how)
{
	struct line_buf lb = { .max = max };
	size_t piece;

	while (n > 0 && !out->too_long) {
		piece = how == 0 ? n : 1 + how % 7;
		how = how * 5 + (how > 0);
		if (piece > n)
			piece = n;
		buf_add(&lb.in, s, piece);
		s += piece;
		n -= piece;
		take(&lb, out);
	}
	buf_free(&lb.in);
}

static void
model(struct lines *out, const char *s, size_t n, size_t max)
{
	size_t len, i;

	for (i = 0; !out->too_long; i += len + 1) {
		for (len = 0; i + len < n && s[i + len] != '\n'; len++)
			;
		out->too_long = len > max;
		if (out->too_long || i + len == n)
			return;
		buf_add(&out->text, s + i,
		    len > 0 && s[i + len - 1] == '\r' ? len - 1 : len);
		buf_add(&out->text, "\n", 1);
	}
}

static void
same(const struct lines *a, const struct lines *b)
{
	CHECK(a->too_long == b->too_long);
	CHECK(buf_len(&a->text) == buf_len(&b->text));
	CHECK(buf_len(&a->text) == 0 ||
	    memcmp(buf_head(&a->text), buf_head(&b->text), buf_len(&a->text)) ==
		0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lines joined = { 0 }, split = { 0 }, wanted = { 0 };
	const char *s = (const char *)data + 2;

	if (size < 2)
		return 0;
	feed(&joined, s, size - 2, data[0], 0);
	feed(&split, s, size - 2, data[0], 1u + data[1]);
	model(&wanted, s, size - 2, data[0]);
	same(&joined, &wanted);
	same(&split, &wanted);
	buf_free(&joined.text);
	buf_free(&split.text);
	buf_free(&wanted.text);
	return 0;
}
