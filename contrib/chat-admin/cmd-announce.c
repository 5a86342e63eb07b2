/*
 * announce: a message to all from the server itself, on the way of every other
 * message: stored, on disk, then published.
 */
#include <sysexits.h>

#include "admin.h"
#include "publish.h"

static void
send_published(void *arg, const struct dgram_head *head, const struct buf *body)
{
	const struct admin *a = arg;

	if (!dgram_tell(
		&a->registry, NULL, head, buf_head(body), buf_len(body)))
		out_error("chat-notify was not told: sessions see it when they"
			  " look, within ten seconds");
}

static void
publish(struct admin *a, const struct store_session *me,
    const struct store_sent *sent, int64_t before, const struct buf *text)
{
	struct event_message m = { .id = sent->id,
		.time = sent->time,
		.from = me->username,
		.to = sent->to,
		.body = buf_head(text),
		.body_len = buf_len(text) };
	struct publish p;

	publish_begin(&p, me->user_id, me->id, before, send_published, a);
	publish_add(&p, &m, sent->recipient_id);
	publish_end(&p);
}

int
cmd_announce(struct admin *a)
{
	struct buf text = { 0 };
	struct store_announcement in = { .alive = session_alive, .arg = a };
	struct store_session me;
	struct store_sent sent;
	int64_t before;
	int status = EX_OK;

	if (!read_text(&text, a->args[0], "TEXT",
		(size_t)a->config.message_max_size)) {
		buf_free(&text);
		return EX_DATAERR;
	}
	in.body = buf_head(&text);
	in.body_len = buf_len(&text);
	switch (store_admin_announce(a->store, &in, &me, &sent, &before)) {
	case STORE_OK:
		publish(a, &me, &sent, before, &text);
		out_line(a, "message %lld is stored and sent to all",
		    (long long)sent.id);
		break;
	case STORE_TAKEN:
		out_error("somebody is online as " STORE_SERVER ", the name of"
			  " announcements: end that session (chat-admin"
			  " sessions list), then try again");
		status = EX_TEMPFAIL;
		break;
	case STORE_REFUSED:
		out_error("somebody has registered " STORE_SERVER ", the name"
			  " of announcements: give that user another one"
			  " (chat-admin users rename)");
		status = EX_CANTCREAT;
		break;
	default:
		status = out_store_error(a, STORE_UNAVAILABLE);
		break;
	}
	buf_free(&text);
	return status;
}
