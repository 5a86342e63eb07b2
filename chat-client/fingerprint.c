/*
 * The fingerprints of fingerprint.h.  Called by options.c for what a person
 * gives.
 */
#include <stddef.h>
#include <strings.h>

#include "fingerprint.h"

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
fingerprint_parse(char out[FINGERPRINT_LEN + 1], const char *s)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t n = 0;
	int value;

	if (strncasecmp(s, "SHA256:", 7) == 0)
		s += 7;
	for (; *s != '\0'; s++) {
		if (n == FINGERPRINT_LEN)
			return false;
		if (n % 3 == 2) {
			out[n++] = ':';
			if (*s == ':')
				s++;
		}
		if ((value = digit(*s)) == -1)
			return false;
		out[n++] = digits[value];
	}
	if (n != FINGERPRINT_LEN)
		return false;
	out[n] = '\0';
	return true;
}
