/*
 * The plain and JSON modes of plain.h: one loop between standard input
 * (plain-input.c), the link and standard output (plain-output.c).  Nothing in
 * it blocks but poll(2).
 */
#include <sys/signalfd.h>

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bounds.h"
#include "clock.h"
#include "plain-ask.h"
#include "plain-parts.h"
#include "plain.h"

enum { POLL_INPUT, POLL_OUTPUT, POLL_SIGNAL, POLL_LINK, POLL_COUNT };

/* The input may begin, once. */
static void
greet(struct plain *p)
{
	if (p->link->state != LINK_ONLINE || p->greeted)
		return;
	p->greeted = true;
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
	login_renew(p->login, p->link);
	if (login_message(p->login, message, sizeof(message)) != NULL)
		plain_complain(message);
}

static void
tell_state(struct plain *p)
{
	enum link_state state = p->link->state;
	char reason[SHOWN_ERROR_MAX];

	if (state == LINK_WAITING && p->told != LINK_WAITING) {
		p->lost = p->link->was_online;
		plain_complain_of(p->lost ? "connection lost, will come back: "
					  : "login refused, will come back: ",
		    link_reason(p->link, reason, sizeof(reason)));
	}
	if (state == LINK_ONLINE && p->told == LINK_WAITING)
		plain_complain(p->lost ? "connected again" : "logged in");
	if (state == LINK_WAITING || state == LINK_ONLINE)
		p->told = state;
}

static void
explain_end(const struct plain *p, const char *what)
{
	struct buf text = { 0 };

	if (p->link->why == LINK_UNTRUSTED) {
		plain_explain_distrust(p->login, p->link);
		return;
	}
	buf_add_str(&text, what);
	if (p->link->why == LINK_UNREACHABLE) {
		buf_add_str(&text, p->options->address.text);
		buf_add_str(&text, ": ");
	}
	login_explain(p->login, p->link, &text);
	buf_add(&text, "", 1);
	plain_complain(buf_head(&text));
	buf_free(&text);
}

/* Whether something that was to be said may not be stored. */
static bool
is_unsent(const struct plain *p)
{
	return p->link->outbox.len > 0 || (p->options->send && !p->input_ended);
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
		    "could not connect to " },
		[LINK_LOST] = { STATUS_LOST, "connection lost: " },
		[LINK_SILENT] = { STATUS_TIMEOUT, "" },
		[LINK_NONSENSE] = { STATUS_NONSENSE, "" },
		[LINK_REFUSED] = { STATUS_LOGIN, "login refused: " },
		[LINK_UNTRUSTED] = { STATUS_UNTRUSTED, "" },
		[LINK_EXPOSED] = { STATUS_UNTRUSTED, "" },
	};

	if (p->ending != -1) {
		p->status = p->ending;
		return;
	}
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
	else if (p->input_failed)
		p->status = STATUS_INPUT;
	else if (p->link->why == LINK_LEFT && is_unsent(p))
		p->status = STATUS_TIMEOUT;
	else if (p->refused)
		p->status = STATUS_REFUSED;
}

/* Start the link, again perhaps, if all is there that it needs. */
static void
start(struct plain *p, enum login_need need)
{
	p->over = !plain_ask(p->login, p->link, need, &p->asked, p->signal_fd);
	tell_login(p);
	p->progress_at = clock_now();
	if (!p->over)
		link_start(p->link,
		    p->link->username[0] != '\0' ? NULL : p->options->user,
		    clock_now());
}

/*
 * Whether an answer that is due has come since the last look.  A reader of the
 * output that takes its time is not the server's fault.
 */
static void
note_progress(struct plain *p, int64_t now)
{
	size_t left = p->link->outbox.len + (size_t)p->missing;

	if (left != p->unconfirmed || p->link->conn.paused)
		p->progress_at = now;
	p->unconfirmed = left;
}

static void
give_up(struct plain *p, const char *why)
{
	plain_complain(why);
	link_abandon(p->link);
	p->over = true;
	p->ending = STATUS_TIMEOUT;
}

/*
 * Whether a server that cannot take the first login keeps waiting who only
 * sends: no input is read until then, so its end would not be seen.
 */
static bool
is_turned_away(const struct plain *p)
{
	return p->options->send && !p->greeted &&
	    p->link->state == LINK_WAITING;
}

/* At the end of the input: until all is confirmed, then leave. */
static void
leave_when_done(struct plain *p, int64_t now)
{
	struct link *l = p->link;

	if (is_turned_away(p)) {
		if (now >= p->progress_at + p->options->timeout)
			give_up(p, "the login was not accepted in time");
		return;
	}
	if (!p->input_ended || p->options->tail || l->state == LINK_IDLE ||
	    l->state == LINK_LEAVING)
		return;
	if (!l->flushing) {
		p->progress_at = now;
		link_flush(l);
	}
	note_progress(p, now);
	if (l->flushed && l->outbox.len == 0 && !l->revoking && p->missing == 0)
		link_leave(l, p->options->timeout, now);
	else if (now >= p->progress_at + p->options->timeout)
		give_up(p, "not everything was answered in time");
}

