/*
 * chat-admin: finds the command, becomes the service's user, opens the store
 * and runs it.  Until then nothing of the database is touched.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "admin.h"
#include "process.h"

static void
notice(void *arg, const char *text)
{
	(void)arg;
	out_error("%s", text);
}

/* The file of -c is one that has to be there. */
static int
config_read(struct admin *a, const char *file)
{
	char error[CONFIG_ERROR_MAX];

	if (file != NULL && access(file, R_OK) == -1) {
		out_error("-c %s: %s", file, strerror(errno));
		return EX_NOINPUT;
	}
	if (file != NULL && setenv("CHAT_CONFIG", file, 1) == -1)
		return EX_OSERR;
	if (!config_load(&a->config, error)) {
		out_error("%s", error);
		return EX_CONFIG;
	}
	if (*a->config.unknown != '\0')
		out_error("warning: %s", a->config.unknown);
	if (!dgram_registry_init(&a->registry, a->config.runtime_dir)) {
		out_error("CHAT_RUNTIME_DIR is '%s': too long for the names of"
			  " sockets in it",
		    a->config.runtime_dir);
		return EX_CONFIG;
	}
	return EX_OK;
}

/* As whoever called us: the service's user may not read that file. */
static int
password_open(struct admin *a)
{
	a->password_fd = -1;
	if (a->password_file == NULL)
		return EX_OK;
	a->password_fd = strcmp(a->password_file, "-") == 0
	    ? STDIN_FILENO
	    : open(a->password_file, O_RDONLY | O_CLOEXEC);
	if (a->password_fd != -1)
		return EX_OK;
	out_error("%s: %s", a->password_file, strerror(errno));
	return EX_NOINPUT;
}

static int
store_ready(struct admin *a)
{
	struct store_options options = {
		.path = a->config.db,
		.runtime_dir = a->config.runtime_dir,
		.full = a->config.full,
		.notice = notice,
	};
	char error[512];

	a->store = store_open(&options, error, sizeof(error));
	if (a->store != NULL)
		return EX_OK;
	out_error("%s", error);
	return EX_UNAVAILABLE;
}

static int
run(struct admin *a, const char *config)
{
	int status, flushed;

	if ((status = config_read(a, config)) != EX_OK ||
	    (status = password_open(a)) != EX_OK ||
	    ((a->command->flags & ADMIN_ROOT) == 0 &&
		((status = become_service_user(a)) != EX_OK ||
		    (status = store_ready(a)) != EX_OK)))
		return status;
	status = a->command->run(a);
	store_close(a->store);
	flushed = out_flush(a);
	buf_free(&a->out);
	return status == EX_OK ? flushed : status;
}

/* What went to stdout without out.c: the help. */
static int
printed(void)
{
	if (fflush(stdout) == 0)
		return EX_OK;
	out_error("cannot write: %s", strerror(errno));
	return EX_IOERR;
}

/* The program's own options, before GROUP.  -1: go on at *first. */
static int
options(int argc, char **argv, const char **config, int *first)
{
	int i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--help") == 0) {
			table_help(&(struct admin){ 0 }, 0, NULL);
			return printed();
		}
		if (strcmp(argv[i], "--version") == 0) {
			puts("chat-admin " CHAT_VERSION);
			return printed();
		}
		if (strcmp(argv[i], "--complete") == 0) {
			table_complete(argc - i - 1, argv + i + 1);
			return printed();
		}
		if (strcmp(argv[i], "-c") != 0 || i + 1 == argc) {
			out_error("%s is no option, or lacks its value; see"
				  " chat-admin --help",
			    argv[i]);
			return EX_USAGE;
		}
		*config = argv[++i];
	}
	*first = i;
	if (i < argc)
		return -1;
	out_error("a command is missing; see chat-admin --help");
	return EX_USAGE;
}

int
main(int argc, char **argv)
{
	struct admin a = { .password_fd = -1 };
	const char *config = NULL;
	int first = 1, status;

	process_fill_standard_fds();
	setlocale(LC_CTYPE, "");
	umask(077);
	status = options(argc, argv, &config, &first);
	if (status != -1)
		return status;
	status = table_parse(&a, argc - first, argv + first);
	if (status != EX_OK)
		return status;
	if (a.help) {
		table_help(&a, argc - first, argv + first);
		return printed();
	}
	return run(&a, config);
}
