/*
 * The plain and JSON modes of plain.h: lines of standard input go to the
 * server, what the server says goes to standard output, trouble to standard
 * error.  One loop; nothing in it blocks but poll(2).
 */
#include <sys/signalfd.h>

#include <err.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "bounds.h"
#include "clock.h"
#include "format.h"
#include "input.h"
#include "link.h"
#include "plain-ask.h"
#include "plain.h"
#include "sanitise.h"
#include "text.h"

struct plain {
	const struct options *options;
	struct login *login;
	struct link *link;
	struct line_buf in;
	struct buf out;
	bool input_ended; /* nothing more is read */
	bool flushing;	  /* link_flush() was called */
	bool leaving;
	bool refused;
	bool greeted;	      /* what the login brings was asked for */
	int64_t progress_at;  /* something was confirmed last */
	size_t unconfirmed;   /* then */
	enum link_state told; /* on standard error */
	unsigned int asked;   /* for passwords */
	bool over;	      /* the link is, whatever is asked */
	int status;	      /* -1: not over */
};

enum { POLL_INPUT, POLL_OUTPUT, POLL_SIGNAL, POLL_LINK, POLL_COUNT };

/* Say something on standard error, sanitised already. */
static void
complain(const char *s, size_t n)
{
	fprintf(stderr, "chat-client: %.*s\n", (int)n, s);
}

static void
complain_unsafe(const char *what, const char *s)
{
	struct buf text = { 0 };

	buf_add_str(&text, what);
	sanitise_add(&text, s, strlen(s), SHOWN_ERROR_MAX, SANITISE_LINE);
	complain(buf_head(&text), buf_len(&text));
	buf_free(&text);
}

static void
refuse(struct plain *p, const char *why)
{
	complain(why, strlen(why));
	p->refused = true;
}

static void
say(struct plain *p, const char *to, const char *text, size_t len)
{
	struct buf repaired = { 0 };

	text_repair(&repaired, text, len);
	if (buf_len(&repaired) > 0 &&
	    link_say(p->link, to, buf_head(&repaired), buf_len(&repaired),
		NULL) == LINK_TOO_LONG)
		refuse(p, "a line is too long for the server");
	buf_free(&repaired);
}

static void
print_help(void)
{
	const struct input_command *c;

	for (c = input_commands; c->name != NULL; c++)
		fprintf(stderr, "/%s%s%s: %s\n", c->name,
		    c->arguments[0] != '\0' ? " " : "", c->arguments, c->help);
}

static void
end_input(struct plain *p)
{
	p->input_ended = true;
	buf_free(&p->in.in);
	p->in.scanned = 0;
}

static void
run_input(struct plain *p, const struct input *in)
{
	switch (in->kind) {
	case INPUT_NOTHING:
	case INPUT_RECONNECT:
		break;
	case INPUT_SAY:
		say(p, p->options->to, in->text, in->len);
		break;
	case INPUT_MSG:
		say(p, in->name, in->text, in->len);
		break;
	case INPUT_USERS:
		link_ask_users(p->link);
		break;
	case INPUT_HISTORY:
		link_ask_history(p->link,
		    in->name[0] != '\0' ? in->name : NULL, -1, in->count);
		break;
	case INPUT_LOGOUT:
		if (!link_revoke(p->link))
			plain_complain("there is no token to revoke");
		end_input(p);
		break;
	case INPUT_HELP:
		print_help();
		break;
	case INPUT_QUIT:
		end_input(p);
		break;
	case INPUT_BAD:
		refuse(p, in->error);
		break;
	}
}

static void
take_line(struct plain *p, const char *line, size_t len)
{
	struct input in;
	char *copy;

	if (p->options->send) {
		if (len > 0)
			say(p, p->options->to, line, len);
		return;
	}
	if (p->options->mode == MODE_JSON && len > 0 && line[0] == '{') {
		if (link_raw(p->link, line, len) == LINK_TOO_LONG)
			refuse(p, "a line is too long for the server");
		return;
	}
	/* The parser wants a NUL behind it, the line has none. */
	if ((copy = malloc(len + 1)) == NULL)
		err(STATUS_SYSTEM, NULL);
	memcpy(copy, line, len);
	copy[len] = '\0';
	input_parse(&in, copy, len);
	run_input(p, &in);
	free(copy);
}

