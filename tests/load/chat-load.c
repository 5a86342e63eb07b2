/*
 * chat-load: measures a chat server with many clients in one thread, and
 * checks while it measures that nothing is lost, doubled, out of order or
 * changed.  It only speaks the protocol: servers are started by others.
 */
#include <sys/resource.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "body.h"
#include "history.h"
#include "options.h"
#include "report.h"

#define QUIET	     (2 * SECOND)	 /* before idle clients are measured */
#define QUIET_TALK   (250 * MILLISECOND) /* before somebody talks */
#define QUIET_MAX    (5 * SECOND)	 /* others may never be quiet */
#define STEP	     (50 * MILLISECOND)
#define OWN_FILES    16 /* descriptors besides those of clients */
#define STATUS_FAULT 1

struct workload {
	const char *name;
	void (*run)(void);
	size_t receivers, clients;
	struct talk_plan talk;
};

static void run_talk(void);
static void run_connect(void);
static void run_idle(void);
static void run_history(void);

/* What each workload is unless options say otherwise. */
static const struct workload workloads[] = {
	{ "fanout", run_talk, 100, 0, { 1, 64, 5000, 0, false, 0 } },
	{ "alltalk", run_talk, 0, 0, { 50, 1, 0, 5, true, 0 } },
	{ "steady", run_talk, 0, 0, { 200, 0, 0, 5, false, 100 } },
	{ "connect", run_connect, 0, 200, { 0 } },
	{ "idle", run_idle, 0, 200, { .seconds = 2 } },
	{ "history", run_history, 0, 1, { .messages = 50 } },
};
#define NWORKLOADS (sizeof(workloads) / sizeof(workloads[0]))

static struct workload work;
static long limit = 1000;
static bool keep, yes;

static double
own_cpu(void)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	return (double)used.ru_utime.tv_sec + (double)used.ru_stime.tv_sec +
	    ((double)used.ru_utime.tv_usec + (double)used.ru_stime.tv_usec) /
	    1e6;
}

static bool
all_came(void)
{
	return crowd.ready == crowd.clients && crowd.errors == 0 &&
	    crowd.refused == 0;
}

/*
 * Wait until the server has told everybody who came: nothing was heard for so
 * many ns.
 */
static void
wait_for_quiet(uint64_t quiet)
{
	uint64_t start = clock_ns(), last = start, now = start;
	uint64_t lines = crowd.lines;

	while (now - last < quiet && now - start < QUIET_MAX) {
		crowd_step(STEP);
		now = clock_ns();
		if (crowd.lines != lines) {
			lines = crowd.lines;
			last = now;
		}
	}
}

static void
run_talk(void)
{
	double own;

	crowd.room = true;
	crowd_new(work.talk.senders + work.receivers, true);
	crowd_login(false);
	if (!all_came())
		return;
	wait_for_quiet(QUIET_TALK);
	proc_begin(&crowd.filter);
	own = own_cpu();
	talk_run(&work.talk);
	own = own_cpu() - own;
	proc_sample(&crowd.filter);
	report_talk(work.talk.senders, work.receivers);
	printf("load_cores=%.2f\n",
	    own / ((double)(clock_ns() - talk.start + 1) / (double)SECOND));
}

static void
run_connect(void)
{
	double seconds;

	crowd_new(work.clients, false);
	crowd.sampling = true;
	proc_begin(&crowd.filter);
	seconds = crowd_login(!keep);
	proc_sample(&crowd.filter);
	report_logins(seconds);
	report_cpu(0, (double)crowd.ready);
}

static void
run_idle(void)
{
	double kernel = proc_kernel_memory(), pss = report_pss(), cpu = 0;
	uint64_t end;
	size_t i;

	crowd_new(work.clients, false);
	report_logins(crowd_login(false));
	if (!all_came())
		return;
	wait_for_quiet(QUIET);
	proc_begin(&crowd.filter);
	end = clock_ns() + (uint64_t)(work.talk.seconds * (double)SECOND);
	while (clock_ns() < end)
		crowd_step(STEP);
	proc_sample(&crowd.filter);
	for (i = 0; i < crowd.filter.nnames; i++)
		cpu += proc_cpu(i);
	if (work.talk.seconds > 0)
		printf(
		    "idle_cpu_ms_per_s=%.2f\n", 1e3 * cpu / work.talk.seconds);
	report_memory(kernel, pss);
}

