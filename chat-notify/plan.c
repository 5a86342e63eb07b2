/*
 * The housekeeper's decisions, as plan.h says.
 */
#include "limit.h"
#include "plan.h"

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
	if (p->tried && !v->last && now - p->tried_at < CHECKPOINT_INTERVAL)
		return false;
	if (!urgent && now - p->due_since < CHECKPOINT_LAZY)
		return false;
	p->tried = true;
	p->tried_at = p->due_since = now;
	return true;
}

bool
plan_reader(struct plan *p, pid_t reader, int64_t wal_bytes, int64_t now)
{
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
