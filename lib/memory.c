/*
 * The function of memory.h.
 */
#include <sys/mman.h>

#include <errno.h>

#include "memory.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

bool
memory_have(void *from, size_t size)
{
	if (madvise(from, size, MADV_POPULATE_WRITE) == 0 || errno == EINVAL)
		return true;
	/* What would be SIGBUS. */
	if (errno == EFAULT)
		errno = ENOSPC;
	return false;
}
