/*
 * MESSAGE: checks what the client wants to say and hands it to the batch.
 */
#include "command.h"
#include "request.h"
#include "session.h"
#include "text.h"

void
cmd_message(struct session *s, const struct request *r)
{
	const char *to, *text;
	char *body;
	size_t len;

	if (!request_recipient(s, r, "to", true, &to) ||
	    !request_string(s, r, "message", true, &text, &len) ||
	    !request_timestamp(s, r))
		return;
	buf_reset(&s->scratch, INPUT_CHUNK);
	buf_add(&s->scratch, text, len);
	body = buf_room(&s->scratch, 1) - len;
	len = text_strip_controls(body, len);
	if (len == 0) {
		session_error(s, r, "BAD_REQUEST", "message is empty");
		return;
	}
	if (len > (size_t)s->config.message_max_size) {
		session_error_limit(s, r, "TOO_LARGE",
		    s->config.message_max_size,
		    "message has %zu bytes; the limit is %ld", len,
		    s->config.message_max_size);
		return;
	}
	batch_add(s, to, r->ref, r->repaired, body, len);
}
