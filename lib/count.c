/*
 * Counting in the shared page, as count.h says.
 */
#include <string.h>

#include "count.h"
#include "shared.h"

const uint32_t count_bounds[COUNT_BUCKETS - 1] = { 100, 250, 500, 1000, 2500,
	5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000,
	10000000 };

/* (Arrays, not pointers: nothing to relocate in each process.)  New ones are
 * added at the end. */
static const char ends[][20] = { "other", "disconnected", "closed", "lost",
	"timeout", "line_too_long", "bad_json", "proxy_required", "replaced",
	"blocked", "server_full", "shutdown", "internal", "died" };
static const char errors[][20] = { "OTHER", "ALREADY_CONNECTED", "AUTH_FAILED",
	"AUTH_REQUIRED", "BAD_INVITE", "BAD_JSON", "BAD_REQUEST",
	"BAD_USERNAME", "BLOCKED", "INTERNAL", "LINE_TOO_LONG", "NOT_CONNECTED",
	"NO_SUCH_USER", "PROXY_REQUIRED", "RATE_LIMITED", "REGISTRATION_CLOSED",
	"REPLACED", "SERVER_FULL", "SHUTDOWN", "TIMEOUT", "TOO_LARGE",
	"UNAVAILABLE", "UNKNOWN_COMMAND", "USERNAME_TAKEN" };
#define NENDS	(sizeof(ends) / sizeof(ends[0]))
#define NERRORS (sizeof(errors) / sizeof(errors[0]))

_Static_assert(NENDS <= COUNT_ENDS && NERRORS <= COUNT_ERRORS, "no room");

static struct shared *page;
static int page_fd = -1;

const char *
count_end_name(size_t i)
{
	return i < NENDS ? ends[i] : NULL;
}

const char *
count_error_name(size_t i)
{
	return i < NERRORS ? errors[i] : NULL;
}

void
count_open(const char *runtime_dir)
{
	struct shared *new;
	int fd;

	if (page != NULL && !shared_gone(page_fd))
		return;
	if ((new = shared_map(runtime_dir, &fd)) == NULL)
		return;
	count_close();
	page = new;
	page_fd = fd;
}

void
count_close(void)
{
	shared_unmap(page, page_fd);
	page = NULL;
}

struct shared *
count_page(int *fd)
{
	*fd = page_fd;
	return page;
}

static void
add(_Atomic uint64_t *at, uint64_t n)
{
	atomic_fetch_add_explicit(at, n, memory_order_relaxed);
}

void
count_add(enum count_number number, uint64_t n)
{
	if (page != NULL && n > 0)
		add(&page->counts.numbers[number], n);
}

/* The place of a word; the first stands for all that are unknown. */
static size_t
find(const char words[][20], size_t n, const char *word)
{
	while (--n > 0 && strcmp(words[n], word) != 0)
		;
	return n;
}

void
count_end(const char *reason)
{
	if (page != NULL)
		add(&page->counts.ends[find(ends, NENDS, reason)], 1);
}

void
count_error(const char *code)
{
	if (page != NULL)
		add(&page->counts.errors[find(errors, NERRORS, code)], 1);
}

void
count_observe(enum count_histogram histogram, int64_t us)
{
	struct count_buckets *h;
	size_t i = 0;

	if (page == NULL)
		return;
	if (us < 0)
		us = 0;
	h = &page->counts.histograms[histogram];
	while (i < COUNT_BUCKETS - 1 && us > count_bounds[i])
		i++;
	add(&h->buckets[i], 1);
	add(&h->sum, (uint64_t)us);
}

void
count_set(enum count_gauge gauge, int64_t value)
{
	if (page != NULL)
		atomic_store_explicit(
		    &page->counts.gauges[gauge], value, memory_order_relaxed);
}

void
count_sample(size_t i, int32_t pid)
{
	if (page != NULL)
		atomic_store_explicit(
		    &page->counts.sample[i], pid, memory_order_relaxed);
}
