/*
 * Names and numbers in texts.  Every delivery is looked at in here, so nothing
 * is formatted or scanned by the library.
 */
#include <stdio.h>
#include <unistd.h>

#include "clock.h"
#include "name.h"

#define PREFIX 10 /* "u", the run, "-" */

uint32_t
name_run(void)
{
	return (uint32_t)(clock_ns() >> 10) ^ (uint32_t)getpid();
}

void
name_write(char out[NAME_LEN], uint32_t run, uint32_t client)
{
	snprintf(out, NAME_LEN, "u%08x-%u", run, client);
}

bool
name_hex(const char *s, size_t n, uint32_t *out)
{
	uint32_t value = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		if (s[i] >= '0' && s[i] <= '9')
			value = value << 4 | (uint32_t)(s[i] - '0');
		else if (s[i] >= 'a' && s[i] <= 'f')
			value = value << 4 | (uint32_t)(s[i] - 'a' + 10);
		else
			return false;
	}
	*out = value;
	return n > 0;
}

bool
name_run_of(const char *s, size_t n, uint32_t *run)
{
	size_t i;

	if (n <= PREFIX || n > PREFIX + 9 || s[0] != 'u' ||
	    s[PREFIX - 1] != '-' || !name_hex(s + 1, 8, run))
		return false;
	for (i = PREFIX; i < n; i++)
		if (s[i] < '0' || s[i] > '9')
			return false;
	return true;
}

uint32_t
name_client(const char *s, size_t n, uint32_t run)
{
	uint32_t value, client = 0;
	size_t i;

	if (!name_run_of(s, n, &value) || value != run)
		return NAME_UNKNOWN;
	for (i = PREFIX; i < n; i++)
		client = client * 10 + (uint32_t)(s[i] - '0');
	return client;
}
