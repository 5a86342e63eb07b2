/*
 * blocks: list, add, remove, why.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <time.h>

#include "admin.h"
#include "limit.h"
#include "monotonic.h"
#include "store.h"
#include "text.h"

/* Lowest and highest address as a network, or as two addresses. */
static void
network_text(char out[2 * NET_TEXT_MAX + 1], const struct store_admin_block *b)
{
	char last[NET_TEXT_MAX];
	struct net net = { .addr = b->first };
	struct net_addr end;
	unsigned int bits = 8 * NET_ADDR_LEN + 1;

	while (bits-- > 0) {
		net.bits = bits;
		end = net_last(&net);
		if (memcmp(&end, &b->last, sizeof(end)) == 0) {
			net_format(out, &net);
			return;
		}
	}
	net_addr_format(out, &b->first);
	net_addr_format(last, &b->last);
	strcat(strcat(out, "-"), last);
}

static void
block_json(void *arg, const struct store_admin_block *b)
{
	struct out_list *l = arg;
	char network[2 * NET_TEXT_MAX + 1];

	l->count++;
	if (b->is_user) {
		out_json_text(&l->json, "username", b->username);
	} else {
		network_text(network, b);
		out_json_string(&l->json, "network", network);
	}
	out_json_text(&l->json, "reason", b->reason);
	out_json_time(&l->json, "since", b->created_at);
	out_json_time(&l->json, "until", b->expires_at);
	out_json_bool(&l->json, "valid",
	    b->expires_at == 0 || b->expires_at > store_now());
	out_json_end(&l->json, l->a);
}

static void
block_cells(void *arg, const struct store_admin_block *b)
{
	struct out_list *l = arg;
	char network[2 * NET_TEXT_MAX + 1];

	l->count++;
	if (b->is_user) {
		out_cell_string(&l->table, "user");
		out_cell(&l->table, b->username);
	} else {
		network_text(network, b);
		out_cell_string(&l->table, "network");
		out_cell_string(&l->table, network);
	}
	out_cell_time(&l->table, b->created_at);
	out_cell_time(&l->table, b->expires_at);
	out_cell(&l->table, b->reason);
}

static const char *const titles[] = { "KIND", "WHO", "SINCE", "UNTIL",
	"REASON" };

int
cmd_blocks_list(struct admin *a)
{
	struct out_list l;
	enum store_result result;

	out_list_begin(&l, a, 5, titles);
	result = store_admin_blocks(
	    a->store, a->json ? block_json : block_cells, &l);
	return out_list_end(&l, result);
}

/*
 * Whom the argument means.  False: it was told.  192.0.2.300 would do for a
 * username, but nobody who types it in a hurry means one.
 */
static bool
target_read(struct admin *a, struct store_admin_block *b)
{
	const char *text = a->args[0];
	bool is_user = table_option(a, "user") != NULL;
	struct net net;

	if (!is_user && net_parse(&net, text)) {
		b->first = net.addr;
		b->last = net_last(&net);
		return true;
	}
	if (!is_user && strchr(text, '.') != NULL &&
	    text[strspn(text, "0123456789.")] == '\0') {
		out_error("'%s' is no address: correct it, or say --user if"
			  " it is a username",
		    text);
		return false;
	}
	if (strpbrk(text, "/:") != NULL) {
		out_error("'%s' is neither an address, nor a network such as"
			  " 192.0.2.0/24 or 2001:db8::/32, nor a username",
		    text);
		return false;
	}
	b->is_user = true;
	b->username = (struct store_text){ text, strlen(text) };
	return read_username(text);
}

#define RELAY_STEP 10 /* ms between tries */

/* The relay goes by what it has read.  EX_OK, or EX_TEMPFAIL (told). */
static int
tell_relay(struct admin *a)
{
	struct dgram_head head = { .type = DGRAM_RELOAD };
	const struct timespec pause = { .tv_nsec = RELAY_STEP * 1000000L };
	int64_t until = monotonic_ms() + RELAY_WAIT;
	bool told;

	while (!(told = dgram_tell(&a->registry, NULL, &head, NULL, 0)) &&
	    errno == EAGAIN && monotonic_ms() < until)
		nanosleep(&pause, NULL);
	if (told)
		return EX_OK;
	if (errno == EAGAIN) {
		out_error("chat-notify takes nothing, and does not know of it"
			  " yet: say it again when it does");
		return EX_TEMPFAIL;
	}
	out_error("chat-notify is not running: sessions look themselves");
	return EX_OK;
}