static void
run_history(void)
{
	crowd_new(1, false);
	crowd_login(false);
	if (!all_came())
		return;
	proc_begin(&crowd.filter);
	history_run(work.talk.messages, limit);
	proc_sample(&crowd.filter);
	report_history();
	report_cpu(0, 0);
}

static const char help[] =
    "usage: chat-load [options] WORKLOAD SERVER\n"
    "\n"
    "SERVER is HOST:PORT, [IPV6]:PORT or unix:PATH.  WORKLOAD is one of:\n"
    "\n"
    "  fanout    --senders (1) keep --window (64) messages under way to\n"
    "            --receivers (100) until --messages (5000) are delivered\n"
    "  alltalk   --senders (50) with --window (1) messages not yet ACKed each,\n"
    "            to everybody, for --seconds (5)\n"
    "  steady    --rate (100) messages a second from --senders (200) to all of\n"
    "            them for --seconds (5), at fixed times whatever happens\n"
    "  connect   --clients (200) log in, --concurrency (16) at a time, and leave\n"
    "            at once (--keep: stay until the end)\n"
    "  idle      --clients (200) log in and stay quiet for --seconds (2)\n"
    "  history   one client fetches the latest --limit (1000) messages,\n"
    "            --messages (50) times\n"
    "\n"
    "  --size N          bytes of a message (80)\n"
    "  --comm A,B        programs whose CPU time and memory are the server's\n"
    "  --parent PID,...  count only these processes and their children\n"
    "  --protocol NAME   chat; irc, redis, nats, mqtt (QoS 1) or xmpp (group\n"
    "                    chat), to compare (history: only xmpp)\n"
    "  --first-byte      connect, idle: whatever comes first ends the login\n"
    "  --timeout N       seconds without anything coming: give up (30)\n"
    "  --yes             the server is not on this machine, but mine\n"
    "  --help, --version\n"
    "\n"
    "Prints key=value lines.  Status 1: something was lost, doubled, out of\n"
    "order or changed, or a connection was lost; 69: the server cannot be\n"
    "reached, or its settings forbid this; 71: too few descriptors; 77: the\n"
    "server is not on this machine.\n";

enum {
	O_SENDERS,
	O_RECEIVERS,
	O_CLIENTS,
	O_CONCURRENCY,
	O_MESSAGES,
	O_WINDOW,
	O_SECONDS,
	O_RATE,
	O_LIMIT,
	O_SIZE,
	O_COMM,
	O_PARENT,
	O_PROTOCOL,
	O_KEEP,
	O_FIRST,
	O_TIMEOUT,
	O_YES,
	O_HELP,
	O_VERSION
};

static const struct option options[] = { { "senders", required_argument, NULL,
					     O_SENDERS },
	{ "receivers", required_argument, NULL, O_RECEIVERS },
	{ "clients", required_argument, NULL, O_CLIENTS },
	{ "concurrency", required_argument, NULL, O_CONCURRENCY },
	{ "messages", required_argument, NULL, O_MESSAGES },
	{ "window", required_argument, NULL, O_WINDOW },
	{ "seconds", required_argument, NULL, O_SECONDS },
	{ "rate", required_argument, NULL, O_RATE },
	{ "limit", required_argument, NULL, O_LIMIT },
	{ "size", required_argument, NULL, O_SIZE },
	{ "comm", required_argument, NULL, O_COMM },
	{ "parent", required_argument, NULL, O_PARENT },
	{ "protocol", required_argument, NULL, O_PROTOCOL },
	{ "keep", no_argument, NULL, O_KEEP },
	{ "first-byte", no_argument, NULL, O_FIRST },
	{ "timeout", required_argument, NULL, O_TIMEOUT },
	{ "yes", no_argument, NULL, O_YES },
	{ "help", no_argument, NULL, O_HELP },
	{ "version", no_argument, NULL, O_VERSION }, { NULL, 0, NULL, 0 } };

