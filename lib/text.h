/*
 * Rules about text that several programs share: UTF-8 repair, what may be in a
 * message, user names, timestamps, hexadecimal.  Pure.
 */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "limit.h"

/*
 * The length in bytes of the valid UTF-8 character at s (RFC 3629: no overlong
 * forms, no surrogates, nothing above U+10FFFF), 0 if there is none.  With
 * `code` not NULL its code point is stored there.
 */
size_t text_char_len(const char *s, size_t n, uint32_t *code);

bool text_is_utf8(const char *s, size_t n);

/*
 * Append s to out with every ill-formed part replaced by U+FFFD (one for each
 * maximal ill-formed subpart, as Unicode 3.9 recommends).  Returns whether
 * anything was replaced.
 */
bool text_repair(struct buf *out, const char *s, size_t n);

/*
 * Take NUL, C0 controls other than newline and tab, DEL and C1 controls out of
 * valid UTF-8, in place.  Returns the new length.
 */
size_t text_strip_controls(char *s, size_t n);

/* 1 to USERNAME_MAX of A-Z a-z 0-9 _ . -, and not "all" in any case. */
bool text_is_username(const char *s, size_t n);

/* ISO 8601 in UTC with milliseconds, NUL-terminated, from ms since 1970. */
void text_timestamp(char out[TIMESTAMP_LEN + 1], int64_t ms);

/* The other way round, of TIMESTAMP_LEN bytes; -1 if it is none of these. */
int64_t text_timestamp_read(const char *s);

/* 2 * n lower-case digits and a NUL. */
void text_hex(char *out, const unsigned char *bytes, size_t n);

#endif