static int
wait_time(const struct plain *p, int64_t now)
{
	int64_t at = link_deadline(p->link);

	if ((p->link->flushing && p->link->state != LINK_LEAVING) ||
	    is_turned_away(p))
		at = clock_earlier(at, p->progress_at + p->options->timeout);
	return clock_wait(at, now);
}

/* A reader that went away: nothing of what may still come has a use. */
static void
output_failed(struct plain *p)
{
	plain_complain_of("standard output: ", strerror(errno));
	link_abandon(p->link);
	p->status = STATUS_OUTPUT;
}

static void
take_output(struct plain *p, short revents)
{
	if (revents & (POLLERR | POLLHUP | POLLNVAL)) {
		errno = EPIPE;
		p->failed = true;
	} else if (revents & POLLOUT) {
		plain_write(p);
	}
	if (p->failed)
		output_failed(p);
}

static void
take_signal(struct plain *p)
{
	struct signalfd_siginfo info;

	if (read(p->signal_fd, &info, sizeof(info)) != sizeof(info) ||
	    info.ssi_signo == SIGWINCH || info.ssi_signo == SIGCONT)
		return;
	link_abandon(p->link);
	plain_drain(p);
	p->status = STATUS_SIGNAL + (int)info.ssi_signo;
}

static void
set_polls(const struct plain *p, struct pollfd *polls)
{
	polls[POLL_INPUT] = (struct pollfd){ .events = POLLIN,
		.fd = plain_takes_input(p) ? STDIN_FILENO : -1 };
	/* A reader that went away is an error that comes unasked. */
	polls[POLL_OUTPUT] = (struct pollfd){ .fd = p->out_fd,
		.events = buf_len(&p->out) > 0 ? POLLOUT : 0 };
	if (p->options->send || p->options->forget)
		polls[POLL_OUTPUT].fd = -1;
	polls[POLL_SIGNAL] =
	    (struct pollfd){ .fd = p->signal_fd, .events = POLLIN };
	polls[POLL_LINK] = link_poll(p->link);
}

static void
turn(struct plain *p)
{
	struct pollfd polls[POLL_COUNT];
	struct event e;
	int64_t now = clock_now();

	set_polls(p, polls);
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
		take_signal(p);
	take_output(p, polls[POLL_OUTPUT].revents);
	if (p->status != -1)
		return;
	link_step(p->link, polls[POLL_LINK].revents, now);
	while (link_next(p->link, &e, now)) {
		plain_print(p, &e);
		incoming_free(&e);
	}
	tell_login(p);
	greet(p);
	tell_state(p);
	plain_take_lines(p);
	if (polls[POLL_INPUT].revents != 0 && plain_takes_input(p)) {
		plain_read_input(p);
		plain_take_lines(p);
	}
	leave_when_done(p, now);
	/* What this turn brought goes out before the next waits. */
	link_step(p->link, 0, now);
	link_pause(p->link, buf_len(&p->out) >= OUTPUT_MAX);
}

/* The link came to its end: go on if that is possible. */
static void
take_end(struct plain *p)
{
	if (!p->over)
		start(p, login_continue(p->login, p->link));
	if (!p->over || buf_len(&p->out) > 0)
		return;
	/* One that came while a question was open. */
	take_signal(p);
	if (p->status == -1)
		finish(p);
}

static void
loop(struct plain *p)
{
	start(p,
	    p->options->user == NULL
		? LOGIN_READY
		: login_prepare(p->login, p->link, p->options->user));
	while (p->status == -1) {
		if (p->link->state != LINK_IDLE || buf_len(&p->out) > 0)
			turn(p);
		if (p->link->state == LINK_IDLE && p->status == -1)
			take_end(p);
	}
}

/* What its owner would have to know at the end. */
static void
tell_unsent(const struct plain *p)
{
	char text[100];

	if (p->link->outbox.len > 0) {
		snprintf(text, sizeof(text),
		    "messages that were not confirmed, and may be stored or "
		    "not: %zu",
		    p->link->outbox.len);
		plain_complain(text);
	}
	if (p->options->send && !p->input_ended)
		plain_complain("the input was not sent to its end");
}

static struct link_config
link_config(const struct options *o, const struct login *login)
{
	return (struct link_config){ .address = o->address,
		.tls = login->tls,
		.since = o->since,
		.timeout = o->timeout,
		/* In order with what was missed; a talk's is asked for. */
		.history = o->tail && o->with == NULL ? o->history : -1,
		.raw = o->user == NULL,
		.reconnect = o->reconnect,
		.waits = o->send,
		.insecure = o->insecure };
}

enum status
plain_run(const struct options *options, struct login *login, int signal_fd)
{
	struct link_config config = link_config(options, login);
	struct plain p = { .options = options,
		.login = login,
		.signal_fd = signal_fd,
		.status = -1,
		.ending = -1,
		.out_fd = plain_open_output(),
		.in.max = INPUT_LINE_MAX,
		.input_ended =
		    options->tail || options->forget || options->history >= 0 };

	if (options->forget && !login_has_token(login, options->user)) {
		plain_complain("no token is kept for that name and server");
		return STATUS_OK;
	}
	p.link = link_new(&config);
	loop(&p);
	tell_unsent(&p);
	buf_free(&p.in.in);
	buf_free(&p.out);
	buf_free(&p.page);
	link_free(p.link);
	return (enum status)p.status;
}
