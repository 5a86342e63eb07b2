/*
 * The relay's core: order, holes, duplicates, batches, and who gets what.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "limit.h"
#include "relay.h"

#define ALICE 1
#define BOB   2
#define CAROL 3
#define US    1000LL /* in a millisecond */

/* What was sent, in order; a dash for a line that did not fit. */
struct sent {
	char text[4096];
	unsigned batches;
	int64_t last;
};

static void
collect(void *arg, const struct relay_batch *b)
{
	struct sent *s = arg;
	size_t n = strlen(s->text);

	for (unsigned i = 0; i < b->n; i++) {
		const struct relay_entry *e = &b->entries[i];

		if (e->len == 0)
			n += (size_t)snprintf(
			    s->text + n, sizeof(s->text) - n, "- ");
		else if (n + e->len < sizeof(s->text)) {
			memcpy(s->text + n,
			    b->block.data + b->block.start + e->offset, e->len);
			n += e->len;
			s->text[n] = '\0';
		}
	}
	s->batches++;
	s->last = b->last;
}

static void
start(struct relay *r, struct sent *s, int64_t position)
{
	*s = (struct sent){ .last = -1 };
	relay_init(r, position, collect, s);
}

/* A publication of messages first..last to all, each line being its id. */
static struct dgram_head
publication(struct buf *body, int64_t prev, int64_t first, int64_t last)
{
	struct dgram_head h = { .version = DGRAM_VERSION,
		.type = DGRAM_PUBLISH,
		.prev = prev,
		.last = last,
		.user = ALICE,
		.session = 10 };

	buf_reset(body, 0);
	for (int64_t id = first; id <= last; id++) {
		char line[24];
		struct dgram_entry e = { .id = id };

		e.len = (uint32_t)snprintf(line, sizeof(line), "%d ", (int)id);
		buf_add(body, &e, sizeof(e));
		buf_add(body, line, e.len);
		h.count++;
	}
	return h;
}

static void
publish_at(
    struct relay *r, int64_t prev, int64_t first, int64_t last, int64_t now)
{
	struct buf body = { 0 };
	struct dgram_head h = publication(&body, prev, first, last);

	assert_true(relay_publish(r, &h, buf_head(&body), buf_len(&body), now));
	buf_free(&body);
}

static void
publish(struct relay *r, int64_t prev, int64_t first, int64_t last)
{
	publish_at(r, prev, first, last, 0);
}

static void
stored(struct relay *r, int64_t id)
{
	char line[24];
	struct relay_message m = {
		.id = id, .user = ALICE, .session = 10, .line = line
	};

	m.len = (size_t)snprintf(line, sizeof(line), "%d ", (int)id);
	relay_stored(r, &m);
}

/* All that was gathered is now exactly that. */
static void
expect(struct relay *r, struct sent *s, const char *text, int64_t position)
{
	relay_flush(r);
	assert_string_equal(s->text, text);
	assert_int_equal(r->position, position);
}

static void
publications_in_order_are_relayed(void **state)
{
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, 5);
	publish(&r, 5, 6, 8);
	publish(&r, 8, 9, 9);
	assert_int_equal(relay_wait(&r, 0), -1);
	expect(&r, &s, "6 7 8 9 ", 9);
	assert_int_equal(s.batches, 1);
	assert_int_equal(s.last, 9);
	relay_free(&r);
}

static void
ids_may_have_gaps(void **state)
{
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, 5);
	publish(&r, 5, 1005, 1006);
	assert_int_equal(relay_wait(&r, 0), -1);
	expect(&r, &s, "1005 1006 ", 1006);
	relay_free(&r);
}

static void
disorder_is_put_right(void **state)
{
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, 0);
	publish(&r, 6, 7, 8);
	publish(&r, 2, 3, 4);
	publish(&r, 4, 5, 6);
	expect(&r, &s, "", 0);
	publish(&r, 0, 1, 2);
	expect(&r, &s, "1 2 3 4 5 6 7 8 ", 8);
	assert_int_equal(relay_wait(&r, 0), -1);
	assert_int_equal(r.naside, 0);
	relay_free(&r);
}

