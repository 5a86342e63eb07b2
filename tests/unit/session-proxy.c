/*
 * Unit tests of chat-session/proxy: both versions of the header, cut off at
 * every byte, with every limit, and with what is nearly one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "limit.h"
#include "proxy.h"

#define SIGNATURE  "\r\n\r\n\0\r\nQUIT\n"
#define TCP4_BLOCK "\xc0\0\2\1\xc6\x33\x64\7\xd9\3\x15\xb3"
#define TCP6_ADDR  "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0"
#define TCP6_BLOCK TCP6_ADDR "\1" TCP6_ADDR "\2\xd9\3\x15\xb3"
/* Literals hold NULs, and have one more at their end. */
#define BYTES(literal) (literal), sizeof(literal) - 1

static const char v1_tcp4[] =
    "PROXY TCP4 192.0.2.1 198.51.100.7 55555 5555\r\n";
static const char v1_tcp6[] =
    "PROXY TCP6 2001:db8::1 2001:db8::2 55555 5555\r\n";
static const char v1_longest[] =
    "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
    " ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n";
static const char v2_tcp4[] = SIGNATURE "\x21\x11\0\x0c" TCP4_BLOCK;
static const char v2_tcp6[] = SIGNATURE "\x21\x21\0\x24" TCP6_BLOCK;
/* PP2_TYPE_ALPN "chat", PP2_TYPE_NOOP of nothing. */
static const char v2_tlvs[] =
    SIGNATURE "\x21\x11\0\x16" TCP4_BLOCK "\1\0\4chat\4\0\0";
static const char v2_local[] = SIGNATURE "\x20\0\0\0";

/*
 * The copy is of exactly len bytes on the heap, so that a sanitizer or
 * valgrind sees a look beyond them.
 */
static enum proxy_result
parse(struct proxy_header *h, const char *data, size_t len)
{
	char *copy = malloc(len > 0 ? len : 1);
	enum proxy_result result;

	assert_non_null(copy);
	memcpy(copy, data, len);
	result = proxy_parse(h, copy, len);
	free(copy);
	return result;
}

static void
assert_wrong(const char *data, size_t len)
{
	struct proxy_header h;

	assert_int_equal(parse(&h, data, len), PROXY_WRONG);
}

/* address NULL: a header without one. */
static void
assert_header(const char *data, size_t len, const char *address, unsigned port)
{
	struct proxy_header h;
	char text[NET_TEXT_MAX];

	assert_int_equal(parse(&h, data, len), PROXY_DONE);
	assert_int_equal(h.len, len);
	assert_int_equal(h.has_address, address != NULL);
	if (address == NULL)
		return;
	net_addr_format(text, &h.address);
	assert_string_equal(text, address);
	assert_int_equal(h.port, port);
}

static void
version_1_gives_the_clients_address(void **state)
{
	(void)state;
	assert_header(BYTES(v1_tcp4), "192.0.2.1", 55555);
	assert_header(BYTES(v1_tcp6), "2001:db8::1", 55555);
	assert_header(
	    BYTES("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 0\r\n"), "192.0.2.1", 1);
	assert_header(BYTES("PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n"),
	    "255.255.255.255", 65535);
}

static void
version_2_gives_the_clients_address(void **state)
{
	(void)state;
	assert_header(BYTES(v2_tcp4), "192.0.2.1", 55555);
	assert_header(BYTES(v2_tcp6), "2001:db8::1", 55555);
}

static void
what_follows_the_addresses_is_skipped(void **state)
{
	(void)state;
	assert_header(BYTES(v2_tlvs), "192.0.2.1", 55555);
	/* Even if it is no TLV. */
	assert_header(BYTES(SIGNATURE "\x21\x11\0\xf" TCP4_BLOCK "\xff\xff\1"),
	    "192.0.2.1", 55555);
}

static void
a_proxy_that_speaks_for_itself_has_no_address(void **state)
{
	(void)state;
	assert_header(BYTES("PROXY UNKNOWN\r\n"), NULL, 0);
	assert_header(BYTES("PROXY UNKNOWN what ever 99999\r\n"), NULL, 0);
	assert_header(BYTES(v1_longest), NULL, 0);
	assert_int_equal(sizeof(v1_longest) - 1, PROXY_LINE_MAX);
	assert_header(BYTES(v2_local), NULL, 0);
	/* Whatever else it holds. */
	assert_header(BYTES(SIGNATURE "\x20\x11\0\x0c" TCP4_BLOCK), NULL, 0);
	assert_header(BYTES(SIGNATURE "\x20\xff\0\1x"), NULL, 0);
}

