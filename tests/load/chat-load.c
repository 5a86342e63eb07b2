/*
 * chat-load: measures a chat server with many clients in one thread, and
 * checks while it measures that nothing is lost, doubled, out of order or
 * changed.  It only speaks the protocol: servers are started by others.
 */
#include <sys/resource.h>

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/body.h"
#include "common/crowd.h"
#include "common/options.h"
#include "common/sockmem.h"

#define QUIET (2 * SECOND)

struct workload {
	const char *name;
	void (*run)(void);
	size_t receivers, clients;
	struct crowd_talk talk;
};

static void run_talk(void);
static void run_connect(void);
static void run_idle(void);

/* What each workload is unless options say otherwise. */
static const struct workload workloads[] = {
	{ "fanout", run_talk, 100, 0, { 1, 64, 5000, 0, false } },
	{ "alltalk", run_talk, 0, 0, { 50, 1, 0, 5, true } },
	{ "connect", run_connect, 0, 200, { 0, 0, 0, 0, false } },
	{ "idle", run_idle, 0, 200, { 0, 0, 0, 2, false } },
};
#define NWORKLOADS (sizeof(workloads) / sizeof(workloads[0]))

static struct workload work;
static bool keep;

static void
print_cpu(double deliveries)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < crowd.filter.nnames; i++) {
		printf("cpu_%s_s=%.3f\n", crowd.filter.names[i], proc_cpu(i));
		sum += proc_cpu(i);
	}
	if (crowd.filter.nnames == 0)
		return;
	printf("server_cpu_s=%.3f\n", sum);
	if (deliveries > 0)
		printf("cpu_s_per_million_deliveries=%.3f\n",
		    sum / deliveries * 1e6);
}

static void
print_verdict(void)
{
	int kind;

	for (kind = 0; crowd.judge != NULL && kind < JUDGE_KINDS; kind++)
		printf("%s=%" PRIu64 "\n", judge_name(kind),
		    judge_count(crowd.judge, kind));
	if (crowd.judge != NULL)
		judge_print(crowd.judge, stderr);
	printf("errors=%" PRIu64 "\n", crowd.errors);
}

static double
own_cpu(void)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	return (double)used.ru_utime.tv_sec + (double)used.ru_stime.tv_sec +
	    ((double)used.ru_utime.tv_usec + (double)used.ru_stime.tv_usec) /
	    1e6;
}

/* At least a nanosecond, so that nothing is divided by 0. */
static double
seconds_until(uint64_t end, uint64_t start)
{
	return (double)(end > start ? end - start : 1) / (double)SECOND;
}

static void
run_talk(void)
{
	double deliveries, own, wall;
	uint64_t start;

	crowd_new(work.talk.senders + work.receivers, true);
	crowd_login(false);
	if (crowd.gone > 0 || crowd.ready < crowd.clients)
		return;
	proc_begin(&crowd.filter);
	own = own_cpu();
	start = crowd_talk(&work.talk);
	wall = seconds_until(clock_ns(), start);
	proc_sample(&crowd.filter);
	judge_finish(crowd.judge);
	deliveries = (double)judge_delivered(crowd.judge);
	printf("senders=%zu\nreceivers=%zu\nsize=%zu\nmessages=%" PRIu64 "\n",
	    work.talk.senders, work.receivers, crowd.size, crowd.acked);
	printf("messages_per_s=%.0f\n",
	    (double)crowd.acked / seconds_until(crowd.last_ack, start));
	printf("deliveries=%.0f\ndeliveries_per_s=%.0f\n", deliveries,
	    deliveries / seconds_until(crowd.last_delivery, start));
	hist_print(&crowd.ack, "ack");
	hist_print(&crowd.delivery, "delivery");
	print_cpu(deliveries);
	printf("load_cores=%.2f\n", (own_cpu() - own) / wall);
}

static void
print_logins(double took)
{
	printf("connections=%zu\nconcurrency=%zu\nconnects_per_s=%.1f\n",
	    crowd.ready, crowd.concurrency, (double)crowd.ready / took);
	hist_print(&crowd.login, "login");
}

static void
run_connect(void)
{
	crowd_new(work.clients, false);
	proc_begin(&crowd.filter);
	print_logins(crowd_login(!keep));
	print_cpu(0);
}

/* One program's share in KiB per connection. */
static void
print_memory(size_t name, double buffers)
{
	struct proc_memory m;
	double n = (double)crowd.clients, kernel;
	const char *program = crowd.filter.names[name];

	proc_memory(&crowd.filter, name, &m);
	printf("%s_processes=%u\n", program, m.processes);
	printf("%s_pss_kb=%.1f\n", program, m.pss / n);
	printf("%s_private_dirty_kb=%.1f\n", program, m.private_dirty / n);
	printf("%s_page_tables_kb=%.1f\n", program, m.page_tables / n);
	printf("%s_stacks_kb=%.1f\n", program, m.stacks / n);
	kernel = (m.page_tables + m.stacks) / n + buffers;
	printf("%s_kernel_kb=%.1f\n", program, kernel);
	printf("%s_total_kb=%.1f\n", program, m.pss / n + kernel);
}

