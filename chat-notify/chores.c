/*
 * The housekeeper's work, as chores.h says.  After any failure the store is
 * closed, and opened anew before the next try.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chores.h"
#include "monotonic.h"

/* ---- the store ---- */

static void
report_text(struct chores *c, enum keeper_kind kind, const char *text)
{
	struct keeper_report r = { .kind = kind };

	snprintf(r.text, sizeof(r.text), "%s", text);
	c->report(c->arg, &r);
}

static void
notice(void *arg, const char *text)
{
	report_text(arg, KEEPER_NOTICE, text);
}

static void
lose(struct chores *c, const char *why)
{
	if (!c->unavailable)
		report_text(c, KEEPER_UNAVAILABLE, why);
	c->unavailable = true;
	chores_close(c);
}

bool
chores_open(struct chores *c)
{
	char error[KEEPER_TEXT_MAX];

	if (c->store != NULL)
		return true;
	c->options.notice = notice;
	c->options.arg = c;
	c->store = store_open(&c->options, error, sizeof(error));
	if (c->store == NULL) {
		lose(c, error);
		return false;
	}
	if (c->unavailable)
		report_text(c, KEEPER_AVAILABLE, "");
	c->unavailable = false;
	/* It may be another one, with other blocks. */
	c->blocks_due = true;
	return true;
}

void
chores_close(struct chores *c)
{
	store_close(c->store);
	c->store = NULL;
}

static bool
check(struct chores *c, enum store_result result)
{
	if (result == STORE_OK)
		return true;
	lose(c, store_error(c->store));
	return false;
}

/* ---- the dead ---- */

/* Close a session's row; *open says whether it was still open. */
static bool
row_close(struct chores *c, int64_t session, const char *socket, bool *open)
{
	enum store_result result;

	if (!chores_open(c))
		return false;
	result = store_session_end(c->store, session, socket, "died", -1);
	*open |= result == STORE_OK;
	return result == STORE_ENDED || check(c, result);
}

static void
death_report(struct chores *c, struct chores_death *d, bool done)
{
	if (!d->reported)
		c->report(c->arg,
		    &(struct keeper_report){ .kind = KEEPER_ENDED,
			.session = d->session,
			.user = d->user,
			.was_open = d->closed || !done });
	d->reported = true;
}

/* All rows first, then one sync for all of them.  False: it was no use. */
static bool
deaths_do(struct chores *c)
{
	struct chores_death *d;
	bool done = true;

	if (c->deaths == NULL)
		return true;
	for (d = c->deaths; done && d != NULL; d = d->next)
		done = row_close(c, d->session, d->socket, &d->closed);
	done = done && check(c, store_settle(c->store));
	for (d = c->deaths; d != NULL; d = d->next)
		death_report(c, d, done);
	while (done && (d = c->deaths) != NULL) {
		c->deaths = d->next;
		free(d);
	}
	return done;
}

/* ---- rows without a session ---- */

struct row {
	int64_t session, user;
	char username[USERNAME_MAX + 1];
	char socket[STORE_SOCKET_MAX + 1];
	bool alive;
};

struct rows {
	const struct chores *chores;
	struct row *list;
	size_t n, size;
};

/* The pidfds of these are watched. */
static bool
is_registered(const struct chores *c, int64_t session)
{
	size_t i = 0;

	while (i < c->nregistered && c->registered[i] != session)
		i++;
	return i < c->nregistered;
}

static bool
row_keep(void *arg, const struct store_open_session *s)
{
	struct rows *rows = arg;
	struct row *row;

	if (rows->n == rows->size) {
		rows->size = rows->size > 0 ? 2 * rows->size : 64;
		rows->list =
		    reallocarray(rows->list, rows->size, sizeof(*rows->list));
		if (rows->list == NULL)
			abort();
	}
	row = &rows->list[rows->n++];
	row->session = s->id;
	row->user = s->user_id;
	snprintf(row->username, sizeof(row->username), "%s", s->username);
	snprintf(row->socket, sizeof(row->socket), "%s", s->socket);
	row->alive = is_registered(rows->chores, s->id) ||
	    dgram_session_alive(rows->chores->registry, s->socket);
	return true;
}

