/*
 * Who is there: JOINED and LEFT once a user, however many sessions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "presence.h"

static void
only_the_first_session_joins_and_the_last_leaves(void **state)
{
	struct presence p = { 0 };
	struct presence_user *u;
	bool joined;

	(void)state;
	u = presence_enter(&p, 1, "alice", false, &joined);
	assert_true(joined);
	assert_ptr_equal(presence_enter(&p, 1, "alice", false, &joined), u);
	assert_false(joined);
	assert_int_equal(p.count, 1);
	assert_false(presence_leave(&p, u));
	presence_forget(&p, u);
	assert_ptr_equal(presence_find(&p, 1), u);
	assert_true(presence_leave(&p, u));
	assert_int_equal(p.count, 0);
	presence_forget(&p, u);
	assert_null(presence_find(&p, 1));
	presence_enter(&p, 1, "alice", false, &joined);
	assert_true(joined);
	presence_free(&p);
}

static void
who_registers_again_is_known_already(void **state)
{
	struct presence p = { 0 };
	struct presence_user *u;
	bool joined;

	(void)state;
	u = presence_enter(&p, 1, "alice", true, &joined);
	assert_false(joined);
	presence_enter(&p, 1, "alice", false, &joined);
	assert_false(joined);
	assert_false(presence_leave(&p, u));
	assert_true(presence_leave(&p, u));
	presence_free(&p);
}

static void
the_dead_leave_when_their_row_is_closed(void **state)
{
	struct presence p = { 0 };
	struct presence_user *u;
	bool joined;

	(void)state;
	u = presence_enter(&p, 1, "alice", false, &joined);
	presence_die(&p, u);
	assert_int_equal(p.count, 0);
	presence_forget(&p, u);
	assert_ptr_equal(presence_find(&p, 1), u);
	assert_true(presence_ended(u));
	presence_forget(&p, u);
	assert_null(presence_find(&p, 1));
	presence_free(&p);
}

static void
who_is_back_before_that_never_left(void **state)
{
	struct presence p = { 0 };
	struct presence_user *u;
	bool joined;

	(void)state;
	u = presence_enter(&p, 1, "alice", false, &joined);
	presence_die(&p, u);
	presence_enter(&p, 1, "alice", false, &joined);
	assert_false(joined);
	assert_false(presence_ended(u));
	presence_forget(&p, u);
	assert_true(presence_leave(&p, u));
	presence_free(&p);
}

static void
a_goodbye_waits_for_the_dead(void **state)
{
	struct presence p = { 0 };
	struct presence_user *u;
	bool joined;

	(void)state;
	u = presence_enter(&p, 1, "alice", false, &joined);
	presence_enter(&p, 1, "alice", false, &joined);
	presence_die(&p, u);
	assert_false(presence_leave(&p, u));
	presence_forget(&p, u);
	assert_true(presence_ended(u));
	presence_free(&p);
}

static void
users_are_kept_apart(void **state)
{
	struct presence p = { 0 };
	struct presence_user *alice, *bob, *carol;
	bool joined;

	(void)state;
	alice = presence_enter(&p, 1, "alice", false, &joined);
	bob = presence_enter(&p, 2, "bob", false, &joined);
	carol = presence_enter(&p, 3, "carol", false, &joined);
	assert_int_equal(p.count, 3);
	assert_string_equal(bob->username, "bob");
	assert_true(presence_leave(&p, bob));
	presence_forget(&p, bob);
	assert_ptr_equal(presence_find(&p, 1), alice);
	assert_null(presence_find(&p, 2));
	assert_ptr_equal(presence_find(&p, 3), carol);
	presence_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    only_the_first_session_joins_and_the_last_leaves),
		cmocka_unit_test(who_registers_again_is_known_already),
		cmocka_unit_test(the_dead_leave_when_their_row_is_closed),
		cmocka_unit_test(who_is_back_before_that_never_left),
		cmocka_unit_test(a_goodbye_waits_for_the_dead),
		cmocka_unit_test(users_are_kept_apart),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
