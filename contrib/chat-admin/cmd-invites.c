/*
 * invites: add, list, remove.  Only the hash of a code is kept, so the code is
 * shown when it is made and never again.
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "admin.h"
#include "secret.h"
#include "store.h"
#include "text.h"

#define CODE_BYTES 16 /* of an invitation's code, written in hexadecimal */

/* What the options say.  EX_OK or EX_USAGE (told). */
static int
invite_read(
    struct admin *a, struct store_admin_invite *invite, struct buf *note)
{
	const char *uses = table_option(a, "uses"),
		   *expires = table_option(a, "expires"),
		   *text = table_option(a, "note");
	int64_t ms = (int64_t)INVITE_DAYS * 86400 * 1000;

	invite->uses_left = 1;
	if ((uses != NULL &&
		!read_number(
		    uses, "--uses", INVITE_USES_MAX, &invite->uses_left)) ||
	    (expires != NULL && !read_duration(expires, "--expires", &ms)) ||
	    (text != NULL && !read_text(note, text, "--note", REASON_MAX)))
		return EX_USAGE;
	buf_add(note, "", 1);
	invite->note.s = buf_head(note);
	invite->expires_at = store_now() + ms;
	return EX_OK;
}

int
cmd_invites_add(struct admin *a)
{
	struct store_admin_invite invite = { 0 };
	unsigned char hash[STORE_HASH_LEN];
	char code[2 * CODE_BYTES + 1], until[TIMESTAMP_LEN + 1];
	struct out_json json = { 0 };
	enum store_result result = STORE_OK;
	struct buf note = { 0 };
	int64_t id;
	int status = invite_read(a, &invite, &note);

	if (status == EX_OK) {
		secret_make(code, 2 * CODE_BYTES);
		secret_hash(hash, code);
		result = store_admin_invite_add(a->store, hash, &invite, &id);
		if (result != STORE_OK)
			status = out_store_error(a, result);
	}
	buf_free(&note);
	if (status != EX_OK)
		return status;
	if (a->json) {
		out_json_int(&json, "id", id);
		out_json_string(&json, "code", code);
		out_json_int(&json, "uses", invite.uses_left);
		out_json_time(&json, "expires", invite.expires_at);
		out_json_end(&json, a);
		buf_free(&json.line);
	} else {
		text_timestamp(until, invite.expires_at);
		out_error("invitation %lld, for %lld to register until %s."
			  "  This code is shown only now:",
		    (long long)id, (long long)invite.uses_left, until);
		out_line(a, "%s", code);
	}
	explicit_bzero(code, sizeof(code));
	return EX_OK;
}

static void
invite_json(void *arg, const struct store_admin_invite *i)
{
	struct out_list *l = arg;

	out_json_int(&l->json, "id", i->id);
	out_json_int(&l->json, "uses", i->uses_left);
	out_json_time(&l->json, "created", i->created_at);
	out_json_time(&l->json, "expires", i->expires_at);
	out_json_bool(
	    &l->json, "valid", i->uses_left > 0 && i->expires_at > store_now());
	out_json_text(&l->json, "note", i->note);
	out_json_end(&l->json, l->a);
}

static void
invite_cells(void *arg, const struct store_admin_invite *i)
{
	struct out_list *l = arg;
	bool valid = i->uses_left > 0 && i->expires_at > store_now();

	out_cell_int(&l->table, i->id);
	out_cell_int(&l->table, i->uses_left);
	out_cell_string(&l->table, valid ? "yes" : "no");
	out_cell_time(&l->table, i->created_at);
	out_cell_time(&l->table, i->expires_at);
	out_cell(&l->table, i->note);
}

int
cmd_invites_list(struct admin *a)
{
	static const char *const titles[] = { "ID", "USES", "VALID", "CREATED",
		"EXPIRES", "NOTE" };
	struct out_list l;
	enum store_result result;

	out_list_begin(&l, a, 6, titles);
	result = store_admin_invites(
	    a->store, a->json ? invite_json : invite_cells, &l);
	return out_list_end(&l, result);
}

/* An invitation that is looked for. */
struct search {
	int64_t id;
	bool found;
};

static void
invite_compare(void *arg, const struct store_admin_invite *i)
{
	struct search *search = arg;

	search->found |= i->id == search->id;
}

static int
no_invite(int64_t id)
{
	out_error("there is no invitation %lld: \"chat-admin invites list\""
		  " tells which there are",
	    (long long)id);
	return EX_NOUSER;
}

int
cmd_invites_remove(struct admin *a)
{
	struct search search = { .found = false };
	enum store_result result;
	bool found = false;
	int64_t id;
	int status;

	if (!read_number(a->args[0], "ID", INT64_MAX, &id))
		return EX_USAGE;
	search.id = id;
	result = store_admin_invites(a->store, invite_compare, &search);
	if (result != STORE_OK)
		return out_store_error(a, result);
	if (!search.found)
		return no_invite(id);
	status = ask_first(a,
	    "Nobody will be able to register with invitation %lld any more.",
	    (long long)id);
	if (status != EX_OK)
		return status;
	result = store_admin_invite_remove(a->store, id, &found);
	if (result != STORE_OK)
		return out_store_error(a, result);
	if (!found)
		return no_invite(id);
	out_line(a, "invitation %lld is removed", (long long)id);
	return EX_OK;
}
