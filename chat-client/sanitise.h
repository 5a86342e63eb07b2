/*
 * What came from the network, made safe to show on a terminal.  Every string
 * that is shown goes through here: names, texts, errors.  Pure.
 *
 * The result holds only printable characters: controls become visible signs,
 * characters that reorder text or show nothing are replaced or removed, bytes
 * that are not UTF-8 become U+FFFD.  Widths are wcwidth()'s, so LC_CTYPE has
 * to be a UTF-8 locale; in any other everything but ASCII becomes U+FFFD.
 */
#ifndef SANITISE_H
#define SANITISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

enum sanitise_mode {
	SANITISE_LINE, /* newlines become a sign, tabs a space */
	SANITISE_TEXT  /* newlines stay, tabs become spaces */
};

/*
 * What a character becomes on the screen: itself, another one, or 0 when it
 * is left out.  Newline and tab are controls here.
 */
uint32_t sanitise_char(uint32_t code);

/* Columns the character takes once sanitised: 0, 1 or 2. */
int sanitise_width(uint32_t code);

/*
 * Append s to out, sanitised.  After max bytes the rest is left out, and a
 * sign says so.
 */
void sanitise_add(struct buf *out, const char *s, size_t n, size_t max,
    enum sanitise_mode mode);

/*
 * Append a user name: at most USERNAME_MAX characters, those that no name can
 * hold as `?', so that a name never looks like anything else.
 */
void sanitise_add_name(struct buf *out, const char *s, size_t n);

/*
 * Append a line of JSON with everything in its strings escaped that is unsafe
 * on a terminal, which changes no value.  Returns false, with out unchanged,
 * if it holds what JSON has not outside of strings (NaN, stray bytes).
 * The line has to be valid UTF-8.
 */
bool sanitise_add_json(struct buf *out, const char *s, size_t n);

#endif
