/*
 * Waiting for a word of shared memory, as futex.h says.
 */
#include <sys/syscall.h>

#include <errno.h>
#include <linux/futex.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "futex.h"

bool
futex_wait(_Atomic uint32_t *word, uint32_t value, long ms)
{
	const struct timespec time = { .tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * 1000000L };

	return syscall(SYS_futex, word, FUTEX_WAIT, value, &time, NULL, 0) ==
	    0 ||
	    errno != ETIMEDOUT;
}

void
futex_wake(_Atomic uint32_t *word, int most)
{
	syscall(SYS_futex, word, FUTEX_WAKE, most, NULL, NULL, 0);
}
