/*
 * chat-notify: relays what sessions publish to the sessions concerned, tells
 * who came and left, notices who died, and keeps the store in shape.  This file
 * reads the configuration, gets the socket, and puts the parts together.
 */
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "log.h"
#include "notify.h"

/* Exit statuses, as in sysexits(3). */
#define EXIT_USAGE	64
#define EXIT_SYSTEM	71
#define EXIT_RUNNING	75
#define EXIT_CONFIG	78

#define FILES_WANTED	65536	/* descriptors: two for each session */
#define STOP_WAIT	5000	/* ms for the housekeeper to end */

static void
usage(FILE *out)
{
	fprintf(out, "Usage: chat-notify [--help | --version]\n"
	    "Relays between the sessions of the Chat server on this machine."
	    "\n");
}

/* Returns the exit status, or -1 to go on. */
static int
read_options(int argc, char *argv[])
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 }
	};

	switch (getopt_long(argc, argv, "", options, NULL)) {
	case 'h':
		usage(stdout);
		config_help(stdout);
		return 0;
	case 'v':
		printf("chat-notify %s\n", CHAT_VERSION);
		return 0;
	case -1:
		if (optind == argc)
			return -1;
		/* FALLTHROUGH */
	default:
		usage(stderr);
		return EXIT_USAGE;
	}
}

static void
raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return;
	if (limit.rlim_cur >= FILES_WANTED)
		return;
	limit.rlim_cur = limit.rlim_max < FILES_WANTED ? limit.rlim_max :
	    FILES_WANTED;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
		log_event(LEVEL_WARNING, "error", "cannot raise the number of"
		    " open files: %s", strerror(errno));
}

/*
 * Make the runtime directory and sessions/ in it, unless they are there, and
 * take the lock on the latter that says that a relay runs.  Returns its
 * descriptor, or -1 with *status set and logged.
 */
static int
runtime_open(const char *dir, int *status)
{
	char path[sizeof(((struct dgram_registry *)0)->dir) + 16];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, DGRAM_SESSIONS);
	*status = EXIT_SYSTEM;
	if ((mkdir(dir, 0700) == -1 && errno != EEXIST) ||
	    (mkdir(path, 0700) == -1 && errno != EEXIST) ||
	    (fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1) {
		log_event(LEVEL_CRITICAL, "error", "runtime directory %s: %s",
		    dir, strerror(errno));
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	if (errno == EWOULDBLOCK) {
		*status = EXIT_RUNNING;
		log_event(LEVEL_ERROR, "error", "another chat-notify runs on"
		    " %s", dir);
	} else {
		log_event(LEVEL_CRITICAL, "error", "lock on %s: %s", path,
		    strerror(errno));
	}
	close(fd);
	return -1;
}

/* The socket that was handed over, or one of our own. */
static bool
socket_open(struct notify *n)
{
	int count = sd_listen_fds(1);

	if (count <= 0) {
		n->fd = dgram_notify_bind(&n->registry);
		if (n->fd == -1)
			log_event(LEVEL_CRITICAL, "error", "%s/%s: %s",
			    n->registry.dir, DGRAM_NOTIFY, strerror(errno));
		return n->fd != -1;
	}
	n->fd = SD_LISTEN_FDS_START;
	n->handed = true;
	if (count > 1 ||
	    sd_is_socket_unix(n->fd, SOCK_DGRAM, -1, NULL, 0) <= 0) {
		log_event(LEVEL_CRITICAL, "error", "was handed something else"
		    " than one UNIX datagram socket");
		return false;
	}
	if (dgram_ask_credentials(n->fd))
		return true;
	log_event(LEVEL_CRITICAL, "error", "SO_PASSCRED: %s", strerror(errno));
	return false;
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

/* All parts, in the order they need each other; the loop; and back. */
static int
serve(const struct config *config, struct notify *n, int sessions)
{
	bool ok = false, all_done = true;

	n->reader.options = (struct store_options){
		.path = config->db, .runtime_dir = config->runtime_dir,
		.full = config->full != 0, .notice = notice
	};
	n->subscribers.registry = &n->registry;
	n->subscribers.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (n->subscribers.epoll == -1 || !socket_open(n))
		return EXIT_SYSTEM;
	/* The position comes first: what is stored from now on is relayed. */
	reader_open(&n->reader);
	relay_init(&n->relay, reader_position(&n->reader), send_batch, n);
	n->keeper = keeper_start(&n->reader.options, &n->registry);
	if (n->keeper == NULL) {
		log_event(LEVEL_CRITICAL, "error", "thread: %s",
		    strerror(errno));
		return EXIT_SYSTEM;
	}
	log_event(LEVEL_INFO, "started", "position %lld, %s",
	    (long long)n->relay.position, n->registry.dir);
	if (!rollcall_begin(&n->rollcall, &n->registry, sessions))
		log_event(LEVEL_ERROR, "error", "reading the registry: %s",
		    strerror(errno));
	keeper_sweep(n->keeper);
	ok = loop_run(n);
	log_event(LEVEL_INFO, "stopping", "position %lld, %u sessions",
	    (long long)n->relay.position, n->subscribers.count);
	if (!n->handed)
		dgram_notify_unlink(&n->registry);
	all_done = keeper_stop(n->keeper, STOP_WAIT);
	rollcall_end(&n->rollcall);
	subscribers_free(&n->subscribers);
	presence_free(&n->presence);
	relay_free(&n->relay);
	reader_close(&n->reader);
	buf_free(&n->body);
	if (!all_done)
		_exit(ok ? 0 : EXIT_SYSTEM);
	return ok ? 0 : EXIT_SYSTEM;
}

int
main(int argc, char *argv[])
{
	static struct notify n;
	struct config config;
	char error[CONFIG_ERROR_MAX];
	int status = read_options(argc, argv), sessions;

	if (status != -1)
		return status;
	log_open("chat-notify");
	if (!config_load(&config, error)) {
		log_event(LEVEL_CRITICAL, "error", "%s", error);
		return EXIT_CONFIG;
	}
	log_set_level((enum log_level)config.log_level);
	if (!dgram_registry_init(&n.registry, config.runtime_dir)) {
		log_event(LEVEL_CRITICAL, "error", "CHAT_RUNTIME_DIR is too"
		    " long for the name of a socket: %s", config.runtime_dir);
		return EXIT_CONFIG;
	}
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	raise_file_limit();
	if ((sessions = runtime_open(config.runtime_dir, &status)) == -1)
		return status;
	return serve(&config, &n, sessions);
}
