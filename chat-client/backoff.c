/*
 * The waits of backoff.h.
 */
#include "backoff.h"
#include "bounds.h"

int64_t
backoff_delay(unsigned int failures, uint32_t chance)
{
	int64_t most = BACKOFF_FIRST * 2, least;

	while (failures-- > 0 && most < BACKOFF_MAX)
		most *= 2;
	if (most > BACKOFF_MAX)
		most = BACKOFF_MAX;
	least = most / 2;
	return least + (int64_t)(chance % (uint64_t)(most - least + 1));
}
