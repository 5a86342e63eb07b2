/*
 * What a JSON parser may let pass but our protocol does not.  Pure.
 */
#ifndef JSON_CHECK_H
#define JSON_CHECK_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Look through one line of valid UTF-8 for nesting deeper than JSON_DEPTH_MAX,
 * raw control characters in strings (RFC 8259, 7), numbers not written as in
 * its section 6, words other than true, false and null, a comma that nothing
 * follows, and members with a NUL in their name, which json-c would take for
 * another member.  (It would see most of them itself if it were told to be
 * strict, but then that of Debian 13, 0.18, takes nothing but ASCII.)  Returns
 * NULL, or what is wrong.  *surrogates is set when a \u escape names half of a
 * surrogate pair without its other half, which parsers turn into U+FFFD.
 */
const char *json_check(const char *line, size_t len, bool *surrogates);

#endif
