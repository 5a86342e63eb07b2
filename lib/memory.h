/*
 * The memory of a mapped file, which a full file system cannot give: who touches
 * it then is ended by SIGBUS.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Have all pages from here on (a page's beginning) that are not there yet, to
 * be written to.  False with errno set: there is no room.  (Linux before 5.14
 * cannot tell, and the answer is yes.)
 */
bool memory_have(void *, size_t);

#endif
