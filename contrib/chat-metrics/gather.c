/*
 * What there is to tell, and where it is read: the shared page (count.h), the
 * registry of sessions, proc(5), and the sizes of the store's files.
 */
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "count.h"
#include "dgram.h"
#include "metrics.h"
#include "monotonic.h"
#include "shared.h"

/* Each connection has a socket in the registry; those of the dead are left. */
static int64_t
connections(const char *runtime_dir)
{
	struct dgram_registry registry;
	char path[PATH_MAX];
	struct dirent *d;
	int64_t n = 0;
	DIR *dir;

	if (!dgram_registry_init(&registry, runtime_dir))
		return -1;
	snprintf(path, sizeof(path), "%s/%s", runtime_dir, DGRAM_SESSIONS);
	if ((dir = opendir(path)) == NULL)
		return -1;
	while ((d = readdir(dir)) != NULL)
		n += dgram_is_name(d->d_name) &&
		    dgram_session_alive(&registry, d->d_name);
	closedir(dir);
	return n;
}

static void
now_gather(struct expose *e, const struct counts *c, const char *runtime_dir)
{
	int64_t n = connections(runtime_dir);
	bool up = c != NULL && c->gauges[COUNT_UNTIL] > monotonic_ms();

	if (n != -1) {
		expose_family(e, GAUGE, "chat_connections", NULL,
		    "Connections of clients, each a process.");
		expose_int(e, NULL, NULL, n);
	}
	expose_family(e, GAUGE, "chat_relay_up", NULL,
	    "Whether chat-notify runs (it ends when nobody is there).");
	expose_int(e, NULL, NULL, up);
	if (!up)
		return;
	expose_family(e, GAUGE, "chat_sessions", NULL,
	    "Connections that have taken a name, as the relay knows.");
	expose_int(e, NULL, NULL, c->gauges[COUNT_SESSIONS]);
	expose_family(e, GAUGE, "chat_users", NULL, "Users who are online.");
	expose_int(e, NULL, NULL, c->gauges[COUNT_USERS]);
	expose_family(e, GAUGE, "chat_sessions_lagging", NULL,
	    "Sessions that read too slowly just now.");
	expose_int(e, NULL, NULL, c->gauges[COUNT_LAGGING]);
	expose_family(e, GAUGE, "chat_blocks", NULL, "What is blocked.");
	expose_int(e, "kind", "network", c->gauges[COUNT_BLOCKED_NETWORKS]);
	expose_int(e, "kind", "user", c->gauges[COUNT_BLOCKED_USERS]);
}

static void
memory_gather(struct expose *e, const struct counts *c)
{
	int64_t pss, sum = 0, max = 0, n = 0;
	unsigned i;

	pss = memory_pss((int32_t)c->gauges[COUNT_RELAY_PID], "chat-notify");
	if (pss != -1) {
		expose_family(e, GAUGE, "chat_relay_pss_bytes", "bytes",
		    "Memory of chat-notify, its part of what is shared.");
		expose_int(e, NULL, NULL, pss);
	}
	for (i = 0; i < COUNT_SAMPLE; i++) {
		pss = memory_pss(c->sample[i], "chat-session");
		if (pss == -1)
			continue;
		n++;
		sum += pss;
		if (pss > max)
			max = pss;
	}
	if (n == 0)
		return;
	expose_family(e, GAUGE, "chat_session_pss_bytes", "bytes",
	    "Memory of a session, its part of what is shared, of some"
	    " sessions.");
	expose_int(e, "stat", "mean", sum / n);
	expose_int(e, "stat", "max", max);
}

static void
words_gather(struct expose *e, const char *label, const _Atomic uint64_t *n,
    const char *(*name)(size_t))
{
	size_t i;

	for (i = 0; name(i) != NULL; i++)
		expose_int(e, label, name(i), (int64_t)n[i]);
}

static const struct {
	enum count_number number;
	const char *name, *help, *label, *value;
} numbers[] = {
	{ COUNT_LOGINS, "chat_logins", "Times that a client took a name.", NULL,
	    NULL },
	{ COUNT_LOGIN_FAILURES, "chat_login_failures",
	    "Wrong passwords, tokens and secrets.", NULL, NULL },
	{ COUNT_STORED, "chat_messages_stored", "Messages stored.", NULL,
	    NULL },
	{ COUNT_RELAYED, "chat_messages_delivered",
	    "Messages passed on to a client, relayed or read from the store.",
	    "by", "relay" },
	{ COUNT_READ, NULL, NULL, "by", "store" },
	{ COUNT_CATCH_UPS, "chat_catch_ups",
	    "Times that a session read what it had missed.", NULL, NULL },
	{ COUNT_LAGS, "chat_lags", "Times that a session read too slowly.",
	    NULL, NULL },
	{ COUNT_DROPPED, "chat_datagrams_dropped",
	    "Datagrams of others, or not well-formed, that the relay dropped.",
	    NULL, NULL },
	{ COUNT_RATE_WAITS, "chat_rate_limit_waits",
	    "Times that a client had to wait for the rate limit.", NULL, NULL },
	{ COUNT_BLOCKS_LOGIN, "chat_blocks_made",
	    "Sources that were blocked for a while.", "reason", "login" },
	{ COUNT_BLOCKS_FLOOD, NULL, NULL, "reason", "flood" },
	{ COUNT_BLOCKS_CONNECTIONS, NULL, NULL, "reason", "connections" },
	{ COUNT_BLOCKS_REGISTRATIONS, NULL, NULL, "reason", "registrations" },
};

