/*
 * The functions of penalty.h.
 */
#include <stdio.h>
#include <string.h>

#include "limit.h"
#include "penalty.h"
#include "text.h"

int64_t
penalty_delay(int64_t failures)
{
	int64_t delay = LOGIN_DELAY;

	while (--failures > 0 && delay < LOGIN_DELAY_MAX)
		delay *= 2;
	return delay < LOGIN_DELAY_MAX ? delay : LOGIN_DELAY_MAX;
}

void
penalty_sentence(
    char *out, size_t size, const char *what, int64_t until, const char *reason)
{
	char time[sizeof(" until ") + TIMESTAMP_LEN] = "";
	size_t n = strlen(reason);

	if (until > 0) {
		strcpy(time, " until ");
		text_timestamp(time + strlen(time), until);
	}
	if (n > BLOCK_REASON_MAX)
		n = BLOCK_REASON_MAX;
	while (n > 0 && !text_is_utf8(reason, n))
		n--;
	snprintf(out, size, "%s is blocked%s%s%.*s", what, time,
	    n > 0 ? ": " : "", (int)n, reason);
}
