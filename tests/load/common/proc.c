/*
 * Watches processes by name.  CPU time comes from each process's own clock,
 * which is exact where /proc/PID/stat counts in hundredths of a second.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proc.h"

#define KERNEL_STACK 16.0 /* KiB per thread (x86-64, arm64) */

struct process {
	pid_t pid;
	size_t name; /* index in the filter */
	double base;
	double last;
};

static struct process *processes;
static size_t nprocesses;

bool
proc_filter_names(struct proc_filter *f, char *list)
{
	char *name, *rest = list;

	while ((name = strsep(&rest, ",")) != NULL) {
		if (f->nnames == PROC_NAMES || *name == '\0')
			return false;
		f->names[f->nnames++] = name;
	}
	return true;
}

bool
proc_filter_parents(struct proc_filter *f, const char *list)
{
	const char *p = list;
	char *end;
	long pid;

	for (;;) {
		pid = strtol(p, &end, 10);
		if (end == p || pid <= 0 || f->nparents == PROC_NAMES ||
		    (*end != ',' && *end != '\0'))
			return false;
		f->parents[f->nparents++] = (pid_t)pid;
		if (*end == '\0')
			return true;
		p = end + 1;
	}
}

static bool
is_parent(const struct proc_filter *f, pid_t pid)
{
	size_t i;

	for (i = 0; i < f->nparents; i++)
		if (f->parents[i] == pid)
			return true;
	return f->nparents == 0;
}

/* The index of the name of a process that the filter selects, or nnames. */
static size_t
filter_match(const struct proc_filter *f, pid_t pid)
{
	char path[64], line[512], *name, *end;
	pid_t parent = 0;
	size_t i, n;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if ((file = fopen(path, "re")) == NULL)
		return f->nnames;
	n = fread(line, 1, sizeof(line) - 1, file);
	fclose(file);
	line[n] = '\0';
	name = strchr(line, '(');
	end = strrchr(line, ')');
	if (name == NULL || end == NULL ||
	    sscanf(end + 1, " %*c %d", &parent) != 1)
		return f->nnames;
	*end = '\0';
	if (!is_parent(f, pid) && !is_parent(f, parent))
		return f->nnames;
	for (i = 0; i < f->nnames; i++)
		if (strcmp(name + 1, f->names[i]) == 0)
			break;
	return i;
}

static double
cpu_seconds(pid_t pid)
{
	struct timespec t;
	clockid_t id;

	if (clock_getcpuclockid(pid, &id) != 0 || clock_gettime(id, &t) == -1)
		return -1;
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct process *
process_find(pid_t pid)
{
	size_t i;

	for (i = 0; i < nprocesses; i++)
		if (processes[i].pid == pid)
			return &processes[i];
	return NULL;
}

static void
process_look(const struct proc_filter *f, pid_t pid, bool begin)
{
	struct process *p = process_find(pid);
	double used = cpu_seconds(pid);
	size_t name;

	if (used < 0)
		return;
	/* Less than before: the pid belongs to another one now. */
	if (p != NULL && used >= p->last) {
		p->last = used;
		return;
	}
	if (p != NULL)
		p->pid = 0;
	if ((name = filter_match(f, pid)) == f->nnames)
		return;
	processes = realloc(processes, (nprocesses + 1) * sizeof(*processes));
	if (processes == NULL)
		abort();
	processes[nprocesses++] =
	    (struct process){ pid, name, begin ? used : 0, used };
}

static void
look_at_all(const struct proc_filter *f, bool begin)
{
	struct dirent *entry;
	DIR *dir;

	if (f->nnames == 0 || (dir = opendir("/proc")) == NULL)
		return;
	while ((entry = readdir(dir)) != NULL)
		if (isdigit((unsigned char)entry->d_name[0]))
			process_look(f, (pid_t)atol(entry->d_name), begin);
	closedir(dir);
}

void
proc_begin(const struct proc_filter *f)
{
	nprocesses = 0;
	look_at_all(f, true);
}

void
proc_sample(const struct proc_filter *f)
{
	look_at_all(f, false);
}

double
proc_cpu(size_t name)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < nprocesses; i++)
		if (processes[i].name == name)
			sum += processes[i].last - processes[i].base;
	return sum;
}

/* The sum of the numbers behind a key in a file of "Key: number" lines. */
static double
file_number(pid_t pid, const char *file, const char *key)
{
	char path[64], line[256];
	double value = 0;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	if ((in = fopen(path, "re")) == NULL)
		return 0;
	while (fgets(line, sizeof(line), in) != NULL)
		if (strncmp(line, key, strlen(key)) == 0 &&
		    line[strlen(key)] == ':')
			value += strtod(line + strlen(key) + 1, NULL);
	fclose(in);
	return value;
}

void
proc_memory(const struct proc_filter *f, size_t name, struct proc_memory *m)
{
	struct dirent *entry;
	pid_t pid;
	DIR *dir;

	memset(m, 0, sizeof(*m));
	if ((dir = opendir("/proc")) == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		pid = (pid_t)atol(entry->d_name);
		if (filter_match(f, pid) != name)
			continue;
		m->processes++;
		m->pss += file_number(pid, "smaps_rollup", "Pss");
		m->private_dirty +=
		    file_number(pid, "smaps_rollup", "Private_Dirty");
		m->page_tables += file_number(pid, "status", "VmPTE");
		m->stacks +=
		    KERNEL_STACK * file_number(pid, "status", "Threads");
	}
	closedir(dir);
}

double
proc_kernel_memory(void)
{
	static const char *const keys[] = { "Slab", "PageTables", "KernelStack",
		"Percpu" };
	char line[256];
	double sum = 0;
	FILE *in;
	size_t i, n;

	if ((in = fopen("/proc/meminfo", "re")) == NULL)
		return 0;
	while (fgets(line, sizeof(line), in) != NULL)
		for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
			n = strlen(keys[i]);
			if (strncmp(line, keys[i], n) == 0 && line[n] == ':')
				sum += strtod(line + n + 1, NULL);
		}
	fclose(in);
	return sum;
}
