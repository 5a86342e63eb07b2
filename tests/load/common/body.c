/*
 * Message texts of the load programs: a run, a number, and a filling that
 * follows from both, so that a receiver can make the text again and compare.
 */
#include <stdio.h>
#include <string.h>

#include "body.h"
#include "name.h"

static const char plain[] = "aeinorst dulcm.,";
static const char *const spiced[] = { "\"", "\\", "\n", "\t", "\xc3\xa9",
	"\xe2\x82\xac", "/", "\xf0\x9f\x98\x80", "{", "}", "x", "y", "z",
	"\xce\xb1", "'", "<" };

void
body_write(char *out, uint32_t run, uint32_t number, size_t size, bool rich)
{
	char head[BODY_MIN + 1];
	uint32_t random = run ^ (number * 2654435761u);
	const char *piece;
	size_t n = BODY_MIN, len;

	snprintf(head, sizeof(head), "%08x-%08x ", run, number);
	memcpy(out, head, BODY_MIN);
	while (n < size) {
		random = random * 1664525u + 1013904223u;
		piece = spiced[random >> 24 & 15];
		if (rich && (random >> 20 & 7) == 0 &&
		    (len = strlen(piece)) <= size - n) {
			memcpy(out + n, piece, len);
			n += len;
		} else {
			out[n++] = plain[random >> 28];
		}
	}
}

uint32_t
body_ref_number(const char *ref, size_t n, uint32_t run)
{
	uint32_t r, number;

	if (n != BODY_MIN - 1 || ref[8] != '-' || !name_hex(ref, 8, &r) ||
	    !name_hex(ref + 9, 8, &number) || r != run)
		return BODY_UNKNOWN;
	return number;
}

uint32_t
body_number(const char *text, size_t n, uint32_t run)
{
	if (n < BODY_MIN || text[BODY_MIN - 1] != ' ')
		return BODY_UNKNOWN;
	return body_ref_number(text, BODY_MIN - 1, run);
}

bool
body_is_intact(const char *text, size_t n, uint32_t run, uint32_t number,
    size_t size, bool rich)
{
	char made[BODY_MAX];

	if (n != size)
		return false;
	body_write(made, run, number, size, rich);
	return memcmp(text, made, size) == 0;
}
