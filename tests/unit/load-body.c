/*
 * Unit tests of the texts that the load programs send: each says which message
 * of which run it is, and any other text is told from it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "body.h"

#define RUN   0x12345678
#define SIZE  80
#define TEXTS 4096

static void
a_text_says_which_it_is(void **state)
{
	char text[SIZE];
	uint32_t i;

	(void)state;
	for (i = 0; i < TEXTS; i++) {
		body_write(text, RUN, i, SIZE, i % 2 == 0);
		assert_int_equal(body_number(text, SIZE, RUN), i);
		assert_int_equal(
		    body_number(text, SIZE, RUN + 1), BODY_UNKNOWN);
		assert_true(
		    body_is_intact(text, SIZE, RUN, i, SIZE, i % 2 == 0));
	}
}

/* Those are kept by their number's last byte. */
static void
texts_that_come_in_turns_do_not_mix(void **state)
{
	char text[SIZE];
	uint32_t i, number;

	(void)state;
	for (i = 0; i < 9; i++) {
		number = i % 3 * 256;
		body_write(text, RUN, number, SIZE, false);
		assert_true(
		    body_is_intact(text, SIZE, RUN, number, SIZE, false));
	}
}

static void
a_change_anywhere_is_seen(void **state)
{
	char text[SIZE];
	size_t i;

	(void)state;
	body_write(text, RUN, 7, SIZE, false);
	for (i = 0; i < SIZE; i++) {
		text[i] ^= 1;
		assert_false(body_is_intact(text, SIZE, RUN, 7, SIZE, false));
		text[i] ^= 1;
	}
	assert_true(body_is_intact(text, SIZE, RUN, 7, SIZE, false));
	assert_false(body_is_intact(text, SIZE - 1, RUN, 7, SIZE, false));
}

static void
a_text_that_was_cut_is_another(void **state)
{
	char text[SIZE];
	uint32_t i;

	(void)state;
	for (i = 0; i < TEXTS; i++) {
		body_write(text, RUN, i, SIZE, i % 2 == 0);
		assert_false(body_is_intact(
		    text, SIZE - 1, RUN, i, SIZE - 1, i % 2 == 0));
	}
}

static bool
is_changed(const char *from, const char *text, size_t n)
{
	return body_is_changed(from, strlen(from), text, n);
}

static void
what_a_load_program_said_is_known_by_its_name(void **state)
{
	char text[BODY_MAX + 1] = "";
	int rich;

	(void)state;
	for (rich = 0; rich < 2; rich++) {
		body_write(text, RUN, 7, SIZE, rich);
		assert_false(is_changed("u12345678-3", text, SIZE));
		assert_true(is_changed("u12345679-3", text, SIZE));
		assert_true(is_changed("u12345678-3", text, SIZE - 1));
		text[0] ^= 1;
		assert_true(is_changed("u12345678-3", text, SIZE));
		text[0] ^= 1;
		text[SIZE - 1] ^= 1;
		assert_true(is_changed("u12345678-3", text, SIZE));
	}
	assert_true(is_changed("u12345678-3", text, sizeof(text)));
	assert_true(is_changed("u12345678-3", "", 0));
}

static void
what_others_say_is_theirs(void **state)
{
	static const char *const names[] = { "alice", "", "u12345678",
		"u12345678-", "u12345678-a", "U12345678-1", "u1234567g-1",
		"u12345678+1", "u12345678-1234567890" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_false(is_changed(names[i], "hello", 5));
}

/* Other servers may take such a space away. */
static void
no_plain_text_ends_with_a_space(void **state)
{
	char text[SIZE];
	uint32_t i;

	(void)state;
	for (i = 0; i < TEXTS; i++) {
		body_write(text, RUN, i, SIZE, false);
		assert_int_not_equal(text[SIZE - 1], ' ');
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_says_which_it_is),
		cmocka_unit_test(texts_that_come_in_turns_do_not_mix),
		cmocka_unit_test(a_change_anywhere_is_seen),
		cmocka_unit_test(a_text_that_was_cut_is_another),
		cmocka_unit_test(what_a_load_program_said_is_known_by_its_name),
		cmocka_unit_test(what_others_say_is_theirs),
		cmocka_unit_test(no_plain_text_ends_with_a_space),
	};

	return cmocka_run_group_tests_name("load-body", tests, NULL, NULL);
}
