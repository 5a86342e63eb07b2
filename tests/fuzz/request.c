/*
 * A client's line (chat-session/request.c and lib/json-check before it): taken
 * if and only if the model takes it too, answered with exactly one error
 * otherwise; and what its members give is what they may give.
 */
#include <json-c/json.h>
#include <stdarg.h>
#include <string.h>

#include "common/model.h"
#include "fuzz.h"
#include "request.h"
#include "session.h"
#include "text.h"

static unsigned errors;

/* In place of command.c's, which would need the whole session. */
void
session_error(struct session *s, const struct request *r, const char *code,
    const char *format, ...)
{
	char text[256];
	va_list args;

	(void)s;
	CHECK(
	    strcmp(code, "BAD_JSON") == 0 || strcmp(code, "BAD_REQUEST") == 0);
	CHECK(r == NULL || r->json != NULL);
	va_start(args, format);
	CHECK(vsnprintf(text, sizeof(text), format, args) > 0);
	va_end(args);
	errors++;
}

void
session_end_error(struct session *s, const char *code, const char *format, ...)
{
	(void)format;
	CHECK(s->state == STATE_NEW);
	CHECK(strcmp(code, "BAD_JSON") == 0);
	errors++;
}

static bool
failed_once(void)
{
	bool once = errors == 1;

	errors = 0;
	return once;
}

static void
check_ref(const struct request *r)
{
	size_t len = r->ref != NULL ? strlen(r->ref) : 1;

	CHECK(len >= 1 && len <= REF_MAX);
	CHECK(r->ref == NULL || model_is_utf8(r->ref, len));
}

static void
check_string(struct session *s, const struct request *r, const char *key)
{
	const char *value = "";
	size_t len = 1;
	bool required;

	for (required = false;; required = true) {
		if (!request_string(s, r, key, required, &value, &len)) {
			CHECK(failed_once());
			CHECK(value == NULL);
		} else if (value == NULL) {
			CHECK(!required && len == 0);
		} else {
			CHECK(value[len] == '\0');
			CHECK(model_is_utf8(value, len));
		}
		CHECK(errors == 0);
		if (required)
			break;
	}
}

static void
check_int(struct session *s, const struct request *r, int64_t min)
{
	int64_t value = -7;
	bool given = json_object_object_get_ex(r->json, "limit", NULL);

	if (!request_int(s, r, "limit", min, &value)) {
		CHECK(given && failed_once());
		CHECK(value == -7);
	} else {
		CHECK(given ? value >= min : value == -7);
	}
	CHECK(errors == 0);
}

static void
check_command(const struct request *r)
{
	struct json_object *member;

	if (r->command == NULL)
		return;
	CHECK(json_object_object_get_ex(r->json, "command", &member));
	/* What is compared as a C string is one. */
	CHECK(strlen(r->command) == (size_t)json_object_get_string_len(member));
}

static void
check_request(struct session *s, const struct request *r)
{
	check_ref(r);
	check_command(r);
	check_string(s, r, "message");
	check_string(s, r, "to");
	check_int(s, r, 0);
	check_int(s, r, 1);
	if (!request_timestamp(s, r))
		CHECK(failed_once());
	CHECK(errors == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct session s;
	const uint8_t *lf = memchr(data, '\n', size);
	size_t len = lf != NULL ? (size_t)(lf - data) : size;
	bool valid, object = false, halves = false;
	struct buf repaired = { 0 };
	struct request r;
	char *line;

	/* An empty line is ignored before it comes so far. */
	if (len == 0)
		return 0;
	CHECK((line = malloc(len)) != NULL);
	memcpy(line, data, len);
	text_repair(&repaired, line, len);
	valid = model_is_json(buf_head(&repaired), buf_len(&repaired),
	    JSON_DEPTH_MAX, &object, &halves);
	errors = 0;
	if (request_parse(&s, &r, line, len)) {
		CHECK(errors == 0);
		CHECK(valid && object);
		CHECK(r.repaired == (halves || !model_is_utf8(line, len)));
		check_request(&s, &r);
		request_free(&r);
	} else {
		CHECK(failed_once());
		/* It may still have a ref that is none. */
		CHECK(!valid || !object ||
		    memmem(buf_head(&repaired), buf_len(&repaired), "r", 1) ||
		    memmem(buf_head(&repaired), buf_len(&repaired), "\\u", 2));
	}
	free(line);
	buf_free(&repaired);
	buf_reset(&s.scratch, 0);
	return 0;
}
