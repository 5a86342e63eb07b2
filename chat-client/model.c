/*
 * The conversations of model.h: messages and notices go into the one they
 * belong to, and the oldest are forgotten when there are too many.  Which
 * talk is shown is model-go.c's, the users are people.c's.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "model.h"
#include "sanitise.h"
#include "text.h"

#define FORGET_MAX 512 /* entries forgotten at a time, for speed */

void
model_clean_name(char out[USERNAME_MAX + 1], struct span name)
{
	struct buf clean = { 0 };

	sanitise_add_name(&clean, name.s, name.n);
	memcpy(out, buf_head(&clean), buf_len(&clean));
	out[buf_len(&clean)] = '\0';
	buf_free(&clean);
}

struct model *
model_new(void)
{
	struct model *m = calloc(1, sizeof(*m));

	if (m == NULL)
		err(71, NULL);
	m->now = m->talks[m->talks_len++] = talk_new("all");
	return m;
}

void
model_free(struct model *m)
{
	size_t i;

	if (m == NULL)
		return;
	for (i = 0; i < m->talks_len; i++)
		talk_free(m->talks[i]);
	free(m->people);
	free(m);
}

void
model_set_me(struct model *m, const char *name)
{
	model_clean_name(m->me, (struct span){ name, strlen(name) });
}

/* What is there gets no id, so that it stays above what comes. */
void
model_reset(struct model *m)
{
	size_t i, j;

	for (i = 0; i < m->talks_len; i++) {
		for (j = 0; j < m->talks[i]->len; j++)
			m->talks[i]->entries[j]->id = 0;
		m->talks[i]->complete = true;
	}
}

/* For a new one: the talk with one user that was silent for longest goes. */
static void
drop_talk(struct model *m)
{
	size_t i, at = 0;

	for (i = 1; i < m->talks_len; i++)
		if (m->talks[i] != m->now &&
		    (at == 0 || m->talks[i]->active < m->talks[at]->active))
			at = i;
	if (m->before == m->talks[at])
		m->before = NULL;
	m->len -= m->talks[at]->len;
	m->bytes -= m->talks[at]->bytes;
	talk_free(m->talks[at]);
	m->talks_len--;
	memmove(m->talks + at, m->talks + at + 1,
	    (m->talks_len - at) * sizeof(m->talks[0]));
}

struct talk *
model_talk(struct model *m, struct span name, bool make)
{
	char clean[USERNAME_MAX + 1];
	size_t i;

	model_clean_name(clean, name);
	for (i = 0; i < m->talks_len; i++)
		if (strcasecmp(m->talks[i]->name, clean) == 0)
			return m->talks[i];
	if (!make)
		return NULL;
	if (m->talks_len == TALKS_MAX)
		drop_talk(m);
	m->talks[m->talks_len] = talk_new(clean);
	m->talks[m->talks_len]->active = m->serials;
	return m->talks[m->talks_len++];
}

/* The oldest of the longest talk go, as long as there is too much. */
static void
stay_bounded(struct model *m)
{
	struct talk *t;
	size_t i, n, bytes;

	while (m->len > LOG_ENTRIES_MAX || m->bytes > LOG_BYTES_MAX) {
		t = m->talks[0];
		for (i = 1; i < m->talks_len; i++)
			if (m->talks[i]->bytes > t->bytes)
				t = m->talks[i];
		n = t->len / 16 + 1;
		n = n < FORGET_MAX ? n : FORGET_MAX;
		bytes = t->bytes;
		talk_forget(t, n);
		m->len -= n;
		m->bytes -= bytes - t->bytes;
	}
}

static void
insert(struct model *m, struct talk *t, size_t at, struct entry *e)
{
	size_t bytes = t->bytes;

	talk_insert(t, at, e);
	m->len++;
	m->bytes += t->bytes - bytes;
	stay_bounded(m);
}

static struct entry *
take(struct model *m, struct talk *t, size_t at)
{
	size_t bytes = t->bytes;
	struct entry *e = talk_take(t, at);

	m->len--;
	m->bytes -= bytes - t->bytes;
	return e;
}

/* Whoever it is with; what one says to oneself is a talk as well. */
static struct talk *
talk_of(struct model *m, const struct message *message)
{
	char from[USERNAME_MAX + 1];

	if (span_is(message->to, "all"))
		return m->talks[0];
	model_clean_name(from, message->from);
	return model_talk(m,
	    strcasecmp(from, m->me) == 0 ? message->to : message->from, true);
}

static bool
is_word(char c)
{
	return text_is_username(&c, 1);
}

/* A name ends where no name goes on; a dot or dash ends a sentence as well. */
bool
model_names(const char *text, size_t len, const char *name)
{
	size_t i = 0, start, end, n = strlen(name);

	while (n > 0 && i < len) {
		for (; i < len && !is_word(text[i]); i++)
			;
		for (start = i; i < len && is_word(text[i]); i++)
			;
		for (end = i; end - start > n &&
		     (text[end - 1] == '.' || text[end - 1] == '-');
		     end--)
			;
		if (end - start == n && strncasecmp(text + start, name, n) == 0)
			return true;
	}
	return false;
}

/* Whether the end of the talk is on the screen. */
static bool
is_shown(const struct model *m, const struct talk *t)
{
	return t == m->now && !t->view.scrolled && !m->covered;
}

