/*
 * The commands: one table row each says who may call what.  Runs a line from
 * the client, and answers what is wrong with it.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "count.h"
#include "event.h"
#include "session.h"
#include "text.h"

/* Costs, in tenths of a message: see rate.h. */
#define COST_LITTLE  1
#define COST_MESSAGE RATE_MESSAGE
#define COST_MUCH    (5 * RATE_MESSAGE) /* much to read, or to compute */

/* When a command is allowed. */
enum needs { ANY_TIME, BEFORE_LOGIN, AFTER_LOGIN };

static const struct command {
	const char *name;
	enum needs needs;
	bool batched; /* answered by batch_flush() */
	int cost;
	void (*run)(struct session *, const struct request *);
} commands[] = {
	{ "MESSAGE", AFTER_LOGIN, true, COST_MESSAGE, cmd_message },
	{ "PING", ANY_TIME, false, COST_LITTLE, cmd_ping },
	{ "HISTORY", AFTER_LOGIN, false, COST_MUCH, cmd_history },
	{ "USERS", AFTER_LOGIN, false, COST_MUCH, cmd_users },
	{ "CONNECT", BEFORE_LOGIN, false, COST_MESSAGE, cmd_connect },
	{ "DISCONNECT", ANY_TIME, false, COST_LITTLE, cmd_disconnect },
	{ "REGISTER", ANY_TIME, false, COST_MUCH, cmd_register },
	{ "PASSWORD", AFTER_LOGIN, false, COST_MUCH, cmd_password },
	{ "TOKEN", AFTER_LOGIN, false, COST_MESSAGE, cmd_token },
};
#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct command *
command_find(const char *name)
{
	size_t i;

	for (i = 0; i < NCOMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

/*
 * Pay for a command.  What is owed afterwards makes the next line wait; when
 * that would take too long the answer says so instead.
 */
static bool
pay(struct session *s, const struct request *r, const struct command *c)
{
	int64_t now = monotonic_ms(), wait;

	if (c->cost > COST_MESSAGE &&
	    (wait = rate_afford(&s->rate, c->cost, now)) > RATE_WAIT_MAX) {
		rate_spend(&s->rate, COST_MESSAGE, now);
		session_rate_limited(s, r, wait);
		return false;
	}
	rate_spend(&s->rate, c->cost, now);
	return true;
}

static void
dispatch(struct session *s, const struct request *r)
{
	const struct command *c =
	    r->command != NULL ? command_find(r->command) : NULL;

	if (c == NULL)
		rate_spend(&s->rate, COST_MESSAGE, monotonic_ms());
	else if (!pay(s, r, c))
		return;
	if (r->command == NULL) {
		session_error(s, r, "BAD_REQUEST",
		    "command is missing or no string without NUL");
		return;
	}
	if (c == NULL) {
		session_error(s, r, "UNKNOWN_COMMAND",
		    "there is no command %.32s", r->command);
		return;
	}
	if (!c->batched)
		batch_flush(s);
	/* The flush may have found that the session is over. */
	if (s->state >= STATE_ENDING)
		return;
	if (c->needs == AFTER_LOGIN && s->state != STATE_CONNECTED)
		session_error(
		    s, r, "NOT_CONNECTED", "%s needs CONNECT first", c->name);
	else if (c->needs == BEFORE_LOGIN && s->state != STATE_NEW)
		session_error(s, r, "ALREADY_CONNECTED",
		    "this connection is %s's", s->me.username);
	else
		c->run(s, r);
}

void
command_run(struct session *s, char *line, size_t len)
{
	struct request r;

	if (len > 0 && request_parse(s, &r, line, len)) {
		dispatch(s, &r);
		request_free(&r);
	} else {
		rate_spend(&s->rate, len == 0 ? COST_LITTLE : COST_MESSAGE,
		    monotonic_ms());
	}
	/* It may have held a password. */
	explicit_bzero(line, len);
}

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

/* Texts may quote the client, so they are cut at a whole character. */
static void
text_format(char *text, size_t size, const char *format, va_list args)
{
	size_t n;

	vsnprintf(text, size, format, args);
	n = strlen(text);
	while (n > 0 && !text_is_utf8(text, n))
		text[--n] = '\0';
}

void
session_error(struct session *s, const struct request *r, const char *code,
    const char *format, ...)
{
	char text[256];
	va_list args;

	batch_flush(s);
	va_start(args, format);
	text_format(text, sizeof(text), format, args);
	va_end(args);
	error_event(s, r, code, NULL, text);
}

void
session_error_limit(struct session *s, const struct request *r,
    const char *code, int64_t limit, const char *format, ...)
{
	struct extra extra = { "limit", limit, false };
	char text[256];
	va_list args;

	batch_flush(s);
	va_start(args, format);
	text_format(text, sizeof(text), format, args);
	va_end(args);
	error_event(s, r, code, &extra, text);
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
	char text[256], reason[32];
	struct extra extra = { NULL, 0, false };
	size_t i;
	va_list args;

	batch_flush(s);
	if (s->state >= STATE_ENDING)
		return;
	va_start(args, format);
	text_format(text, sizeof(text), format, args);
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
