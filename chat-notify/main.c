/*
 * chat-notify: relays what sessions publish to the sessions concerned, tells
 * who came and left, notices who died, and keeps the store in shape.  This file
 * reads the configuration and puts the parts together.
 */
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "count.h"
#include "log.h"
#include "mend.h"
#include "notify.h"
#include "process.h"

#define FILES_WANTED 65536 /* descriptors: two for each session */
#define STOP_WAIT    5000  /* ms for the housekeeper to end */

static void
usage(FILE *out)
{
	fprintf(out,
	    "Usage: chat-notify [--help | --version]\n"
	    "Relays between the sessions of the Chat server on this machine."
	    "\n");
}

/* Returns the exit status, or -1 to go on. */
static int
read_options(int argc, char *argv[])
{
	static const struct option options[] = { { "help", no_argument, NULL,
						     'h' },
		{ "version", no_argument, NULL, 'v' }, { NULL, 0, NULL, 0 } };

	switch (getopt_long(argc, argv, "", options, NULL)) {
	case 'h':
		usage(stdout);
		config_help(stdout);
		return EX_OK;
	case 'v':
		printf("chat-notify %s\n", CHAT_VERSION);
		return EX_OK;
	case -1:
		if (optind == argc)
			return -1;
		break;
	default:
		break;
	}
	usage(stderr);
	return EX_USAGE;
}

static void
raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 ||
	    limit.rlim_cur >= FILES_WANTED || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur =
	    limit.rlim_max < FILES_WANTED ? limit.rlim_max : FILES_WANTED;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
		log_event(LEVEL_WARNING, "error",
		    "cannot raise the number of"
		    " open files: %s",
		    strerror(errno));
}

static void
notice(void *arg, const char *text)
{
	(void)arg;
	log_event(LEVEL_WARNING, "store", "%s", text);
}

static void
send_batch(void *arg, const struct relay_batch *batch)
{
	struct notify *n = arg;

	subscribers_send(&n->subscribers, batch);
}

static bool
is_registered(void *arg, const char *name)
{
	const struct notify *n = arg;

	return subscribers_find(&n->subscribers, name) != NULL;
}

/* All parts, in the order in which they need each other. */
static bool
parts_start(struct notify *n, const struct config *config)
{
	n->reader.options = (struct store_options){ .path = config->db,
		.runtime_dir = config->runtime_dir,
		.full = config->full != 0,
		.notice = notice };
	count_open(config->runtime_dir);
	admit_init(n, config);
	n->subscribers.registry = &n->place.registry;
	n->subscribers.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (n->subscribers.epoll == -1) {
		log_event(
		    LEVEL_CRITICAL, "error", "epoll: %s", strerror(errno));
		return false;
	}
	/* The position comes first: what is stored from now on is relayed. */
	reader_open(&n->reader);
	admit_read_blocks(n);
	relay_init(&n->relay, reader_position(&n->reader), send_batch, n);
	n->keeper = keeper_start(&n->reader.options, &n->place.registry);
	if (n->keeper == NULL) {
		log_event(
		    LEVEL_CRITICAL, "error", "thread: %s", strerror(errno));
		return false;
	}
	/* Who has registered while no relay was there need not be asked. */
	handle_datagrams(n);
	n->rollcall = (struct rollcall){
		.registry = &n->place.registry, .here = is_registered, .arg = n
	};
	return true;
}

/* Returns false when the housekeeper still has the store. */
static bool
parts_stop(struct notify *n)
{
	bool ended = n->keeper == NULL || keeper_stop(n->keeper, STOP_WAIT);

	gauge_end();
	rollcall_end(&n->rollcall);
	subscribers_free(&n->subscribers);
	presence_free(&n->presence);
	admit_free(n);
	relay_free(&n->relay);
	reader_close(&n->reader);
	buf_free(&n->body);
	return ended;
}

static int
serve(struct notify *n, const struct config *config)
{
	char error[CONFIG_ERROR_MAX];
	int status = place_open(&n->place, config->runtime_dir, error);
	bool ok;

	if (status == EX_CONFIG) {
		status = mend_wait(error);
	} else if (status == PLACE_GIVEN_UP) {
		status = EX_OK;
	} else if (status == EX_OK) {
		mend_forget();
		ok = parts_start(n, config);
		if (ok) {
			log_event(LEVEL_INFO, "started", "position %lld, %s",
			    (long long)n->relay.position, config->runtime_dir);
			ok = loop_run(n);
			log_event(LEVEL_INFO, "stopping",
			    "position %lld, %u"
			    " sessions",
			    (long long)n->relay.position,
			    n->subscribers.registered);
		}
		status = ok ? EX_OK : EX_OSERR;
	}
	place_close(&n->place);
	if (!parts_stop(n))
		_exit(status);
	return status;
}

int
main(int argc, char *argv[])
{
	static struct notify n;
	struct config config;
	char error[CONFIG_ERROR_MAX];
	sigset_t set;
	int status;

	process_fill_standard_fds();
	status = read_options(argc, argv);
	if (status != -1)
		return status;
	umask(077);
	log_open("chat-notify");
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	if (!config_load(&config, error))
		return mend_wait(error);
	log_set_level((enum log_level)config.log_level);
	if (*config.unknown != '\0')
		log_event(LEVEL_WARNING, "unknown_key", "%s", config.unknown);
	loop_block_signals(&set);
	raise_file_limit();
	return serve(&n, &config);
}
