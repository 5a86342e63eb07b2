/*
 * The entries of talk.h: the line of each is put together once, when it comes
 * in, and only its time changes later.
 */
#include <ctype.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "format.h"
#include "sanitise.h"
#include "talk.h"

#define ALLOCATION 16 /* what malloc(3) takes for itself */

uint32_t
entry_color(const char *name)
{
	uint32_t hash = 5381;

	for (; *name != '\0'; name++)
		hash = hash * 33 + (uint32_t)tolower((unsigned char)*name);
	return hash ^ hash >> 15;
}

static void
add_head(struct buf *out, enum entry_kind kind, const char *from)
{
	switch (kind) {
	case ENTRY_MESSAGE:
		buf_add_str(out, " <");
		buf_add_str(out, from);
		buf_add_str(out, "> ");
		break;
	case ENTRY_NOTICE:
		buf_add_str(out, " -- ");
		break;
	case ENTRY_ERROR:
		buf_add_str(out, " !! ");
		break;
	}
}

/* The line becomes the entry's, in memory of just its size. */
static void
set_line(struct entry *e, struct buf *line)
{
	e->len = (uint32_t)buf_len(line);
	free(e->line);
	if ((e->line = malloc(e->len + 1)) == NULL)
		err(71, NULL);
	memcpy(e->line, buf_head(line), e->len);
	e->line[e->len] = '\0';
	buf_free(line);
}

struct entry *
entry_new(enum entry_kind kind, const char *from, struct span text,
    int64_t time, uint64_t serial)
{
	struct entry *e = calloc(1, sizeof(*e));
	struct buf line = { 0 };

	if (e == NULL)
		err(71, NULL);
	e->kind = (uint8_t)kind;
	e->serial = serial;
	e->time = time;
	e->day = format_day_number(time);
	e->color = entry_color(from);
	format_clock(&line, time);
	e->clock_len = (uint8_t)buf_len(&line);
	add_head(&line, kind, from);
	e->head_len = (uint8_t)buf_len(&line);
	sanitise_add(&line, text.s, text.n, SHOWN_TEXT_MAX, SANITISE_TEXT);
	set_line(e, &line);
	return e;
}

void
entry_free(struct entry *e)
{
	if (e == NULL)
		return;
	free(e->ref);
	free(e->line);
	free(e);
}

void
entry_append(struct entry *e, const char *more, size_t len)
{
	struct buf line = { 0 };

	buf_add(&line, e->line, e->len);
	buf_add(&line, more, len);
	set_line(e, &line);
}

/* A clock always has the same length. */
void
entry_set_time(struct entry *e, int64_t time)
{
	struct buf clock = { 0 };

	e->time = time;
	e->day = format_day_number(time);
	format_clock(&clock, time);
	if (buf_len(&clock) == e->clock_len)
		memcpy(e->line, buf_head(&clock), e->clock_len);
	buf_free(&clock);
}

size_t
entry_size(const struct entry *e)
{
	size_t size = sizeof(*e) + ALLOCATION + e->len + 1 + ALLOCATION;

	if (e->ref != NULL)
		size += strlen(e->ref) + 1 + ALLOCATION;
	return size;
}

const char *
entry_text(const struct entry *e)
{
	return e->line + e->head_len;
}

struct span
entry_from(const struct entry *e)
{
	if (e->kind != ENTRY_MESSAGE)
		return (struct span){ "", 0 };
	/* It stands between " <" and "> ". */
	return (struct span){ e->line + e->clock_len + 2,
		(size_t)(e->head_len - e->clock_len) - 4 };
}
