/*
 * Who may come in: answers ADMIT and OFFENCE, keeps the blocks that the store
 * has and makes temporary ones, and ends those who are blocked meanwhile.  What
 * is counted is in limits.c, what is blocked in blocks.c.
 */
#include <sys/pidfd.h>
#include <sys/random.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "count.h"
#include "log.h"
#include "notify.h"
#include "penalty.h"
#include "text.h"

static int64_t
now_ms(const struct notify *n)
{
	return n->now / 1000;
}

void
admit_init(struct notify *n, const struct config *config)
{
	struct limits_options options = {
		.max_connections = config->max_connections,
		.source_connections = config->source_connections,
		.source_rate = config->source_rate,
		.login_failures = config->login_failures,
		.trusted = config->trusted,
	};

	if (getrandom(n->print_key, sizeof(n->print_key), 0) !=
		sizeof(n->print_key) ||
	    getrandom(&options.seed, sizeof(options.seed), 0) !=
		sizeof(options.seed))
		abort();
	n->block_ms = (int64_t)config->block_time * 1000;
	limits_init(&n->limits, &options);
}

void
admit_free(struct notify *n)
{
	limits_free(&n->limits);
	blocks_free(&n->blocks);
}

/* ---- what sessions are told ---- */

/* False when it could not be told.  last is what the verdict says of time. */
static bool
tell(struct notify *n, const struct subscriber *s, struct dgram_head *head,
    const void *body, size_t len)
{
	head->type = DGRAM_VERDICT;
	return dgram_tell(&n->place.registry, s->socket, head, body, len);
}

static void
tell_admitted(
    struct notify *n, struct subscriber *s, bool nearly_full, int64_t wait)
{
	struct dgram_head head = { .count = DGRAM_ADMITTED,
		.flags = nearly_full ? DGRAM_NEARLY : 0,
		.last = wait };

	if (tell(n, s, &head, n->print_key, sizeof(n->print_key)))
		s->hurried |= nearly_full;
}

static void
tell_full(struct notify *n, const struct subscriber *s, int64_t wait,
    const char *text)
{
	struct dgram_head head = { .count = DGRAM_FULL,
		.last = wait > 0 ? (wait + 999) / 1000 : FULL_RETRY };

	tell(n, s, &head, text, strlen(text));
}

static void
tell_blocked(
    struct notify *n, const struct subscriber *s, const struct block *block)
{
	struct dgram_head head = { .count = DGRAM_BLOCKED,
		.last = block->until };
	char text[DGRAM_VERDICT_MAX + 1],
	    what[USERNAME_MAX + 8] = "this address";

	if (block->username[0] != '\0')
		snprintf(what, sizeof(what), "user %s", block->username);
	penalty_sentence(text, sizeof(text), what, block->until, block->reason);
	tell(n, s, &head, text, strlen(text));
}

/* It is here: it has some time to go by itself. */
static void
end_blocked(struct notify *n, struct subscriber *s, const struct block *block)
{
	tell_blocked(n, s, block);
	if (s->end_by == 0)
		s->end_by = n->now + BLOCK_END_WAIT * 1000LL;
}

void
admit_end_late(struct notify *n, struct subscriber *s)
{
	if (s->end_by == 0 || s->end_by > n->now)
		return;
	/* Its client reads nothing, so it reads nothing from us. */
	pidfd_send_signal(s->pidfd, SIGTERM, NULL, 0);
	s->end_by = 0;
}

void
admit_hurry(struct notify *n)
{
	struct dgram_head head = { .count = DGRAM_HURRY };
	unsigned i;

	if (!limits_nearly_full(&n->limits))
		return;
	for (i = 0; i < n->subscribers.count; i++) {
		struct subscriber *s = n->subscribers.list[i];

		if (s->admitted && s->user == NULL && !s->gone && !s->hurried)
			s->hurried = tell(n, s, &head, NULL, 0);
	}
}

/* ---- temporary blocks ---- */

