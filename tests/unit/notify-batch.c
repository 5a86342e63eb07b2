/*
 * The relay's core: batches, and who gets what of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "relay-test.h"

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
