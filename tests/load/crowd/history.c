/*
 * Fetches the latest page of history as often as asked for.  A page must have
 * ascending ids; the time is that from the question to its answer's last byte.
 */
#include <stdio.h>

#include <json-c/json.h>

#include "crowd.h"
#include "history.h"
#include "progress.h"
#include "wire.h"

#define STEP (50 * MILLISECOND)

struct history history;

static bool answered;

/* The number of messages, or 0: that is no page. */
static size_t
page_length(struct json_object *page)
{
	struct json_object *all, *id;
	int64_t last = 0, next;
	size_t i, n;

	all = json_object_object_get(page, "messages");
	if (!json_object_is_type(all, json_type_array))
		return 0;
	n = json_object_array_length(all);
	for (i = 0; i < n; i++) {
		id = json_object_object_get(
		    json_object_array_get_idx(all, i), "id");
		next = id != NULL ? json_object_get_int64(id) : 0;
		if (next <= last)
			return 0;
		last = next;
	}
	return n;
}

static void
history_heard(struct client *c, const struct said *said, uint64_t now)
{
	if (!slice_is(said->ev.name, "HISTORY"))
		return;
	hist_add(&history.answer, now - c->opened);
	crowd.last_progress = now;
	answered = true;
	history.messages = page_length(said->ev.object);
	if (history.messages == 0)
		crowd_trouble("a page is empty, or out of order", "", 0);
}

void
history_run(long fetches, long limit)
{
	struct client *c = &crowd.client[0];
	char line[64];
	long i;

	crowd.heard = history_heard;
	progress_begin("pages", (double)fetches);
	snprintf(line, sizeof(line),
	    "{\"command\":\"HISTORY\",\"limit\":%ld}\n", limit);
	for (i = 0; i < fetches && !crowd_is_in_trouble(); i++) {
		buf_add_str(&c->conn.out, line);
		answered = false;
		c->opened = clock_ns();
		crowd_flush(c);
		while (!answered && !crowd_is_in_trouble())
			crowd_step(STEP);
		progress_show((double)i);
	}
	progress_end();
}
