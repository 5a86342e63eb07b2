/*
 * chat-chaos: decides whether a chat server that is being killed, stopped and
 * restarted keeps its promises.  It only talks and listens; the trouble is made
 * by its caller, once it has printed "running".
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/clock.h"
#include "common/judge-test.h"
#include "common/member.h"
#include "common/options.h"

#define STEP	 10 /* milliseconds */
#define PROGRESS (200 * MILLISECOND)
#define LINGER	 (500 * MILLISECOND)
#define TROUBLES 5 /* who reads our lines makes trouble at each of the talk */

static double seconds = 10, slow_seconds, drops;
static unsigned deadline = 60;
static size_t receivers = 5;
static bool quiet;
static uint64_t next_progress, next_drop;

/* Whether it was time for one more line. */
static bool
progress(const char *phase)
{
	uint64_t now = clock_ns();

	if (now < next_progress)
		return false;
	next_progress = now + PROGRESS;
	if (quiet)
		return true;
	printf("progress phase=%s sent=%" PRIu64 " acked=%" PRIu64
	       " delivered=%" PRIu64 " missing=%" PRIu64 " connected=%zu "
	       "logins=%" PRIu64 " violations=%" PRIu64 "\n",
	    phase, members.sent, members.acked, judge_delivered(members.judge),
	    judge_missing(members.judge), members.ready, members.logins,
	    judge_count(members.judge, JUDGE_KINDS));
	return true;
}

static void
drop_somebody(void)
{
	uint64_t now = clock_ns();

	if (drops <= 0 || now < next_drop)
		return;
	if (next_drop > 0)
		member_drop((size_t)random() % members.count,
		    (enum member_drop)(random() % 3));
	next_drop = now +
	    (uint64_t)((double)SECOND / drops *
		(0.5 + (double)(random() % 1000) / 1000));
}

/* How much of the run is over, from 0 to 1. */
static double
share_done(uint64_t start)
{
	double now = (double)(clock_ns() - start) / (double)SECOND;

	if (members.limit > 0)
		return (double)members.sent /
		    ((double)members.limit * (double)members.senders);
	return now / seconds;
}

static bool
join(void)
{
	while (members.ready < members.count && members.errors == 0) {
		progress("join");
		members_step(STEP);
	}
	return members.errors == 0;
}

/*
 * Talk for the given time or number, but not without TROUBLES lines, however
 * slow the machine is; the slow stop reading after a quarter.
 */
static void
talk(void)
{
	uint64_t start = clock_ns(), slow_end = UINT64_MAX;
	bool paused = false;
	unsigned lines = 0;

	members.sending = true;
	members.done = false;
	while (members.limit > 0 ? !members.done
				 : share_done(start) < 1 || lines < TROUBLES) {
		if (members.slow > 0 && !paused && slow_end == UINT64_MAX &&
		    share_done(start) >= 0.25) {
			members_pause(true);
			paused = true;
			if (slow_seconds > 0)
				slow_end = clock_ns() +
				    (uint64_t)(slow_seconds * (double)SECOND);
			printf("slow begin\n");
		}
		if (paused && clock_ns() >= slow_end) {
			members_pause(false);
			paused = false;
			printf("slow end\n");
		}
		drop_somebody();
		lines += progress("talk");
		members_step(STEP);
	}
	members.sending = false;
	while (paused && slow_end != UINT64_MAX && clock_ns() < slow_end) {
		progress("slow");
		members_step(STEP);
	}
	if (paused) {
		members_pause(false);
		printf("slow end\n");
	}
}

/* Wait until all that was ACKed is everywhere. */
static bool
settle(const char *phase)
{
	uint64_t end = clock_ns() + deadline * SECOND;

	while (!members_are_quiet()) {
		if (clock_ns() >= end) {
			fprintf(stderr, "chat-chaos: not settled after %u s\n",
			    deadline);
			return false;
		}
		progress(phase);
		members_step(STEP);
	}
	return true;
}

