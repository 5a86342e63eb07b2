/*
 * The log of model.h: entries are added, found by id or ref, and forgotten
 * when there are too many.  The users are people.c's.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "format.h"
#include "model.h"
#include "sanitise.h"
#include "wrap.h"

#define LOG_SLACK 512 /* forgotten at a time, for speed */

struct model *
model_new(void)
{
	struct model *m = calloc(1, sizeof(*m));

	if (m == NULL ||
	    (m->entries = calloc(
		 LOG_ENTRIES_MAX + LOG_SLACK, sizeof(*m->entries))) == NULL)
		err(71, NULL);
	return m;
}

static void
entry_free(struct model *m, struct entry *e)
{
	m->bytes -= e->len + e->text_len + sizeof(*e);
	free(e->ref);
	free(e->text);
	free(e->line);
	free(e);
}

void
model_free(struct model *m)
{
	if (m == NULL)
		return;
	while (m->len > 0)
		entry_free(m, m->entries[--m->len]);
	free(m->entries);
	free(m->people);
	free(m);
}

bool
entry_is_private(const struct entry *e)
{
	return e->kind == ENTRY_MESSAGE && strcasecmp(e->to, "all") != 0;
}

static void
add_head(struct buf *out, const struct entry *e)
{
	switch (e->kind) {
	case ENTRY_MESSAGE:
		buf_add_str(out, " <");
		buf_add_str(out, e->from);
		if (entry_is_private(e)) {
			buf_add_str(out, " -> ");
			buf_add_str(out, e->to);
		}
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

static char *
take_string(struct buf *b, size_t *len)
{
	char *s;

	*len = buf_len(b);
	if ((s = malloc(*len + 1)) == NULL)
		err(71, NULL);
	if (*len > 0)
		memcpy(s, buf_head(b), *len);
	s[*len] = '\0';
	buf_free(b);
	return s;
}

/* The line as it is shown; again whenever something in it has changed. */
static void
compose(struct model *m, struct entry *e)
{
	struct buf line = { 0 };

	m->bytes -= e->len;
	free(e->line);
	format_clock(&line, e->time);
	e->clock_len = buf_len(&line);
	add_head(&line, e);
	e->head_len = buf_len(&line);
	buf_add(&line, e->text, e->text_len);
	e->line = take_string(&line, &e->len);
	e->head_columns = wrap_columns(e->line, e->head_len);
	m->bytes += e->len;
}

static struct entry *
entry_new(struct model *m, enum entry_kind kind, struct span text)
{
	struct entry *e = calloc(1, sizeof(*e));
	struct buf clean = { 0 };

	if (e == NULL)
		err(71, NULL);
	e->kind = kind;
	e->serial = ++m->serials;
	sanitise_add(&clean, text.s, text.n, SHOWN_TEXT_MAX, SANITISE_TEXT);
	e->text = take_string(&clean, &e->text_len);
	m->bytes += e->text_len + sizeof(*e);
	return e;
}

static void
set_name(char *out, struct span name)
{
	struct buf clean = { 0 };

	sanitise_add_name(&clean, name.s, name.n);
	memcpy(out, buf_head(&clean), buf_len(&clean));
	out[buf_len(&clean)] = '\0';
	buf_free(&clean);
}

static void
forget_oldest(struct model *m, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		entry_free(m, m->entries[i]);
	m->len -= n;
	memmove(m->entries, m->entries + n, m->len * sizeof(*m->entries));
}

static void
insert(struct model *m, size_t at, struct entry *e)
{
	memmove(m->entries + at + 1, m->entries + at,
	    (m->len - at) * sizeof(*m->entries));
	m->entries[at] = e;
	m->len++;
	if (m->len == LOG_ENTRIES_MAX + LOG_SLACK)
		forget_oldest(m, LOG_SLACK);
	while (m->bytes > LOG_BYTES_MAX && m->len > 1)
		forget_oldest(
		    m, m->len / 16 + 1 < m->len ? m->len / 16 + 1 : 1);
}

/*
 * Where a message with that id belongs: before the first of the newest that
 * have higher ids, which is the end for one that just came.
 */
static size_t
place(const struct model *m, int64_t id, bool *there)
{
	size_t at = m->len, i;

	*there = false;
	for (i = m->len; i > 0; i--) {
		int64_t other = m->entries[i - 1]->id;

		if (other == id)
			*there = true;
		if (other != 0 && other <= id)
			break;
		if (other > id)
			at = i - 1;
	}
	return at;
}

void
model_add_message(struct model *m, const struct message *message)
{
	struct entry *e;
	bool there;
	size_t at = place(m, message->id, &there);

	if (there)
		return;
	e = entry_new(m, ENTRY_MESSAGE, message->text);
	e->id = message->id;
	e->time = message->time;
	set_name(e->from, message->from);
	set_name(e->to, message->to);
	compose(m, e);
	insert(m, at, e);
}

void
model_add_pending(struct model *m, const char *ref, const char *from,
    const char *to, const char *text, size_t len)
{
	struct entry *e =
	    entry_new(m, ENTRY_MESSAGE, (struct span){ text, len });

	if ((e->ref = strdup(ref)) == NULL)
		err(71, NULL);
	set_name(e->from, (struct span){ from, strlen(from) });
	set_name(e->to, (struct span){ to, strlen(to) });
	compose(m, e);
	insert(m, m->len, e);
}

static bool
find_ref(const struct model *m, struct span ref, size_t *at)
{
	size_t i;

	for (i = m->len; i > 0; i--)
		if (m->entries[i - 1]->ref != NULL &&
		    span_is(ref, m->entries[i - 1]->ref)) {
			*at = i - 1;
			return true;
		}
	return false;
}

/*
 * Where the entry that was at that place belongs with its id: there, unless
 * messages on one of its sides say otherwise.
 */
static size_t
settle(const struct model *m, size_t at, int64_t id)
{
	size_t i;

	for (i = m->len; i > at; i--)
		if (m->entries[i - 1]->id != 0 && m->entries[i - 1]->id < id)
			return i;
	for (i = at; i > 0; i--) {
		if (m->entries[i - 1]->id > id)
			at = i - 1;
		else if (m->entries[i - 1]->id != 0)
			break;
	}
	return at;
}

void
model_confirm(
    struct model *m, struct span ref, int64_t id, int64_t time, bool seen)
{
	struct entry *e;
	size_t at;
	bool there;

	if (!find_ref(m, ref, &at))
		return;
	e = m->entries[at];
	m->len--;
	memmove(m->entries + at, m->entries + at + 1,
	    (m->len - at) * sizeof(*m->entries));
	place(m, id, &there);
	if (seen || there) {
		entry_free(m, e);
		return;
	}
	free(e->ref);
	e->ref = NULL;
	e->id = id;
	e->time = time;
	compose(m, e);
	insert(m, settle(m, at, id), e);
}

void
model_reject(struct model *m, struct span ref, struct span reason)
{
	struct buf text = { 0 };
	struct entry *e;
	size_t at;

	if (!find_ref(m, ref, &at))
		return;
	e = m->entries[at];
	buf_add(&text, e->text, e->text_len);
	buf_add_str(&text, " [not sent: ");
	sanitise_add(&text, reason.s, reason.n, SHOWN_ERROR_MAX, SANITISE_LINE);
	buf_add_str(&text, "]");
	m->bytes -= e->text_len;
	free(e->text);
	e->text = take_string(&text, &e->text_len);
	m->bytes += e->text_len;
	free(e->ref);
	e->ref = NULL;
	compose(m, e);
}

void
model_notice(
    struct model *m, enum entry_kind kind, struct span text, int64_t time)
{
	struct entry *e = entry_new(m, kind, text);

	e->time = time;
	compose(m, e);
	insert(m, m->len, e);
}
