/*
 * The client's parser of what the server says (chat-client/incoming.c): an
 * event is taken only from what the model takes as a JSON object, and all that
 * it gives is of the kind it says.
 */
#include <string.h>

#include "common/model.h"
#include "fuzz.h"
#include "incoming.h"
#include "limit.h"
#include "text.h"

static void
check_span(struct span span)
{
	CHECK(span.s != NULL);
	CHECK(model_is_utf8(span.s, span.n));
	/* Readable up to its end. */
	CHECK(span.n == 0 || memchr(span.s, '\n', span.n) != span.s - 1);
}

static void
check_message(const struct message *m)
{
	CHECK(m->id >= 0 && m->time >= 0);
	check_span(m->from);
	check_span(m->to);
	check_span(m->text);
}

static void
check_list(const struct event *e)
{
	struct message m;
	struct presence p;
	size_t i;

	for (i = 0; i < incoming_count(e); i++) {
		if (e->kind == EVENT_HISTORY && incoming_message(e, i, &m)) {
			CHECK(m.id > 0);
			check_message(&m);
		}
		if (e->kind == EVENT_USERS && incoming_presence(e, i, &p))
			check_span(p.username);
	}
}

static void
check_event(const struct event *e)
{
	check_span(e->line);
	check_span(e->ref);
	check_span(e->username);
	check_span(e->code);
	check_span(e->text);
	check_span(e->with);
	check_span(e->resume);
	check_message(&e->message);
	CHECK(e->kind != EVENT_MESSAGE || e->message.id > 0);
	CHECK(e->last_id >= 0 && e->wait >= 0);
	CHECK(e->message_max >= 0 && e->line_max >= 0);
	CHECK((e->kind == EVENT_HISTORY || e->kind == EVENT_USERS) ==
	    (e->list != NULL));
	check_list(e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *lf = memchr(data, '\n', size);
	size_t len = lf != NULL ? (size_t)(lf - data) : size;
	bool object = false, halves = false;
	struct buf repaired = { 0 };
	struct event e;

	text_repair(&repaired, (const char *)data, len);
	if (incoming_parse(&e, (const char *)data, len)) {
		CHECK(model_is_json(buf_head(&repaired), buf_len(&repaired),
		    JSON_DEPTH_MAX, &object, &halves));
		CHECK(object);
		CHECK(e.line.n == buf_len(&repaired));
		CHECK(memcmp(e.line.s, buf_head(&repaired), e.line.n) == 0);
		check_event(&e);
		incoming_free(&e);
	}
	buf_free(&repaired);
	return 0;
}
