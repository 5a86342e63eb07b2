/*
 * The interactive mode of screen.h: one loop that waits, takes what came from
 * server, keys and signals into the state, and then draws it once.
 */
#include <sys/signalfd.h>

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "draw.h"
#include "format.h"
#include "input.h"
#include "keys.h"
#include "screen.h"
#include "text.h"

#define KEYS_AT_ONCE	512	/* taken in one turn */

static struct span
span_of(const char *s)
{
	return (struct span){ s, strlen(s) };
}

static void
notice(struct screen *s, enum entry_kind kind, const char *text)
{
	model_notice(s->model, kind, span_of(text), clock_date());
}

/* --- what the server says ---------------------------------------------- */

static void
tell_presence(struct screen *s, const struct event *e, const char *what)
{
	struct buf text = { 0 };

	model_set_person(s->model, e->username, e->kind == EVENT_JOINED);
	buf_add(&text, e->username.s, e->username.n);
	buf_add_str(&text, what);
	model_notice(s->model, ENTRY_NOTICE, (struct span){ buf_head(&text),
	    buf_len(&text) }, clock_date());
	buf_free(&text);
}

static void
tell_error(struct screen *s, const struct event *e)
{
	struct buf text = { 0 };

	model_reject(s->model, e->ref, e->code);
	format_error(&text, e);
	model_notice(s->model, ENTRY_ERROR, (struct span){ buf_head(&text),
	    buf_len(&text) }, clock_date());
	buf_free(&text);
}

static void
add_history(struct screen *s, const struct event *e)
{
	struct message m;
	size_t i, n = incoming_count(e);

	for (i = 0; i < n; i++)
		if (incoming_message(e, i, &m))
			model_add_message(s->model, &m);
}

static void
take_event(struct screen *s, const struct event *e)
{
	switch (e->kind) {
	case EVENT_CONNECTED:
		s->form = false;
		if (e->reset)
			notice(s, ENTRY_ERROR, "The server's store was "
			    "restored: messages may be missing.");
		link_ask_users(s->link);
		break;
	case EVENT_MESSAGE:
		model_add_message(s->model, &e->message);
		if (s->view.scrolled)
			s->below++;
		break;
	case EVENT_ACK:
		model_confirm(s->model, e->ref, e->message.id,
		    e->message.time, e->seen);
		break;
	case EVENT_ERROR:
		if (s->link->state == LINK_ONLINE && s->link->code[0] == '\0')
			tell_error(s, e);
		break;
	case EVENT_HISTORY:
		add_history(s, e);
		break;
	case EVENT_USERS:
		model_set_people(s->model, e);
		break;
	case EVENT_JOINED:
		tell_presence(s, e, " joined");
		break;
	case EVENT_LEFT:
		tell_presence(s, e, " left");
		break;
	case EVENT_PING:
	case EVENT_PONG:
	case EVENT_DISCONNECTED:
	case EVENT_OTHER:
		break;
	}
	s->changed = true;
}

/* A connection came or went. */
static void
take_state(struct screen *s, enum link_state before)
{
	char reason[SHOWN_ERROR_MAX];

	if (s->link->state == before)
		return;
	s->changed = true;
	if (s->link->state == LINK_WAITING && before != LINK_CONNECTING) {
		notice(s, ENTRY_ERROR, "The connection was lost.");
	} else if (s->link->state == LINK_ONLINE && !s->form) {
		notice(s, ENTRY_NOTICE, "Connected.");
	} else if (s->link->state == LINK_IDLE && !s->leaving) {
		link_reason(s->link, reason, sizeof(reason));
		if (s->form || s->link->why == LINK_REFUSED) {
			memcpy(s->trouble, reason, sizeof(reason));
			s->form = true;
		} else {
			notice(s, ENTRY_ERROR, "The connection ended; "
			    "/reconnect opens it again.");
		}
	}
}

static void
take_link(struct screen *s, short revents, int64_t now)
{
	enum link_state before = s->link->state;
	struct event e;

	link_step(s->link, revents, now);
	take_state(s, before);
	before = s->link->state;
	while (link_next(s->link, &e, now)) {
		take_state(s, before);
		before = s->link->state;
		take_event(s, &e);
		incoming_free(&e);
	}
	take_state(s, before);
}

/* --- what the user says ------------------------------------------------ */

static void
leave(struct screen *s, int64_t now)
{
	/* One's words are worth a question. */
	if (s->link->outbox.len > 0 && !s->warned) {
		s->warned = true;
		notice(s, ENTRY_ERROR, "Not everything you said is confirmed; "
		    "leave once more to leave all the same.");
		return;
	}
	s->leaving = true;
	link_leave(s->link, LEAVE_WAIT, now);
}