static void
what_came_already_is_dropped(void **state)
{
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, 4);
	publish(&r, 2, 3, 4);
	publish(&r, 4, 5, 6);
	publish(&r, 4, 5, 6);
	expect(&r, &s, "5 6 ", 6);
	assert_int_equal(relay_wait(&r, 0), -1);
	relay_free(&r);
}

static void
of_an_overlap_only_the_new_part_is_relayed(void **state)
{
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, 4);
	publish(&r, 1, 2, 7);
	expect(&r, &s, "5 6 7 ", 7);
	relay_free(&r);
}

static void
one_put_aside_twice_is_relayed_once(void **state)
{
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, 0);
	publish(&r, 1, 2, 2);
	publish(&r, 1, 2, 2);
	publish(&r, 0, 1, 1);
	expect(&r, &s, "1 2 ", 2);
	relay_free(&r);
}

static void
a_hole_is_read_from_the_store_after_a_while(void **state)
{
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, 0);
	publish_at(&r, 2, 3, 3, 10 * US);
	assert_int_equal(relay_wait(&r, 10 * US), RELAY_HOLE_WAIT * US);
	publish_at(&r, 3, 4, 4, 12 * US);
	assert_int_equal(
	    relay_wait(&r, 12 * US), RELAY_HOLE_WAIT * US - 2 * US);
	assert_int_equal(relay_wait(&r, 99 * US), 0);
	stored(&r, 1);
	stored(&r, 2);
	relay_read_done(&r, 2, 99 * US);
	expect(&r, &s, "1 2 3 4 ", 4);
	assert_int_equal(relay_wait(&r, 99 * US), -1);
	relay_free(&r);
}

static void
what_was_read_past_the_hole_is_not_relayed_again(void **state)
{
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, 0);
	publish(&r, 1, 2, 4);
	for (int id = 1; id <= 3; id++)
		stored(&r, id);
	relay_read_done(&r, 3, 0);
	expect(&r, &s, "1 2 3 4 ", 4);
	publish(&r, 0, 1, 1);
	expect(&r, &s, "1 2 3 4 ", 4);
	relay_free(&r);
}

static void
a_second_hole_has_its_own_time(void **state)
{
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, 0);
	publish_at(&r, 1, 2, 2, 0);
	publish_at(&r, 5, 6, 6, 0);
	publish_at(&r, 0, 1, 1, 4 * US);
	expect(&r, &s, "1 2 ", 2);
	assert_int_equal(relay_wait(&r, 4 * US), RELAY_HOLE_WAIT * US);
	relay_free(&r);
}

static void
a_publication_without_entries_is_read_at_once(void **state)
{
	struct relay r;
	struct sent s;
	struct dgram_head h = { .prev = 3, .last = 4 };

	(void)state;
	start(&r, &s, 3);
	assert_true(relay_publish(&r, &h, NULL, 0, 0));
	assert_int_equal(r.position, 3);
	assert_int_equal(relay_wait(&r, 0), 0);
	/* What follows it waits for it. */
	publish(&r, 4, 5, 5);
	stored(&r, 4);
	relay_read_done(&r, 4, 0);
	expect(&r, &s, "4 5 ", 5);
	assert_int_equal(relay_wait(&r, 0), -1);
	relay_free(&r);
}

static void
too_many_aside_are_read_at_once(void **state)
{
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, 0);
	for (int i = 1; i <= RELAY_ASIDE_MAX; i++)
		publish(&r, i, i + 1, i + 1);
	assert_int_equal(relay_wait(&r, 0), RELAY_HOLE_WAIT * US);
	publish(
	    &r, RELAY_ASIDE_MAX + 1, RELAY_ASIDE_MAX + 2, RELAY_ASIDE_MAX + 2);
	assert_int_equal(r.naside, RELAY_ASIDE_MAX);
	assert_int_equal(relay_wait(&r, 0), 0);
	/* The one that was not kept is known to exist. */
	for (int i = 1; i <= RELAY_ASIDE_MAX + 2; i++)
		stored(&r, i);
	relay_read_done(&r, RELAY_ASIDE_MAX + 2, 0);
	assert_int_equal(r.position, RELAY_ASIDE_MAX + 2);
	assert_int_equal(r.naside, 0);
	assert_int_equal(relay_wait(&r, 0), -1);
	relay_free(&r);
}

