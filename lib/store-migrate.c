/*
 * The schema's version.  Each file of sql/ is a migration: the first brings
 * user_version to 1.  An older schema is brought up to this program's; a newer
 * one is used if its last migration says that this program can: it puts the
 * oldest version whose programs can go on with the new schema into meta, as
 * "compatible_since".  One that says nothing breaks with all before it.
 */
#include <stdio.h>

#include "store-internal.h"

static const char *const migrations[] = {
#include "schema.h"
};
#define NMIGRATIONS ((int)(sizeof(migrations) / sizeof(migrations[0])))

static bool
version_read(struct store *s, int64_t *version)
{
	return store_int(s, "PRAGMA user_version", 0, version);
}

/* What a program must know to use the schema that is there. */
static bool
since_read(struct store *s, int64_t version, int64_t *since)
{
	*since = version;
	/* Without a schema there is no table meta. */
	return version == 0 ||
	    store_int(s,
		"SELECT value FROM meta WHERE key = 'compatible_since'",
		version, since);
}

bool
store_schema_read(struct store *s, bool *older)
{
	int64_t version, since;

	*older = false;
	if (!version_read(s, &version))
		return false;
	*older = version < NMIGRATIONS;
	if (version <= NMIGRATIONS)
		return true;
	if (!since_read(s, version, &since))
		return false;
	if (since <= NMIGRATIONS)
		return true;
	snprintf(s->error, sizeof(s->error),
	    "%s: has schema %lld, for programs that know schema %lld or later;"
	    " this one knows %d: install a newer one, then chat-admin upgrade",
	    s->path, (long long)version, (long long)since, NMIGRATIONS);
	return false;
}

/* In a transaction.  What the last migration said, the next must say anew. */
static bool
apply(struct store *s, int64_t version)
{
	char sql[64];

	snprintf(
	    sql, sizeof(sql), "PRAGMA user_version = %d", (int)version + 1);
	return (version == 0 ||
		   store_exec(
		       s, "DELETE FROM meta WHERE key = 'compatible_since'")) &&
	    store_exec(s, migrations[version]) && store_exec(s, sql);
}

/* In a transaction, for many may try at once. */
static bool
apply_all(struct store *s, bool *breaks)
{
	int64_t version, before, after;
	bool older;

	*breaks = false;
	if (!store_schema_read(s, &older))
		return false;
	if (!older)
		return true;
	if (!version_read(s, &version) || !since_read(s, version, &before))
		return false;
	for (; version < NMIGRATIONS; version++)
		if (!apply(s, version))
			return false;
	if (!since_read(s, version, &after))
		return false;
	*breaks = after > before;
	return true;
}

bool
store_migrate(struct store *s)
{
	bool breaks;

	if (!store_exec(s, "BEGIN IMMEDIATE"))
		return false;
	if (!apply_all(s, &breaks) || !store_exec(s, "COMMIT")) {
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
		return false;
	}
	if (breaks)
		s->generation = atomic_fetch_add(&s->shared->generation, 1) + 1;
	return true;
}

bool
store_schema_update(struct store *s)
{
	bool ok, older;

	if (!store_schema_read(s, &older))
		return false;
	if (!older)
		return true;
	if (!store_lock(s, &s->shared->write))
		return false;
	ok = store_migrate(s);
	shared_unlock(&s->shared->write);
	return ok;
}
