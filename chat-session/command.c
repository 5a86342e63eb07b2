/*
 * The commands: one table row each says who may call what.  Runs a line from
 * the client, and answers what is wrong with it.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "event.h"
#include "session.h"
#include "text.h"

/* When a command is allowed. */
enum needs { ANY_TIME, BEFORE_LOGIN, AFTER_LOGIN };

static const struct command {
	const char *name;
	enum needs needs;
	bool batched; /* answered by batch_flush() */
	void (*run)(struct session *, const struct request *);
} commands[] = {
	{ "MESSAGE", AFTER_LOGIN, true, cmd_message },
	{ "PING", ANY_TIME, false, cmd_ping },
	{ "HISTORY", AFTER_LOGIN, false, cmd_history },
	{ "USERS", AFTER_LOGIN, false, cmd_users },
	{ "CONNECT", BEFORE_LOGIN, false, cmd_connect },
	{ "DISCONNECT", ANY_TIME, false, cmd_disconnect },
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

static void
dispatch(struct session *s, const struct request *r)
{
	const struct command *c;

	if (r->command == NULL) {
		session_error(s, r, "BAD_REQUEST",
		    "command is missing or no string without NUL");
		return;
	}
	if ((c = command_find(r->command)) == NULL) {
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

	if (len == 0 || !request_parse(s, &r, line, len))
		return;
	dispatch(s, &r);
	request_free(&r);
}

static void
error_event(struct session *s, const struct request *r, const char *code,
    const char *key, int64_t value, const char *text)
{
	struct buf *out = &s->client.output;

	event_begin(out, "ERROR", r != NULL ? r->ref : NULL);
	event_str(out, "code", code, strlen(code));
	event_str(out, "message", text, strlen(text));
	if (key != NULL)
		event_int(out, key, value);
	event_end(out);
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
	error_event(s, r, code, NULL, 0, text);
}

void
session_error_limit(struct session *s, const struct request *r,
    const char *code, int64_t limit, const char *format, ...)
{
	char text[256];
	va_list args;

	batch_flush(s);
	va_start(args, format);
	text_format(text, sizeof(text), format, args);
	va_end(args);
	error_event(s, r, code, "limit", limit, text);
}

void
session_unavailable(struct session *s, const char *ref)
{
	struct request r = { .ref = ref };

	error_event(s, &r, "UNAVAILABLE", NULL, 0,
	    "the store cannot be used just now: try again (a message with the"
	    " same ref)");
}

void
session_end_error(struct session *s, const char *code, const char *format, ...)
{
	char text[256], reason[32];
	const char *key = NULL;
	int64_t value = 0;
	size_t i;
	va_list args;

	batch_flush(s);
	if (s->state >= STATE_ENDING)
		return;
	va_start(args, format);
	text_format(text, sizeof(text), format, args);
	va_end(args);
	if (strcmp(code, "SHUTDOWN") == 0) {
		key = "reconnect_after";
		value = RECONNECT_AFTER;
	} else if (strcmp(code, "LINE_TOO_LONG") == 0) {
		key = "limit";
		value = (int64_t)s->client.lines.max;
	}
	for (i = 0; i < sizeof(reason) - 1 && code[i] != '\0'; i++)
		reason[i] = (char)tolower((unsigned char)code[i]);
	reason[i] = '\0';
	/* The row first: the name is free when the client hears of it. */
	session_end(s, reason);
	error_event(s, NULL, code, key, value, text);
}
