/*
 * CPU time and memory of the server's processes, seen from outside in /proc.
 */
#ifndef PROC_H
#define PROC_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

#define PROC_NAMES 8

struct proc_filter {
	const char *names[PROC_NAMES]; /* of programs (comm) */
	size_t nnames;
	pid_t parents[PROC_NAMES]; /* only these and their */
	size_t nparents;	   /* children; 0: all */
};

struct proc_memory { /* sums in KiB */
	unsigned processes;
	double pss;
	double private_dirty;
	double page_tables;
	double stacks; /* of threads in the kernel */
};

/* Take a comma-separated list of names, or of pids.  False: not one. */
bool proc_filter_names(struct proc_filter *, char *list);
bool proc_filter_parents(struct proc_filter *, const char *list);

/* Start counting CPU time from here. */
void proc_begin(const struct proc_filter *);
/*
 * Look again.  Call it a few times a second: of a process that ends, what it
 * used after the last look is not seen.
 */
void proc_sample(const struct proc_filter *);
/* CPU seconds since proc_begin() of the i-th name's processes. */
double proc_cpu(size_t i);
/* The memory of the i-th name's processes now. */
void proc_memory(const struct proc_filter *, size_t i, struct proc_memory *);
/*
 * What the kernel itself uses of the whole machine's memory, in KiB: the
 * difference of two calls bounds from above what was started in between.
 */
double proc_kernel_memory(void);

#endif
