/*
 * Parsing: a line becomes a request, or is answered with the reason why not.
 * json-c does the work; what it takes although RFC 8259 does not (NaN, raw
 * controls in strings, silently mended surrogates) is looked for before.
 */
#include <errno.h>
#include <json-c/json.h>
#include <string.h>
#include <strings.h>

#include "json-check.h"
#include "password.h"
#include "request.h"
#include "session.h"
#include "text.h"

/* The parser's own buffer holds a password without ever being moved. */
#define PARSER_ROOM 512

/* Repair the line if need be; it is then in the session's scratch buffer. */
static bool
line_repair(struct session *s, char **line, size_t *len)
{
	if (text_is_utf8(*line, *len))
		return false;
	buf_reset(&s->scratch, INPUT_CHUNK);
	text_repair(&s->scratch, *line, *len);
	*line = buf_head(&s->scratch);
	*len = buf_len(&s->scratch);
	return true;
}

/* Strings came through there; they were not longer than the line. */
static void
parser_wipe(struct printbuf *pb, size_t len)
{
	size_t size = (size_t)pb->size;

	explicit_bzero(pb->buf, len < size ? len : size);
}

/* What the client said, one level deep: a password among it. */
static void
strings_wipe(struct json_object *json)
{
	const char *value;
	char *writable;

	json_object_object_foreach(json, key, member)
	{
		(void)key;
		if (!json_object_is_type(member, json_type_string))
			continue;
		/* json-c has no other way to its memory. */
		value = json_object_get_string(member);
		memcpy(&writable, &value, sizeof(value));
		explicit_bzero(
		    writable, (size_t)json_object_get_string_len(member));
	}
}

static struct json_object *
parse(const char *line, size_t len, const char **why)
{
	static struct json_tokener *tokener;
	struct json_object *json;
	enum json_tokener_error error;

	if (tokener == NULL) {
		tokener = json_tokener_new_ex(JSON_DEPTH_MAX + 2);
		printbuf_memset(tokener->pb, 0, 0, PARSER_ROOM);
	}
	json_tokener_reset(tokener);
	errno = 0;
	json = json_tokener_parse_ex(tokener, line, (int)len);
	error = json_tokener_get_error(tokener);
	if (error == json_tokener_continue) {
		/* Numbers end only at what follows: give it an end. */
		json = json_tokener_parse_ex(tokener, " ", 1);
		*why = "it ends too early";
	} else if (json == NULL && errno == ENOMEM) {
		/* (Some versions call that a success.) */
		*why = "it needs too much memory";
	} else if (error != json_tokener_success) {
		*why = json_tokener_error_desc(error);
	} else if (json_tokener_get_parse_end(tokener) != len) {
		*why = "more follows behind its end";
		json_object_put(json);
		json = NULL;
	}
	parser_wipe(tokener->pb, len);
	return json;
}

/* A member's string, NULL if it is missing (NULL) or no string. */
static const char *
string_of(struct json_object *member, size_t *len)
{
	if (!json_object_is_type(member, json_type_string))
		return NULL;
	*len = (size_t)json_object_get_string_len(member);
	return json_object_get_string(member);
}

static bool
ref_take(struct session *s, struct request *r)
{
	struct json_object *member;
	const char *ref;
	size_t len;

	if (!json_object_object_get_ex(r->json, "ref", &member))
		return true;
	ref = string_of(member, &len);
	if (ref != NULL && len > 0 && len <= REF_MAX && strlen(ref) == len) {
		r->ref = ref;
		return true;
	}
	session_error(s, NULL, "BAD_REQUEST",
	    "ref must be a string of 1 to %d bytes without NUL", REF_MAX);
	return false;
}

/*
 * A browser that a page told to POST to us says its request line first, or
 * shakes hands for TLS; what follows is the page's, and may look like commands.
 */
static bool
is_other_protocol(const char *line, size_t len)
{
	static const char tls[] = "\x16\x03", http[] = " HTTP/1.";
	const size_t tail = sizeof(http) - 1 + 1; /* with the last digit */

	return (len >= 2 && memcmp(line, tls, 2) == 0) ||
	    (len >= tail && memcmp(line + len - tail, http, tail - 1) == 0);
}

static void
refuse_json(struct session *s, bool other_protocol, const char *why)
{
	if (other_protocol)
		session_end_error(s, "BAD_JSON",
		    "HTTP and TLS are not spoken here: each line must hold one"
		    " JSON object");
	else
		session_error(
		    s, NULL, "BAD_JSON", "not a JSON object: %s", why);
}

