/*
 * The commands: one table row each says who may call what.  Runs a line from
 * the client.
 */
#include <string.h>

#include "command.h"
#include "request.h"
#include "session.h"

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
