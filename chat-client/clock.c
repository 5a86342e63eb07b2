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
