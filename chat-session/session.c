/*
 * What all parts of a session share: its store and its end.
 */
#include "count.h"
#include "session.h"

static void
notice(void *arg, const char *text)
{
	(void)arg;
	log_event(LEVEL_WARNING, "store", "%s", text);
}

/* Once at the beginning of the trouble, whoever asks how often. */
static void
store_trouble(struct session *s, const char *error)
{
	log_event(s->trouble ? LEVEL_DEBUG : LEVEL_ERROR, "store_unavailable",
	    "%s", error);
	s->trouble = true;
}

/*
 * Whether the database is the one that this session has its row in.  One that
 * was put in its place has given the same numbers to others.
 */
static bool
store_knows_us(struct session *s)
{
	enum store_result result;

	if (s->state != STATE_CONNECTED)
		return true;
	result = store_session_find(s->store, s->me.id, s->delivery.name);
	if (result == STORE_OK)
		return true;
	if (result == STORE_ENDED)
		s->foreign = true;
	else
		store_trouble(s, store_error(s->store));
	store_close(s->store);
	s->store = NULL;
	return false;
}

struct store *
session_store(struct session *s)
{
	struct store_options options = {
		.path = s->config.db,
		.runtime_dir = s->config.runtime_dir,
		.full = s->config.full,
		.notice = notice,
	};
	char error[512];

	s->store_used = monotonic_ms();
	if (s->store != NULL || s->foreign)
		return s->store;
	count_open(s->config.runtime_dir);
	/* After trouble, what is mapped may be what is wrong. */
	if (!s->trouble)
		options.page = count_page(&options.page_fd);
	s->store = store_open(&options, error, sizeof(error));
	if (s->store == NULL)
		store_trouble(s, error);
	else if (!store_knows_us(s))
		return NULL;
	return s->store;
}

void
session_store_failed(struct session *s)
{
	if (s->store == NULL)
		return;
	store_trouble(s, store_error(s->store));
	store_close(s->store);
	s->store = NULL;
}

void
session_store_works(struct session *s)
{
	if (s->trouble)
		log_event(LEVEL_INFO, "store_available", "%s", s->config.db);
	s->trouble = false;
}

/* Returns whether the session's row is closed, by us or another. */
static bool
row_close(struct session *s, const char *reason)
{
	int64_t position =
	    client_has_all(&s->client) ? s->delivery.view.position : -1;
	struct store *store = session_store(s);

	/* (In another database it has none; nothing for the relay to do.) */
	if (store == NULL)
		return s->foreign;
	switch (store_session_end(
	    store, s->me.id, s->delivery.name, reason, position)) {
	case STORE_OK:
	case STORE_ENDED:
		return true;
	default:
		session_store_failed(s);
		return false;
	}
}

/* What the session was, in the line of its end. */
static void
log_end(const struct session *s, enum log_level level, const char *reason)
{
	long long seconds = (monotonic_ms() - s->started) / 1000;

	if (s->messages == 0) {
		log_event(level, reason, "after %lld s", seconds);
		return;
	}
	log_field("CHAT_MESSAGES", "%lld", (long long)s->messages);
	log_field("CHAT_COMMIT_USEC", "%lld", (long long)s->slowest);
	log_event(level, reason,
	    "after %lld s, %lld message%s, slowest commit %lld us", seconds,
	    (long long)s->messages, s->messages == 1 ? "" : "s",
	    (long long)s->slowest);
}

void
session_end(struct session *s, const char *reason)
{
	bool connected = s->state == STATE_CONNECTED, closed;

	if (s->state >= STATE_ENDING)
		return;
	closed = connected && row_close(s, reason);
	if (s->delivery.fd != -1)
		deliver_end(s, closed);
	count_end(reason);
	log_end(s, connected ? LEVEL_INFO : LEVEL_DEBUG, reason);
	s->state = STATE_ENDING;
	s->ended = monotonic_ms();
	s->deadline = s->ended + FLUSH_WAIT;
}
