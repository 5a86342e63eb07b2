/*
 * A disk whose power can be cut, between SQLite and the true one: what is
 * written to the database or its WAL is pending until that file is synced.
 * After a cut there is what was synced and, of what was pending, some sectors
 * and not others; the index of the WAL and the shared page are lost.  Included
 * once, after "store-test.h" and "store-between.h".
 */
#ifndef STORE_DISK_H
#define STORE_DISK_H

#include <sys/stat.h>

#include <fcntl.h>

#define SECTOR 512

/* ---- chance ---- */

static uint64_t seed;

/* 0 to n - 1 (xorshift64*). */
static unsigned
chance(unsigned n)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (unsigned)((seed * 0x2545F4914F6CDD1DULL) >> 33) % n;
}

/* ---- the disk ---- */

enum file { DB, WAL, FILES };

static const char *const suffix[FILES] = { "", "-wal" };

static struct content {
	unsigned char *data;
	size_t len;
} durable[FILES];

/* In the order they came. */
struct pending {
	enum file file;
	bool length; /* the file is cut or made that long: offset */
	size_t offset, len;
	unsigned char *data;
};
static struct pending *pending;
static size_t npending, pending_size;

static bool recording; /* and so the power can be cut */
static bool off;       /* it was */
static bool sync_lies; /* syncs do nothing and say that they did */
static unsigned torn, syncs;
static sqlite3_int64 wal_pretends; /* size of the WAL, 0: the true one */

static void
content_size(struct content *c, size_t len)
{
	c->data = realloc(c->data, len > 0 ? len : 1);
	assert_non_null(c->data);
	if (len > c->len)
		memset(c->data + c->len, 0, len - c->len);
	c->len = len;
}

static void
content_write(struct content *c, size_t at, const void *data, size_t len)
{
	if (at + len > c->len)
		content_size(c, at + len);
	memcpy(c->data + at, data, len);
}

/* Each sector of a write by itself, so many of a hundred (0: none). */
static void
survive(const struct pending *w, unsigned percent)
{
	size_t at = 0, n, kept = 0;

	if (w->length) {
		if (chance(100) < percent)
			content_size(&durable[w->file], w->offset);
		return;
	}
	for (; at < w->len; at += n) {
		n = SECTOR - (w->offset + at) % SECTOR;
		if (n > w->len - at)
			n = w->len - at;
		if (chance(100) >= percent)
			continue;
		content_write(
		    &durable[w->file], w->offset + at, w->data + at, n);
		kept += n;
	}
	torn += kept > 0 && kept < w->len;
}

/* Make what is pending for these files durable, or forget all (files NULL). */
static void
pending_settle(const bool files[FILES])
{
	size_t i, left = 0;

	for (i = 0; i < npending; i++) {
		if (files != NULL && !files[pending[i].file]) {
			pending[left++] = pending[i];
			continue;
		}
		if (files != NULL)
			survive(&pending[i], 100);
		free(pending[i].data);
	}
	npending = left;
}

static void
pending_add(
    enum file file, bool length, size_t offset, const void *data, size_t len)
{
	struct pending *w;

	if (npending == pending_size) {
		pending_size = pending_size > 0 ? 2 * pending_size : 256;
		pending = realloc(pending, pending_size * sizeof(*pending));
		assert_non_null(pending);
	}
	w = &pending[npending++];
	*w = (struct pending){ file, length, offset, len, NULL };
	if (len > 0) {
		assert_non_null(w->data = malloc(len));
		memcpy(w->data, data, len);
	}
}

/* Of what is pending, this remains: all, nothing, the first, some. */
static void
power_cut(void)
{
	unsigned percent[FILES] = { 100, 100 };
	size_t i, first = npending;

	switch (chance(5)) {
	case 0:
		first = 0;
		break;
	case 1:
		first = chance((unsigned)npending + 1);
		break;
	case 2:
		percent[chance(FILES)] = 0;
		break;
	case 3:
		percent[DB] = chance(101);
		percent[WAL] = chance(101);
		break;
	}
	for (i = 0; i < first; i++)
		survive(&pending[i], percent[pending[i].file]);
	pending_settle(NULL);
	off = true;
	recording = false;
}

