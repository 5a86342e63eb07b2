/*
 * The clocks of clock.h.
 */
#include <time.h>

#include "clock.h"

static int64_t
read_clock(clockid_t id)
{
	struct timespec ts = { 0 };

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t
clock_now(void)
{
	/* It goes on in a suspended machine: connections age as well. */
	return read_clock(CLOCK_BOOTTIME);
}

int64_t
clock_date(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t
clock_earlier(int64_t a, int64_t b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

int
clock_wait(int64_t at, int64_t now)
{
	if (at < 0)
		return -1;
	if (at <= now)
		return 0;
	return at - now > 60000 ? 60000 : (int)(at - now);
}