static void
count_unread(struct model *m, struct talk *t, struct entry *e, bool mine)
{
	if (mine || is_shown(m, t))
		return;
	if (t->unread++ == 0)
		t->marker = e->serial;
	t->mentions += e->mention;
}

/*
 * False: it is there already.  Where there is no room the entry itself may be
 * the one that is forgotten, so what it is worth is counted before.
 */
static bool
add(struct model *m, const struct message *message, bool news, bool *calls)
{
	struct talk *t = talk_of(m, message);
	char from[USERNAME_MAX + 1];
	struct entry *e;
	bool there, mine;
	size_t at = talk_place(t, message->id, message->time, &there);

	if (there)
		return false;
	model_clean_name(from, message->from);
	e = entry_new(
	    ENTRY_MESSAGE, from, message->text, message->time, ++m->serials);
	e->id = message->id;
	mine = strcasecmp(from, m->me) == 0;
	e->names =
	    !mine && model_names(entry_text(e), e->len - e->head_len, m->me);
	e->mention = *calls = !mine && (e->names || !talk_is_all(t));
	if (news)
		count_unread(m, t, e, mine);
	if (at == t->len)
		t->active = e->serial;
	insert(m, t, at, e);
	return true;
}

bool
model_add_message(struct model *m, const struct message *message)
{
	bool calls;

	return add(m, message, true, &calls) && calls;
}

bool
model_is_full(const struct model *m)
{
	return m->len >= LOG_ENTRIES_MAX - FORGET_MAX ||
	    m->bytes >= LOG_BYTES_MAX - LOG_BYTES_MAX / 8;
}

bool
model_add_history(struct model *m, const struct message *message)
{
	bool calls;

	return !model_is_full(m) && add(m, message, false, &calls);
}

void
model_add_pending(struct model *m, const char *ref, const char *from,
    const char *to, const char *text, size_t len)
{
	struct talk *t = model_talk(m, (struct span){ to, strlen(to) }, true);
	char name[USERNAME_MAX + 1];
	struct entry *e;

	model_clean_name(name, (struct span){ from, strlen(from) });
	e = entry_new(
	    ENTRY_MESSAGE, name, (struct span){ text, len }, 0, ++m->serials);
	if ((e->ref = strdup(ref)) == NULL)
		err(71, NULL);
	t->active = e->serial;
	insert(m, t, t->len, e);
}

static struct talk *
find_ref(const struct model *m, struct span ref, size_t *at)
{
	size_t i;

	for (i = 0; i < m->talks_len; i++)
		if (talk_find_ref(m->talks[i], ref, at))
			return m->talks[i];
	return NULL;
}

void
model_confirm(
    struct model *m, struct span ref, int64_t id, int64_t time, bool seen)
{
	size_t at;
	struct talk *t = find_ref(m, ref, &at);
	struct entry *e;
	bool there;

	if (t == NULL)
		return;
	e = take(m, t, at);
	talk_place(t, id, time, &there);
	if (seen || there) {
		entry_free(e);
		return;
	}
	free(e->ref);
	e->ref = NULL;
	e->id = id;
	entry_set_time(e, time);
	insert(m, t, talk_settle(t, at, id), e);
}

void
model_reject(struct model *m, struct span ref, struct span reason)
{
	struct buf more = { 0 };
	size_t at;
	struct talk *t = find_ref(m, ref, &at);
	struct entry *e;

	if (t == NULL)
		return;
	e = take(m, t, at);
	free(e->ref);
	e->ref = NULL;
	buf_add_str(&more, " [not sent: ");
	sanitise_add(&more, reason.s, reason.n, SHOWN_ERROR_MAX, SANITISE_LINE);
	buf_add_str(&more, "]");
	entry_append(e, buf_head(&more), buf_len(&more));
	buf_free(&more);
	insert(m, t, at, e);
}

/* Into the line at the end of the talk, or into one that begins there. */
static void
tell_presence(struct model *m, struct talk *t, const char *name, bool online,
    int64_t time)
{
	struct presence_run *run = &t->run;
	struct buf text = { 0 };
	bool goes_on = run->serial != 0 && t->len > 0 &&
	    t->entries[t->len - 1]->serial == run->serial;

	if (!goes_on || !presence_add(run, name, online, time)) {
		presence_reset(run);
		presence_add(run, name, online, time);
		run->serial = ++m->serials;
	} else {
		entry_free(take(m, t, t->len - 1));
	}
	presence_tell(run, &text);
	insert(m, t, t->len,
	    entry_new(ENTRY_NOTICE, "",
		(struct span){ buf_head(&text), buf_len(&text) }, run->time,
		run->serial));
	buf_free(&text);
}

void
model_presence(struct model *m, struct span name, bool online, int64_t time)
{
	struct talk *t = model_talk(m, name, false);
	char clean[USERNAME_MAX + 1];

	model_clean_name(clean, name);
	model_set_person(m, name, online);
	tell_presence(m, m->talks[0], clean, online, time);
	if (t != NULL && t != m->talks[0])
		tell_presence(m, t, clean, online, time);
}

void
model_notice(
    struct model *m, enum entry_kind kind, struct span text, int64_t time)
{
	insert(m, m->now, m->now->len,
	    entry_new(kind, "", text, time, ++m->serials));
}
