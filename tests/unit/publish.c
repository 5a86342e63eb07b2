/*
 * Unit tests of lib/publish: what a transaction stored goes to the relay in as
 * few datagrams as it takes, each of which continues the one before.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "publish.h"

static struct dgram_head sent[8];
static size_t lengths[8];
static int nsent;
static char first_line[256];

static void
send_kept(void *arg, const struct dgram_head *head, const struct buf *body)
{
	struct dgram_entry entry;

	assert_ptr_equal(arg, first_line);
	assert_true(nsent < 8);
	assert_true(buf_len(body) <= DGRAM_BODY_MAX);
	if (nsent == 0 && head->count > 0) {
		memcpy(&entry, buf_head(body), sizeof(entry));
		if (entry.len >= sizeof(first_line))
			entry.len = sizeof(first_line) - 1;
		memcpy(first_line, buf_head(body) + sizeof(entry), entry.len);
		first_line[entry.len] = '\0';
	}
	sent[nsent] = *head;
	lengths[nsent++] = buf_len(body);
}

/* Messages 11, 12 … of these lengths, after position 10. */
static void
publish_lengths(const size_t *len, int count)
{
	struct publish p;
	char *text = malloc(DGRAM_MAX);
	int i;

	assert_non_null(text);
	memset(text, 'x', DGRAM_MAX);
	nsent = 0;
	publish_begin(&p, 3, 7, 10, send_kept, first_line);
	for (i = 0; i < count; i++)
		publish_add(&p,
		    &(struct event_message){ .id = 11 + i,
			.time = 1795408689123LL,
			.from = "alice",
			.body = text,
			.body_len = len[i] },
		    0);
	publish_end(&p);
	free(text);
}

static void
nothing_stored_is_nothing_sent(void **state)
{
	(void)state;
	publish_lengths(NULL, 0);
	assert_int_equal(nsent, 0);
}

static void
what_fits_goes_in_one_datagram(void **state)
{
	static const size_t len[] = { 2, 2, 2 };

	(void)state;
	publish_lengths(len, 3);
	assert_int_equal(nsent, 1);
	assert_int_equal(sent[0].type, DGRAM_PUBLISH);
	assert_int_equal(sent[0].user, 3);
	assert_int_equal(sent[0].session, 7);
	assert_int_equal(sent[0].count, 3);
	assert_int_equal(sent[0].prev, 10);
	assert_int_equal(sent[0].last, 13);
	assert_string_equal(first_line,
	    "{\"event\":\"MESSAGE\",\"id\":11,\"from\":\"alice\",\"to\":\"all\","
	    "\"message\":\"xx\",\"timestamp\":\"2026-11-23T04:38:09.123Z\"}\n");
}

static void
what_does_not_fit_continues_in_the_next(void **state)
{
	static const size_t len[] = { 30000, 30000, 30000 };

	(void)state;
	publish_lengths(len, 3);
	assert_int_equal(nsent, 2);
	assert_int_equal(sent[0].count, 2);
	assert_int_equal(sent[0].last, 12);
	assert_int_equal(sent[1].prev, 12);
	assert_int_equal(sent[1].last, 13);
	assert_int_equal(sent[1].count, 1);
}

static void
what_fits_in_none_is_told_without_its_line(void **state)
{
	static const size_t len[] = { 2, DGRAM_MAX, 2 };

	(void)state;
	publish_lengths(len, 3);
	assert_int_equal(nsent, 3);
	assert_int_equal(sent[0].last, 11);
	assert_int_equal(sent[1].prev, 11);
	assert_int_equal(sent[1].last, 12);
	assert_int_equal(sent[1].count, 0);
	assert_int_equal(lengths[1], 0);
	assert_int_equal(sent[2].prev, 12);
	assert_int_equal(sent[2].count, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_stored_is_nothing_sent),
		cmocka_unit_test(what_fits_goes_in_one_datagram),
		cmocka_unit_test(what_does_not_fit_continues_in_the_next),
		cmocka_unit_test(what_fits_in_none_is_told_without_its_line),
	};

	return cmocka_run_group_tests_name("publish", tests, NULL, NULL);
}
