/*
 * The text rules (lib/text): repaired text is valid UTF-8, valid text is not
 * touched, and removed controls are gone while all else stays.
 */
#include <string.h>
#include <strings.h>

#include "common/model.h"
#include "fuzz.h"
#include "text.h"

static bool
is_control(uint32_t code)
{
	return (code < 0x20 && code != '\n' && code != '\t') ||
	    (code >= 0x7f && code <= 0x9f);
}

/* Each character of s, its controls left out. */
static void
without_controls(struct buf *out, const char *s, size_t n)
{
	uint32_t code;
	size_t len;

	for (; n > 0; s += len, n -= len) {
		CHECK((len = model_char(s, n, &code)) > 0);
		if (!is_control(code))
			buf_add(out, s, len);
	}
}

static void
check_chars(const char *s, size_t n)
{
	uint32_t code = 0, wanted = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		CHECK(text_char_len(s + i, n - i, &code) ==
		    model_char(s + i, n - i, &wanted));
		if (text_char_len(s + i, n - i, NULL) > 0)
			CHECK(code == wanted);
	}
	CHECK(text_is_utf8(s, n) == model_is_utf8(s, n));
}

static void
check_repair(const char *s, size_t n)
{
	struct buf once = { 0 }, twice = { 0 }, plain = { 0 };
	bool repaired = text_repair(&once, s, n);
	size_t len = buf_len(&once);

	CHECK(repaired == !model_is_utf8(s, n));
	CHECK(model_is_utf8(buf_head(&once), len));
	CHECK(len <= 3 * n);
	CHECK(repaired || len == 0 || memcmp(buf_head(&once), s, n) == 0);
	if (len > 0) {
		CHECK(!text_repair(&twice, buf_head(&once), len));
		without_controls(&plain, buf_head(&once), len);
		len = text_strip_controls(buf_head(&once), len);
		CHECK(len == buf_len(&plain));
		CHECK(len == 0 ||
		    memcmp(buf_head(&once), buf_head(&plain), len) == 0);
	}
	buf_free(&once);
	buf_free(&twice);
	buf_free(&plain);
}

static void
check_username(const char *s, size_t n)
{
	bool wanted = n >= 1 && n <= USERNAME_MAX &&
	    !(n == 3 && strncasecmp(s, "all", 3) == 0);
	size_t i;

	for (i = 0; wanted && i < n; i++)
		wanted = (s[i] >= 'a' && s[i] <= 'z') ||
		    (s[i] >= 'A' && s[i] <= 'Z') ||
		    (s[i] >= '0' && s[i] <= '9') || s[i] == '_' ||
		    s[i] == '.' || s[i] == '-';
	CHECK(text_is_username(s, n) == wanted);
}

static void
check_timestamp(const char *s, size_t n)
{
	char stamp[TIMESTAMP_LEN + 1];
	int64_t ms;

	if (n < sizeof(ms))
		return;
	memcpy(&ms, s, sizeof(ms));
	text_timestamp(stamp, ms);
	CHECK(strlen(stamp) == TIMESTAMP_LEN);
	CHECK(strspn(stamp, "0123456789-:.TZ") == TIMESTAMP_LEN);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *s = (const char *)data;

	check_chars(s, size);
	check_repair(s, size);
	check_username(s, size);
	check_timestamp(s, size);
	return 0;
}