static void
what_the_store_is_ahead_is_read(void **state)
{
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, 7);
	relay_known(&r, 7, 0);
	assert_int_equal(relay_wait(&r, 0), -1);
	relay_known(&r, 9, 0);
	assert_int_equal(relay_wait(&r, 0), RELAY_HOLE_WAIT * US);
	/* It was on its way. */
	publish(&r, 7, 8, 9);
	assert_int_equal(relay_wait(&r, 0), -1);
	expect(&r, &s, "8 9 ", 9);
	relay_free(&r);
}

static void
a_reading_in_parts_goes_on_at_once(void **state)
{
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, 0);
	publish_at(&r, 5, 6, 6, 0);
	stored(&r, 1);
	relay_read_done(&r, 1, 20 * US);
	assert_int_equal(relay_wait(&r, 20 * US), 0);
	relay_read_done(&r, 5, 30 * US);
	expect(&r, &s, "1 6 ", 6);
	assert_int_equal(relay_wait(&r, 30 * US), -1);
	relay_free(&r);
}

static void
what_the_store_does_not_have_is_forgotten(void **state)
{
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, 3);
	publish(&r, 1000000, 1000001, 1000001);
	publish(&r, 4, 5, 5);
	relay_read_done(&r, 3, 0);
	assert_int_equal(relay_wait(&r, 0), -1);
	assert_int_equal(r.naside, 0);
	/* The true log goes on. */
	publish(&r, 3, 4, 5);
	expect(&r, &s, "4 5 ", 5);
	relay_free(&r);
}

static void
another_log_is_followed_from_its_position(void **state)
{
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, 100);
	publish(&r, 101, 102, 102);
	relay_reset(&r, 50);
	assert_int_equal(relay_wait(&r, 0), -1);
	publish(&r, 50, 51, 51);
	expect(&r, &s, "51 ", 51);
	relay_free(&r);
}

static void
without_the_store_a_hole_is_left_out(void **state)
{
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, 0);
	publish(&r, 5, 6, 6);
	publish(&r, 8, 9, 9);
	relay_skip(&r, 0);
	expect(&r, &s, "- 6 ", 6);
	relay_skip(&r, 0);
	expect(&r, &s, "- 6 - 9 ", 9);
	assert_int_equal(relay_wait(&r, 0), -1);
	relay_known(&r, 12, 0);
	relay_skip(&r, 0);
	expect(&r, &s, "- 6 - 9 - ", 12);
	relay_skip(&r, 0);
	expect(&r, &s, "- 6 - 9 - ", 12);
	relay_free(&r);
}

static void
an_unknown_position_is_learnt(void **state)
{
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, -1);
	relay_known(&r, -1, 0);
	assert_int_equal(relay_wait(&r, 0), -1);
	publish(&r, 41, 42, 42);
	expect(&r, &s, "42 ", 42);
	relay_free(&r);
	start(&r, &s, -1);
	relay_known(&r, 41, 0);
	publish(&r, 41, 42, 42);
	expect(&r, &s, "42 ", 42);
	relay_free(&r);
}

static void
malformed_publications_change_nothing(void **state)
{
	struct relay r;
	struct sent s;
	struct buf b = { 0 };
	struct dgram_head h, bad;
	struct dgram_entry *e;
	size_t len;

	(void)state;
	start(&r, &s, 5);
	h = publication(&b, 5, 6, 7);
	len = buf_len(&b);
	e = (struct dgram_entry *)(void *)buf_head(&b);
	for (size_t cut = 0; cut < len; cut++)
		assert_false(relay_publish(&r, &h, buf_head(&b), cut, 0));
	bad = h;
	bad.count = 1;
	assert_false(relay_publish(&r, &bad, buf_head(&b), len, 0));
	bad.count = 3;
	assert_false(relay_publish(&r, &bad, buf_head(&b), len, 0));
	bad.count = UINT32_MAX;
	assert_false(relay_publish(&r, &bad, buf_head(&b), len, 0));
	bad.count = 0;
	assert_false(relay_publish(&r, &bad, buf_head(&b), len, 0));
	bad = h;
	bad.last = 8;
	assert_false(relay_publish(&r, &bad, buf_head(&b), len, 0));
	bad.last = bad.prev;
	assert_false(relay_publish(&r, &bad, buf_head(&b), len, 0));
	bad = h;
	bad.prev = 6;
	assert_false(relay_publish(&r, &bad, buf_head(&b), len, 0));
	bad.prev = -1;
	assert_false(relay_publish(&r, &bad, buf_head(&b), len, 0));
	e->id = 7;
	assert_false(relay_publish(&r, &h, buf_head(&b), len, 0));
	e->id = 6;
	e->len = UINT32_MAX;
	assert_false(relay_publish(&r, &h, buf_head(&b), len, 0));
	e->len = 0;
	assert_false(relay_publish(&r, &h, buf_head(&b), len, 0));
	expect(&r, &s, "", 5);
	assert_int_equal(relay_wait(&r, 0), -1);
	buf_free(&b);
	relay_free(&r);
}

