/*
 * chat-metrics: tells Prometheus how Chat does; see chat-metrics(8).  It lives
 * for one answer: to a request on the socket that it is started with, or a
 * file, or standard output.
 */
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <linux/capability.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "metrics.h"
#include "process.h"

static void
usage(FILE *out)
{
	fputs("Usage: chat-metrics [--openmetrics] [--file FILE]\n"
	      "       chat-metrics --http\n"
	      "       chat-metrics --help | --version\n"
	      "Tells how the Chat server on this machine does, for"
	      " Prometheus.\n\n"
	      "  --file FILE    write there, all at once (for the textfile"
	      " collector)\n"
	      "  --openmetrics  in that format rather than Prometheus' own\n"
	      "  --http         answer one request on standard input, a"
	      " socket\n",
	    out);
}

/* Nothing is left that a request could make use of.  False with errno set. */
static bool
drop_rights(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct none[2] = { { 0 } };

	/* (EINVAL: a kernel without ambient ones.) */
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == -1 &&
	    errno != EINVAL)
		return false;
	return syscall(SYS_capset, &head, none) == 0 &&
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

static int
serve(const struct config *config)
{
	struct buf texts[2] = { { 0 } };

	gather(config, PROMETHEUS, &texts[0]);
	gather(config, OPENMETRICS, &texts[1]);
	if (!drop_rights()) {
		log_event(LEVEL_CRITICAL, "rights",
		    "cannot give up capabilities: %s", strerror(errno));
		return EX_OSERR;
	}
	http_answer(STDIN_FILENO, &texts[0], &texts[1]);
	buf_free(&texts[0]);
	buf_free(&texts[1]);
	return EX_OK;
}

static int
failed(const char *what, const char *path)
{
	fprintf(stderr, "chat-metrics: cannot %s %s: %s\n", what, path,
	    strerror(errno));
	return EX_CANTCREAT;
}

/* Who reads the file sees all of the old or all of the new. */
static int
write_file(const char *path, const struct buf *text)
{
	char new[PATH_MAX];
	FILE *f;
	int fd;

	if (snprintf(new, sizeof(new), "%s.XXXXXX", path) >= (int)sizeof(new)) {
		errno = ENAMETOOLONG;
		return failed("write", path);
	}
	if ((fd = mkostemp(new, O_CLOEXEC)) == -1)
		return failed("make a file in the directory of", path);
	f = fdopen(fd, "w");
	if (f == NULL || fchmod(fd, 0644) == -1 ||
	    fwrite(buf_head(text), 1, buf_len(text), f) != buf_len(text) ||
	    fclose(f) != 0 || rename(new, path) == -1) {
		failed("write", path);
		unlink(new);
		return EX_CANTCREAT;
	}
	return EX_OK;
}

static int
write_out(const struct buf *text)
{
	if (fwrite(buf_head(text), 1, buf_len(text), stdout) != buf_len(text) ||
	    fflush(stdout) != 0)
		return failed("write to", "standard output");
	return EX_OK;
}

struct options {
	bool http;
	enum format format;
	const char *file;
};

/* Returns the exit status, or -1 to go on. */
static int
options_read(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = { { "file", required_argument,
						   NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ "http", no_argument, NULL, 'H' },
		{ "openmetrics", no_argument, NULL, 'o' },
		{ "version", no_argument, NULL, 'V' }, { NULL, 0, NULL, 0 } };
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'f':
			o->file = optarg;
			break;
		case 'H':
			o->http = true;
			break;
		case 'o':
			o->format = OPENMETRICS;
			break;
		case 'h':
			usage(stdout);
			return EX_OK;
		case 'V':
			puts("chat-metrics " CHAT_VERSION);
			return EX_OK;
		default:
			usage(stderr);
			return EX_USAGE;
		}
	}
	if (optind == argc && !(o->http && (o->file != NULL || o->format)))
		return -1;
	usage(stderr);
	return EX_USAGE;
}

int
main(int argc, char **argv)
{
	struct options o = { .format = PROMETHEUS };
	char error[CONFIG_ERROR_MAX];
	struct buf text = { 0 };
	struct config config;
	int status;

	process_fill_standard_fds();
	if ((status = options_read(argc, argv, &o)) != -1)
		return status;
	log_open("chat-metrics");
	if (!config_load(&config, error)) {
		log_event(LEVEL_CRITICAL, "bad_configuration", "%s", error);
		return EX_CONFIG;
	}
	if (o.http)
		return serve(&config);
	gather(&config, o.format, &text);
	status = o.file != NULL ? write_file(o.file, &text) : write_out(&text);
	buf_free(&text);
	return status;
}
