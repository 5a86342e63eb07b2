/*
 * What is said and done to those who are kept out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "limit.h"
#include "penalty.h"
#include "text.h"

static void
the_wait_doubles_up_to_its_limit(void **state)
{
	(void)state;
	assert_int_equal(penalty_delay(1), LOGIN_DELAY);
	assert_int_equal(penalty_delay(2), 2 * LOGIN_DELAY);
	assert_int_equal(penalty_delay(3), 4 * LOGIN_DELAY);
	assert_int_equal(penalty_delay(5), LOGIN_DELAY_MAX);
	assert_int_equal(penalty_delay(1000), LOGIN_DELAY_MAX);
}

static void
a_sentence_says_until_when_and_why(void **state)
{
	char text[300];

	(void)state;
	penalty_sentence(text, sizeof(text), "this address", 0, "spam");
	assert_string_equal(text, "this address is blocked: spam");
	penalty_sentence(text, sizeof(text), "user eve", 1000, "");
	assert_string_equal(
	    text, "user eve is blocked until 1970-01-01T00:00:01.000Z");
	penalty_sentence(text, sizeof(text), "x", 1, "y");
	assert_string_equal(
	    text, "x is blocked until 1970-01-01T00:00:00.001Z: y");
}

static void
a_long_reason_is_cut_at_a_whole_character(void **state)
{
	char text[300], reason[1000] = "a";

	(void)state;
	while (strlen(reason) < 900)
		strcat(reason, "\xc3\xa4");
	penalty_sentence(text, sizeof(text), "x", 0, reason);
	assert_true(text_is_utf8(text, strlen(text)));
	assert_int_equal(
	    strlen(text), strlen("x is blocked: ") + BLOCK_REASON_MAX - 1);
	penalty_sentence(text, sizeof(text), "x", 0, "\xff");
	assert_string_equal(text, "x is blocked");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_wait_doubles_up_to_its_limit),
		cmocka_unit_test(a_sentence_says_until_when_and_why),
		cmocka_unit_test(a_long_reason_is_cut_at_a_whole_character),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