static void
a_batch_ends_when_its_datagram_would_be_too_long(void **state)
{
	static char line[DGRAM_BODY_MAX + 1];
	struct relay r;
	struct sent s;
	struct relay_message m = { .line = line, .session = 10 };

	(void)state;
	memset(line, 'x', sizeof(line));
	start(&r, &s, 0);
	m.len = BATCH_BYTES / 2;
	for (m.id = 1; m.id <= 3; m.id++)
		relay_stored(&r, &m);
	/* Two fill one; its position is that of the second. */
	assert_int_equal(s.batches, 1);
	assert_int_equal(s.last, 2);
	/* A line that is longer has one for itself. */
	m.len = DGRAM_BODY_MAX;
	m.id = 4;
	relay_stored(&r, &m);
	assert_int_equal(s.batches, 2);
	assert_int_equal(s.last, 3);
	m.len = 1;
	m.id = 5;
	relay_stored(&r, &m);
	assert_int_equal(s.batches, 3);
	assert_int_equal(s.last, 4);
	relay_flush(&r);
	/* One that fits in none is to be looked up. */
	s.text[0] = '\0';
	m.len = DGRAM_BODY_MAX + 1;
	m.id = 6;
	relay_stored(&r, &m);
	expect(&r, &s, "- ", 6);
	relay_free(&r);
}

static void
a_batch_has_so_many_lines(void **state)
{
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, 0);
	publish(&r, 0, 1, BATCH_LINES);
	assert_int_equal(s.batches, 0);
	publish(&r, BATCH_LINES, BATCH_LINES + 1, BATCH_LINES + 1);
	assert_int_equal(s.batches, 1);
	assert_int_equal(s.last, BATCH_LINES);
	relay_free(&r);
}

static void
presence_keeps_its_place_among_messages(void **state)
{
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, 0);
	publish(&r, 0, 1, 1);
	relay_presence(&r, BOB, "bob ", 4);
	relay_presence(&r, CAROL, "carol ", 6);
	publish(&r, 1, 2, 2);
	expect(&r, &s, "1 bob carol 2 ", 2);
	/* Each datagram has one kind. */
	assert_int_equal(s.batches, 3);
	relay_free(&r);
}

/* The lines chosen for a session, joined. */
static const char *
chosen(const struct relay *r, unsigned first, int64_t user, int64_t session)
{
	static struct relay_choice c;
	static char text[256];
	size_t n = 0;

	relay_choose(&r->batch, first, user, session, &c);
	for (unsigned i = 1; i < c.nparts; i++) {
		memcpy(text + n, c.parts[i].iov_base, c.parts[i].iov_len);
		n += c.parts[i].iov_len;
	}
	text[n] = '\0';
	return text;
}

static void
add(struct relay *r, int64_t id, int64_t user, int64_t session,
    int64_t recipient, const char *line)
{
	relay_stored(r,
	    &(struct relay_message){ .id = id,
		.user = user,
		.session = session,
		.recipient = recipient,
		.line = line,
		.len = strlen(line) });
}

