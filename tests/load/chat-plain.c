/*
 * chat-plain: how fast N processes store messages in SQLite when they do
 * nothing clever: WAL, synchronous=FULL, one row for each transaction, and
 * SQLite's own busy_timeout.  It is what `make bench` compares the server with,
 * and shares nothing with it on purpose.
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <sqlite3.h>

#include "common/body.h"
#include "common/clock.h"
#include "common/options.h"

#define BUSY_TIMEOUT 60000 /* ms: waiting is no failure here */

struct result { /* of one process, in shared memory */
	uint64_t failed;
	struct hist waits;
};

static long senders = 50, size = 80;
static double seconds = 5;
static char path[PATH_MAX];

static void
check(sqlite3 *db, int result, const char *what)
{
	if (result == SQLITE_OK || result == SQLITE_DONE)
		return;
	fprintf(stderr, "chat-plain: %s: %s\n", what, sqlite3_errmsg(db));
	exit(EX_OSERR);
}

static sqlite3 *
database_open(void)
{
	sqlite3 *db;

	check(NULL, sqlite3_open(path, &db), path);
	sqlite3_busy_timeout(db, BUSY_TIMEOUT);
	check(db,
	    sqlite3_exec(db,
		"PRAGMA journal_mode=WAL;"
		"PRAGMA synchronous=FULL;"
		"CREATE TABLE IF NOT EXISTS plain (id INTEGER PRIMARY KEY, "
		"sender INTEGER, body TEXT)",
		NULL, NULL, NULL),
	    "schema");
	return db;
}

static void
database_remove(void)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	char name[PATH_MAX + 8];
	size_t i;

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		unlink(name);
	}
}

/* One sender; says when it is ready, begins when the gate is closed. */
static void
sender(long number, int ready, int gate, struct result *result)
{
	sqlite3 *db = database_open();
	sqlite3_stmt *insert;
	char text[BODY_MAX];
	uint64_t end, before;
	uint32_t n = 0;

	check(db,
	    sqlite3_prepare_v2(db,
		"INSERT INTO plain (sender, body) "
		"VALUES (?1, ?2)",
		-1, &insert, NULL),
	    "insert");
	if (write(ready, "", 1) != 1 || read(gate, text, 1) != 0)
		exit(EX_OSERR);
	end = clock_ns() + (uint64_t)(seconds * (double)SECOND);
	while ((before = clock_ns()) < end) {
		body_write(text, (uint32_t)number, n++, (size_t)size, false);
		sqlite3_bind_int64(insert, 1, number);
		sqlite3_bind_text(insert, 2, text, (int)size, SQLITE_STATIC);
		if (sqlite3_step(insert) != SQLITE_DONE)
			result->failed++;
		sqlite3_reset(insert);
		hist_add(&result->waits, clock_ns() - before);
	}
	sqlite3_finalize(insert);
	sqlite3_close(db);
	exit(0);
}

static const char help[] =
    "usage: chat-plain [options] DIRECTORY\n"
    "\n"
    "Stores messages in a new database in the directory, removed at the end.\n"
    "\n"
    "  --senders N       processes, each with one transaction after another (50)\n"
    "  --seconds S       for so long (5)\n"
    "  --size N          bytes of a message (80)\n"
    "  --help, --version\n";

static void
parse_options(int argc, char **argv)
{
	static const struct option options[] = { { "senders", required_argument,
						     NULL, 'n' },
		{ "seconds", required_argument, NULL, 's' },
		{ "size", required_argument, NULL, 'b' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' }, { NULL, 0, NULL, 0 } };
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'n':
			senders = option_number("senders", optarg, 1, 1000);
			break;
		case 's':
			seconds = option_seconds("seconds", optarg);
			break;
		case 'b':
			size =
			    option_number("size", optarg, BODY_MIN, BODY_MAX);
			break;
		case 'h':
		case 'v':
			fputs(option == 'h' ? help
					    : "chat-plain " CHAT_VERSION "\n",
			    stdout);
			exit(0);
		default:
			exit(EX_USAGE);
		}
	}
	if (argc - optind != 1)
		option_usage("a directory is needed");
	snprintf(
	    path, sizeof(path), "%s/plain-%d.db", argv[optind], (int)getpid());
}

/* Start the senders, let them run, wait for them.  Returns the seconds. */
static double
run(struct result *results)
{
	int ready[2], gate[2], status;
	uint64_t start;
	char byte;
	long i;

	if (pipe(ready) == -1 || pipe(gate) == -1) {
		perror("chat-plain: pipe");
		exit(EX_OSERR);
	}
	for (i = 0; i < senders; i++) {
		switch (fork()) {
		case -1:
			perror("chat-plain: fork");
			exit(EX_OSERR);
		case 0:
			close(gate[1]);
			sender(i, ready[1], gate[0], &results[i]);
		}
	}
	close(ready[1]);
	for (i = 0; i < senders && read(ready[0], &byte, 1) == 1; i++)
		;
	start = clock_ns();
	close(gate[1]);
	for (i = 0; i < senders; i++)
		if (wait(&status) == -1 || status != 0)
			results[i].failed++;
	return (double)(clock_ns() - start) / (double)SECOND;
}

int
main(int argc, char **argv)
{
	struct result *results, sum = { 0 };
	double took;
	long i;

	parse_options(argc, argv);
	results = mmap(NULL, (size_t)senders * sizeof(*results),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (results == MAP_FAILED) {
		perror("chat-plain: mmap");
		return EX_OSERR;
	}
	sqlite3_close(database_open());
	took = run(results);
	for (i = 0; i < senders; i++) {
		hist_join(&sum.waits, &results[i].waits);
		sum.failed += results[i].failed;
	}
	printf("senders=%ld\nmessages=%" PRIu64 "\nmessages_per_s=%.0f\n",
	    senders, sum.waits.n, (double)sum.waits.n / took);
	hist_print(&sum.waits, "wait");
	printf("failed=%" PRIu64 "\n", sum.failed);
	database_remove();
	return sum.failed > 0 ? 1 : 0;
}
