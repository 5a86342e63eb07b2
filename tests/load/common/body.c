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
	/* With the size, so that a text that was cut is another one. */
	uint32_t random = run ^ ((number + (uint32_t)size) * 2654435761u);
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
	/* ngIRCd takes spaces off the end of a text. */
	if (!rich && size > BODY_MIN && out[size - 1] == ' ')
		out[size - 1] = '.';
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

/*
 * Many get the same message at about the same time, so that what it should be
 * is made once for all of them, not for each.
 */
#define MADE 256 /* texts that are kept, by their number */

static struct made {
	uint32_t run, number;
	size_t size; /* 0: none */
	bool rich;
	char text[BODY_MAX];
} made[MADE];

bool
body_is_intact(const char *text, size_t n, uint32_t run, uint32_t number,
    size_t size, bool rich)
{
	struct made *m = &made[number % MADE];

	if (n != size)
		return false;
	if (m->run != run || m->number != number || m->size != size ||
	    m->rich != rich) {
		body_write(m->text, run, number, size, rich);
		m->run = run;
		m->number = number;
		m->size = size;
		m->rich = rich;
	}
	return memcmp(text, m->text, size) == 0;
}

bool
body_is_changed(const char *from, size_t nfrom, const char *text, size_t n)
{
	uint32_t run, number;

	if (!name_run_of(from, nfrom, &run))
		return false;
	number = body_number(text, n, run);
	return number == BODY_UNKNOWN || n > BODY_MAX ||
	    (!body_is_intact(text, n, run, number, n, false) &&
		!body_is_intact(text, n, run, number, n, true));
}
