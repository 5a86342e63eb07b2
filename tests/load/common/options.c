/*
 * Command line numbers of the load programs; whatever is wrong ends them.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "options.h"

void
option_usage(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs("; see --help\n", stderr);
	exit(EX_USAGE);
}

long
option_number(const char *name, const char *text, long min, long max)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (end == text || *end != '\0' || n < min || n > max)
		option_usage(
		    "--%s takes a number from %ld to %ld", name, min, max);
	return n;
}

double
option_seconds(const char *name, const char *text)
{
	char *end;
	double n = strtod(text, &end);

	if (end == text || *end != '\0' || !(n >= 0 && n <= 1e6))
		option_usage("--%s takes seconds", name);
	return n;
}
