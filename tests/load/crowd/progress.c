/*
 * Progress, on standard error and on a terminal only: results are for standard
 * output.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "clock.h"
#include "progress.h"

#define SHOW_EVERY (200 * MILLISECOND)

static const char *unit;
static double all;
static uint64_t next;
static bool visible;

void
progress_begin(const char *what, double total)
{
	unit = isatty(STDERR_FILENO) ? what : NULL;
	all = total;
	next = clock_ns() + SHOW_EVERY;
}

void
progress_show(double done)
{
	uint64_t now;

	if (unit == NULL || (now = clock_ns()) < next)
		return;
	next = now + SHOW_EVERY;
	visible = true;
	fprintf(stderr, "\r%s: %.0f of %.0f\033[K", unit, done, all);
	fflush(stderr);
}

void
progress_end(void)
{
	if (visible)
		fputs("\r\033[K", stderr);
	visible = false;
}
