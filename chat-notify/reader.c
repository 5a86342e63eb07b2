/*
 * Reads the store for the relay, as reader.h says.
 */
#include "event.h"
#include "log.h"
#include "reader.h"

static void
lose(struct reader *r, const char *why)
{
	if (!r->told)
		log_event(LEVEL_ERROR, "store_unavailable", "%s", why);
	r->told = true;
	store_close(r->store);
	r->store = NULL;
}

bool
reader_open(struct reader *r)
{
	char error[LOG_TEXT_MAX];

	if (r->store != NULL)
		return true;
	r->store = store_open(&r->options, error, sizeof(error));
	if (r->store == NULL) {
		lose(r, error);
		return false;
	}
	if (r->told)
		log_event(LEVEL_INFO, "store_available", "%s", r->options.path);
	r->told = false;
	return true;
}

void
reader_check(struct reader *r)
{
	if (r->store != NULL && store_is_stale(r->store))
		reader_reopen(r);
	else
		reader_open(r);
}

void
reader_reopen(struct reader *r)
{
	store_close(r->store);
	r->store = NULL;
	reader_open(r);
}

void
reader_close(struct reader *r)
{
	store_close(r->store);
	r->store = NULL;
	buf_free(&r->line);
}

int64_t
reader_position(const struct reader *r)
{
	return r->store != NULL ? store_position(r->store) : -1;
}

/* One reading on its way. */
struct filling {
	struct reader *reader;
	struct relay *relay;
	unsigned rows;
};

static bool
row_relay(void *arg, const struct store_message *m)
{
	struct filling *f = arg;
	struct buf *line = &f->reader->line;
	struct relay_message message = { .id = m->id,
		.user = m->sender_id,
		.session = m->session_id,
		.recipient = m->recipient_id };
	struct event_message event = event_of_stored(m);

	buf_reset(line, DGRAM_MAX);
	event_message(line, &event);
	message.line = buf_head(line);
	message.len = buf_len(line);
	relay_stored(f->relay, &message);
	return ++f->rows < READER_ROWS;
}

void
reader_fill(struct reader *r, struct relay *relay, int64_t now)
{
	struct filling f = { .reader = r, .relay = relay };
	int64_t limit;

	reader_check(r);
	if (r->store == NULL) {
		relay_skip(relay, now);
		return;
	}
	limit = reader_position(r);
	if (store_log(r->store, relay->position, limit, row_relay, &f) !=
	    STORE_OK) {
		lose(r, store_error(r->store));
		relay_skip(relay, now);
		return;
	}
	if (f.rows == READER_ROWS)
		limit = relay->position;
	relay_read_done(relay, limit, now);
	log_event(LEVEL_DEBUG, "filled",
	    "%u messages from the store, position"
	    " %lld",
	    f.rows, (long long)relay->position);
}
