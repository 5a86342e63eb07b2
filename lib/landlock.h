/*
 * Landlock: which files and networks are out of a session's reach
 * (docs/SANDBOX.md).
 */
#ifndef LANDLOCK_H
#define LANDLOCK_H

#include <sys/types.h>

#include <stdbool.h>

/* That of the kernel; 0: it has none; -1 with errno set. */
int landlock_version(void);
/*
 * All that version can take away is, but for what a session needs: the
 * directories of the database and of the registry (which need not exist; NULL:
 * neither), its own program, some files.  Sets SQLITE_TMPDIR to one of them.
 * Returns a descriptor, to be closed, or -1 with errno set.
 */
int landlock_rules(int version, const char *db, const char *runtime_dir);
/* The directories that rules for the same two would be about, 0: none there. */
struct landlock_places {
	dev_t db_device, runtime_device;
	ino_t db, runtime;
};
struct landlock_places landlock_places(const char *db, const char *runtime_dir);
bool landlock_places_equal(
    const struct landlock_places *, const struct landlock_places *);
/* Live by them, for good.  False with errno set. */
bool landlock_enter(int rules);

#endif
