/*
 * Prometheus' text format 0.0.4 and OpenMetrics 1.0.  They differ in how the
 * family of a counter is called, in units, and in the last line.
 */
#include <stdarg.h>
#include <stdio.h>

#include "metrics.h"

static void put(struct expose *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
put(struct expose *e, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	buf_add_str(e->out, text);
}

/* What is added to the family's name in a sample's. */
static const char *
suffix(const struct expose *e)
{
	return e->type == COUNTER ? "_total" : e->type == INFO ? "_info" : "";
}

void
expose_family(struct expose *e, enum family_type type, const char *name,
    const char *unit, const char *help)
{
	static const char *const types[] = { "gauge", "counter", "histogram",
		"info" };
	bool open = e->format == OPENMETRICS;
	const char *rest, *word = types[type];

	e->name = name;
	e->type = type;
	rest = open ? "" : suffix(e);
	if (!open && type == INFO)
		word = "gauge";
	put(e, "# HELP %s%s %s\n", name, rest, help);
	put(e, "# TYPE %s%s %s\n", name, rest, word);
	if (open && unit != NULL)
		put(e, "# UNIT %s %s\n", name, unit);
}

void
expose_int(struct expose *e, const char *label, const char *value, int64_t n)
{
	if (label == NULL)
		put(e, "%s%s %lld\n", e->name, suffix(e), (long long)n);
	else
		put(e, "%s%s{%s=\"%s\"} %lld\n", e->name, suffix(e), label,
		    value, (long long)n);
}

/* The bound as both formats write it: 0.0001, 2.5, 10.0. */
static void
bound_text(char *text, size_t size, uint32_t us)
{
	int n = snprintf(text, size, "%u.%06u", us / 1000000, us % 1000000);

	while (text[n - 1] == '0' && text[n - 2] != '.')
		text[--n] = '\0';
}

void
expose_histogram(struct expose *e, const uint32_t *bounds,
    const uint64_t *buckets, unsigned n, uint64_t sum)
{
	unsigned long long all = 0;
	char bound[32] = "+Inf";
	unsigned i;

	for (i = 0; i < n; i++) {
		all += buckets[i];
		if (i < n - 1)
			bound_text(bound, sizeof(bound), bounds[i]);
		else
			snprintf(bound, sizeof(bound), "+Inf");
		put(e, "%s_bucket{le=\"%s\"} %llu\n", e->name, bound, all);
	}
	put(e, "%s_sum %llu.%06llu\n", e->name,
	    (unsigned long long)sum / 1000000,
	    (unsigned long long)sum % 1000000);
	put(e, "%s_count %llu\n", e->name, all);
}

void
expose_end(struct expose *e)
{
	if (e->format == OPENMETRICS)
		put(e, "# EOF\n");
}
