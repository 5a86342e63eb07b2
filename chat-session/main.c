/*
 * chat-session: serves one client on an inherited connection, from its first
 * line to its last.  Here it begins: options, configuration, sandbox.  What it
 * waits for is in loop.c.
 */
#include <sys/stat.h>

#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "count.h"
#include "process.h"
#include "session.h"

static void
usage(FILE *out)
{
	fputs(
	    "usage: chat-session [--listen[=HOST:PORT] | --help | --version]\n\n"
	    "Serves one chat client on standard input and output (a socket or"
	    " pipes), or on\nthe one descriptor of LISTEN_FDS=1.  With"
	    " --listen, a copy of it serves each client that\nconnects to"
	    " HOST:PORT (in numbers), or to the sockets of LISTEN_FDS.\n",
	    out);
	config_help(out);
}

struct options {
	int state, test; /* descriptors of a state, -1: not given */
	bool listen;
	const char *address; /* to listen on, NULL: what was handed over */
};

static int
descriptor(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || n <= STDERR_FILENO ||
	    n > INT_MAX) {
		usage(stderr);
		exit(EX_USAGE);
	}
	return (int)n;
}

static void
options(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = { { "help", no_argument, NULL,
						   'h' },
		{ "version", no_argument, NULL, 'V' },
		{ "listen", optional_argument, NULL, 'l' },
		{ "state", required_argument, NULL, 's' },
		{ "self-test", required_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 } };
	int option = getopt_long(argc, argv, "hV", longs, NULL);

	if (option == 'h') {
		usage(stdout);
		exit(EX_OK);
	}
	if (option == 'V') {
		puts("chat-session " CHAT_VERSION);
		exit(EX_OK);
	}
	/* By a session, for the program that takes its place (upgrade.c). */
	if (option == 's')
		o->state = descriptor(optarg);
	else if (option == 't')
		o->test = descriptor(optarg);
	o->listen = option == 'l';
	o->address = o->listen ? optarg : NULL;
	if (option == '?' || optind != argc) {
		usage(stderr);
		exit(EX_USAGE);
	}
}

/* The client's first byte is still to come. */
static void
session_begin(struct session *s)
{
	client_init(&s->client, &s->config);
	deliver_init(&s->delivery);
	s->started = monotonic_ms();
	s->state = origin_is_proxy(s) ? STATE_PROXY : STATE_NEW;
	log_set_peer(s->client.peer);
}

/*
 * With state != -1 that of the program before us is in it.  Returns what the
 * exit status will be.
 */
static int
session_init(struct session *s, int state)
{
	char error[CONFIG_ERROR_MAX] = "";
	/* (A copy of the one that listens has its configuration.) */
	bool ok = s->config.db != NULL || session_configure(s, error);
	int status = EX_OK;

	rate_init(&s->rate, s->config.rate, s->config.burst, monotonic_ms());
	if (ok)
		log_set_level((enum log_level)s->config.log_level);
	if (state == -1)
		session_begin(s);
	else if ((status = upgrade_take(s, state)) != EX_OK)
		exit(status);
	status = session_lock_in(s, ok);
	if (ok && status == EX_OK)
		return EX_OK;
	if (!ok)
		log_event(LEVEL_CRITICAL, "bad_configuration", "%s", error);
	session_end_error(s, "INTERNAL", "%s",
	    ok ? "the server cannot protect itself; its log says why"
	       : "the server's configuration is wrong; its log says how");
	if (status != EX_OK)
		loop_last_words(s);
	return ok ? status : EX_CONFIG;
}

/* Who may come in is asked first. */
static void
session_start(struct session *s)
{
	log_event(LEVEL_DEBUG, "accepted", "%s", "");
	/* Without a socket it decides alone, and CONNECT says why. */
	if (s->state <= STATE_NEW)
		deliver_bind(s);
	/* For whom a proxy asks, its header will say. */
	if (s->state == STATE_NEW)
		admit_ask(s);
}

int
main(int argc, char **argv)
{
	static struct session s = { .upgrade = { .pidfd = -1 } };
	struct options o = { .state = -1, .test = -1 };
	sigset_t mask;
	int status;

	process_fill_standard_fds();
	options(&o, argc, argv);
	umask(077);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	log_open("chat-session");
	if (o.test != -1)
		return upgrade_self_test(&s, o.test);
	store_setup();
	if (o.listen && (status = listen_run(&s, o.address)) != LISTEN_SESSION)
		return status;
	loop_signals(&mask);
	status = session_init(&s, o.state);
	if (status == EX_OK)
		count_open(s.config.runtime_dir);
	if (o.state == -1)
		session_start(&s);
	else if (status == EX_OK)
		upgrade_done(&s);
	loop_run(&s, &mask);
	upgrade_stop(&s);
	batch_free(&s);
	buf_free(&s.client.lines.in);
	buf_free(&s.client.output);
	buf_free(&s.scratch);
	store_close(s.store);
	return status;
}
