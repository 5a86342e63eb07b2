/*
 * Reads proc(5).  Called for a process that keeps others waiting.
 */
#include <stdio.h>
#include <string.h>

#include "process.h"

bool
process_is_stopped(pid_t pid)
{
	char path[64], line[256], *p;
	bool stopped = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if ((f = fopen(path, "re")) == NULL)
		return false;
	/* The state follows the name, which may itself hold brackets. */
	if (fgets(line, sizeof(line), f) != NULL &&
	    (p = strrchr(line, ')')) != NULL && p[1] == ' ')
		stopped = p[2] == 'T' || p[2] == 't';
	fclose(f);
	return stopped;
}
