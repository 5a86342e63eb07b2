/*
 * A folder of backups that are called by their time: its names, and what is
 * removed when there are more of them than are to be kept.
 */
#include <sys/file.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "admin.h"

#define NAME_FORMAT "chat-%Y%m%dT%H%M%SZ.db"
#define NAME_LEN    (sizeof("chat-20261124T030000Z.db") - 1)

bool
backups_name(char *out, size_t size, const char *folder)
{
	char name[NAME_LEN + 1];
	time_t now = time(NULL);
	struct tm utc;

	if (gmtime_r(&now, &utc) == NULL ||
	    strftime(name, sizeof(name), NAME_FORMAT, &utc) != NAME_LEN)
		return false;
	return (size_t)snprintf(out, size, "%s/%s", folder, name) < size;
}

/* The name of a backup, and nothing behind it but what `rest` says. */
static bool
name_is_ours(const char *name, size_t rest)
{
	static const char form[] = "chat-########T######Z.db";
	size_t i;

	_Static_assert(sizeof(form) - 1 == NAME_LEN, "as NAME_FORMAT makes it");
	if (strlen(name) != NAME_LEN + rest)
		return false;
	for (i = 0; i < NAME_LEN; i++)
		if (form[i] == '#' ? name[i] < '0' || name[i] > '9'
				   : name[i] != form[i])
			return false;
	return true;
}

static int
is_backup(const struct dirent *e)
{
	return name_is_ours(e->d_name, 0);
}

/* Half a backup: mkostemp(3) has added a dot and six characters. */
static int
is_half(const struct dirent *e)
{
	return name_is_ours(e->d_name, 7) && e->d_name[NAME_LEN] == '.';
}

static bool
forget(int folder, const char *name)
{
	if (unlinkat(folder, name, 0) == 0 || errno == ENOENT)
		return true;
	out_error("cannot remove the old backup %s: %s", name, strerror(errno));
	return false;
}

/* Of a backup that was killed, not of one that is being made. */
static bool
half_forget(int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	bool ok = true;

	if (fd == -1)
		return true;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		ok = forget(folder, name);
	close(fd);
	return ok;
}

/* What was just made is the newest, whatever the clock said before. */
static void
move_last(struct dirent **found, int n, const char *name)
{
	struct dirent *moved;
	int i = 0;

	while (i < n && strcmp(found[i]->d_name, name) != 0)
		i++;
	if (i == n)
		return;
	moved = found[i];
	for (; i < n - 1; i++)
		found[i] = found[i + 1];
	found[i] = moved;
}

/* Forget all of a kind but the newest `keep`, which `made` is one of. */
static bool
kind_forget(int folder, int (*is_kind)(const struct dirent *), size_t keep,
    const char *made, bool (*how)(int, const char *))
{
	struct dirent **found;
	int n = scandirat(folder, ".", &found, is_kind, alphasort), i;
	bool ok = n != -1;

	if (n == -1)
		out_error("the folder of the backups cannot be read: %s",
		    strerror(errno));
	else
		move_last(found, n, made);
	for (i = 0; i < n; i++) {
		if ((size_t)(n - i) > keep)
			ok = how(folder, found[i]->d_name) && ok;
		free(found[i]);
	}
	if (n != -1)
		free(found);
	return ok;
}

int
backups_forget(const char *path, const char *made, int64_t keep)
{
	const char *slash = strrchr(made, '/');
	const char *name = slash != NULL ? slash + 1 : made;
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok;

	if (folder == -1) {
		out_error("%s: %s", path, strerror(errno));
		return EX_IOERR;
	}
	ok = kind_forget(folder, is_backup, (size_t)keep, name, forget);
	ok = kind_forget(folder, is_half, 0, name, half_forget) && ok;
	close(folder);
	return ok ? EX_OK : EX_IOERR;
}