/* Wait until the server has told everybody who came. */
static void
wait_for_quiet(void)
{
	uint64_t last = clock_ns(), lines = crowd.lines;

	while (clock_ns() - last < QUIET) {
		crowd_step(50);
		if (crowd.lines != lines) {
			lines = crowd.lines;
			last = clock_ns();
		}
	}
}

static void
run_idle(void)
{
	double kernel = proc_kernel_memory(), buffers, cpu = 0;
	uint64_t end;
	size_t i;

	crowd_new(work.clients, false);
	print_logins(crowd_login(false));
	wait_for_quiet();
	proc_begin(&crowd.filter);
	end = clock_ns() + (uint64_t)(work.talk.seconds * (double)SECOND);
	while (clock_ns() < end)
		crowd_step(50);
	proc_sample(&crowd.filter);
	for (i = 0; i < crowd.filter.nnames; i++)
		cpu += proc_cpu(i);
	if (work.talk.seconds > 0)
		printf(
		    "idle_cpu_ms_per_s=%.2f\n", 1e3 * cpu / work.talk.seconds);
	buffers = sockmem_kb(&crowd.target.addr) / (double)crowd.clients;
	printf("socket_buffers_kb=%.1f\n", buffers);
	/* The buffers are those of the first program, which holds them. */
	for (i = 0; i < crowd.filter.nnames; i++)
		print_memory(i, i == 0 && buffers > 0 ? buffers : 0);
	printf("machine_kernel_kb=%.1f\n",
	    (proc_kernel_memory() - kernel) / (double)crowd.clients);
}

static const char help[] =
    "usage: chat-load [options] WORKLOAD HOST:PORT\n"
    "\n"
    "  fanout    --senders (1) keep --window (64) messages under way to\n"
    "            --receivers (100) until --messages (5000) are delivered\n"
    "  alltalk   --senders (50) with --window (1) messages not yet ACKed each,\n"
    "            to everybody, for --seconds (5)\n"
    "  connect   --clients (200) log in, --concurrency (16) at a time, and leave\n"
    "            at once (--keep: stay until the end)\n"
    "  idle      --clients (200) log in and stay quiet for --seconds (2)\n"
    "\n"
    "  --size N          bytes of a message (80)\n"
    "  --comm A,B        programs whose CPU time and memory are the server's\n"
    "  --parent PID,...  count only these processes and their children\n"
    "  --first-byte      connect: whatever comes first ends the login\n"
    "  --timeout N       seconds without anything coming: give up (30)\n"
    "  --help, --version\n"
    "\n"
    "Prints key=value lines.  Status 1: something was lost, doubled, out of\n"
    "order or changed, or a connection or command failed.\n";

enum {
	O_SENDERS,
	O_RECEIVERS,
	O_CLIENTS,
	O_CONCURRENCY,
	O_MESSAGES,
	O_WINDOW,
	O_SECONDS,
	O_SIZE,
	O_COMM,
	O_PARENT,
	O_KEEP,
	O_FIRST,
	O_TIMEOUT,
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
	{ "size", required_argument, NULL, O_SIZE },
	{ "comm", required_argument, NULL, O_COMM },
	{ "parent", required_argument, NULL, O_PARENT },
	{ "keep", no_argument, NULL, O_KEEP },
	{ "first-byte", no_argument, NULL, O_FIRST },
	{ "timeout", required_argument, NULL, O_TIMEOUT },
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
	case O_KEEP:
		keep = true;
		break;
	case O_FIRST:
		crowd.first_byte = true;
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
			option_usage("a workload and HOST:PORT are needed");
		for (i = 0; pass == 0 && i < NWORKLOADS; i++)
			if (strcmp(argv[optind], workloads[i].name) == 0)
				work = workloads[i];
		if (work.name == NULL)
			option_usage("%s is no workload", argv[optind]);
	}
	if (!conn_resolve(argv[optind + 1], &crowd.target))
		option_usage("%s is not HOST:PORT", argv[optind + 1]);
}

int
main(int argc, char **argv)
{
	bool ok;

	crowd.concurrency = 16;
	crowd.size = 80;
	crowd.timeout = 30;
	parse_options(argc, argv);
	conn_raise_limit();
	printf("workload=%s\n", work.name);
	work.run();
	print_verdict();
	ok = crowd.errors == 0 && crowd.ready == crowd.clients &&
	    (crowd.judge == NULL || judge_count(crowd.judge, JUDGE_KINDS) == 0);
	printf("ok=%d\n", ok);
	return ok ? 0 : 1;
}