static void
each_session_gets_what_concerns_it(void **state)
{
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, 0);
	add(&r, 1, ALICE, 10, 0, "all ");
	add(&r, 2, ALICE, 10, BOB, "to-bob ");
	add(&r, 3, CAROL, 30, ALICE, "to-alice ");
	add(&r, 4, BOB, 20, 0, "from-bob ");
	add(&r, 5, ALICE, 10, ALICE, "self ");
	assert_string_equal(chosen(&r, 0, ALICE, 10), "to-alice from-bob ");
	assert_string_equal(
	    chosen(&r, 0, ALICE, 11), "all to-bob to-alice from-bob self ");
	assert_string_equal(chosen(&r, 0, BOB, 20), "all to-bob ");
	assert_string_equal(chosen(&r, 0, CAROL, 31), "all to-alice from-bob ");
	assert_string_equal(chosen(&r, 3, CAROL, 31), "from-bob ");
	assert_string_equal(chosen(&r, 4, BOB, 20), "");
	relay_free(&r);
}

static void
neighbours_are_sent_as_one_part(void **state)
{
	static struct relay_choice c;
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, 0);
	for (int id = 1; id <= 9; id++)
		add(&r, id, ALICE, id == 5 ? 20 : 10, 0, "x");
	relay_choose(&r.batch, 0, BOB, 20, &c);
	assert_int_equal(c.lines, 8);
	assert_int_equal(c.nparts, 1 + 2);
	relay_choose(&r.batch, 0, BOB, 21, &c);
	assert_int_equal(c.nparts, 1 + 1);
	assert_int_equal(c.parts[1].iov_len, 9);
	relay_choose(&r.batch, 0, ALICE, 10, &c);
	assert_int_equal(c.lines, 1);
	assert_false(c.look);
	relay_free(&r);
}

static void
presence_is_for_others(void **state)
{
	static struct relay_choice c;
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, 0);
	relay_presence(&r, BOB, "bob ", 4);
	assert_string_equal(chosen(&r, 0, ALICE, 10), "bob ");
	assert_string_equal(chosen(&r, 0, BOB, 20), "");
	relay_choose(&r.batch, 0, ALICE, 10, &c);
	assert_true(c.presence);
	relay_free(&r);
}

static void
only_those_concerned_look_for_a_long_line(void **state)
{
	static char line[DGRAM_BODY_MAX + 1];
	static struct relay_choice c;
	struct relay r;
	struct sent s;

	(void)state;
	start(&r, &s, 0);
	relay_stored(&r,
	    &(struct relay_message){ .id = 1,
		.user = ALICE,
		.session = 10,
		.recipient = BOB,
		.line = line,
		.len = sizeof(line) });
	add(&r, 2, ALICE, 10, 0, "x");
	relay_choose(&r.batch, 0, BOB, 20, &c);
	assert_true(c.look);
	relay_choose(&r.batch, 0, CAROL, 30, &c);
	assert_false(c.look);
	assert_int_equal(c.lines, 1);
	relay_free(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(publications_in_order_are_relayed),
		cmocka_unit_test(ids_may_have_gaps),
		cmocka_unit_test(disorder_is_put_right),
		cmocka_unit_test(what_came_already_is_dropped),
		cmocka_unit_test(of_an_overlap_only_the_new_part_is_relayed),
		cmocka_unit_test(one_put_aside_twice_is_relayed_once),
		cmocka_unit_test(a_hole_is_read_from_the_store_after_a_while),
		cmocka_unit_test(
		    what_was_read_past_the_hole_is_not_relayed_again),
		cmocka_unit_test(a_second_hole_has_its_own_time),
		cmocka_unit_test(a_publication_without_entries_is_read_at_once),
		cmocka_unit_test(too_many_aside_are_read_at_once),
		cmocka_unit_test(what_the_store_is_ahead_is_read),
		cmocka_unit_test(a_reading_in_parts_goes_on_at_once),
		cmocka_unit_test(what_the_store_does_not_have_is_forgotten),
		cmocka_unit_test(another_log_is_followed_from_its_position),
		cmocka_unit_test(without_the_store_a_hole_is_left_out),
		cmocka_unit_test(an_unknown_position_is_learnt),
		cmocka_unit_test(malformed_publications_change_nothing),
		cmocka_unit_test(
		    a_batch_ends_when_its_datagram_would_be_too_long),
		cmocka_unit_test(a_batch_has_so_many_lines),
		cmocka_unit_test(presence_keeps_its_place_among_messages),
		cmocka_unit_test(each_session_gets_what_concerns_it),
		cmocka_unit_test(neighbours_are_sent_as_one_part),
		cmocka_unit_test(presence_is_for_others),
		cmocka_unit_test(only_those_concerned_look_for_a_long_line),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