/* What comes now, after all has come and after a reconnect, is too much. */
static void
listen_once_more(void)
{
	uint64_t end = clock_ns() + LINGER;
	size_t i;

	while (clock_ns() < end)
		members_step(STEP);
	for (i = 0; i < members.count; i++)
		member_drop(i, DROP_CLOSE);
	settle("again");
	end = clock_ns() + LINGER;
	while (clock_ns() < end)
		members_step(STEP);
}

static void
print_result(void)
{
	const struct trouble *t;
	int kind;

	printf("clients=%zu\nsent=%" PRIu64 "\nacked=%" PRIu64 "\n"
	       "sent_again=%" PRIu64 "\ndelivered=%" PRIu64 "\nechoed=%" PRIu64
	       "\nlogins=%" PRIu64 "\n",
	    members.count, members.sent, members.acked, members.again,
	    judge_delivered(members.judge), judge_echoed(members.judge),
	    members.logins);
	for (t = members.troubles; t->count > 0; t++)
		printf("trouble_%s=%" PRIu64 "\n", t->what, t->count);
	for (kind = 0; kind < JUDGE_KINDS; kind++)
		printf("%s=%" PRIu64 "\n", judge_name(kind),
		    judge_count(members.judge, kind));
	printf("errors=%" PRIu64 "\n", members.errors);
	judge_print(members.judge, stderr);
}

static const char help[] =
    "usage: chat-chaos [options] HOST:PORT\n"
    "       chat-chaos --self-test\n"
    "\n"
    "Clients that reconnect with `resume` and `since` and send again what was not\n"
    "ACKed, while the server is in trouble.  Prints \"running\" when all are\n"
    "connected, \"progress ...\" five times a second, and key=value lines at the\n"
    "end.  Status 1: a promise was broken; stderr says which.\n"
    "\n"
    "  --senders N       clients that send and receive (10)\n"
    "  --receivers N     clients that only receive (5)\n"
    "  --seconds S       for so long (10), or\n"
    "  --messages N      so many messages of each sender\n"
    "  --window N        messages of each sender that wait for an ACK (8)\n"
    "  --rate N          messages a second of each sender (50; 0: no limit)\n"
    "  --private N       percent of messages that are private (20)\n"
    "  --again N         percent sent again after their ACK (2)\n"
    "  --drop N          connections a second that clients themselves break (0)\n"
    "  --slow N          so many of the clients stop reading after a quarter, for\n"
    "  --slow-seconds S  so long (0: until nothing more is sent)\n"
    "  --deadline S      for all to arrive at the end (60)\n"
    "  --patience S      for a client to log in again (30)\n"
    "  --seed N          of random choices (1)\n"
    "  --quiet           no progress lines\n"
    "  --self-test       the judge against wrong streams of events, as TAP\n"
    "  --help, --version\n";

enum {
	O_SENDERS,
	O_RECEIVERS,
	O_SECONDS,
	O_MESSAGES,
	O_WINDOW,
	O_RATE,
	O_PRIVATE,
	O_AGAIN,
	O_DROP,
	O_SLOW,
	O_SLOW_SECONDS,
	O_DEADLINE,
	O_PATIENCE,
	O_SEED,
	O_QUIET,
	O_SELF_TEST,
	O_HELP,
	O_VERSION
};

static const struct option options[] = { { "senders", required_argument, NULL,
					     O_SENDERS },
	{ "receivers", required_argument, NULL, O_RECEIVERS },
	{ "seconds", required_argument, NULL, O_SECONDS },
	{ "messages", required_argument, NULL, O_MESSAGES },
	{ "window", required_argument, NULL, O_WINDOW },
	{ "rate", required_argument, NULL, O_RATE },
	{ "private", required_argument, NULL, O_PRIVATE },
	{ "again", required_argument, NULL, O_AGAIN },
	{ "drop", required_argument, NULL, O_DROP },
	{ "slow", required_argument, NULL, O_SLOW },
	{ "slow-seconds", required_argument, NULL, O_SLOW_SECONDS },
	{ "deadline", required_argument, NULL, O_DEADLINE },
	{ "patience", required_argument, NULL, O_PATIENCE },
	{ "seed", required_argument, NULL, O_SEED },
	{ "quiet", no_argument, NULL, O_QUIET },
	{ "self-test", no_argument, NULL, O_SELF_TEST },
	{ "help", no_argument, NULL, O_HELP },
	{ "version", no_argument, NULL, O_VERSION }, { NULL, 0, NULL, 0 } };

