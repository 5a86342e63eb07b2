/*
 * The client's terminal sanitiser (chat-client/sanitise.c): whatever comes in,
 * what goes out is valid UTF-8 without controls, without characters that
 * reorder or hide, and no longer than it may be; and JSON keeps its meaning.
 * The second byte is the longest output.
 */
#include <json-c/json.h>
#include <limits.h>
#include <locale.h>
#include <string.h>
#include <wchar.h>

#include "bounds.h"
#include "common/model.h"
#include "fuzz.h"
#include "limit.h"
#include "sanitise.h"
#include "text.h"

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	CHECK(setlocale(LC_CTYPE, "C.UTF-8") != NULL);
	return 0;
}

/* What no terminal may get, whatever sanitise_char() thinks. */
static bool
is_unsafe(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code <= 0x9f) || code == 0x61c ||
	    code == 0xad || code == 0xfeff ||
	    (code >= 0x200b && code <= 0x200f) ||
	    (code >= 0x2028 && code <= 0x202e) ||
	    (code >= 0x2060 && code <= 0x206f) ||
	    (code >= 0xfff0 && code <= 0xfffb) ||
	    (code >= 0xe0000 && code <= 0xe0fff);
}

/* All of it may be shown; at most so many marks follow each other. */
static void
check_shown(const char *s, size_t n, bool newlines, unsigned marks_max)
{
	uint32_t code;
	unsigned marks = 0;
	size_t len;

	for (; n > 0; s += len, n -= len) {
		CHECK((len = model_char(s, n, &code)) > 0);
		if (code == '\n' && newlines) {
			marks = 0;
			continue;
		}
		CHECK(!is_unsafe(code));
		CHECK(wcwidth((wchar_t)code) >= 0);
		marks = wcwidth((wchar_t)code) == 0 ? marks + 1 : 0;
		CHECK(marks <= marks_max);
	}
}

static void
check_text(const char *s, size_t n, size_t max, enum sanitise_mode mode)
{
	struct buf out = { 0 };

	buf_add_str(&out, "before");
	sanitise_add(&out, s, n, max, mode);
	CHECK(buf_len(&out) >= 6);
	CHECK(memcmp(buf_head(&out), "before", 6) == 0);
	check_shown(buf_head(&out) + 6, buf_len(&out) - 6,
	    mode == SANITISE_TEXT, COMBINING_MAX);
	/* One character with its circle may pass the end, then an ellipsis. */
	CHECK(buf_len(&out) - 6 <= max + 7 + 3);
	buf_free(&out);
}

static void
check_name(const char *s, size_t n)
{
	struct buf out = { 0 };
	size_t i;

	sanitise_add_name(&out, s, n);
	CHECK(buf_len(&out) >= 1 && buf_len(&out) <= USERNAME_MAX);
	for (i = 0; i < buf_len(&out); i++)
		CHECK(buf_head(&out)[i] == '?' ||
		    text_is_username(buf_head(&out) + i, 1));
	buf_free(&out);
}

static struct json_object *
parse(const char *s, size_t n)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *json = json_tokener_parse_ex(tokener, s, (int)n);

	json_tokener_free(tokener);
	return json;
}

static void
check_json(const char *s, size_t n)
{
	struct buf valid = { 0 }, out = { 0 };
	struct json_object *before, *after;
	bool object, halves;

	text_repair(&valid, s, n);
	if (!sanitise_add_json(&out, buf_head(&valid), buf_len(&valid))) {
		CHECK(buf_len(&out) == 0);
		CHECK(buf_len(&valid) == 0 ||
		    !model_is_json(buf_head(&valid), buf_len(&valid), 16,
			&object, &halves));
	} else if (buf_len(&out) > 0) {
		/* (No mark is left out, which would change a value.) */
		check_shown(buf_head(&out), buf_len(&out), false, UINT_MAX);
		if (model_is_json(buf_head(&valid), buf_len(&valid), 16,
			&object, &halves) &&
		    object) {
			before = parse(buf_head(&valid), buf_len(&valid));
			after = parse(buf_head(&out), buf_len(&out));
			CHECK(before != NULL && after != NULL);
			CHECK(json_object_equal(before, after));
			json_object_put(before);
			json_object_put(after);
		}
	}
	buf_free(&valid);
	buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *s = (const char *)data + 2;

	if (size < 2)
		return 0;
	check_text(s, size - 2, data[1], SANITISE_LINE);
	check_text(s, size - 2, 8u * data[1], SANITISE_TEXT);
	check_name(s, size - 2);
	check_json(s, size - 2);
	return 0;
}
