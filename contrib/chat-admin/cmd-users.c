/*
 * users: list, remove, rename.
 */
#include <sysexits.h>

#include "admin.h"

static const char *
state_word(enum store_user_state state)
{
	switch (state) {
	case STORE_USER_REGISTERED:
		return "registered";
	case STORE_USER_LOCKED:
		return "locked";
	default:
		return "open";
	}
}

static void
user_json(void *arg, const struct store_admin_user *u)
{
	struct out_list *l = arg;

	out_json_text(&l->json, "username", u->username);
	out_json_string(&l->json, "state", state_word(u->state));
	out_json_int(&l->json, "sessions", u->sessions);
	out_json_int(&l->json, "tokens", u->tokens);
	out_json_time(&l->json, "created", u->created_at);
	out_json_time(&l->json, "seen", u->seen_at);
	out_json_end(&l->json, l->a);
}

static void
user_cells(void *arg, const struct store_admin_user *u)
{
	struct out_list *l = arg;

	out_cell(&l->table, u->username);
	out_cell_string(&l->table, state_word(u->state));
	out_cell_int(&l->table, u->sessions);
	out_cell_int(&l->table, u->tokens);
	out_cell_time(&l->table, u->created_at);
	out_cell_time(&l->table, u->seen_at);
}

int
cmd_users_list(struct admin *a)
{
	static const char *const titles[] = { "NAME", "STATE", "SESSIONS",
		"TOKENS", "CREATED", "SEEN" };
	struct out_list l;
	enum store_result result;

	out_list_begin(&l, a, 6, titles);
	result =
	    store_admin_users(a->store, a->json ? user_json : user_cells, &l);
	return out_list_end(&l, result);
}

static int
nobody(const char *name)
{
	out_error("there is no user %s: \"chat-admin users list\" tells who"
		  " there is",
	    name);
	return EX_NOUSER;
}

/* Why a user is not removed. */
static int
not_removed(
    struct admin *a, const char *name, bool freed, enum store_result result)
{
	if (result == STORE_NO_USER)
		return nobody(name);
	if (result != STORE_REFUSED)
		return out_store_error(a, result);
	out_error(freed ? "%s is not registered: there is nothing to free"
			: "%s is locked already",
	    name);
	return EX_NOUSER;
}

int
cmd_users_remove(struct admin *a)
{
	const char *name = a->args[0];
	bool freed = table_option(a, "free") != NULL;
	struct buf ending = { 0 };
	struct store_admin_user user;
	enum store_result result;
	int status;

	if (!read_username(name))
		return EX_DATAERR;
	if (!read_no_server(name))
		return EX_NOPERM;
	result = store_admin_user_removable(a->store, name, freed, &user);
	if (result != STORE_OK)
		return not_removed(a, name, freed, result);
	status = ask_first(a,
	    freed ? "User %s loses password and tokens, is disconnected, and"
		    " anybody may take the name.  Messages stay."
		  : "User %s loses password and tokens, is disconnected, and"
		    " nobody gets in with that name.  Messages stay.",
	    name);
	if (status != EX_OK)
		return status;
	result =
	    store_admin_user_remove(a->store, name, freed, ending_add, &ending);
	if (result == STORE_OK)
		out_line(a,
		    freed ? "%s is nobody's name any more" : "%s is locked",
		    name);
	else
		status = not_removed(a, name, freed, result);
	if (result == STORE_OK && ending_finish(&ending, a) > 0)
		status = EX_TEMPFAIL;
	buf_free(&ending);
	return status;
}

int
cmd_users_rename(struct admin *a)
{
	const char *from = a->args[0], *to = a->args[1];
	struct buf ending = { 0 };
	enum store_result result;
	int status = EX_OK;

	if (!read_username(from) || !read_username(to))
		return EX_DATAERR;
	if (!read_no_server(from) || !read_no_server(to))
		return EX_NOPERM;
	result =
	    store_admin_user_rename(a->store, from, to, ending_add, &ending);
	switch (result) {
	case STORE_OK:
		out_line(a, "%s is called %s now", from, to);
		break;
	case STORE_NO_USER:
		status = nobody(from);
		break;
	case STORE_TAKEN:
		out_error(
		    "%s is, or was, somebody else: give another name", to);
		status = EX_CANTCREAT;
		break;
	default:
		status = out_store_error(a, result);
		break;
	}
	if (result == STORE_OK && ending_finish(&ending, a) > 0)
		status = EX_TEMPFAIL;
	buf_free(&ending);
	return status;
}
