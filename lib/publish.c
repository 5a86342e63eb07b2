/*
 * Gathers stored messages into PUBLISH datagrams.  A message that fits in none
 * is published without its line: the relay finds it in the store.
 */
#include "publish.h"

void
publish_begin(struct publish *p, int64_t user, int64_t session, int64_t before,
    void (*send)(void *, const struct dgram_head *, const struct buf *),
    void *arg)
{
	*p = (struct publish){
		.head = { .type = DGRAM_PUBLISH,
		    .user = user,
		    .session = session,
		    .prev = before,
		    .last = before },
		.send = send,
		.arg = arg,
	};
}

static void
flush(struct publish *p)
{
	if (p->head.last == p->head.prev)
		return;
	p->send(p->arg, &p->head, &p->body);
	buf_reset(&p->body, DGRAM_MAX);
	p->head.prev = p->head.last;
	p->head.count = 0;
}

void
publish_add(struct publish *p, const struct event_message *m, int64_t recipient)
{
	struct dgram_entry entry;

	buf_reset(&p->line, DGRAM_MAX);
	event_message(&p->line, m);
	if (buf_len(&p->body) + sizeof(entry) + buf_len(&p->line) >
	    DGRAM_BODY_MAX)
		flush(p);
	p->head.last = m->id;
	if (sizeof(entry) + buf_len(&p->line) > DGRAM_BODY_MAX) {
		/* The relay finds it in the store. */
		flush(p);
		return;
	}
	entry = (struct dgram_entry){ .id = m->id,
		.recipient = recipient,
		.len = (uint32_t)buf_len(&p->line) };
	buf_add(&p->body, &entry, sizeof(entry));
	buf_add(&p->body, buf_head(&p->line), buf_len(&p->line));
	p->head.count++;
}

void
publish_end(struct publish *p)
{
	flush(p);
	buf_free(&p->body);
	buf_free(&p->line);
}
