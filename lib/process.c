/*
 * The functions of process.h.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process.h"

void
process_fill_standard_fds(void)
{
	int fd;

	do
		if ((fd = open("/dev/null", O_RDWR)) == -1)
			abort();
	while (fd <= STDERR_FILENO);
	close(fd);
}

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
