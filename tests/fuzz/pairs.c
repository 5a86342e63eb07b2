/*
 * What chat-client keeps on disk (chat-client/pairs, fingerprint): the first
 * byte says how long a key is, key and text follow.  Whatever the text is, a
 * key is found where it is, a change changes it alone, and what looks like a
 * fingerprint is one however it is written.
 */
#include <ctype.h>
#include <string.h>

#include "fingerprint.h"
#include "fuzz.h"
#include "pairs.h"

#define VALUE "new value"

/* The value of the key's first line, found the slow way. */
static const char *
find_slowly(const char *text, size_t size, const char *key, size_t *len)
{
	size_t n = strlen(key), i, end;

	for (i = 0; i < size; i = end + 1) {
		for (end = i; end < size && text[end] != '\n'; end++)
			;
		if (end - i > n && memcmp(text + i, key, n) == 0 &&
		    text[i + n] == '\t') {
			*len = end - i - n - 1;
			return text + i + n + 1;
		}
	}
	return NULL;
}

static void
check_same(const struct buf *a, const struct buf *b, const char *key)
{
	size_t n, m;
	const char *in_a = pairs_find(a, key, &n),
		   *in_b = pairs_find(b, key, &m);

	CHECK((in_a == NULL) == (in_b == NULL));
	if (in_a != NULL)
		CHECK(n == m && memcmp(in_a, in_b, n) == 0);
}

static void
check_pairs(const struct buf *old, const char *key, const char *other)
{
	struct buf new = { 0 }, gone = { 0 };
	size_t n = 0, m = 0;
	const char *found = pairs_find(old, key, &n);

	CHECK(found == find_slowly(buf_head(old), buf_len(old), key, &m));
	CHECK(n == m || found == NULL);
	CHECK(pairs_edit(&new, old, key, VALUE) == (found != NULL));
	found = pairs_find(&new, key, &n);
	CHECK(found != NULL && n == strlen(VALUE) &&
	    memcmp(found, VALUE, n) == 0);
	CHECK(pairs_edit(&gone, &new, key, NULL));
	CHECK(pairs_find(&gone, key, &n) == NULL);
	if (strcmp(key, other) != 0) {
		check_same(old, &new, other);
		check_same(old, &gone, other);
	}
	buf_free(&new);
	buf_free(&gone);
}

static void
check_fingerprint(const char *s)
{
	char out[FINGERPRINT_LEN + 1], again[FINGERPRINT_LEN + 1];
	size_t i;

	if (!fingerprint_parse(out, s))
		return;
	CHECK(strlen(out) == FINGERPRINT_LEN);
	for (i = 0; i < FINGERPRINT_LEN; i++)
		CHECK(i % 3 == 2 ? out[i] == ':'
				 : isxdigit((unsigned char)out[i]) &&
			    !islower((unsigned char)out[i]));
	CHECK(fingerprint_parse(again, out) && strcmp(out, again) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf text = { 0 };
	char key[256], *s;
	size_t n;

	if (size == 0 || size <= data[0])
		return 0;
	/* A key is text without controls. */
	n = data[0];
	memcpy(key, data + 1, n);
	key[n] = '\0';
	if (strcspn(key, "\t\n") != n || n == 0)
		return 0;
	buf_add(&text, data + 1 + n, size - 1 - n);
	check_pairs(&text, key, "localhost:5556");
	buf_add(&text, "", 1);
	s = buf_head(&text);
	check_fingerprint(s);
	buf_free(&text);
	return 0;
}