static void
set_option(int option, const char *name, char *arg)
{
	switch (option) {
	case O_SENDERS:
		work.talk.senders = (size_t)option_number(name, arg, 1, 10000);
		break;
	case O_RECEIVERS:
		work.receivers = (size_t)option_number(name, arg, 0, 10000);
		break;
	case O_CLIENTS:
		work.clients = (size_t)option_number(name, arg, 1, 100000);
		break;
	case O_CONCURRENCY:
		crowd.concurrency = (size_t)option_number(name, arg, 1, 10000);
		break;
	case O_MESSAGES:
		work.talk.messages = option_number(name, arg, 1, 100000000);
		break;
	case O_WINDOW:
		work.talk.window =
		    (unsigned)option_number(name, arg, 1, 100000);
		break;
	case O_SECONDS:
		work.talk.seconds = option_seconds(name, arg);
		work.talk.messages = 0;
		break;
	case O_RATE:
		work.talk.rate = (double)option_number(name, arg, 1, 1000000);
		break;
	case O_LIMIT:
		limit = option_number(name, arg, 1, 1000);
		break;
	case O_SIZE:
		crowd.size =
		    (size_t)option_number(name, arg, BODY_MIN, BODY_MAX);
		break;
	case O_TIMEOUT:
		crowd.timeout = (unsigned)option_number(name, arg, 1, 3600);
		break;
	case O_COMM:
		if (!proc_filter_names(&crowd.filter, arg))
			option_usage("--comm takes names of programs");
		break;
	case O_PARENT:
		if (!proc_filter_parents(&crowd.filter, arg))
			option_usage("--parent takes pids");
		break;
	case O_PROTOCOL:
		if ((crowd.dialect = dialect_find(arg)) == NULL)
			option_usage("%s is no protocol", arg);
		break;
	case O_KEEP:
		keep = true;
		break;
	case O_FIRST:
		crowd.first_byte = true;
		break;
	case O_YES:
		yes = true;
		break;
	}
}

/* The workload must be known before its defaults can be changed. */
static void
parse_options(int argc, char **argv)
{
	int option, index = 0, pass;
	size_t i;

	for (pass = 0; pass < 2; pass++) {
		optind = 0;
		while ((option = getopt_long(
			    argc, argv, "", options, &index)) != -1) {
			if (option == '?')
				exit(EX_USAGE);
			if (option == O_HELP || option == O_VERSION) {
				fputs(option == O_HELP
					? help
					: "chat-load " CHAT_VERSION "\n",
				    stdout);
				exit(0);
			}
			if (pass == 1)
				set_option(option, options[index].name, optarg);
		}
		if (argc - optind != 2)
			option_usage("a workload and a server are needed");
		for (i = 0; pass == 0 && i < NWORKLOADS; i++)
			if (strcmp(argv[optind], workloads[i].name) == 0)
				work = workloads[i];
		if (work.name == NULL)
			option_usage("%s is no workload", argv[optind]);
	}
	if (work.run == run_history && crowd.dialect->history == NULL)
		option_usage(
		    "history is not asked for in %s", crowd.dialect->name);
	crowd.server = argv[optind + 1];
	if (!conn_resolve(crowd.server, &crowd.target))
		option_usage("%s is not HOST:PORT or unix:PATH", crowd.server);
}

/* Thousands of clients are an attack where nobody asked for them. */
static void
check_permission(void)
{
	if (yes || conn_is_local(&crowd.target))
		return;
	fprintf(stderr,
	    "chat-load: %s is not on this machine: everybody there would see "
	    "what this\nrun says, and it may fill the server. If it is yours, "
	    "say --yes.\n",
	    crowd.server);
	exit(EX_NOPERM);
}

static void
check_descriptors(void)
{
	size_t allowed = conn_raise_limit(),
	       needed = work.clients + work.talk.senders + work.receivers +
	    OWN_FILES;

	if (needed <= allowed)
		return;
	fprintf(stderr,
	    "chat-load: %zu descriptors are needed and %zu allowed: raise the "
	    "limit (ulimit -Hn)\n",
	    needed, allowed);
	exit(EX_OSERR);
}

int
main(int argc, char **argv)
{
	bool ok;

	crowd.concurrency = 16;
	crowd.size = 80;
	crowd.timeout = 30;
	crowd.dialect = dialect_find("chat");
	parse_options(argc, argv);
	check_permission();
	check_descriptors();
	printf("workload=%s\n", work.name);
	work.run();
	ok = report_verdict();
	printf("ok=%d\n", ok);
	if (ok)
		return 0;
	return crowd.refused > 0 && crowd.errors == 0 ? EX_UNAVAILABLE
						      : STATUS_FAULT;
}
