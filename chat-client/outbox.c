/*
 * The list of outbox.h: short, so it is searched from its beginning.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "outbox.h"

struct outbox_item *
outbox_add(struct outbox *o, const char *ref, const char *to, const char *text,
    size_t len)
{
	struct outbox_item *item;

	if (o->len == OUTBOX_MAX)
		return NULL;
	if ((item = calloc(1, sizeof(*item))) == NULL ||
	    (item->to = strdup(to)) == NULL ||
	    (item->text = malloc(len + 1)) == NULL)
		err(71, NULL);
	snprintf(item->ref, sizeof(item->ref), "%s", ref);
	memcpy(item->text, text, len);
	item->text[len] = '\0';
	item->len = len;
	o->items[o->len++] = item;
	return item;
}

struct outbox_item *
outbox_find(const struct outbox *o, const char *ref, size_t len)
{
	size_t i;

	for (i = 0; i < o->len; i++)
		if (strlen(o->items[i]->ref) == len &&
		    memcmp(o->items[i]->ref, ref, len) == 0)
			return o->items[i];
	return NULL;
}

struct outbox_item *
outbox_unsent(const struct outbox *o)
{
	size_t i;

	for (i = 0; i < o->len; i++)
		if (!o->items[i]->sent)
			return o->items[i];
	return NULL;
}

struct outbox_item *
outbox_sent(const struct outbox *o)
{
	size_t i;

	for (i = 0; i < o->len; i++)
		if (o->items[i]->sent)
			return o->items[i];
	return NULL;
}

size_t
outbox_in_flight(const struct outbox *o)
{
	size_t i, n = 0;

	for (i = 0; i < o->len; i++)
		n += o->items[i]->sent;
	return n;
}

void
outbox_rewind(struct outbox *o)
{
	size_t i;

	for (i = 0; i < o->len; i++)
		o->items[i]->sent = false;
}

void
outbox_remove(struct outbox *o, struct outbox_item *item)
{
	size_t i = 0;

	while (o->items[i] != item)
		i++;
	o->len--;
	memmove(
	    &o->items[i], &o->items[i + 1], (o->len - i) * sizeof(o->items[0]));
}

void
outbox_item_free(struct outbox_item *item)
{
	if (item == NULL)
		return;
	free(item->to);
	free(item->text);
	free(item);
}

void
outbox_free(struct outbox *o)
{
	while (o->len > 0)
		outbox_item_free(o->items[--o->len]);
}
