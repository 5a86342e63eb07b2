/*
 * The housekeeper's decisions, as plan.h says.
 */
#include "limit.h"
#include "plan.h"

static int64_t
pause_now(const struct plan *p, const struct plan_view *v)
{
	if (v->sync_failed || v->wal_bytes > PLAN_PINNED_BYTES ||
	    p->pause < CHECKPOINT_INTERVAL)
		return CHECKPOINT_INTERVAL;
	return p->pause;
}

bool
plan_checkpoint(struct plan *p, const struct plan_view *v, int64_t now)
{
	bool urgent =
	    v->sync_failed || v->last || v->wal_bytes >= CHECKPOINT_BYTES;

	if (!v->due) {
		p->due_since = 0;
		return false;
	}
	if (p->due_since == 0)
		p->due_since = now;
	if (p->tried && !v->last && now - p->tried_at < pause_now(p, v))
		return false;
	if (!urgent && now - p->due_since < CHECKPOINT_LAZY)
		return false;
	p->tried = true;
	p->tried_at = p->due_since = now;
	return true;
}

/* Twice as long each time, up to a limit. */
static int64_t
pause_next(const struct plan *p, pid_t reader)
{
	if (reader == 0)
		return 0;
	if (p->pause == 0)
		return 2 * CHECKPOINT_INTERVAL;
	return 2 * p->pause < CHECKPOINT_PINNED ? 2 * p->pause
						: CHECKPOINT_PINNED;
}

bool
plan_reader(struct plan *p, pid_t reader, int64_t wal_bytes, int64_t now)
{
	p->pause = pause_next(p, reader);
	if (reader == 0 || wal_bytes <= PLAN_PINNED_BYTES) {
		p->reader = 0;
		return false;
	}
	if (reader != p->reader) {
		p->reader = reader;
		p->reader_since = now;
		return false;
	}
	if (now - p->reader_since < READER_STOPPED)
		return false;
	p->reader_since = now;
	return true;
}