static void
families_without_an_internet_address_have_none(void **state)
{
	char local[16 + 2 * 108];
	static const char udp[] = SIGNATURE "\x21\x12\0\x0c" TCP4_BLOCK;

	(void)state;
	assert_header(BYTES(SIGNATURE "\x21\0\0\0"), NULL, 0);
	assert_header(BYTES(SIGNATURE "\x21\0\0\3xyz"), NULL, 0);
	assert_header(BYTES(udp), NULL, 0);
	memset(local, 'x', sizeof(local));
	memcpy(local, SIGNATURE "\x21\x31\0\xd8", 16);
	assert_header(local, sizeof(local), NULL, 0);
}

static void
every_truncation_asks_for_more(void **state)
{
	static const struct {
		const char *data;
		size_t len;
	} whole[] = { { BYTES(v1_tcp4) }, { BYTES(v1_tcp6) },
		{ BYTES(v1_longest) }, { BYTES(v2_tcp4) }, { BYTES(v2_tcp6) },
		{ BYTES(v2_tlvs) }, { BYTES(v2_local) } };
	struct proxy_header h = { .len = 77 };
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		for (n = 0; n < whole[i].len; n++)
			assert_int_equal(
			    parse(&h, whole[i].data, n), PROXY_MORE);
		assert_int_equal(h.len, 77);
		assert_int_equal(
		    parse(&h, whole[i].data, whole[i].len), PROXY_DONE);
		h.len = 77;
	}
}

static void
what_follows_is_the_clients(void **state)
{
	struct proxy_header h;

	(void)state;
	assert_int_equal(
	    parse(&h, BYTES("PROXY UNKNOWN\r\n{\"command\":\"PING\"}\n")),
	    PROXY_DONE);
	assert_int_equal(h.len, strlen("PROXY UNKNOWN\r\n"));
	assert_int_equal(
	    parse(&h, BYTES(SIGNATURE "\x20\0\0\0{\"command\":\"PING\"}\n")),
	    PROXY_DONE);
	assert_int_equal(h.len, 16);
}

static void
anything_else_is_wrong_at_its_first_byte(void **state)
{
	char first[1];
	int c;

	(void)state;
	for (c = 0; c < 256; c++) {
		first[0] = (char)c;
		if (c != 'P' && c != '\r')
			assert_wrong(first, 1);
	}
	assert_wrong(BYTES("{\"command\":\"PING\"}\n"));
	assert_wrong(BYTES("PROXZ"));
	assert_wrong(BYTES("POST / HTTP/1.1\r\n"));
	assert_wrong(BYTES("\r\n\r\n{"));
}

static void
every_wrong_line_of_version_1_is_refused(void **state)
{
	static const char *const lines[] = {
		"\r\n",
		" UNKNOWN\r\n",
		"UNKNOWN\n",
		"UNKNOWNX\r\n",
		"unknown\r\n",
		"TCP4\r\n",
		"TCP5 192.0.2.1 192.0.2.2 1 2\r\n",
		"TCP4 192.0.2.1 192.0.2.2 1 2\n",
		"TCP4 192.0.2.1 192.0.2.2 1 2 \r\n",
		"TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n",
		"TCP4  192.0.2.1 192.0.2.2 1 2\r\n",
		"TCP4 192.0.2.1 192.0.2.2 1\r\n",
		"TCP4 192.0.2.1 192.0.2.2 1 \r\n",
		"TCP4 192.0.2.1 1 2\r\n",
		"TCP4 192.0.2.256 192.0.2.2 1 2\r\n",
		"TCP4 192.0.2 192.0.2.2 1 2\r\n",
		"TCP4 192.0.02.1 192.0.2.2 1 2\r\n",
		"TCP4 192.0.2.1 localhost 1 2\r\n",
		"TCP4 2001:db8::1 2001:db8::2 1 2\r\n",
		"TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
		"TCP6 2001:db8::1 2001:db8:::2 1 2\r\n",
		"TCP4 192.0.2.1 192.0.2.2 65536 2\r\n",
		"TCP4 192.0.2.1 192.0.2.2 1 99999\r\n",
		"TCP4 192.0.2.1 192.0.2.2 123456 2\r\n",
		"TCP4 192.0.2.1 192.0.2.2 01 2\r\n",
		"TCP4 192.0.2.1 192.0.2.2 +1 2\r\n",
		"TCP4 192.0.2.1 192.0.2.2 -1 2\r\n",
		"TCP4 192.0.2.1 192.0.2.2 1x 2\r\n",
	};
	char line[256] = "PROXY ";
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		strcpy(line + 6, lines[i]);
		assert_wrong(line, strlen(line));
	}
	assert_wrong(BYTES("PROXY UNKNOWN \0\r\n"));
	assert_wrong(BYTES("PROXY\r\n"));
}

