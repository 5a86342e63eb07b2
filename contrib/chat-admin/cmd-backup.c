/*
 * backup and check.  A backup has another name until it is complete, checked
 * and on disk, so FILE is never half of one.
 */
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "admin.h"
#include "store-copy.h"

struct copying {
	char file[PATH_MAX]; /* what it will be called */
	char path[PATH_MAX]; /* the name until then */
	int fd;
	int64_t synced; /* bytes, at the last sync */
	int faults;
};

/* Now and then, so that no large sync holds up that of a writer. */
static bool
progress(void *arg)
{
	struct copying *c = arg;
	struct stat st;

	if (interrupted())
		return false;
	if (fstat(c->fd, &st) == 0 && st.st_size - c->synced >= COPY_SYNC) {
		fdatasync(c->fd);
		c->synced = st.st_size;
	}
	return true;
}

static void
tell_fault(void *arg, const char *text)
{
	int *faults = arg;

	out_error("%s", text);
	++*faults;
}

/* Whether FILE is what we copy from: the server would lose it. */
static bool
is_database(const struct admin *a, const char *file)
{
	static const char *const parts[] = { "", "-wal", "-shm" };
	struct stat there, part;
	char path[PATH_MAX];
	size_t i;

	if (stat(file, &there) == -1)
		return false;
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", a->config.db, parts[i]);
		if (stat(path, &part) == 0 && part.st_dev == there.st_dev &&
		    part.st_ino == there.st_ino)
			return true;
	}
	return false;
}

/* A file beside FILE.  EX_OK, or EX_CANTCREAT (told). */
static int
copy_create(struct admin *a, struct copying *c)
{
	const char *file = c->file;

	if (is_database(a, file)) {
		out_error("%s belongs to the database itself: name another"
			  " file",
		    file);
		return EX_CANTCREAT;
	}
	if (table_option(a, "force") == NULL && access(file, F_OK) == 0) {
		out_error("%s is there already: name another file, or say"
			  " --force to replace it",
		    file);
		return EX_CANTCREAT;
	}
	if ((size_t)snprintf(c->path, sizeof(c->path), "%s.XXXXXX", file) >=
	    sizeof(c->path)) {
		out_error("FILE is too long a name");
		return EX_CANTCREAT;
	}
	if ((c->fd = mkostemp(c->path, O_CLOEXEC)) != -1) {
		/* For backups_forget(): somebody is at it. */
		flock(c->fd, LOCK_EX | LOCK_NB);
		return EX_OK;
	}
	out_error("cannot make %s as user %s: %s; name a file in a folder that"
		  " %s may write to",
	    c->path, a->user, strerror(errno), a->user);
	return EX_CANTCREAT;
}

/* The file, and what SQLite may have made beside it. */
static void
copy_remove(struct copying *c)
{
	static const char *const more[] = { "", "-wal", "-shm", "-journal" };
	char path[PATH_MAX + 16];
	size_t i;

	for (i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", c->path, more[i]);
		unlink(path);
	}
}

static bool
folder_sync(const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	bool ok;
	int fd;

	if (slash == NULL)
		snprintf(folder, sizeof(folder), ".");
	else
		snprintf(
		    folder, sizeof(folder), "%.*s/", (int)(slash - path), path);
	if ((fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return false;
	ok = fsync(fd) == 0;
	close(fd);
	return ok;
}

/* Onto the disk, then under its name, which is never replaced unasked. */
static int
copy_publish(struct admin *a, struct copying *c)
{
	const char *file = c->file;
	bool forced = table_option(a, "force") != NULL;

	if (fsync(c->fd) == -1) {
		out_error("%s: cannot be brought to disk: %s", c->path,
		    strerror(errno));
		return EX_IOERR;
	}
	if (syscall(SYS_renameat2, AT_FDCWD, c->path, AT_FDCWD, file,
		forced ? 0 : RENAME_NOREPLACE) == -1) {
		out_error(
		    "cannot call %s %s: %s", c->path, file, strerror(errno));
		return EX_CANTCREAT;
	}
	if (!folder_sync(file)) {
		out_error("the folder of %s cannot be brought to disk: %s",
		    file, strerror(errno));
		return EX_IOERR;
	}
	return EX_OK;
}

static int
copy_make(struct admin *a, struct copying *c, int64_t *position)
{
	struct store_copy copy = {
		.path = c->path, .progress = progress, .arg = c
	};
	char error[512];

	if (store_copy(a->store, &copy, position) != STORE_OK) {
		out_error("%s", store_error(a->store));
		return interrupted() ? ADMIN_NO : EX_UNAVAILABLE;
	}
	if (!store_copy_verify(c->path, *position, tell_fault, &c->faults,
		error, sizeof(error))) {
		out_error("the copy cannot be read: %s", error);
		return EX_DATAERR;
	}
	if (c->faults > 0) {
		out_error("the copy is not sound, and was removed:"
			  " \"chat-admin check\" tells whether the database"
			  " is");
		return EX_DATAERR;
	}
	return interrupted() ? ADMIN_NO : copy_publish(a, c);
}

/* FILE, or with --keep a new name in the folder that it is. */
static int
file_name(struct admin *a, struct copying *c, int64_t *keep)
{
	const char *option = table_option(a, "keep");

	*keep = 0;
	if (option != NULL &&
	    !read_number(option, "--keep", BACKUPS_KEPT_MAX, keep))
		return EX_USAGE;
	if (*keep > 0 && backups_name(c->file, sizeof(c->file), a->args[0]))
		return EX_OK;
	if (*keep == 0 &&
	    (size_t)snprintf(c->file, sizeof(c->file), "%s", a->args[0]) <
		sizeof(c->file))
		return EX_OK;
	out_error("FILE is too long a name");
	return EX_CANTCREAT;
}

int
cmd_backup(struct admin *a)
{
	struct copying c = { .fd = -1 };
	int64_t position = 0, keep;
	struct stat st;
	int status;

	if ((status = file_name(a, &c, &keep)) != EX_OK ||
	    (status = copy_create(a, &c)) != EX_OK)
		return status;
	interrupt_catch();
	status = copy_make(a, &c, &position);
	if (status == EX_OK && fstat(c.fd, &st) == 0)
		out_line(a,
		    "%s has %lld bytes, up to message %lld, and is"
		    " sound",
		    c.file, (long long)st.st_size, (long long)position);
	else if (status != EX_OK)
		copy_remove(&c);
	if (status == EX_OK && keep > 0)
		status = backups_forget(a->args[0], c.file, keep);
	close(c.fd);
	return status;
}

int
cmd_check(struct admin *a)
{
	enum store_result result;
	int faults = 0;

	result = store_check(a->store, tell_fault, &faults);
	if (result != STORE_OK && faults == 0)
		return out_store_error(a, result);
	if (faults > 0) {
		out_error("the database is not sound: stop the server, keep a"
			  " copy of its three files, and put a backup in"
			  " place, see chat-admin(8)");
		return EX_DATAERR;
	}
	out_line(a, "%s is sound", a->config.db);
	return EX_OK;
}
