/*
 * The state of a session (chat-session/state): what is taken comes out again
 * as the same bytes, what is not changes nothing.
 */
#include <string.h>

#include "fuzz.h"
#include "session.h"
#include "state.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct session s = { .started = 1 }, before = s, again = s;
	struct buf once = { 0 }, twice = { 0 };
	char why[STATE_WHY_MAX] = "";

	if (!state_read(&s, data, size, why)) {
		CHECK(memcmp(&s, &before, sizeof(s)) == 0);
		CHECK(*why != '\0');
		return 0;
	}
	state_write(&s, &once);
	CHECK(state_read(&again, buf_head(&once), buf_len(&once), why));
	state_write(&again, &twice);
	CHECK(buf_len(&once) == buf_len(&twice));
	CHECK(memcmp(buf_head(&once), buf_head(&twice), buf_len(&once)) == 0);
	buf_free(&once);
	buf_free(&twice);
	buf_free(&s.client.lines.in);
	buf_free(&s.client.output);
	buf_free(&again.client.lines.in);
	buf_free(&again.client.output);
	return 0;
}