/* The last line may lack its LF. */
static void
take_rest(struct plain *p)
{
	if (buf_len(&p->in.in) > 0)
		take_line(p, buf_head(&p->in.in), buf_len(&p->in.in));
	end_input(p);
}

static bool
takes_input(const struct plain *p)
{
	return !p->input_ended && p->link->state == LINK_ONLINE && p->greeted &&
	    !link_is_busy(p->link);
}

static void
take_lines(struct plain *p)
{
	char *line;
	size_t len;

	while (takes_input(p)) {
		switch (line_next(&p->in, &line, &len)) {
		case LINE_NONE:
			return;
		case LINE_FOUND:
			take_line(p, line, len);
			break;
		case LINE_TOO_LONG:
			refuse(p, "a line of the input is too long");
			end_input(p);
			break;
		}
	}
}

static void
read_input(struct plain *p)
{
	size_t want = line_wanted(&p->in);
	ssize_t n;

	if (want > INPUT_CHUNK)
		want = INPUT_CHUNK;
	if (want == 0)
		return;
	n = read(STDIN_FILENO, buf_room(&p->in.in, want), want);
	if (n > 0)
		buf_added(&p->in.in, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		take_rest(p);
}

/* Whether it belongs to the conversation that was asked for. */
static bool
concerns(const struct plain *p, const struct message *m)
{
	const char *with = p->options->with;
	struct span other;

	if (with == NULL)
		return true;
	if (strcasecmp(with, "all") == 0 || span_is(m->to, "all"))
		return strcasecmp(with, "all") == 0 && span_is(m->to, "all");
	other = span_is(m->from, p->link->username) ? m->to : m->from;
	return other.n == strlen(with) &&
	    strncasecmp(other.s, with, other.n) == 0;
}

static bool
is_wanted(const struct plain *p, const struct event *e)
{
	if (p->options->send || p->options->forget)
		return false;
	if (p->options->with == NULL)
		return true;
	if (e->kind == EVENT_MESSAGE)
		return concerns(p, &e->message);
	if (e->kind == EVENT_ACK)
		return e->message.to.n == 0 || concerns(p, &e->message);
	return e->kind != EVENT_JOINED && e->kind != EVENT_LEFT &&
	    e->kind != EVENT_USERS;
}

static void
tell_error(struct plain *p, const struct event *e)
{
	struct buf text = { 0 };

	/* How a login or a connection ended is told at its end. */
	if (p->link->state == LINK_ONLINE && p->link->code[0] == '\0') {
		p->refused = true;
		format_error(&text, e);
		complain(buf_head(&text), buf_len(&text));
	}
	buf_free(&text);
}

static void
take_event(struct plain *p, const struct event *e)
{
	if (e->kind == EVENT_ERROR)
		tell_error(p, e);
	if (!is_wanted(p, e))
		return;
	if (p->options->mode != MODE_JSON)
		format_event(&p->out, e);
	else if (sanitise_add_json(&p->out, e->line.s, e->line.n))
		buf_add(&p->out, "\n", 1);
}

/* Ask for what the options want of each login, before any input. */
static void
greet(struct plain *p)
{
	if (p->link->state != LINK_ONLINE || p->greeted)
		return;
	p->greeted = true;
	if (p->options->with != NULL && p->options->history >= 0)
		link_ask_history(
		    p->link, p->options->with, -1, p->options->history);
	if (p->options->forget)
		link_revoke(p->link);
}

/* What became of the token, and what else the login has to say. */
static void
tell_login(struct plain *p)
{
	char message[sizeof(p->login->message)];

	if (!login_take_news(p->login, p->link))
		p->refused = true;
	if (login_message(p->login, message, sizeof(message)) != NULL)
		plain_complain(message);
}

static void
tell_state(struct plain *p)
{
	enum link_state state = p->link->state;
	char reason[SHOWN_ERROR_MAX];

	if (state == LINK_WAITING && p->told != LINK_WAITING)
		complain_unsafe("connection lost, will come back: ",
		    link_reason(p->link, reason, sizeof(reason)));
	if (state == LINK_ONLINE && p->told == LINK_WAITING)
		complain("connected again", strlen("connected again"));
	if (state == LINK_WAITING || state == LINK_ONLINE)
		p->told = state;
}

static void
explain_end(const struct plain *p, const char *what)
{
	char reason[SHOWN_ERROR_MAX];

	if (p->link->why == LINK_UNTRUSTED)
		plain_explain_distrust(p->login, p->link);
	else
		complain_unsafe(
		    what, link_reason(p->link, reason, sizeof(reason)));
}

static void
finish(struct plain *p)
{
	static const struct {
		int status;
		const char *what;
	} ends[] = {
		[LINK_NOTHING] = { STATUS_LOGIN, NULL },
		[LINK_LEFT] = { STATUS_OK, NULL },
		[LINK_UNREACHABLE] = { STATUS_UNREACHABLE,
		    "could not connect: " },
		[LINK_LOST] = { STATUS_LOST, "connection lost: " },
		[LINK_SILENT] = { STATUS_TIMEOUT, "" },
		[LINK_NONSENSE] = { STATUS_NONSENSE, "" },
		[LINK_REFUSED] = { STATUS_LOGIN, "login refused: " },
		[LINK_UNTRUSTED] = { STATUS_UNTRUSTED, "" },
	};

	p->status = ends[p->link->why].status;
	if (p->options->forget && p->link->why == LINK_REFUSED &&
	    p->login->forgotten) {
		plain_complain("the server took the token no more");
		p->status = STATUS_OK;
		return;
	}
	if (link_is_busy_server(p->link))
		p->status = STATUS_TIMEOUT;
	if (ends[p->link->why].what != NULL)
		explain_end(p, ends[p->link->why].what);
	else if (p->refused)
		p->status = STATUS_REFUSED;
}

/* Start the link, again perhaps, if all is there that it needs. */
static void
start(struct plain *p, enum login_need need, int signal_fd)
{
	p->over = !plain_ask(p->login, p->link, need, &p->asked, signal_fd);
	tell_login(p);
	p->progress_at = clock_now();
	if (!p->over)
		link_start(p->link,
		    p->link->username[0] != '\0' ? NULL : p->options->user,
		    clock_now());
}

/* At the end of the input: until all is confirmed, then leave. */
static void
leave_when_done(struct plain *p, int64_t now)
{
	struct link *l = p->link;

	if (!p->input_ended || p->leaving || p->options->tail ||
	    l->state == LINK_IDLE)
		return;
	if (!p->flushing) {
		p->flushing = true;
		p->progress_at = now;
		link_flush(l);
	}
	if (l->outbox.len != p->unconfirmed) {
		p->unconfirmed = l->outbox.len;
		p->progress_at = now;
	}
	if (l->flushed && l->outbox.len == 0 && !l->revoking) {
		p->leaving = true;
		link_leave(l, p->options->timeout, now);
	} else if (now >= p->progress_at + p->options->timeout) {
		complain_unsafe("", "not everything was confirmed in time");
		link_abandon(l);
		p->status = STATUS_TIMEOUT;
	}
}

static int
wait_time(const struct plain *p, int64_t now)
{
	int64_t at = link_deadline(p->link);

	if (p->flushing && !p->leaving &&
	    (at < 0 || p->progress_at + p->options->timeout < at))
		at = p->progress_at + p->options->timeout;
	if (at < 0)
		return -1;
	if (at <= now)
		return 0;
	return at - now > 60000 ? 60000 : (int)(at - now);
}

static void
output_failed(struct plain *p)
{
	warn("standard output");
	link_abandon(p->link);
	p->status = STATUS_OUTPUT;
}

/* poll(2) promises PIPE_BUF bytes of room, so this does not block. */
static void
write_output(struct plain *p)
{
	size_t len = buf_len(&p->out);
	ssize_t n = write(
	    STDOUT_FILENO, buf_head(&p->out), len < PIPE_BUF ? len : PIPE_BUF);

	if (n >= 0)
		buf_consume(&p->out, (size_t)n);
	else if (errno != EAGAIN && errno != EINTR)
		output_failed(p);
}

static void
take_signal(struct plain *p, int signal_fd)
{
	struct signalfd_siginfo info;

	if (read(signal_fd, &info, sizeof(info)) != sizeof(info) ||
	    info.ssi_signo == SIGWINCH)
		return;
	link_abandon(p->link);
	p->status = STATUS_SIGNAL + (int)info.ssi_signo;
}

static void
set_polls(const struct plain *p, int signal_fd, struct pollfd *polls)
{
	polls[POLL_INPUT] = (struct pollfd){ .events = POLLIN,
		.fd = takes_input(p) ? STDIN_FILENO : -1 };
	/* A reader that went away is an error that comes unasked. */
	polls[POLL_OUTPUT] = (struct pollfd){ .fd = STDOUT_FILENO,
		.events = buf_len(&p->out) > 0 ? POLLOUT : 0 };
	if (p->options->send || p->options->forget)
		polls[POLL_OUTPUT].fd = -1;
	polls[POLL_SIGNAL] =
	    (struct pollfd){ .fd = signal_fd, .events = POLLIN };
	polls[POLL_LINK] = link_poll(p->link);
}

static void
turn(struct plain *p, int signal_fd)
{
	struct pollfd polls[POLL_COUNT];
	struct event e;
	int64_t now = clock_now();

	set_polls(p, signal_fd, polls);
	if (poll(polls, POLL_COUNT,
		p->status != -1 || p->link->state == LINK_IDLE
		    ? -1
		    : wait_time(p, now)) == -1) {
		if (errno == EINTR)
			return;
		err(STATUS_SYSTEM, "poll");
	}
	now = clock_now();
	if (polls[POLL_SIGNAL].revents != 0)
		take_signal(p, signal_fd);
	if (polls[POLL_OUTPUT].revents & POLLERR) {
		errno = EPIPE;
		output_failed(p);
	} else if (polls[POLL_OUTPUT].revents & POLLOUT) {
		write_output(p);
	}
	if (p->status != -1)
		return;
	link_step(p->link, polls[POLL_LINK].revents, now);
	while (link_next(p->link, &e, now)) {
		take_event(p, &e);
		incoming_free(&e);
	}
	tell_login(p);
	tell_state(p);
	greet(p);
	take_lines(p);
	if (polls[POLL_INPUT].revents != 0 && takes_input(p)) {
		read_input(p);
		take_lines(p);
	}
	leave_when_done(p, now);
	/* What this turn brought goes out before the next waits. */
	link_step(p->link, 0, now);
	link_pause(p->link, buf_len(&p->out) >= OUTPUT_MAX);
}

/* The link came to its end: go on if that is possible. */
static void
take_end(struct plain *p, int signal_fd)
{
	if (!p->over)
		start(p, login_continue(p->login, p->link), signal_fd);
	if (!p->over || buf_len(&p->out) > 0)
		return;
	/* One that came while a question was open. */
	take_signal(p, signal_fd);
	if (p->status == -1)
		finish(p);
}

static void
loop(struct plain *p, int signal_fd)
{
	start(p,
	    p->options->user == NULL
		? LOGIN_READY
		: login_prepare(p->login, p->link, p->options->user),
	    signal_fd);
	while (p->status == -1) {
		if (p->link->state != LINK_IDLE || buf_len(&p->out) > 0)
			turn(p, signal_fd);
		if (p->link->state == LINK_IDLE && p->status == -1)
			take_end(p, signal_fd);
	}
}

enum status
plain_run(const struct options *options, struct login *login, int signal_fd)
{
	struct plain p = { .options = options,
		.login = login,
		.status = -1,
		.in.max = INPUT_LINE_MAX,
		.input_ended = options->tail || options->forget };
	struct link_config config = { .address = options->address,
		.tls = login->tls,
		.since = options->since,
		.timeout = options->timeout,
		.history = options->with == NULL ? options->history : -1,
		.raw = options->user == NULL,
		.reconnect = options->reconnect };

	if (options->forget && !login_has_token(login, options->user)) {
		plain_complain("no token is kept for that name and server");
		return STATUS_OK;
	}
	p.link = link_new(&config);
	loop(&p, signal_fd);
	buf_free(&p.in.in);
	buf_free(&p.out);
	link_free(p.link);
	return (enum status)p.status;
}