bool
request_parse(struct session *s, struct request *r, char *line, size_t len)
{
	bool other = s->state == STATE_NEW && is_other_protocol(line, len);
	struct request request = { .repaired = line_repair(s, &line, &len) };
	bool surrogates = false;
	const char *why = json_check(line, len, &surrogates);
	struct json_object *command = NULL;
	size_t n;

	if (why == NULL)
		request.json = parse(line, len, &why);
	if (request.repaired)
		buf_wipe(&s->scratch);
	if (request.json == NULL) {
		refuse_json(s, other, why != NULL ? why : "null");
		return false;
	}
	if (!json_object_is_type(request.json, json_type_object)) {
		session_error(
		    s, NULL, "BAD_JSON", "a line must hold one JSON object");
		json_object_put(request.json);
		return false;
	}
	request.repaired |= surrogates;
	if (!ref_take(s, &request)) {
		request_free(&request);
		return false;
	}
	json_object_object_get_ex(request.json, "command", &command);
	request.command = string_of(command, &n);
	/* "PING\\u0000" is not PING. */
	if (request.command != NULL && strlen(request.command) != n)
		request.command = NULL;
	*r = request;
	return true;
}

void
request_free(struct request *r)
{
	strings_wipe(r->json);
	json_object_put(r->json);
	*r = (struct request){ 0 };
}

bool
request_string(struct session *s, const struct request *r, const char *key,
    bool required, const char **value, size_t *len)
{
	struct json_object *member;

	*value = NULL;
	*len = 0;
	if (!json_object_object_get_ex(r->json, key, &member)) {
		if (required)
			session_error(
			    s, r, "BAD_REQUEST", "%s is missing", key);
		return !required;
	}
	*value = string_of(member, len);
	if (*value == NULL)
		session_error(s, r, "BAD_REQUEST", "%s must be a string", key);
	return *value != NULL;
}

bool
request_is_string(const struct request *r, const char *key)
{
	struct json_object *member;

	return json_object_object_get_ex(r->json, key, &member) &&
	    json_object_is_type(member, json_type_string);
}

bool
request_username(
    struct session *s, const struct request *r, const char **username)
{
	size_t len;

	if (!request_string(s, r, "username", true, username, &len))
		return false;
	if (text_is_username(*username, len))
		return true;
	session_error(s, r, "BAD_USERNAME",
	    "a username is 1 to %d of"
	    " A-Z a-z 0-9 _ . - and not 'all'",
	    USERNAME_MAX);
	return false;
}

bool
request_recipient(struct session *s, const struct request *r, const char *key,
    bool required, const char **username)
{
	size_t len;

	if (!request_string(s, r, key, required, username, &len))
		return false;
	if (*username == NULL || text_is_username(*username, len))
		return true;
	if (len == 3 && strcasecmp(*username, "all") == 0) {
		*username = NULL;
		return true;
	}
	session_error(s, r, "NO_SUCH_USER",
	    "%s must be \"all\" or the name of a user", key);
	return false;
}

bool
request_password(struct session *s, const struct request *r, const char *key,
    enum password_use use, const char **password)
{
	const char *why;
	size_t len;

	if (!request_string(
		s, r, key, use != PASSWORD_IF_GIVEN, password, &len))
		return false;
	if (*password == NULL)
		return true;
	/* (A repaired one would be another than was meant.) */
	if (r->repaired)
		why = "a password must be valid UTF-8";
	else if (use == PASSWORD_NEW)
		why = password_refusal(*password, len);
	else
		why = password_unusable(*password, len);
	if (why == NULL)
		return true;
	session_error(s, r, "BAD_REQUEST", "%s: %s", key, why);
	return false;
}

bool
request_int(struct session *s, const struct request *r, const char *key,
    int64_t min, int64_t *value)
{
	struct json_object *member;

	if (!json_object_object_get_ex(r->json, key, &member))
		return true;
	if (json_object_is_type(member, json_type_int) &&
	    json_object_get_int64(member) >= min) {
		*value = json_object_get_int64(member);
		return true;
	}
	session_error(s, r, "BAD_REQUEST",
	    "%s must be a whole number, at least %lld", key, (long long)min);
	return false;
}

/* As much of ISO 8601 as any clock writes: 2026-11-23T04:38:09 and the rest. */
static bool
looks_like_time(const char *t, size_t len)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:dd";
	size_t i;

	if (len < sizeof(shape) - 1 || len > TIMESTAMP_MAX)
		return false;
	for (i = 0; i < sizeof(shape) - 1; i++)
		if (shape[i] == 'd'
			? t[i] < '0' || t[i] > '9'
			: t[i] != shape[i] && !(shape[i] == 'T' && t[i] == ' '))
			return false;
	for (; i < len; i++)
		if (strchr("0123456789.,:+-Z", t[i]) == NULL || t[i] == '\0')
			return false;
	return true;
}

bool
request_timestamp(struct session *s, const struct request *r)
{
	const char *value;
	size_t len;

	if (!request_string(s, r, "timestamp", false, &value, &len))
		return false;
	if (value == NULL || looks_like_time(value, len))
		return true;
	session_error(s, r, "BAD_REQUEST",
	    "timestamp must be ISO 8601, such as"
	    " 2026-11-23T04:38:09.123Z");
	return false;
}