/* Options that are a number, with its bounds and where it belongs. */
static void
set_number(int option, const char *name, const char *arg)
{
	switch (option) {
	case O_SENDERS:
		members.senders = (size_t)option_number(name, arg, 1, 5000);
		break;
	case O_RECEIVERS:
		receivers = (size_t)option_number(name, arg, 0, 5000);
		break;
	case O_MESSAGES:
		members.limit = (uint32_t)option_number(name, arg, 1, 10000000);
		break;
	case O_WINDOW:
		members.window =
		    (size_t)option_number(name, arg, 1, WINDOW_MAX);
		break;
	case O_PRIVATE:
		members.private_share =
		    (unsigned)option_number(name, arg, 0, 100);
		break;
	case O_AGAIN:
		members.again_share =
		    (unsigned)option_number(name, arg, 0, 100);
		break;
	case O_SLOW:
		members.slow = (size_t)option_number(name, arg, 0, 5000);
		break;
	case O_DEADLINE:
		deadline = (unsigned)option_number(name, arg, 1, 3600);
		break;
	case O_PATIENCE:
		members.patience = (unsigned)option_number(name, arg, 1, 3600);
		break;
	case O_SEED:
		srandom((unsigned)option_number(name, arg, 0, INT32_MAX));
		break;
	}
}

static void
set_option(int option, const char *name, const char *arg)
{
	switch (option) {
	case O_HELP:
	case O_VERSION:
		fputs(option == O_HELP ? help : "chat-chaos " CHAT_VERSION "\n",
		    stdout);
		exit(0);
	case O_SELF_TEST:
		exit(judge_test() == 0 ? 0 : 1);
	case O_QUIET:
		quiet = true;
		break;
	case O_SECONDS:
		seconds = option_seconds(name, arg);
		break;
	case O_SLOW_SECONDS:
		slow_seconds = option_seconds(name, arg);
		break;
	case O_RATE:
		members.rate = option_seconds(name, arg);
		break;
	case O_DROP:
		drops = option_seconds(name, arg);
		break;
	default:
		set_number(option, name, arg);
	}
}

static void
parse_options(int argc, char **argv)
{
	int option, index = 0;

	while ((option = getopt_long(argc, argv, "", options, &index)) != -1) {
		if (option == '?')
			exit(EX_USAGE);
		set_option(option, options[index].name, optarg);
	}
	if (argc - optind != 1)
		option_usage("HOST:PORT is needed");
	if (!conn_resolve(argv[optind], &members.target))
		option_usage("%s is not HOST:PORT", argv[optind]);
	members.count = members.senders + receivers;
	if (members.slow > members.count)
		option_usage("--slow: there are not so many clients");
}

int
main(int argc, char **argv)
{
	bool ok;

	members.senders = 10;
	members.window = 8;
	members.rate = 50;
	members.private_share = 20;
	members.again_share = 2;
	members.patience = 30;
	srandom(1);
	parse_options(argc, argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	conn_raise_limit();
	members_new();
	ok = join();
	if (ok) {
		printf("running clients=%zu\n", members.count);
		talk();
		ok = settle("settle");
	}
	if (ok)
		listen_once_more();
	judge_finish(members.judge);
	print_result();
	ok = ok && members.errors == 0 && members.acked > 0 &&
	    judge_count(members.judge, JUDGE_KINDS) == 0;
	printf("ok=%d\n", ok);
	return ok ? 0 : 1;
}
