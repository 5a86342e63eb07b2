/*
 * How much memory a process has, what it shares with others divided among
 * them.  The kernel shows that of a session (which is not dumpable) to nobody
 * but who may trace it, so chat-metrics@.service has CAP_SYS_PTRACE until it
 * has looked.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "metrics.h"

/* What follows the prefix in the first line of a file of proc(5) that has it. */
static bool
proc_scan(
    int32_t pid, const char *file, const char *prefix, char *rest, size_t size)
{
	char path[64], line[128];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%" PRId32 "/%s", pid, file);
	if ((f = fopen(path, "re")) == NULL)
		return false;
	while (!found && fgets(line, sizeof(line), f) != NULL)
		found = strncmp(line, prefix, strlen(prefix)) == 0;
	fclose(f);
	if (!found)
		return false;
	line[strcspn(line, "\n")] = '\0';
	snprintf(rest, size, "%s", line + strlen(prefix));
	return true;
}

int64_t
memory_pss(int32_t pid, const char *name)
{
	char text[64];
	long long kib;

	if (pid <= 0 || !proc_scan(pid, "comm", "", text, sizeof(text)) ||
	    strcmp(text, name) != 0 ||
	    !proc_scan(pid, "smaps_rollup", "Pss:", text, sizeof(text)) ||
	    sscanf(text, "%lld kB", &kib) != 1)
		return -1;
	return kib * 1024;
}
