/*
 * What a session may do with files and networks, as rules for Landlock: see
 * landlock.h.  Called by the sandbox alone.
 */
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "landlock.h"

/* What linux/landlock.h of an older system may lack. */
#define FS_TRUNCATE	    (1ULL << 14) /* version 3 */
#define FS_IOCTL_DEV	    (1ULL << 15) /* version 5 */
#define NET_BIND_TCP	    (1ULL << 0)	 /* version 4 */
#define NET_CONNECT_TCP	    (1ULL << 1)
#define SCOPE_ABSTRACT_UNIX (1ULL << 0) /* version 6 */

/* All that landlock_create_ruleset(2) takes; less of it in older versions. */
struct ruleset {
	uint64_t fs, net, scoped;
};

#define READ	LANDLOCK_ACCESS_FS_READ_FILE
#define EXECUTE LANDLOCK_ACCESS_FS_EXECUTE
#define WRITE \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | \
	    LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
	    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | \
	    FS_TRUNCATE)

struct rules {
	int fd;
	uint64_t handled; /* rights that are taken away where no rule is */
	bool ok;
	char library[PATH_MAX]; /* directory of the last one */
};

static void
rule_add_fd(struct rules *r, int fd, uint64_t rights)
{
	struct landlock_path_beneath_attr rule = { .parent_fd = fd,
		.allowed_access = rights & r->handled };

	if (syscall(SYS_landlock_add_rule, r->fd, LANDLOCK_RULE_PATH_BENEATH,
		&rule, 0) == -1)
		r->ok = false;
}

/* What is not there needs no rule. */
static void
rule_add(struct rules *r, const char *path, uint64_t rights)
{
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd == -1)
		return;
	rule_add_fd(r, fd, rights);
	close(fd);
}

/* Cut the last name off: "/a/b" becomes "/a", "/a" "/", "a" ".". */
static void
path_cut(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash == NULL)
		strcpy(path, ".");
	else if (slash == path)
		path[1] = '\0';
	else
		*slash = '\0';
}

/* A directory that is there: this one, or its nearest ancestor. */
static int
directory_open(char *path)
{
	int fd;

	while ((fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC)) == -1 &&
	    errno == ENOENT && strcmp(path, "/") != 0 && strcmp(path, ".") != 0)
		path_cut(path);
	return fd;
}

static bool
is_root(const struct stat *st)
{
	struct stat root;

	return stat("/", &root) == 0 && root.st_dev == st->st_dev &&
	    root.st_ino == st->st_ino;
}

/*
 * Allow to write in a directory.  A rule belongs to the directory, not to its
 * path: one that is removed and made anew would be out of reach, so the rule
 * is put on its parent, where that gives nothing away: not on /, nor on what
 * everybody shares, as /tmp.  With `foreign`, only where the permissions of
 * files let us make nothing anyway, as in /var/lib.
 */
static void
rule_add_place(struct rules *r, char *path, bool foreign)
{
	int fd = directory_open(path), parent;
	struct stat st;

	if (fd == -1 || fstat(fd, &st) == -1 || is_root(&st))
		goto out;
	rule_add_fd(r, fd, WRITE);
	parent = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (parent == -1)
		goto out;
	if (fstat(parent, &st) == 0 && !(st.st_mode & S_ISVTX) &&
	    !is_root(&st) &&
	    !(foreign && faccessat(fd, "..", W_OK, AT_EACCESS) == 0))
		rule_add_fd(r, parent, WRITE);
	close(parent);
out:
	if (fd != -1)
		close(fd);
}

/*
 * Libraries are read, which suffices to map them; the loader is executed, for
 * our own program run anew.  It is a link to one that lies with the others, and
 * an upgrade puts another file there: so all in their directories may be, which
 * gives nothing away, as the loader would run what may be read.
 */
static int
rule_add_library(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct rules *r = arg;
	char path[PATH_MAX];

	(void)size;
	if (*info->dlpi_name != '/' || strlen(info->dlpi_name) >= sizeof(path))
		return 0;
	if (info->dlpi_addr == getauxval(AT_BASE)) {
		rule_add(r, info->dlpi_name, READ | EXECUTE);
		return 0;
	}
	strcpy(path, info->dlpi_name);
	path_cut(path);
	if (strcmp(path, r->library) != 0)
		rule_add(r, path, READ | EXECUTE);
	strcpy(r->library, path);
	return 0;
}

