/*
 * The files of state.h.  Whoever writes locks the directory, so that no client
 * undoes what another has just written; readers need no lock, for a file is
 * only ever replaced.
 */
#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "pairs.h"
#include "state.h"

#define LOCK_STEP 20 /* ms between two tries */

bool
state_directory(
    const char *variable, const char *fallback, char *out, size_t size)
{
	const char *base = getenv(variable), *home = getenv("HOME");
	struct passwd *pw;
	int n;

	/* A path that is not absolute is to be ignored, says the standard. */
	if (base != NULL && base[0] == '/') {
		fallback = "";
	} else {
		if ((home == NULL || home[0] != '/') &&
		    (pw = getpwuid(geteuid())) != NULL)
			home = pw->pw_dir;
		base = home;
	}
	if (base == NULL || base[0] != '/')
		return false;
	n = snprintf(out, size, "%s%s/chat", base, fallback);
	return n >= 0 && (size_t)n < size;
}

void
state_init(struct state *s)
{
	*s = (struct state){ .dir = "" };
	if (!state_directory(
		"XDG_STATE_HOME", "/.local/state", s->dir, sizeof(s->dir)))
		s->dir[0] = '\0';
}

static enum state_result
failed(struct state *s, const char *file, const char *why)
{
	if (s->dir[0] == '\0')
		snprintf(s->error, sizeof(s->error), "no home directory");
	else
		snprintf(s->error, sizeof(s->error), "%s%s%s: %s", s->dir,
		    file[0] != '\0' ? "/" : "", file, why);
	return STATE_FAILED;
}

/* Make what is missing of the path, for nobody else. */
static void
make_directories(const char *path)
{
	char part[STATE_PATH_MAX];
	size_t i;

	snprintf(part, sizeof(part), "%s", path);
	for (i = 1; part[i] != '\0'; i++)
		if (part[i] == '/') {
			part[i] = '\0';
			mkdir(part, 0700);
			part[i] = '/';
		}
	mkdir(part, 0700);
}

/* Returns -1, with the reason (ENOENT: there is none) in errno and error. */
static int
open_directory(struct state *s)
{
	struct stat st;
	int fd = -1;

	errno = ENOENT;
	if (s->dir[0] == '\0' ||
	    (fd = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1) {
		failed(s, "", strerror(errno));
		return -1;
	}
	if (fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
	    (st.st_mode & 022) == 0)
		return fd;
	failed(s, "", "has to be yours, and not be writable by others");
	close(fd);
	errno = EPERM;
	return -1;
}

static bool
read_all(int fd, struct buf *text)
{
	ssize_t n;

	for (;;) {
		n = read(fd, buf_room(text, 4096), 4096);
		if (n == 0)
			return true;
		if (n > 0)
			buf_added(text, (size_t)n);
		else if (errno != EINTR)
			return false;
		if (buf_len(text) > STATE_FILE_MAX) {
			errno = EFBIG;
			return false;
		}
	}
}

/* Tokens are nobody else's to read, trust is nobody else's to give. */
static enum state_result
read_file(struct state *s, int dir, const char *file, struct buf *text)
{
	enum state_result result = STATE_OK;
	struct stat st;
	int fd = openat(dir, file,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd == -1 && errno == ENOENT)
		return STATE_NONE;
	if (fd == -1)
		return failed(s, file, strerror(errno));
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    st.st_uid != geteuid() || (st.st_mode & 077) != 0)
		result = failed(s, file,
		    "has to be a file of yours that is closed to others "
		    "(chmod 600)");
	else if (!read_all(fd, text))
		result = failed(s, file, strerror(errno));
	close(fd);
	return result;
}

