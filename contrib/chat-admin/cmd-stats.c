/*
 * stats: how much there is of what.
 */
#include "admin.h"

int
cmd_stats(struct admin *a)
{
	static const char *const titles[] = { "WHAT", "HOW MANY" };
	struct store_stats s;
	const struct {
		const char *key, *title;
		const int64_t *value;
	} numbers[] = {
		{ "users", "users", &s.users },
		{ "registered", "  registered", &s.registered },
		{ "locked", "  locked", &s.locked },
		{ "online", "  online", &s.online },
		{ "sessions", "open sessions", &s.sessions },
		{ "messages", "messages", &s.messages },
		{ "messages_today", "  of the last 24 hours", &s.today },
		{ "oldest_id", "  first id", &s.oldest },
		{ "last_id", "  last id", &s.last },
		{ "position", "position of the log", &s.position },
		{ "tokens", "valid tokens", &s.tokens },
		{ "invites", "valid invitations", &s.invites },
		{ "blocks", "valid blocks", &s.blocks },
		{ "bytes", "bytes of the database", &s.bytes },
		{ "free_bytes", "  free in it", &s.free_bytes },
		{ "wal_bytes", "  of its write-ahead log", &s.wal_bytes },
		{ "commits", "transactions since the boot", &s.commits },
	};
	enum store_result result = store_admin_stats(a->store, &s);
	struct out_list l;
	size_t i;

	if (result != STORE_OK)
		return out_store_error(a, result);
	out_list_begin(&l, a, 2, titles);
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (a->json) {
			out_json_int(
			    &l.json, numbers[i].key, *numbers[i].value);
			continue;
		}
		out_cell_string(&l.table, numbers[i].title);
		out_cell_int(&l.table, *numbers[i].value);
	}
	if (a->json)
		out_json_end(&l.json, a);
	return out_list_end(&l, result);
}
