/*
 * What the unit tests of the store share: a place of its own for each test,
 * people who log in and say something, and a look at the file from outside.
 * Included once by each of them, after <cmocka.h>.
 */
#ifndef STORE_TEST_H
#define STORE_TEST_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store-internal.h"
#include "temp.h"

#define UNUSED __attribute__((unused))

static char place[64], db_path[80];

/* The sessions that answer: their sockets, with blanks around. */
static const char *answering;
static char asked[64]; /* which one was asked for last */

/* What the last store was told of, for tests that look at it. */
static char noticed[1024];

static UNUSED int
place_make(void **state)
{
	(void)state;
	temp_name(place, sizeof(place));
	if (mkdtemp(place) == NULL)
		return -1;
	snprintf(db_path, sizeof(db_path), "%s/chat.db", place);
	noticed[0] = '\0';
	answering = "";
	return 0;
}

static UNUSED int
place_remove(void **state)
{
	struct dirent *e;
	DIR *d = opendir(place);

	(void)state;
	if (d == NULL)
		return -1;
	while ((e = readdir(d)) != NULL)
		unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	return rmdir(place);
}

static UNUSED void
notice(void *arg, const char *text)
{
	(void)arg;
	snprintf(noticed + strlen(noticed), sizeof(noticed) - strlen(noticed),
	    "%s\n", text);
}

static UNUSED struct store *
try_open(bool full, char error[512])
{
	struct store_options o = { .path = db_path,
		.runtime_dir = place,
		.full = full,
		.notice = notice };

	error[0] = '\0';
	return store_open(&o, error, 512);
}

/* Works in a child process as well: failing ends it with a status. */
static UNUSED struct store *
open_store(bool full)
{
	char error[512];
	struct store *s = try_open(full, error);

	if (s == NULL)
		fail_msg("%s", error);
	return s;
}

/* ---- looking at the file without the store ---- */

static UNUSED void
sql(const char *text)
{
	char *error = NULL;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(db_path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 5000);
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_exec(db, text, NULL, NULL, &error);
	if (error != NULL)
		fail_msg("%s: %s", text, error);
	sqlite3_close(db);
}

static UNUSED int64_t
sql_int(const char *text)
{
	sqlite3_stmt *st;
	sqlite3 *db;
	int64_t value;

	assert_int_equal(sqlite3_open(db_path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 5000);
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	assert_int_equal(
	    sqlite3_prepare_v2(db, text, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	value = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return value;
}

/* ---- people ---- */

static UNUSED bool
alive(void *arg, const char *socket)
{
	char word[64];

	(void)arg;
	snprintf(asked, sizeof(asked), "%s", socket);
	snprintf(word, sizeof(word), " %s ", socket);
	return strstr(answering, word) != NULL;
}

static UNUSED void
secret_of(unsigned char hash[STORE_HASH_LEN], const char *word)
{
	memset(hash, 0, STORE_HASH_LEN);
	memcpy(hash, word, strlen(word));
}

/* Log in; proof and secret are words (proof may be NULL). */
static UNUSED enum store_result
login(struct store *s, const char *name, const char *socket, const char *proof,
    const char *secret, struct store_session *out)
{
	unsigned char p[STORE_HASH_LEN], n[STORE_HASH_LEN];
	struct store_login in = { .username = name,
		.secret = n,
		.socket = socket,
		.peer = "pipe",
		.pid = getpid(),
		.alive = alive };

	secret_of(n, secret);
	if (proof != NULL) {
		secret_of(p, proof);
		in.proof = p;
	}
	return store_session_begin(s, &in, out);
}

/* The socket is called as the user, the secret as well. */
static UNUSED struct store_session
login_ok(struct store *s, const char *name)
{
	struct store_session me;

	if (login(s, name, name, NULL, name, &me) != STORE_OK)
		fail_msg("%s: %s", name, store_error(s));
	return me;
}

static UNUSED enum store_result
send_one(struct store *s, const struct store_session *me, const char *to,
    const char *ref, const char *body, struct store_sent *sent)
{
	struct store_item item = { .in = { .to = to,
				       .ref = ref,
				       .body = body,
				       .body_len = strlen(body) } };
	enum store_result result;
	int64_t before;

	if ((result = store_messages_send(s, me, &item, 1, &before)) !=
	    STORE_OK)
		return result;
	if (item.result == STORE_OK)
		*sent = item.sent;
	return item.result;
}

/* Returns the id. */
static UNUSED int64_t
say(struct store *s, const struct store_session *me, const char *to,
    const char *body)
{
	struct store_sent sent = { 0 };

	if (send_one(s, me, to, NULL, body, &sent) != STORE_OK)
		fail_msg("%s: %s", body, store_error(s));
	return sent.id;
}

/* ---- what was read ---- */

/* Bodies in the order they came, each followed by a blank. */
struct heard {
	char text[65536];
	int count, stop; /* stop after so many, 0: never */
	int64_t last;
};

static UNUSED bool
hear(void *arg, const struct store_message *m)
{
	struct heard *h = arg;
	size_t n = strlen(h->text);

	assert_true(n + m->body_len + 2 < sizeof(h->text));
	memcpy(h->text + n, m->body, m->body_len);
	strcpy(h->text + n + m->body_len, " ");
	h->count++;
	h->last = m->id;
	return h->count != h->stop;
}

/* All that a session with this view gets to hear, over as many calls. */
static UNUSED const char *
catch_up(struct store *s, struct store_view *view)
{
	static struct heard h;
	int64_t limit = store_position(s);

	memset(&h, 0, sizeof(h));
	while (view->position < limit)
		assert_int_equal(
		    store_catch_up(s, view, limit, hear, &h), STORE_OK);
	return h.text;
}

#endif