static void
a_line_of_version_1_without_an_end_is_refused(void **state)
{
	struct proxy_header h;
	char line[PROXY_LINE_MAX + 2];

	(void)state;
	memset(line, 'x', sizeof(line));
	memcpy(line, "PROXY UNKNOWN ", 14);
	assert_int_equal(parse(&h, line, PROXY_LINE_MAX - 1), PROXY_MORE);
	assert_wrong(line, PROXY_LINE_MAX);
	/* An end that comes too late is none. */
	memcpy(line + PROXY_LINE_MAX, "\r\n", 2);
	assert_wrong(line, sizeof(line));
	memcpy(line + PROXY_LINE_MAX - 1, "\r\n", 2);
	assert_wrong(line, PROXY_LINE_MAX + 1);
}

static void
every_wrong_header_of_version_2_is_refused(void **state)
{
	char header[sizeof(v2_tcp4)];
	unsigned byte;

	(void)state;
	for (byte = 0; byte < 256; byte++) {
		memcpy(header, v2_tcp4, sizeof(header));
		header[12] = (char)byte;
		if (byte != 0x20 && byte != 0x21)
			assert_wrong(header, 13);
		memcpy(header, v2_tcp4, sizeof(header));
		header[13] = (char)byte;
		if (byte >> 4 > 3 || (byte & 0xf) > 2)
			assert_wrong(header, sizeof(header) - 1);
	}
	/* Too short for its addresses. */
	assert_wrong(BYTES(SIGNATURE "\x21\x11\0\xb" TCP4_BLOCK));
	assert_wrong(BYTES(SIGNATURE "\x21\x11\0\0"));
	assert_wrong(BYTES(SIGNATURE "\x21\x21\0\x23" TCP6_BLOCK));
}

static void
a_header_of_version_2_above_the_limit_is_refused(void **state)
{
	char header[PROXY_HEADER_MAX] = SIGNATURE "\x20\0";
	size_t n = PROXY_HEADER_MAX - 16;
	struct proxy_header h;

	(void)state;
	header[14] = (char)(n >> 8);
	header[15] = (char)n;
	assert_int_equal(parse(&h, header, sizeof(header) - 1), PROXY_MORE);
	assert_header(header, sizeof(header), NULL, 0);
	n++;
	header[14] = (char)(n >> 8);
	header[15] = (char)n;
	assert_wrong(header, 16);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_1_gives_the_clients_address),
		cmocka_unit_test(version_2_gives_the_clients_address),
		cmocka_unit_test(what_follows_the_addresses_is_skipped),
		cmocka_unit_test(a_proxy_that_speaks_for_itself_has_no_address),
		cmocka_unit_test(
		    families_without_an_internet_address_have_none),
		cmocka_unit_test(every_truncation_asks_for_more),
		cmocka_unit_test(what_follows_is_the_clients),
		cmocka_unit_test(anything_else_is_wrong_at_its_first_byte),
		cmocka_unit_test(every_wrong_line_of_version_1_is_refused),
		cmocka_unit_test(a_line_of_version_1_without_an_end_is_refused),
		cmocka_unit_test(every_wrong_header_of_version_2_is_refused),
		cmocka_unit_test(
		    a_header_of_version_2_above_the_limit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