static void
say(struct screen *s, const char *to, const char *text, size_t len)
{
	const char *ref;

	view_follow(&s->view);
	s->warned = false;
	switch (link_say(s->link, to, text, len, &ref)) {
	case LINK_SAID:
		model_add_pending(s->model, ref, s->link->username, to, text,
		    len);
		break;
	case LINK_FULL:
		notice(s, ENTRY_ERROR, "Not sent: too much is waiting to be "
		    "confirmed.");
		edit_set(&s->line, text);
		break;
	case LINK_TOO_LONG:
		notice(s, ENTRY_ERROR, "Not sent: too long.");
		edit_set(&s->line, text);
		break;
	}
}

static void
tell_help(struct screen *s)
{
	const struct input_command *c;
	char text[160];

	for (c = input_commands; c->name != NULL; c++) {
		snprintf(text, sizeof(text), "/%s%s%s: %s", c->name,
		    c->arguments[0] != '\0' ? " " : "", c->arguments,
		    c->help);
		notice(s, ENTRY_NOTICE, text);
	}
	notice(s, ENTRY_NOTICE, "PgUp, PgDn scroll, Alt-> goes to the newest; "
	    "Ctrl-C empties the line, or leaves.");
}

static void
tell_users(struct screen *s)
{
	const struct model *m = s->model;
	struct buf text = { 0 };
	size_t i;

	buf_add_str(&text, "Here:");
	for (i = 0; i < m->people_len; i++)
		if (m->people[i].online) {
			buf_add_str(&text, " ");
			buf_add_str(&text, m->people[i].name);
		}
	model_notice(s->model, ENTRY_NOTICE, (struct span){ buf_head(&text),
	    buf_len(&text) }, clock_date());
	buf_free(&text);
}

static bool
is_online(struct screen *s)
{
	if (s->link->state == LINK_ONLINE)
		return true;
	notice(s, ENTRY_ERROR, "That needs a connection.");
	return false;
}

static void
run_input(struct screen *s, const struct input *in, int64_t now)
{
	switch (in->kind) {
	case INPUT_NOTHING:
		break;
	case INPUT_SAY:
		say(s, s->to, in->text, in->len);
		break;
	case INPUT_MSG:
		say(s, in->name, in->text, in->len);
		break;
	case INPUT_USERS:
		tell_users(s);
		break;
	case INPUT_HISTORY:
		if (is_online(s))
			link_ask_history(s->link, in->name[0] != '\0' ?
			    in->name : NULL, in->count);
		break;
	case INPUT_RECONNECT:
		if (s->link->state == LINK_WAITING ||
		    s->link->state == LINK_IDLE)
			link_start(s->link, NULL, now);
		break;
	case INPUT_HELP:
		tell_help(s);
		break;
	case INPUT_QUIT:
		leave(s, now);
		break;
	case INPUT_BAD:
		notice(s, ENTRY_ERROR, in->error);
		break;
	}
}

static void
enter_line(struct screen *s, int64_t now)
{
	char *line = edit_take(&s->line);
	struct input in;

	input_parse(&in, line, strlen(line));
	run_input(s, &in, now);
	free(line);
}

static void
enter_name(struct screen *s, int64_t now)
{
	const char *name = edit_text(&s->name);

	if (s->link->state != LINK_IDLE)
		return;
	if (!text_is_username(name, strlen(name))) {
		snprintf(s->trouble, sizeof(s->trouble), "A name is 1 to %d "
		    "of A-Z a-z 0-9 _ . - and not \"all\".", USERNAME_MAX);
		return;
	}
	s->trouble[0] = '\0';
	link_start(s->link, name, now);
}

static void
stop(struct screen *s, int64_t now)
{
	struct edit *e = s->form ? &s->name : &s->line;

	if (!s->form && e->len > 0)
		edit_do(e, EDIT_CLEAR);
	else
		leave(s, now);
}

