/*
 * A line of the client's as a request.
 */
#ifndef REQUEST_H
#define REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;
struct session;

struct request {
	struct json_object *json; /* owns all strings below */
	const char *command; /* NULL: none, no string, or with a NUL in it */
	const char *ref;     /* NULL: none */
	bool repaired;	     /* the line was not valid as it came */
};

/*
 * Parse one line.  True: the request, to be given to request_free(); it may
 * still lack a command (NULL).  False: the line was answered with an ERROR,
 * which has ended the session if it was another protocol's before CONNECT.
 */
bool request_parse(struct session *, struct request *, char *line, size_t len);
void request_free(struct request *);

/*
 * The members of a request.  Each returns false when the member is there but
 * not right, or missing though required; then a BAD_REQUEST that names it was
 * answered.
 */
bool request_string(struct session *, const struct request *, const char *key,
    bool required, const char **value, size_t *len);
/* What is not given leaves the value as it is. */
bool request_int(struct session *, const struct request *, const char *key,
    int64_t min, int64_t *value);
/* Whether it is there, and a string. */
bool request_is_string(const struct request *, const char *key);
/* A name that somebody may have (else BAD_USERNAME). */
bool request_username(
    struct session *, const struct request *, const char **username);
/* "all", which is NULL, or a name (else NO_SUCH_USER). */
bool request_recipient(struct session *, const struct request *,
    const char *key, bool required, const char **username);
/* A password, which a NUL ends; with PASSWORD_NEW one that may be set. */
enum password_use { PASSWORD_IF_GIVEN, PASSWORD_OLD, PASSWORD_NEW };
bool request_password(struct session *, const struct request *, const char *key,
    enum password_use, const char **password);
/* Check the client's own timestamp, which is used for nothing. */
bool request_timestamp(struct session *, const struct request *);

#endif