/* The directory, since an upgrade puts another file there. */
static void
rule_add_program(struct rules *r)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n <= 0)
		return;
	path[n] = '\0';
	path_cut(path);
	rule_add(r, path, READ | EXECUTE);
}

/* The directory that the database is in, wherever links lead. */
static bool
database_place(char path[PATH_MAX], const char *db)
{
	if (realpath(db, path) == NULL) {
		if (strlen(db) >= PATH_MAX)
			return false;
		strcpy(path, db);
	}
	path_cut(path);
	return true;
}

static void
rule_add_database(struct rules *r, const char *db)
{
	char path[PATH_MAX];

	if (!database_place(path, db))
		return;
	rule_add_place(r, path, true);
	/* Where SQLite may put its temporary files, should it need any. */
	setenv("SQLITE_TMPDIR", path, 1);
}

static void
rules_add(struct rules *r, const char *db, const char *runtime_dir)
{
	char path[PATH_MAX];

	if (db != NULL)
		rule_add_database(r, db);
	if (runtime_dir != NULL && strlen(runtime_dir) < sizeof(path)) {
		strcpy(path, runtime_dir);
		rule_add_place(r, path, false);
	}
	rule_add_program(r);
	dl_iterate_phdr(rule_add_library, r);
	rule_add(r, "/etc/ld.so.cache", READ);
	/* The boot's id, whether the holder of a lock is stopped, processors. */
	rule_add(r, "/proc", READ);
	rule_add(r, "/dev/null", READ | LANDLOCK_ACCESS_FS_WRITE_FILE);
	rule_add(r, "/dev/urandom", READ);
#ifdef SANDBOX_INSTRUMENTED /* reports and profiles are written anywhere */
	rule_add(r, "/", r->handled);
#endif
}

/* All rights that this version of Landlock can take away. */
static struct ruleset
ruleset_of(int version)
{
	struct ruleset rs = { .fs = LANDLOCK_ACCESS_FS_MAKE_SYM * 2 - 1 };

	if (version >= 2)
		rs.fs |= LANDLOCK_ACCESS_FS_REFER;
	if (version >= 3)
		rs.fs |= FS_TRUNCATE;
	if (version >= 4)
		rs.net = NET_BIND_TCP | NET_CONNECT_TCP;
	if (version >= 5)
		rs.fs |= FS_IOCTL_DEV;
	/* Not signals: a stopped holder of the lock has to be ended. */
	if (version >= 6)
		rs.scoped = SCOPE_ABSTRACT_UNIX;
	return rs;
}

int
landlock_version(void)
{
	int version = (int)syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);

	if (version > 0)
		return version;
	return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -1;
}

int
landlock_rules(int version, const char *db, const char *runtime_dir)
{
	struct ruleset rs = ruleset_of(version);
	struct rules r = { .handled = rs.fs, .ok = true };
	int error;

	r.fd = (int)syscall(SYS_landlock_create_ruleset, &rs, sizeof(rs), 0);
	if (r.fd == -1)
		return -1;
	rules_add(&r, db, runtime_dir);
	if (r.ok)
		return r.fd;
	error = errno;
	close(r.fd);
	errno = error;
	return -1;
}

struct landlock_places
landlock_places(const char *db, const char *runtime_dir)
{
	struct landlock_places p = { .db = 0 };
	char path[PATH_MAX];
	struct stat st;

	if (database_place(path, db) && stat(path, &st) == 0) {
		p.db_device = st.st_dev;
		p.db = st.st_ino;
	}
	if (stat(runtime_dir, &st) == 0) {
		p.runtime_device = st.st_dev;
		p.runtime = st.st_ino;
	}
	return p;
}

bool
landlock_places_equal(
    const struct landlock_places *a, const struct landlock_places *b)
{
	return a->db == b->db && a->db_device == b->db_device &&
	    a->runtime == b->runtime && a->runtime_device == b->runtime_device;
}

bool
landlock_enter(int rules)
{
	return syscall(SYS_landlock_restrict_self, rules, 0) == 0;
}
