/*
 * Fetches the latest messages as often as asked for, each time in as many pages
 * as the server makes of them.  They must be in order, as many as are
 * stored, and what load programs said must be unchanged; the time is that from the question to the last byte of its answer.
 */
#include "crowd.h"
#include "history.h"
#include "progress.h"
#include "wire.h"

#define STEP (50 * MILLISECOND)

struct history history;

static size_t wanted;
static bool answered;
static struct { /* what has come of the page under way */
	size_t messages;
	int64_t first, last; /* places */
	int64_t before;	     /* that of which all must be */
} page;

static void
page_ask(struct client *c, struct slice before)
{
	page.messages = 0;
	page.last = INT64_MIN;
	history.pages++;
	crowd.dialect->history(&c->conn.out, wanted - history.messages, before);
}

static void
past_heard(const struct wire *ev)
{
	if (ev->id < page.last || ev->id > page.before)
		crowd_trouble("history is out of order", "", 0);
	if (ev->changed > 0)
		crowd_trouble("history has changed messages", "", 0);
	if (page.messages == 0)
		page.first = ev->id;
	page.last = ev->id;
	page.messages += ev->past;
	history.messages += ev->past;
}

/* The last page is here. */
static void
answer_judge(const struct wire *ev)
{
	size_t n = history.messages;

	if (n == 0 || n > wanted ||
	    (n < wanted && (ev->more || n < (uint64_t)ev->stored)))
		crowd_trouble(
		    "history has not as many messages as it should", "", 0);
}

static void
history_heard(struct client *c, const struct said *said, uint64_t now)
{
	const struct wire *ev = &said->ev;

	if (ev->past > 0)
		past_heard(ev);
	crowd.last_progress = now;
	if (ev->kind != WIRE_PAGE)
		return;
	if (ev->more && page.messages > 0 && history.messages < wanted) {
		page.before = page.first;
		page_ask(c, ev->first);
		return;
	}
	hist_add(&history.answer, now - c->opened);
	answered = true;
	answer_judge(ev);
}

void
history_run(long fetches, long limit)
{
	struct client *c = &crowd.client[0];
	long i;

	crowd.heard = history_heard;
	wanted = (size_t)limit;
	progress_begin("pages", (double)fetches);
	for (i = 0; i < fetches && !crowd_is_in_trouble(); i++) {
		history.messages = history.pages = 0;
		page.before = INT64_MAX;
		page_ask(c, (struct slice){ NULL, 0 });
		answered = false;
		c->opened = clock_ns();
		crowd_flush(c);
		while (!answered && !crowd_is_in_trouble())
			crowd_step(STEP);
		progress_show((double)i);
	}
	progress_end();
}
