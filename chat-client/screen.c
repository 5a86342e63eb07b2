/*
 * The interactive mode of screen.h: one loop that waits, takes what came from
 * server, keys and signals into the state, and then draws it once.
 */
#include <sys/signalfd.h>

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "clock.h"
#include "draw.h"
#include "keys.h"
#include "screen-parts.h"
#include "screen.h"
#include "settings.h"
#include "text.h"

static struct termios before;

/*
 * A terminal that takes nothing keeps whoever writes to it.  A signal that is to
 * end the client, and waits to be read meanwhile, does so all the same.
 */
static void
look_for_end(int alarmed)
{
	static const int ends[] = { SIGHUP, SIGINT, SIGTERM };
	sigset_t waiting;
	size_t i;

	(void)alarmed;
	sigemptyset(&waiting);
	sigpending(&waiting);
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (sigismember(&waiting, ends[i]) == 1) {
			if (draw_is_ours())
				tcsetattr(STDIN_FILENO, TCSANOW, &before);
			_exit(STATUS_SIGNAL + ends[i]);
		}
	alarm(STUCK_LOOK);
}

static void
look_when_stuck(void)
{
	struct sigaction look = { .sa_handler = look_for_end,
		.sa_flags = SA_RESTART };

	/* Before anything is asked of it: a signal may come meanwhile. */
	if (!draw_is_ours())
		kill(0, SIGTTOU);
	tcgetattr(STDIN_FILENO, &before);
	sigaction(SIGALRM, &look, NULL);
	look_for_end(SIGALRM);
}

/* What has the terminal meanwhile is waited for, whatever it does. */
static void
pause_for_command(bool begins)
{
	draw_pause(begins);
	alarm(begins ? 0 : STUCK_LOOK);
}

/* Returns the signal that ends the program, or 0. */
static int
take_signals(struct screen *s, int signal_fd)
{
	struct signalfd_siginfo info;

	while (read(signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCONT)
			draw_continue();
		else if (info.ssi_signo == SIGWINCH)
			draw_resize();
		else
			return (int)info.ssi_signo;
		s->explained = false;
		s->changed = true;
	}
	return 0;
}

/* How long nothing needs to be done; the countdown moves each second. */
static int
wait_time(const struct screen *s, int64_t now, int64_t drawn_at)
{
	int64_t at = link_deadline(s->link);

	if (s->changed)
		at = clock_earlier(at, drawn_at + FRAME_WAIT);
	else if (s->link->state == LINK_WAITING && s->link->wake > now)
		at = clock_earlier(
		    at, now + (s->link->wake - now - 1) % 1000 + 1);
	else if (s->link->asked || outbox_sent(&s->link->outbox) != NULL)
		at = clock_earlier(at, now + LAG_SHOWN);
	if (keys_are_pasted())
		at = clock_earlier(at, s->key_at + PASTE_WAIT);
	return clock_wait(at, now);
}

static int
loop(struct screen *s, int signal_fd)
{
	struct pollfd polls[3];
	int64_t now = clock_now(), drawn_at = 0;
	int signal;

	while (!s->leaving || s->link->state != LINK_IDLE) {
		/* Who leaves types for whatever comes next. */
		polls[0] =
		    (struct pollfd){ STDIN_FILENO, s->leaving ? 0 : POLLIN, 0 };
		polls[1] = (struct pollfd){ signal_fd, POLLIN, 0 };
		polls[2] = link_poll(s->link);
		alarm(0);
		if (poll(polls, 3, wait_time(s, now, drawn_at)) == -1 &&
		    errno != EINTR)
			err(STATUS_SYSTEM, "poll");
		alarm(STUCK_LOOK);
		now = clock_now();
		screen_take_link(s, polls[2].revents, now);
		if (polls[0].revents & (POLLERR | POLLHUP | POLLNVAL))
			return STATUS_SIGNAL + SIGHUP;
		if (polls[0].revents != 0)
			screen_take_keys(s, now);
		/* After the keys: one may suspend it, and a signal end that. */
		if ((signal = take_signals(s, signal_fd)) != 0) {
			/* It waits again, should giving back be stuck. */
			kill(getpid(), signal);
			return STATUS_SIGNAL + signal;
		}
		screen_end_paste(s, now);
		screen_take_link(s, 0, now);
		alert_reap(&s->alert);
		if (s->link->state == LINK_WAITING ||
		    link_lag(s->link, now) > LAG_SHOWN)
			s->changed = true;
		if (s->changed && now >= drawn_at + FRAME_WAIT) {
			s->changed = false;
			drawn_at = now;
			draw(s, now);
			screen_want_older(s);
		}
	}
	return STATUS_OK;
}

static void
start(struct screen *s, const struct options *options, struct login *login)
{
	struct link_config config = { .address = options->address,
		.tls = login->tls,
		.since = options->since,
		.history = options->history,
		.timeout = options->timeout,
		.insecure = options->insecure,
		.reconnect = true };

	if (config.history < 0)
		config.history = HISTORY_FIRST;
	s->login = login;
	s->link = link_new(&config);
	s->model = model_new();
	model_go_name(s->model, options->to);
	s->form = s->changed = true;
	s->keymap = options->settings->keymap;
	s->alert.quiet = !options->settings->bell;
	if (options->settings->notify.words[0] != NULL)
		s->alert.command = options->settings->notify.words;
	edit_init(&s->line, EDIT_MAX, EDIT_LINES);
	edit_init(&s->name, USERNAME_MAX, EDIT_FIELD);
	edit_init(&s->server, sizeof(options->address.text) - 1, EDIT_FIELD);
	edit_set(&s->server, options->address.text);
	s->tls = options->tls;
	s->registers = options->registers;
	s->field = FIELD_NAME;
	edit_init(&s->find, USERNAME_MAX, EDIT_FIELD);
	if (options->user != NULL) {
		edit_set(&s->name, options->user);
		screen_form_need(s,
		    login_prepare(login, s->link, options->user), clock_now());
	} else if (getenv("USER") != NULL &&
	    text_is_username(getenv("USER"), strlen(getenv("USER")))) {
		edit_set(&s->name, getenv("USER"));
	}
}

enum status
screen_run(const struct options *options, struct login *login, int signal_fd)
{
	static struct screen s;
	int status;

	look_when_stuck();
	if (!draw_start(options->settings->theme))
		errx(STATUS_SYSTEM,
		    "this terminal cannot be used (TERM=%s): set TERM, or say"
		    " --plain",
		    getenv("TERM") != NULL ? getenv("TERM") : "");
	keys_start(options->settings->mouse);
	login->pause = pause_for_command;
	start(&s, options, login);
	status = loop(&s, signal_fd);
	link_abandon(s.link);
	draw_end();
	alarm(0);
	if (s.link->outbox.len > 0) {
		warnx("messages that were not confirmed: %zu",
		    s.link->outbox.len);
		if (status == STATUS_OK)
			status = STATUS_TIMEOUT;
	}
	link_free(s.link);
	model_free(s.model);
	screen_ask_end(&s);
	page_close(&s.page);
	buf_free(&s.paste);
	edit_free(&s.line);
	edit_free(&s.name);
	edit_free(&s.server);
	edit_free(&s.find);
	credential_wipe(&s.answer);
	credential_wipe(&s.first);
	return (enum status)status;
}