/* A block from now on; one that is over already when there are too many. */
static struct block
source_block(
    struct notify *n, const struct net_addr *address, const char *reason)
{
	int64_t now = store_now();
	struct net net = net_source(address);
	struct block block = { .first = net.addr,
		.last = net_last(&net),
		.until = now + n->block_ms,
		.serial = ++n->block_serial };
	char text[NET_TEXT_MAX], until[TIMESTAMP_LEN + 1];

	snprintf(block.reason, sizeof(block.reason), "%s", reason);
	net_format(text, &net);
	if (!blocks_add(&n->blocks, &block, now)) {
		log_event(LEVEL_WARNING, "error",
		    "there are %d temporary blocks: none is made of %s for %s",
		    BLOCKS_OWN_MAX, text, reason);
		block.until = now;
		return block;
	}
	keeper_block(n->keeper, &block);
	text_timestamp(until, block.until);
	log_event(
	    LEVEL_WARNING, "blocked", "%s until %s: %s", text, until, reason);
	return block;
}

/* The one who brought it about, and those who have not come in yet. */
static void
source_end(struct notify *n, const struct subscriber *culprit,
    const struct limits_source *source, const struct block *block)
{
	unsigned i;

	for (i = 0; i < n->subscribers.count; i++) {
		struct subscriber *s = n->subscribers.list[i];

		if (s == culprit || (s->source == source && s->user == NULL))
			end_blocked(n, s, block);
	}
}

/* ---- datagrams ---- */

static struct subscriber *
watch_new(struct notify *n, const struct dgram_from *from)
{
	struct subscriber *s = subscribers_watch(&n->subscribers, from);

	if (s == NULL && errno != ESRCH) {
		n->refused++;
		n->refused_why = errno;
	}
	return s;
}

/* Returns whether the verdict is that it may stay. */
static bool
judge(struct notify *n, struct subscriber *s)
{
	const struct net_addr *address = s->has_address ? &s->address : NULL;
	const struct block *block = address != NULL
	    ? blocks_address(&n->blocks, address, store_now())
	    : NULL;
	struct limits_answer a;
	struct block made;

	if (block != NULL) {
		tell_blocked(n, s, block);
		return false;
	}
	a = limits_enter(&n->limits, address, false, now_ms(n));
	switch (a.verdict) {
	case LIMITS_OK:
		s->admitted = true;
		s->source = a.source;
		tell_admitted(n, s, a.nearly_full, a.wait);
		return true;
	case LIMITS_BLOCK:
		count_add(COUNT_BLOCKS_CONNECTIONS, 1);
		made = source_block(n, address, "too many connections");
		tell_blocked(n, s, &made);
		return false;
	case LIMITS_FULL:
		tell_full(n, s, 0, "the server is full: come again later");
		return false;
	case LIMITS_MANY:
		tell_full(n, s, 0,
		    "there are too many connections from this address");
		return false;
	default:
		tell_full(n, s, a.wait,
		    "too many connections from this address in a short time");
		return false;
	}
}

/* It was let in before, by another relay or by itself. */
static void
count_again(struct notify *n, struct subscriber *s)
{
	const struct net_addr *address = s->has_address ? &s->address : NULL;
	const struct block *block = NULL;

	s->source = limits_enter(&n->limits, address, true, now_ms(n)).source;
	s->admitted = true;
	if (address != NULL)
		block = blocks_address(&n->blocks, address, store_now());
	/* A temporary one is for newcomers. */
	if (block != NULL && block->until == 0)
		end_blocked(n, s, block);
}

static bool
is_same_address(
    const struct subscriber *s, const struct net_addr *address, bool has)
{
	return s->has_address == has &&
	    (!has || memcmp(&s->address, address, sizeof(*address)) == 0);
}

void
admit_leave(struct notify *n, struct subscriber *s)
{
	if (s->admitted)
		limits_leave(&n->limits, s->source);
	s->admitted = false;
	s->source = NULL;
}

void
admit_move(struct subscriber *from, struct subscriber *to)
{
	if (to->admitted || !from->admitted)
		return;
	to->admitted = true;
	to->source = from->source;
	to->address = from->address;
	to->has_address = from->has_address;
	from->admitted = false;
	from->source = NULL;
}