static bool
has_other(const struct rows *rows, int64_t user)
{
	size_t i;

	for (i = 0; i < rows->n; i++)
		if (rows->list[i].alive && rows->list[i].user == user)
			return true;
	return false;
}

static void
sweep_do(struct chores *c)
{
	struct rows rows = { .chores = c };
	struct keeper_report r = { .kind = KEEPER_SWEPT };
	bool done, closed = false;
	size_t i;

	done = chores_open(c) &&
	    check(c, store_sessions_open(c->store, row_keep, &rows));
	for (i = 0; done && i < rows.n; i++) {
		if (rows.list[i].alive)
			continue;
		if (!(done = row_close(c, rows.list[i].session,
			  rows.list[i].socket, &closed)))
			break;
		dgram_unlink(c->registry, rows.list[i].socket);
		r.session = rows.list[i].session;
		r.user = rows.list[i].user;
		memcpy(r.username, rows.list[i].username, sizeof(r.username));
		r.elsewhere = has_other(&rows, r.user);
		c->report(c->arg, &r);
	}
	if (done && closed)
		done = check(c, store_settle(c->store));
	free(rows.list);
	c->sweep_due = !done;
}

void
chores_rows(struct chores *c)
{
	if (deaths_do(c) && c->sweep_due)
		sweep_do(c);
}

/* ---- blocks ---- */

/* One that cannot be written stays until it can. */
static bool
blocks_write(struct chores *c)
{
	struct chores_block *b;

	while ((b = c->blocks) != NULL) {
		struct store_block row = { .first = b->block.first,
			.last = b->block.last,
			.reason = b->block.reason,
			.until = b->block.until };

		if (!chores_open(c) ||
		    !check(c, store_block_add(c->store, &row)))
			return false;
		c->serial = b->block.serial;
		c->blocks_due = true;
		c->blocks = b->next;
		free(b);
	}
	return true;
}

void
chores_blocks(struct chores *c)
{
	struct keeper_report r = { .kind = KEEPER_BLOCKS };

	if (!blocks_write(c) || !c->blocks_due || !chores_open(c))
		return;
	if (!check(c, store_blocks(c->store, blocks_take, &r.blocks))) {
		blocks_free(&r.blocks);
		return;
	}
	blocks_sort(&r.blocks);
	r.serial = c->serial;
	c->blocks_due = false;
	c->report(c->arg, &r);
}

/* ---- tokens ---- */

void
chores_expire(struct chores *c)
{
	bool more;

	if (monotonic_ms() < c->expire_at || !chores_open(c) ||
	    !check(c, store_tokens_expire(c->store, &more)))
		return;
	/* The rest in the next round: others want to write as well. */
	c->expire_at = monotonic_ms() + (more ? 0 : EXPIRE_INTERVAL);
}

/* ---- checkpoints ---- */

void
chores_checkpoint(struct chores *c, bool last)
{
	struct plan_view view = { .last = last };
	struct store_checkpoint result;
	struct keeper_report r = { .kind = KEEPER_CHECKPOINT };

	if (!chores_open(c))
		return;
	view.due = store_checkpoint_due(c->store);
	view.sync_failed = store_sync_failed(c->store);
	view.wal_bytes = store_wal_bytes(c->store);
	if (!plan_checkpoint(&c->plan, &view, monotonic_ms()) ||
	    !check(c, store_checkpoint(c->store, &result)))
		return;
	r.done = result.done;
	r.wal_bytes = result.wal_bytes;
	r.pid = result.reader;
	c->report(c->arg, &r);
	if (plan_reader(&c->plan, r.pid, r.wal_bytes, monotonic_ms())) {
		r.kind = KEEPER_READER;
		c->report(c->arg, &r);
	}
}

void
chores_finish(struct chores *c)
{
	if (chores_open(c))
		check(c, store_wal_empty(c->store));
}

bool
chores_left(const struct chores *c)
{
	return c->store == NULL || c->deaths != NULL || c->blocks != NULL ||
	    c->blocks_due || c->sweep_due || store_checkpoint_due(c->store);
}