static void
tell_added(struct admin *a, const struct store_admin_block *b, bool again)
{
	char network[2 * NET_TEXT_MAX + 1], until[TIMESTAMP_LEN + 1];

	if (!b->is_user)
		network_text(network, b);
	if (b->expires_at != 0)
		text_timestamp(until, b->expires_at);
	out_line(a, "%s %s is blocked until %s%s",
	    b->is_user ? "user" : "network", b->is_user ? a->args[0] : network,
	    b->expires_at != 0 ? until : "that is removed",
	    again ? ", not as before" : "");
}

int
cmd_blocks_add(struct admin *a)
{
	struct store_admin_block b = { 0 };
	const char *duration = table_option(a, "for");
	struct buf reason = { 0 };
	enum store_result result;
	bool again = false;
	int64_t ms = 0;

	if (!target_read(a, &b) ||
	    !read_text(&reason, a->args[1], "REASON", REASON_MAX) ||
	    (duration != NULL && !read_duration(duration, "--for", &ms))) {
		buf_free(&reason);
		return EX_USAGE;
	}
	b.reason = (struct store_text){ buf_head(&reason), buf_len(&reason) };
	b.expires_at = ms != 0 ? store_now() + ms : 0;
	result = store_admin_block_add(a->store, &b, &again);
	buf_free(&reason);
	if (result != STORE_OK)
		return out_store_error(a, result);
	tell_added(a, &b, again);
	return tell_relay(a);
}

/* A block that is looked for. */
struct search {
	const struct store_admin_block *block;
	bool found;
};

static void
block_compare(void *arg, const struct store_admin_block *b)
{
	struct search *search = arg;
	const struct store_admin_block *block = search->block;

	if (block->is_user)
		search->found |= b->is_user &&
		    strcasecmp(b->username.s, block->username.s) == 0;
	else
		search->found |= !b->is_user &&
		    memcmp(&b->first, &block->first, sizeof(b->first)) == 0 &&
		    memcmp(&b->last, &block->last, sizeof(b->last)) == 0;
}

static int
no_block(const struct admin *a)
{
	out_error("there is no block of just %s: \"chat-admin blocks why\""
		  " tells of wider ones",
	    a->args[0]);
	return EX_NOUSER;
}

int
cmd_blocks_remove(struct admin *a)
{
	struct store_admin_block b = { 0 };
	struct search search = { &b, false };
	enum store_result result;
	bool found = false;
	int status;

	if (!target_read(a, &b))
		return EX_USAGE;
	result = store_admin_blocks(a->store, block_compare, &search);
	if (result != STORE_OK)
		return out_store_error(a, result);
	if (!search.found)
		return no_block(a);
	status = ask_first(a, "%s will no longer be kept out.", a->args[0]);
	if (status != EX_OK)
		return status;
	result = store_admin_block_remove(a->store, &b, &found);
	if (result != STORE_OK)
		return out_store_error(a, result);
	if (!found)
		return no_block(a);
	out_line(a, "%s is not blocked any more", a->args[0]);
	return tell_relay(a);
}

int
cmd_blocks_why(struct admin *a)
{
	struct store_admin_block b = { 0 };
	struct out_list l;
	enum store_result result;
	int status;

	if (!target_read(a, &b))
		return EX_USAGE;
	if (!b.is_user && memcmp(&b.first, &b.last, sizeof(b.first)) != 0) {
		out_error("%s is a network: give one address", a->args[0]);
		return EX_USAGE;
	}
	out_list_begin(&l, a, 5, titles);
	result = store_admin_blocks_why(
	    a->store, &b, a->json ? block_json : block_cells, &l);
	if ((status = out_list_end(&l, result)) != EX_OK || l.count > 0)
		return status;
	if (!a->json)
		out_line(a, "%s is not blocked", a->args[0]);
	return ADMIN_NO;
}
