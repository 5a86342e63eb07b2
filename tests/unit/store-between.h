/*
 * Between SQLite and the disk: its default VFS hands out files whose methods a
 * test of the store replaces by its own.  Included once, after "store-test.h".
 */
#ifndef STORE_BETWEEN_H
#define STORE_BETWEEN_H

#define METHODS_MAX 8 /* kinds of files SQLite may have */

/* SQLITE_OPEN_MAIN_DB and the like. */
#define BETWEEN_TYPES (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)

static sqlite3_vfs *disk, between;
static struct between_kind {
	const sqlite3_io_methods *real;
	sqlite3_io_methods ours;
	int type; /* SQLITE_OPEN_MAIN_DB, SQLITE_OPEN_WAL, or 0: another */
} kinds[METHODS_MAX];

/* Puts the test's own methods in place of some. */
static void (*between_replace)(sqlite3_io_methods *);

static const struct between_kind *
kind_of(const sqlite3_file *f)
{
	int i;

	for (i = 0; i < METHODS_MAX; i++)
		if (f->pMethods == &kinds[i].ours)
			return &kinds[i];
	abort();
}

static int
between_open(
    sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
	int rc = disk->xOpen(disk, name, f, flags, out), i;
	int type = flags & BETWEEN_TYPES;

	(void)vfs;
	if (rc != SQLITE_OK || f->pMethods == NULL)
		return rc;
	for (i = 0; kinds[i].real != NULL; i++)
		if (kinds[i].real == f->pMethods && kinds[i].type == type)
			break;
	assert_true(i < METHODS_MAX - 1);
	if (kinds[i].real == NULL) {
		kinds[i].real = f->pMethods;
		kinds[i].ours = *f->pMethods;
		between_replace(&kinds[i].ours);
		kinds[i].type = type;
	}
	f->pMethods = &kinds[i].ours;
	return rc;
}

/* From now on SQLite opens its files here. */
static int
between_step(void (*replace)(sqlite3_io_methods *))
{
	disk = sqlite3_vfs_find(NULL);
	between = *disk;
	between.zName = "between";
	between.xOpen = between_open;
	between_replace = replace;
	return sqlite3_vfs_register(&between, 1) == SQLITE_OK ? 0 : -1;
}

#endif