static void
take_key(struct screen *s, const struct key *key, int64_t now)
{
	struct edit *e = s->form ? &s->name : &s->line;
	int page = s->view.height > 1 ? s->view.height - 1 : 1;

	switch (key->kind) {
	case KEYS_TEXT:
		edit_insert(e, key->text, key->len);
		break;
	case KEYS_EDIT:
		edit_do(e, key->op);
		break;
	case KEYS_ENTER:
		if (s->form)
			enter_name(s, now);
		else
			enter_line(s, now);
		break;
	case KEYS_PAGE_UP:
		view_scroll(&s->view, s->model, page);
		break;
	case KEYS_PAGE_DOWN:
		view_scroll(&s->view, s->model, -page);
		break;
	case KEYS_BOTTOM:
		view_follow(&s->view);
		break;
	case KEYS_STOP:
		stop(s, now);
		break;
	case KEYS_SUSPEND:
		draw_suspend();
		break;
	case KEYS_REDRAW:
		draw_anew();
		break;
	case KEYS_NONE:
	case KEYS_IGNORED:
		break;
	}
	if (!s->view.scrolled)
		s->below = 0;
	s->changed = true;
}

static void
take_keys(struct screen *s, int64_t now)
{
	struct key key;
	int i;

	for (i = 0; i < KEYS_AT_ONCE && !s->leaving; i++) {
		key = keys_read();
		if (key.kind == KEYS_NONE)
			return;
		take_key(s, &key, now);
	}
}

/* --- the loop ---------------------------------------------------------- */

/* Returns the signal that ends the program, or 0. */
static int
take_signals(struct screen *s, int signal_fd)
{
	struct signalfd_siginfo info;

	while (read(signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGWINCH)
			return (int)info.ssi_signo;
		draw_resize();
		s->changed = true;
	}
	return 0;
}

/* How long nothing needs to be done; the countdown moves each second. */
static int
wait_time(const struct screen *s, int64_t now, int64_t drawn_at)
{
	int64_t at = link_deadline(s->link), other;

	if (s->changed)
		other = drawn_at + FRAME_WAIT;
	else if (s->link->state == LINK_WAITING && s->link->wake > now)
		other = now + (s->link->wake - now - 1) % 1000 + 1;
	else
		other = -1;
	if (other >= 0 && (at < 0 || other < at))
		at = other;
	if (at < 0)
		return -1;
	if (at <= now)
		return 0;
	return at - now > 60000 ? 60000 : (int)(at - now);
}

static int
loop(struct screen *s, int signal_fd)
{
	struct pollfd polls[3];
	int64_t now = clock_now(), drawn_at = 0;
	int signal;

	while (!s->leaving || s->link->state != LINK_IDLE) {
		polls[0] = (struct pollfd){ STDIN_FILENO, POLLIN, 0 };
		polls[1] = (struct pollfd){ signal_fd, POLLIN, 0 };
		polls[2] = link_poll(s->link);
		if (poll(polls, 3, wait_time(s, now, drawn_at)) == -1 &&
		    errno != EINTR)
			err(STATUS_SYSTEM, "poll");
		now = clock_now();
		if ((signal = take_signals(s, signal_fd)) != 0)
			return STATUS_SIGNAL + signal;
		take_link(s, polls[2].revents, now);
		if (polls[0].revents & (POLLERR | POLLHUP | POLLNVAL))
			return STATUS_SIGNAL + SIGHUP;
		if (polls[0].revents != 0)
			take_keys(s, now);
		take_link(s, 0, now);
		if (s->link->state == LINK_WAITING)
			s->changed = true;
		if (s->changed && now >= drawn_at + FRAME_WAIT) {
			s->changed = false;
			drawn_at = now;
			draw(s, now);
		}
	}
	return STATUS_OK;
}

static void
start(struct screen *s, const struct options *options)
{
	struct link_config config = { .address = options->address,
	    .since = options->since, .history = options->history,
	    .timeout = options->timeout, .reconnect = true };

	if (config.history < 0)
		config.history = HISTORY_FIRST;
	s->link = link_new(&config);
	s->model = model_new();
	s->to = options->to;
	s->form = s->changed = true;
	edit_init(&s->line, EDIT_MAX, true);
	edit_init(&s->name, USERNAME_MAX, false);
	if (options->user != NULL) {
		edit_set(&s->name, options->user);
		link_start(s->link, options->user, clock_now());
	} else if (getenv("USER") != NULL &&
	    text_is_username(getenv("USER"), strlen(getenv("USER")))) {
		edit_set(&s->name, getenv("USER"));
	}
}

enum status
screen_run(const struct options *options, int signal_fd)
{
	static struct screen s;
	int status;

	if (!draw_start())
		errx(STATUS_SYSTEM, "this terminal cannot be used (TERM=%s)",
		    getenv("TERM") != NULL ? getenv("TERM") : "");
	keys_start();
	start(&s, options);
	status = loop(&s, signal_fd);
	link_abandon(s.link);
	draw_end();
	link_free(s.link);
	model_free(s.model);
	edit_free(&s.line);
	edit_free(&s.name);
	return (enum status)status;
}