static const struct {
	enum count_histogram histogram;
	const char *name, *help;
} histograms[] = {
	{ COUNT_COMMIT, "chat_commit_seconds",
	    "Storing what a client had sent: lock, transaction, sync." },
	{ COUNT_DELIVERY, "chat_delivery_seconds",
	    "Age of a relayed message when a session passes it on." },
	{ COUNT_HISTORY, "chat_history_query_seconds",
	    "Reading a page of history from the store." },
	{ COUNT_CATCH_UP, "chat_catch_up_query_seconds",
	    "Reading a page of what was missed from the store." },
};

static void
counts_gather(struct expose *e, const struct counts *c)
{
	size_t i, b;

	expose_family(e, COUNTER, "chat_connections_ended", NULL,
	    "Connections that have ended, by how.");
	words_gather(e, "outcome", c->ends, count_end_name);
	expose_family(e, COUNTER, "chat_errors", NULL,
	    "Errors that clients were told, by code.");
	words_gather(e, "code", c->errors, count_error_name);
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (numbers[i].name != NULL)
			expose_family(
			    e, COUNTER, numbers[i].name, NULL, numbers[i].help);
		expose_int(e, numbers[i].label, numbers[i].value,
		    (int64_t)c->numbers[numbers[i].number]);
	}
	for (i = 0; i < sizeof(histograms) / sizeof(histograms[0]); i++) {
		const struct count_buckets *h =
		    &c->histograms[histograms[i].histogram];
		uint64_t buckets[COUNT_BUCKETS];

		for (b = 0; b < COUNT_BUCKETS; b++)
			buckets[b] = h->buckets[b];
		expose_family(e, HISTOGRAM, histograms[i].name, "seconds",
		    histograms[i].help);
		expose_histogram(
		    e, count_bounds, buckets, COUNT_BUCKETS, h->sum);
	}
}

static void
page_gather(struct expose *e, const struct shared *page)
{
	expose_family(e, COUNTER, "chat_transactions", NULL,
	    "Transactions that wrote to the database.");
	expose_int(e, NULL, NULL, (int64_t)page->commits);
	expose_family(e, GAUGE, "chat_sync_failed", NULL,
	    "Whether the disk has failed, and messages are refused.");
	expose_int(e, NULL, NULL, page->sync_failed != 0);
}

static void
size_gather(
    struct expose *e, const char *name, const char *help, const char *path)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return;
	expose_family(e, GAUGE, name, "bytes", help);
	expose_int(e, NULL, NULL, st.st_size);
}

static void
files_gather(struct expose *e, const char *db)
{
	char path[PATH_MAX];
	const char *slash = strrchr(db, '/');
	struct statvfs fs;

	size_gather(e, "chat_database_bytes", "Size of the database.", db);
	snprintf(path, sizeof(path), "%s-wal", db);
	size_gather(e, "chat_database_wal_bytes",
	    "Size of the database's write-ahead log.", path);
	if (slash == NULL)
		snprintf(path, sizeof(path), ".");
	else
		snprintf(path, sizeof(path), "%.*s/", (int)(slash - db), db);
	if (statvfs(path, &fs) == -1)
		return;
	expose_family(e, GAUGE, "chat_disk_free_bytes", "bytes",
	    "Free for the database on its disk.");
	expose_int(e, NULL, NULL, (int64_t)(fs.f_bavail * fs.f_frsize));
	expose_family(
	    e, GAUGE, "chat_disk_size_bytes", "bytes", "Size of that disk.");
	expose_int(e, NULL, NULL, (int64_t)(fs.f_blocks * fs.f_frsize));
}

void
gather(const struct config *config, enum format format, struct buf *out)
{
	const struct shared *page = shared_read(config->runtime_dir);
	const struct counts *c = page != NULL ? &page->counts : NULL;
	struct expose e = { .out = out, .format = format };

	expose_family(&e, INFO, "chat_build", NULL, "The version of Chat.");
	expose_int(&e, "version", CHAT_VERSION, 1);
	now_gather(&e, c, config->runtime_dir);
	if (page != NULL) {
		memory_gather(&e, c);
		counts_gather(&e, c);
		page_gather(&e, page);
	}
	files_gather(&e, config->db);
	expose_end(&e);
}
