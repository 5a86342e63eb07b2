/*
 * What all parts of a session share: its store, its end, and what its client is
 * told of errors.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "count.h"
#include "event.h"
#include "request.h"
#include "session.h"
#include "text.h"

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
 * Whether the database is the one that this session has its row in, and that is
 * open.  One that was put in its place has given the same numbers to others; and
 * who takes the name of a session that was taken for dead has its user's.
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
	if (result != STORE_UNAVAILABLE)
		s->row = result;
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
	if (s->store != NULL || s->row != STORE_OK)
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

	/* (What is not ours any more, nobody has to close.) */
	if (store == NULL)
		return s->row != STORE_OK;
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
	/* Who sees it gone from the registry sees it counted, too. */
	count_end(reason);
	if (s->delivery.fd != -1)
		deliver_end(s, closed);
	log_end(s, connected ? LEVEL_INFO : LEVEL_DEBUG, reason);
	s->state = STATE_ENDING;
	s->ended = monotonic_ms();
	s->deadline = s->ended + FLUSH_WAIT;
}

bool
session_alive(void *arg, const char *socket)
{
	const struct session *s = arg;

	return dgram_session_alive(&s->delivery.registry, socket);
}

bool
session_is_registered(const struct session *s)
{
	return s->me.password[0] != '\0';
}

/* ---- errors ---- */

/* One more member of an ERROR. */
struct extra {
	const char *key;
	int64_t value;
	bool is_time;
};

static void
error_event(struct session *s, const struct request *r, const char *code,
    const struct extra *extra, const char *text)
{
	struct buf *out = &s->client.output;

	event_begin(out, "ERROR", r != NULL ? r->ref : NULL);
	event_str(out, "code", code, strlen(code));
	event_str(out, "message", text, strlen(text));
	if (extra != NULL && extra->is_time)
		event_time(out, extra->key, extra->value);
	else if (extra != NULL)
		event_int(out, extra->key, extra->value);
	event_end(out);
	count_error(code);
	log_field("CHAT_CODE", "%s", code);
	log_event(LEVEL_INFO, "error", "%s: %s", code, text);
}

#define ERROR_TEXT 256 /* bytes of an ERROR's message, and its end */

/* Texts may quote the client, so they are cut at a whole character. */
static void
text_format(char text[ERROR_TEXT], const char *format, va_list args)
{
	size_t n;

	vsnprintf(text, ERROR_TEXT, format, args);
	n = strlen(text);
	while (n > 0 && !text_is_utf8(text, n))
		text[--n] = '\0';
}

/* After the answers to what came before it. */
static void
error_format(struct session *s, const struct request *r, const char *code,
    const struct extra *extra, const char *format, va_list args)
{
	char text[ERROR_TEXT];

	batch_flush(s);
	text_format(text, format, args);
	error_event(s, r, code, extra, text);
}

void
session_error(struct session *s, const struct request *r, const char *code,
    const char *format, ...)
{
	va_list args;

	va_start(args, format);
	error_format(s, r, code, NULL, format, args);
	va_end(args);
}

void
session_error_limit(struct session *s, const struct request *r,
    const char *code, int64_t limit, const char *format, ...)
{
	struct extra extra = { "limit", limit, false };
	va_list args;

	va_start(args, format);
	error_format(s, r, code, &extra, format, args);
	va_end(args);
}

void
session_rate_limited(struct session *s, const struct request *r, int64_t ms)
{
	struct extra extra = { "retry_after", (ms + 999) / 1000, false };

	batch_flush(s);
	error_event(s, r, "RATE_LIMITED", &extra,
	    "too much for this server's rate limit: try again later");
}

void
session_unavailable(struct session *s, const char *ref)
{
	struct request r = { .ref = ref };

	error_event(s, &r, "UNAVAILABLE", NULL,
	    "the store cannot be used just now: try again (a message with the"
	    " same ref)");
}

void
session_end_error(struct session *s, const char *code, const char *format, ...)
{
	char text[ERROR_TEXT], reason[32];
	struct extra extra = { NULL, 0, false };
	size_t i;
	va_list args;

	batch_flush(s);
	if (s->state >= STATE_ENDING)
		return;
	va_start(args, format);
	text_format(text, format, args);
	va_end(args);
	if (strcmp(code, "SHUTDOWN") == 0) {
		extra.key = "reconnect_after";
		extra.value = RECONNECT_AFTER;
	} else if (strcmp(code, "SERVER_FULL") == 0) {
		extra.key = "reconnect_after";
		extra.value = s->admission.full;
	} else if (strcmp(code, "LINE_TOO_LONG") == 0) {
		extra.key = "limit";
		extra.value = (int64_t)s->client.lines.max;
	}
	for (i = 0; i < sizeof(reason) - 1 && code[i] != '\0'; i++)
		reason[i] = (char)tolower((unsigned char)code[i]);
	reason[i] = '\0';
	/* The row first: the name is free when the client hears of it. */
	session_end(s, reason);
	error_event(s, NULL, code, extra.key != NULL ? &extra : NULL, text);
}

void
session_end_blocked(struct session *s, int64_t until, const char *sentence)
{
	struct extra extra = { "until", until, true };
	struct buf text = { 0 };

	batch_flush(s);
	if (s->state < STATE_ENDING) {
		session_end(s, "blocked");
		text_repair(&text, sentence, strlen(sentence));
		buf_add(&text, "", 1);
		error_event(s, NULL, "BLOCKED", until > 0 ? &extra : NULL,
		    buf_head(&text));
	}
	buf_free(&text);
}

void
session_row_gone(struct session *s, enum store_result why)
{
	if (why == STORE_REPLACED)
		session_end_error(s, "REPLACED",
		    "%s has connected again elsewhere", s->me.username);
	else
		session_end_error(s, "SHUTDOWN",
		    "the server took this session for dead: connect again");
}
