/*
 * The PROXY protocol's header (chat-session/proxy): it is taken as a whole or
 * not at all, however the bytes arrive, and never more than its limit is.
 */
#include <string.h>

#include "fuzz.h"
#include "limit.h"
#include "proxy.h"

/* A copy of just these bytes, so that a look beyond them is seen. */
static enum proxy_result
parse(struct proxy_header *h, const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);
	enum proxy_result result;

	CHECK(copy != NULL);
	memcpy(copy, data, size);
	result = proxy_parse(h, copy, size);
	free(copy);
	return result;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proxy_header all = { .len = 0 }, part;
	enum proxy_result whole = parse(&all, data, size), now;
	size_t most = size < PROXY_HEADER_MAX ? size : PROXY_HEADER_MAX;
	size_t n;

	CHECK(whole != PROXY_MORE || size < PROXY_HEADER_MAX);
	if (whole == PROXY_DONE) {
		CHECK(all.len > 0 && all.len <= most);
		CHECK(all.port <= 65535);
		CHECK(data[0] != 'P' || all.len <= PROXY_LINE_MAX);
		most = all.len;
	}
	/* Once it is wrong or done it stays so. */
	for (n = 0; n < most; n++) {
		now = parse(&part, data, n);
		CHECK(now == PROXY_MORE ||
		    (now == PROXY_WRONG && whole == PROXY_WRONG));
		if (now == PROXY_WRONG)
			break;
	}
	return 0;
}