void
handle_admit(
    struct notify *n, const struct dgram_head *h, const struct dgram_from *from)
{
	struct subscriber *s = subscribers_find(&n->subscribers, from->socket);
	bool again = (h->flags & DGRAM_AGAIN) != 0, has, wait;
	struct net_addr address = { { 0 } };

	has = buf_len(&n->body) == sizeof(address);
	if (has)
		memcpy(&address, buf_head(&n->body), sizeof(address));
	if ((s == NULL && (s = watch_new(n, from)) == NULL) || s->gone)
		return;
	if (s->admitted && is_same_address(s, &address, has)) {
		/* It asks again, having heard nothing. */
		wait = s->source != NULL && s->source->wait > now_ms(n);
		if (!again)
			tell_admitted(n, s, false,
			    wait ? s->source->wait - now_ms(n) : 0);
		return;
	}
	admit_leave(n, s);
	s->address = address;
	s->has_address = has;
	if (again)
		count_again(n, s);
	else if (!judge(n, s))
		subscribers_remove(&n->subscribers, s);
}

/* The reason for a block, which is counted. */
static const char *
why(uint32_t offence)
{
	switch (offence) {
	case DGRAM_LOGIN:
		count_add(COUNT_BLOCKS_LOGIN, 1);
		return "too many wrong passwords or invitations";
	case DGRAM_REGISTRATION:
		count_add(COUNT_BLOCKS_REGISTRATIONS, 1);
		return "too many registrations";
	default:
		count_add(COUNT_BLOCKS_FLOOD, 1);
		return "flooding";
	}
}

void
handle_offence(
    struct notify *n, const struct dgram_head *h, const struct dgram_from *from)
{
	struct subscriber *s = subscribers_find(&n->subscribers, from->socket);
	struct limits_answer a;
	struct block block;
	uint64_t print = 0;
	bool login = h->count == DGRAM_LOGIN;

	if (s == NULL || !s->admitted)
		return;
	if (buf_len(&n->body) == sizeof(print))
		memcpy(&print, buf_head(&n->body), sizeof(print));
	a = login ? limits_login(&n->limits, s->source, print, now_ms(n))
		  : limits_offence(&n->limits, s->source, now_ms(n));
	if (a.verdict == LIMITS_BLOCK) {
		block = source_block(n, &s->address, why(h->count));
		source_end(n, s, s->source, &block);
	} else if (login) {
		tell_admitted(n, s, false, a.wait);
	}
}

/* ---- blocks from the store ---- */

void
admit_read_blocks(struct notify *n)
{
	if (n->reader.store != NULL &&
	    store_blocks(n->reader.store, blocks_take, &n->blocks) != STORE_OK)
		blocks_free(&n->blocks);
	/* The housekeeper reads them as well, so this one need not be told. */
	blocks_sort(&n->blocks);
}

/* Those of before have ended whom they were to end; ours are for newcomers. */
static void
end_if_new(struct notify *n, struct subscriber *s, const struct blocks *added)
{
	const struct block *block = NULL;
	int64_t now = store_now();

	if (s->has_address)
		block = blocks_address(added, &s->address, now);
	if (block == NULL && s->user != NULL)
		block = blocks_user(added, s->user->username, now);
	if (block != NULL)
		end_blocked(n, s, block);
}

void
handle_blocks(struct notify *n, struct keeper_report *r)
{
	struct blocks added = { .left_out = 0 };
	unsigned i, left_out = r->blocks.left_out;

	blocks_added(&added, &r->blocks, &n->blocks);
	for (i = 0; i < n->subscribers.count; i++)
		end_if_new(n, n->subscribers.list[i], &added);
	blocks_free(&added);
	blocks_replace(&n->blocks, &r->blocks, r->serial);
	log_event(LEVEL_DEBUG, "blocks", "%u networks, %u users",
	    n->blocks.nets.n, n->blocks.users.n);
	if (left_out > 0)
		log_event(LEVEL_WARNING, "error",
		    "there are more than %d blocks: %u are passed over",
		    BLOCKS_MAX, left_out);
}

void
admit_user(struct notify *n, struct subscriber *s)
{
	const struct block *block =
	    blocks_user(&n->blocks, s->user->username, store_now());

	if (block != NULL)
		end_blocked(n, s, block);
}
