/*
 * The configuration file (lib/config): any bytes give either settings within
 * their ranges or a sentence; and with a # before each of its lines, whatever
 * they hold, a file gives the defaults.
 */
#include <sys/mman.h>

#include <string.h>
#include <unistd.h>

#include "config.h"
#include "fuzz.h"

static int file = -1;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static char path[64];

	(void)argc;
	(void)argv;
	clearenv();
	CHECK((file = memfd_create("chat.conf", MFD_CLOEXEC)) != -1);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	setenv("CHAT_CONFIG", path, 1);
	return 0;
}

/* Write it, each line behind `before`, and read it. */
static bool
load(struct config *c, const char *data, size_t size, const char *before,
    char error[CONFIG_ERROR_MAX])
{
	FILE *f;
	size_t i;

	CHECK(ftruncate(file, 0) == 0);
	CHECK((f = fopen(getenv("CHAT_CONFIG"), "we")) != NULL);
	for (i = 0; i < size; i++) {
		if (i == 0 || data[i - 1] == '\n')
			fputs(before, f);
		putc(data[i], f);
	}
	CHECK(fclose(f) == 0);
	return config_load(c, error);
}

static void
check_ranges(const struct config *c)
{
	CHECK(*c->db != '\0' && *c->runtime_dir != '\0');
	CHECK(c->message_max_size >= 1 && c->message_max_size <= 65536);
	CHECK(c->log_level >= LEVEL_DEBUG && c->log_level <= LEVEL_CRITICAL);
	CHECK(c->full == 0 || c->full == 1);
	CHECK(c->auth_required == 0 || c->auth_required == 1);
	CHECK(c->login_timeout >= 1 && c->login_timeout <= 3600);
	CHECK(c->idle_timeout >= 2 && c->idle_timeout <= 86400);
	CHECK(config_line_max(c) > (size_t)c->message_max_size);
}

static void
check_same(const struct config *a, const struct config *b)
{
	CHECK(strcmp(a->db, b->db) == 0);
	CHECK(strcmp(a->runtime_dir, b->runtime_dir) == 0);
	CHECK(a->message_max_size == b->message_max_size);
	CHECK(a->log_level == b->log_level);
	CHECK(a->full == b->full);
	CHECK(a->auth_required == b->auth_required);
	CHECK(a->login_timeout == b->login_timeout);
	CHECK(a->idle_timeout == b->idle_timeout);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config config, defaults;
	char error[CONFIG_ERROR_MAX] = "";

	if (load(&config, (const char *)data, size, "", error)) {
		CHECK(*error == '\0');
		check_ranges(&config);
	} else {
		CHECK(memchr(error, '\0', sizeof(error)) != NULL);
		CHECK(strlen(error) > 10);
	}
	/* Whatever happened, strings can be read. */
	CHECK(strlen(config.db) + strlen(config.runtime_dir) > 0);
	*error = '\0';
	CHECK(load(&defaults, "", 0, "", error));
	CHECK(load(&config, (const char *)data, size, "#", error));
	check_same(&config, &defaults);
	return 0;
}
