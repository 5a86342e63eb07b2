/*
 * Finds and reads the file of settings.h.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sanitise.h"
#include "settings.h"
#include "state.h"

static void
fail(struct settings *s, const char *path, const char *why)
{
	char text[STATE_PATH_MAX + 128];

	snprintf(text, sizeof(text), "%s: %s", path, why);
	sanitise_add(
	    &s->errors, text, strlen(text), sizeof(text), SANITISE_LINE);
	buf_add_str(&s->errors, "\n");
}

static void
read_settings(struct settings *s, const char *path, int fd)
{
	static char text[SETTINGS_FILE_MAX + 1];
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, text + len, sizeof(text) - len)) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			fail(s, path, strerror(errno));
			return;
		}
		if ((len += (size_t)n) == sizeof(text)) {
			fail(s, path, strerror(EFBIG));
			return;
		}
	}
	settings_parse(s, path, text, len);
}

/* What others can write makes the user run what others want. */
static bool
is_trusted(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_uid == geteuid() || st.st_uid == 0) &&
	    (st.st_mode & 022) == 0;
}

void
settings_load(struct settings *s)
{
	char path[STATE_PATH_MAX + 16];
	int fd;

	if (!state_directory(
		"XDG_CONFIG_HOME", "/.config", path, STATE_PATH_MAX))
		return;
	strcat(path, "/client.conf");
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd == -1) {
		if (errno != ENOENT && errno != ENOTDIR)
			fail(s, path, strerror(errno));
		return;
	}
	if (is_trusted(fd))
		read_settings(s, path, fd);
	else
		fail(s, path,
		    "has to be a file of yours or root's that others cannot "
		    "write (chmod go-w)");
	close(fd);
}
