/*
 * The blocks of blocks.h.  Networks may lie within each other, so beside each
 * stands how far those before it reach: a search goes backwards from the last
 * one that begins at or before the address, as long as any reaches it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "blocks.h"
#include "store.h"

static struct block *
append(struct blocks_list *l)
{
	if (l->n == l->size) {
		l->size = l->size > 0 ? 2 * l->size : 16;
		l->list = reallocarray(l->list, l->size, sizeof(*l->list));
		if (l->list == NULL)
			abort();
	}
	return &l->list[l->n++];
}

bool
blocks_take(void *arg, const struct store_block *row)
{
	struct blocks *b = arg;
	struct blocks_list *l = row->username != NULL ? &b->users : &b->nets;
	struct block *block;

	if (l->n == BLOCKS_MAX) {
		b->left_out++;
		return true;
	}
	block = append(l);
	*block = (struct block){
		.first = row->first, .last = row->last, .until = row->until
	};
	snprintf(block->username, sizeof(block->username), "%s",
	    row->username != NULL ? row->username : "");
	snprintf(block->reason, sizeof(block->reason), "%s",
	    row->reason != NULL ? row->reason : "");
	return true;
}

static int
compare(const struct net_addr *a, const struct net_addr *b)
{
	return memcmp(a->bytes, b->bytes, NET_ADDR_LEN);
}

static int
by_first(const void *a, const void *b)
{
	const struct block *x = a, *y = b;

	return compare(&x->first, &y->first);
}

static int
by_name(const void *a, const void *b)
{
	const struct block *x = a, *y = b;

	return strcasecmp(x->username, y->username);
}

static void
reach_update(struct blocks *b)
{
	const struct net_addr *far = NULL;
	unsigned i;

	if (b->nets.n == 0)
		return;
	b->reach = reallocarray(b->reach, b->nets.size, sizeof(*b->reach));
	if (b->reach == NULL)
		abort();
	for (i = 0; i < b->nets.n; i++) {
		if (far == NULL || compare(&b->nets.list[i].last, far) > 0)
			far = &b->nets.list[i].last;
		b->reach[i] = *far;
	}
}

static void
list_sort(struct blocks_list *l, int (*order)(const void *, const void *))
{
	if (l->n > 1)
		qsort(l->list, l->n, sizeof(*l->list), order);
}

void
blocks_sort(struct blocks *b)
{
	list_sort(&b->nets, by_first);
	list_sort(&b->users, by_name);
	reach_update(b);
}

static bool
is_over(const struct block *b, int64_t now)
{
	return b->until != 0 && b->until <= now;
}

bool
blocks_add(struct blocks *b, const struct block *block, int64_t now)
{
	struct blocks_list *l = &b->nets;
	unsigned i, n, temporary = 0;

	for (i = n = 0; i < l->n; i++) {
		if (is_over(&l->list[i], now))
			continue;
		temporary += l->list[i].until != 0;
		if (i != n)
			l->list[n] = l->list[i];
		n++;
	}
	l->n = n;
	if (temporary < BLOCKS_OWN_MAX) {
		append(l);
		for (i = l->n - 1;
		     i > 0 && compare(&l->list[i - 1].first, &block->first) > 0;
		     i--)
			l->list[i] = l->list[i - 1];
		l->list[i] = *block;
	}
	reach_update(b);
	return temporary < BLOCKS_OWN_MAX;
}

void
blocks_replace(struct blocks *old, struct blocks *new, uint64_t serial)
{
	unsigned i;

	for (i = 0; i < old->nets.n; i++)
		if (old->nets.list[i].serial > serial)
			*append(&new->nets) = old->nets.list[i];
	blocks_sort(new);
	blocks_free(old);
	*old = *new;
	*new = (struct blocks){ .left_out = 0 };
}

/* How many networks begin there, or before. */
static unsigned
begun(const struct blocks *b, const struct net_addr *address)
{
	unsigned low = 0, high = b->nets.n, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (compare(&b->nets.list[middle].first, address) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Whether a lasts longer than b (which may be NULL). */
static bool
lasts_longer(const struct block *a, const struct block *b)
{
	return b == NULL ||
	    (b->until != 0 && (a->until == 0 || a->until > b->until));
}

const struct block *
blocks_address(
    const struct blocks *b, const struct net_addr *address, int64_t now)
{
	const struct block *block, *found = NULL;
	unsigned i = begun(b, address);

	while (i-- > 0 && compare(&b->reach[i], address) >= 0) {
		block = &b->nets.list[i];
		if (compare(&block->last, address) >= 0 &&
		    !is_over(block, now) && lasts_longer(block, found))
			found = block;
	}
	return found;
}

const struct block *
blocks_user(const struct blocks *b, const char *username, int64_t now)
{
	struct block wanted = { .until = 0 };
	const struct block *found;

	if (b->users.n == 0)
		return NULL;
	snprintf(wanted.username, sizeof(wanted.username), "%s", username);
	found = bsearch(
	    &wanted, b->users.list, b->users.n, sizeof(wanted), by_name);
	return found != NULL && !is_over(found, now) ? found : NULL;
}

static bool
is_same(const struct block *a, const struct block *b)
{
	return compare(&a->first, &b->first) == 0 &&
	    compare(&a->last, &b->last) == 0 && a->until == b->until &&
	    strcmp(a->username, b->username) == 0 &&
	    strcmp(a->reason, b->reason) == 0;
}

static bool
has(const struct blocks *b, const struct block *block)
{
	unsigned i = begun(b, &block->first);

	while (i-- > 0 && compare(&b->nets.list[i].first, &block->first) == 0)
		if (is_same(&b->nets.list[i], block))
			return true;
	return false;
}

void
blocks_added(
    struct blocks *added, const struct blocks *new, const struct blocks *old)
{
	const struct block *block, *was;

	for (block = new->nets.list; block < new->nets.list + new->nets.n;
	     block++)
		if (!has(old, block))
			*append(&added->nets) = *block;
	for (block = new->users.list; block < new->users.list + new->users.n;
	     block++) {
		was = blocks_user(old, block->username, 0);
		if (was == NULL || !is_same(was, block))
			*append(&added->users) = *block;
	}
	blocks_sort(added);
}

void
blocks_free(struct blocks *b)
{
	free(b->nets.list);
	free(b->users.list);
	free(b->reach);
	*b = (struct blocks){ .left_out = 0 };
}