enum state_result
state_get(struct state *s, const char *file, const char *key, char *value,
    size_t size)
{
	struct buf text = { 0 };
	enum state_result result;
	const char *found;
	size_t len;
	int dir = open_directory(s);

	if (dir == -1)
		return errno == ENOENT ? STATE_NONE : STATE_FAILED;
	result = read_file(s, dir, file, &text);
	close(dir);
	if (result == STATE_OK &&
	    ((found = pairs_find(&text, key, &len)) == NULL || len >= size))
		result = STATE_NONE;
	if (result == STATE_OK) {
		memcpy(value, found, len);
		value[len] = '\0';
	}
	buf_wipe(&text);
	return result;
}

/*
 * Somebody who was stopped while holding it does not stop us for ever.  False
 * with errno set: EWOULDBLOCK when somebody has it.
 */
static bool
lock(int dir)
{
	int waited;

	for (waited = 0; flock(dir, LOCK_EX | LOCK_NB) == -1;
	     waited += LOCK_STEP) {
		if (errno != EWOULDBLOCK || waited >= STATE_LOCK_WAIT)
			return false;
		poll(NULL, 0, LOCK_STEP);
	}
	return true;
}

static bool
write_all(int fd, const struct buf *text)
{
	size_t done = 0;
	ssize_t n;

	while (done < buf_len(text)) {
		n = write(fd, buf_head(text) + done, buf_len(text) - done);
		if (n > 0)
			done += (size_t)n;
		else if (errno != EINTR)
			return false;
	}
	return true;
}

/* Under the lock, so that the name of the new file is ours alone. */
static enum state_result
replace(struct state *s, int dir, const char *file, const struct buf *text)
{
	char new[64];
	int fd, error = 0;

	snprintf(new, sizeof(new), "%s.new", file);
	unlinkat(dir, new, 0);
	fd = openat(dir, new,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return failed(s, new, strerror(errno));
	if (!write_all(fd, text) || fsync(fd) == -1)
		error = errno;
	if (close(fd) == -1 && error == 0)
		error = errno;
	if (error == 0 && renameat(dir, new, dir, file) == -1)
		error = errno;
	if (error == 0 && fsync(dir) == 0)
		return STATE_OK;
	if (error == 0)
		error = errno;
	unlinkat(dir, new, 0);
	return failed(s, new, strerror(error));
}

/* Whether the key may be changed by who believes that it was that. */
static enum state_result
compare(const struct buf *text, const char *key, const char *was)
{
	size_t len;
	const char *now = pairs_find(text, key, &len);

	if (now == NULL)
		return STATE_NONE;
	return len >= strlen(was) && memcmp(now, was, strlen(was)) == 0
	    ? STATE_OK
	    : STATE_OTHER;
}

static enum state_result
change(struct state *s, int dir, const char *file, const char *key,
    const char *was, const char *value)
{
	struct buf old = { 0 }, new = { 0 };
	enum state_result result = read_file(s, dir, file, &old);

	if (result == STATE_NONE)
		result = STATE_OK;
	if (result == STATE_OK && was != NULL)
		result = compare(&old, key, was);
	if (result == STATE_OK && !pairs_edit(&new, &old, key, value) &&
	    value == NULL)
		result = STATE_NONE;
	if (result == STATE_OK)
		result = replace(s, dir, file, &new);
	buf_wipe(&old);
	buf_wipe(&new);
	return result;
}

enum state_result
state_set(struct state *s, const char *file, const char *key, const char *value)
{
	return state_swap(s, file, key, NULL, value);
}

enum state_result
state_swap(struct state *s, const char *file, const char *key, const char *was,
    const char *value)
{
	enum state_result result;
	int dir;

	if (value != NULL && s->dir[0] != '\0')
		make_directories(s->dir);
	if ((dir = open_directory(s)) == -1)
		return value == NULL && errno == ENOENT ? STATE_NONE
							: STATE_FAILED;
	if (lock(dir))
		result = change(s, dir, file, key, was, value);
	else
		result = failed(s, "",
		    errno == EWOULDBLOCK ? "locked by another client"
					 : strerror(errno));
	close(dir);
	return result;
}