/* Called for each operation on these files.  False: there is no power. */
static bool tick(void);

static enum file
file_of(const sqlite3_file *f)
{
	return kind_of(f)->type == SQLITE_OPEN_WAL ? WAL : DB;
}

static bool
is_watched(const sqlite3_file *f)
{
	return kind_of(f)->type != 0;
}

static int
our_write(sqlite3_file *f, const void *data, int len, sqlite3_int64 offset)
{
	if (is_watched(f)) {
		if (recording)
			pending_add(file_of(f), false, (size_t)offset, data,
			    (size_t)len);
		if (!tick())
			return SQLITE_IOERR_WRITE;
	}
	return kind_of(f)->real->xWrite(f, data, len, offset);
}

static int
our_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	if (is_watched(f)) {
		if (recording)
			pending_add(file_of(f), true, (size_t)size, NULL, 0);
		if (!tick())
			return SQLITE_IOERR_TRUNCATE;
	}
	return kind_of(f)->real->xTruncate(f, size);
}

/* What is pending when it begins is on disk when it ends, be it with luck. */
static int
our_sync(sqlite3_file *f, int flags)
{
	bool files[FILES] = { false };

	(void)flags;
	if (!is_watched(f))
		return SQLITE_OK;
	syncs++;
	if (!tick())
		return SQLITE_IOERR_FSYNC;
	if (recording && !sync_lies) {
		files[file_of(f)] = true;
		pending_settle(files);
	}
	return tick() ? SQLITE_OK : SQLITE_IOERR_FSYNC;
}

static int
our_size(sqlite3_file *f, sqlite3_int64 *size)
{
	if (kind_of(f)->type == SQLITE_OPEN_WAL && wal_pretends != 0) {
		*size = wal_pretends;
		return SQLITE_OK;
	}
	return kind_of(f)->real->xFileSize(f, size);
}

static void
replace(sqlite3_io_methods *m)
{
	m->xWrite = our_write;
	m->xTruncate = our_truncate;
	m->xSync = our_sync;
	m->xFileSize = our_size;
}

/* Who waits for a reader waits in vain, but not for long. */
static int
our_sleep(sqlite3_vfs *vfs, int us)
{
	(void)vfs;
	return us;
}

static int
step_between(void **state)
{
	int rc = between_step(replace);

	(void)state;
	between.xSleep = our_sleep;
	return rc;
}

static void
path_of(char path[96], const char *end)
{
	snprintf(path, 96, "%s%s", db_path, end);
}

/* The files are as the disk has them; nothing else outlived the cut. */
static void
files_restore(void)
{
	static const char *const lost[] = { "-shm", "-journal" };
	char path[96];
	size_t i;
	int fd;

	for (i = 0; i < 2; i++) {
		path_of(path, lost[i]);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/" SHARED_FILE, place);
	unlink(path);
	for (i = 0; i < FILES; i++) {
		path_of(path, suffix[i]);
		unlink(path);
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		assert_true(fd != -1);
		assert_int_equal(write(fd, durable[i].data, durable[i].len),
		    (ssize_t)durable[i].len);
		close(fd);
	}
	off = false;
}

/* The disk is as the files are. */
static void
files_keep(void)
{
	char path[96];
	struct stat st;
	size_t i;
	int fd;

	for (i = 0; i < FILES; i++) {
		path_of(path, suffix[i]);
		assert_true((fd = open(path, O_RDONLY | O_CLOEXEC)) != -1);
		assert_int_equal(fstat(fd, &st), 0);
		content_size(&durable[i], (size_t)st.st_size);
		assert_int_equal(
		    read(fd, durable[i].data, durable[i].len), st.st_size);
		close(fd);
	}
}

#endif
