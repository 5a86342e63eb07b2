/*
 * prune: what is older than it is to be kept goes, in steps so short that
 * nobody who writes has to wait for them, with a pause after each.
 */
#include <sysexits.h>
#include <time.h>

#include "admin.h"
#include "limit.h"
#include "monotonic.h"
#include "store-prune.h"
#include "store.h"

#define DAY (24 * 60 * 60 * 1000LL)

/* A signal ends it. */
static void
pause_us(int64_t us)
{
	struct timespec t = { .tv_sec = us / 1000000,
		.tv_nsec = us % 1000000 * 1000 };

	clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
}

/* Wakes the relay, if something starts it at a datagram, to its housekeeping. */
static void
relay_wake(struct admin *a)
{
	struct dgram_head head = { .type = DGRAM_RELOAD };

	dgram_tell(&a->registry, NULL, &head, NULL, 0);
}

/* The WAL grows until chat-notify empties it.  EX_OK; EX_TEMPFAIL (told). */
static int
wal_wait(struct admin *a)
{
	int64_t until = monotonic_us() + PRUNE_WAL_WAIT * 1000LL;

	if (store_wal_bytes(a->store) <= PRUNE_WAL_MAX)
		return EX_OK;
	relay_wake(a);
	while (store_wal_bytes(a->store) > PRUNE_WAL_MAX && !interrupted()) {
		if (monotonic_us() > until) {
			out_error("chat-notify does not empty the write-ahead"
				  " log, so this stops here: see whether it"
				  " runs, and try again");
			return EX_TEMPFAIL;
		}
		pause_us(100000);
	}
	return EX_OK;
}

static int
steps(struct admin *a, struct store_prune *p)
{
	enum store_result result;
	int64_t start;
	int status;

	while (!p->done) {
		if (interrupted())
			return ADMIN_NO;
		if ((status = wal_wait(a)) != EX_OK)
			return status;
		start = monotonic_us();
		if ((result = store_prune(a->store, p)) != STORE_OK)
			return out_store_error(a, result);
		pause_us((monotonic_us() - start) * PRUNE_PAUSE);
	}
	return EX_OK;
}

int
cmd_prune(struct admin *a)
{
	const char *option = table_option(a, "days");
	struct store_prune p = { 0 };
	int64_t days = a->config.retention_days;
	int status;

	if (option != NULL &&
	    !read_number(option, "--days", RETENTION_DAYS_MAX, &days))
		return EX_USAGE;
	if (days == 0) {
		out_line(a,
		    "nothing was removed: everything is kept, as"
		    " CHAT_RETENTION_DAYS is 0");
		return EX_OK;
	}
	p.before = store_now() - days * DAY;
	interrupt_catch();
	status = steps(a, &p);
	if (p.messages + p.sessions + p.pages > 0)
		relay_wake(a);
	out_line(a,
	    "%lld messages and %lld ended sessions of more than %lld days were"
	    " removed, %lld pages given back%s",
	    (long long)p.messages, (long long)p.sessions, (long long)days,
	    (long long)p.pages, p.done ? "" : "; it is not done");
	return status;
}
