/*
 * Where the unit tests make their files: what one leaves that is killed, the
 * runner finds and removes.
 */
#ifndef TEMP_H
#define TEMP_H

#include <stdio.h>
#include <stdlib.h>

/* A template for mkdtemp(3) or mkstemp(3), which fails if it has no room. */
static void
temp_name(char *path, size_t size)
{
	const char *dir = getenv("CHAT_TEST_TMP");

	snprintf(path, size, "%s/unit.XXXXXX", dir != NULL ? dir : "/tmp");
}

#endif
