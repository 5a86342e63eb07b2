/*
 * Goes through the registry's directory, as rollcall.h says.
 */
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "rollcall.h"

#define FRESH 2 /* seconds; bind(2) makes a file before it answers */

bool
rollcall_begin(struct rollcall *r, int dirfd)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		return false;
	r->fd = dirfd;
	r->asked = 0;
	if ((r->dir = fdopendir(fd)) != NULL)
		return true;
	close(fd);
	return false;
}

void
rollcall_end(struct rollcall *r)
{
	if (r->dir != NULL)
		closedir(r->dir);
	r->dir = NULL;
}

static bool
is_fresh(int dirfd, const char *name)
{
	struct stat st;

	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    time(NULL) - st.st_mtime < FRESH;
}

static void
ask(struct rollcall *r, const char *name)
{
	struct dgram_head head = { .version = DGRAM_VERSION,
		.type = DGRAM_WHO };
	int fd = dgram_session_connect(r->registry, name);

	if (fd != -1) {
		/* One whose queue is full finds out by itself. */
		if (!r->quiet &&
		    send(fd, &head, sizeof(head),
			MSG_DONTWAIT | MSG_NOSIGNAL) != -1)
			r->asked++;
		close(fd);
	} else if (errno == ECONNREFUSED && !is_fresh(r->fd, name)) {
		dgram_unlink(r->registry, name);
	}
}

bool
rollcall_step(struct rollcall *r)
{
	struct dirent *entry = NULL;
	int asked = 0;

	while (r->dir != NULL && asked < ROLLCALL_STEP &&
	    (entry = readdir(r->dir)) != NULL) {
		if (!dgram_is_name(entry->d_name) ||
		    r->here(r->arg, entry->d_name))
			continue;
		ask(r, entry->d_name);
		asked++;
	}
	if (entry == NULL)
		rollcall_end(r);
	return r->dir != NULL;
}
