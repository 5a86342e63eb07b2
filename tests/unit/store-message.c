/*
 * Unit tests of the store's messages: who may send to whom, refs, catching up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store-test.h"

/* ---- sending ---- */

static void
ids_grow_and_the_log_knows_its_last(void **state)
{
	struct store *s = open_store(true);
	struct store_session me = login_ok(s, "alice");
	struct store_item items[2] = { { .in = { .body = "x", .body_len = 1 } },
		{ .in = { .body = "y", .body_len = 1 } } };
	int64_t before = -1;

	(void)state;
	assert_int_equal(say(s, &me, NULL, "a"), 1);
	assert_int_equal(
	    store_messages_send(s, &me, items, 2, &before), STORE_OK);
	assert_int_equal(before, 1);
	assert_int_equal(store_position(s), 3);
	assert_int_equal(items[0].result, STORE_OK);
	assert_int_equal(items[0].sent.id, 2);
	assert_int_equal(items[1].result, STORE_OK);
	assert_int_equal(items[1].sent.id, 3);
	assert_string_equal(items[1].sent.to, "all");
	assert_int_equal(items[1].sent.recipient_id, 0);
	store_close(s);
}

static void
what_is_rolled_back_never_was(void **state)
{
	struct store *s = open_store(true);
	struct store_session me = login_ok(s, "alice");
	struct store_send in = { .body = "x", .body_len = 1, .ref = "r" };
	struct store_sent sent;

	(void)state;
	assert_int_equal(store_begin(s), STORE_OK);
	assert_int_equal(store_message_send(s, &me, &in, &sent), STORE_OK);
	/* Nobody may see it yet. */
	assert_int_equal(store_position(s), 0);
	store_rollback(s);
	assert_int_equal(store_position(s), 0);
	assert_int_equal(sql_int("SELECT count(*) FROM messages"), 0);
	assert_int_equal(send_one(s, &me, NULL, "r", "y", &sent), STORE_OK);
	assert_false(sent.again);
	store_close(s);
}

static void
private_messages_need_somebody_to_reach(void **state)
{
	struct store *s = open_store(true);
	struct store_session alice = login_ok(s, "alice"), bob;
	struct store_sent sent = { .id = -7 };

	(void)state;
	assert_int_equal(
	    send_one(s, &alice, "bob", NULL, "x", &sent), STORE_NO_USER);
	assert_int_equal(sent.id, -7);
	bob = login_ok(s, "Bob");
	assert_int_equal(
	    send_one(s, &alice, "bOB", NULL, "x", &sent), STORE_OK);
	assert_string_equal(sent.to, "Bob");
	assert_int_equal(sent.recipient_id, bob.user_id);
	assert_int_equal(
	    send_one(s, &alice, "alice", NULL, "me", &sent), STORE_OK);
	assert_int_equal(
	    store_session_end(s, bob.id, "Bob", "x", -1), STORE_OK);
	assert_int_equal(
	    send_one(s, &alice, "bob", NULL, "x", &sent), STORE_NO_USER);
	/* Who is registered gets it later. */
	sql("UPDATE users SET password = 'x' WHERE username = 'bob'");
	assert_int_equal(
	    send_one(s, &alice, "bob", NULL, "x", &sent), STORE_OK);
	store_close(s);
}

/* ---- refs ---- */

static void
a_resend_is_stored_once(void **state)
{
	struct store *s = open_store(true);
	struct store_session me = login_ok(s, "alice"), again;
	struct store_sent first, second;

	(void)state;
	assert_int_equal(send_one(s, &me, NULL, "r1", "x", &first), STORE_OK);
	assert_false(first.again);
	say(s, &me, NULL, "between");
	assert_int_equal(send_one(s, &me, NULL, "r1", "x", &second), STORE_OK);
	assert_true(second.again);
	assert_int_equal(second.id, first.id);
	assert_int_equal(second.time, first.time);
	/* On a later connection of the same person as well. */
	assert_int_equal(
	    login(s, "alice", "a2", "alice", "x", &again), STORE_OK);
	assert_int_equal(
	    send_one(s, &again, NULL, "r1", "x", &second), STORE_OK);
	assert_true(second.again);
	assert_int_equal(second.id, first.id);
	assert_int_equal(sql_int("SELECT count(*) FROM messages"), 2);
	store_close(s);
}

static void
a_resend_needs_no_recipient_any_more(void **state)
{
	struct store *s = open_store(true);
	struct store_session me = login_ok(s, "alice"),
			     bob = login_ok(s, "bob");
	struct store_sent first, second;

	(void)state;
	assert_int_equal(send_one(s, &me, "bob", "r", "x", &first), STORE_OK);
	assert_int_equal(
	    store_session_end(s, bob.id, "bob", "x", -1), STORE_OK);
	assert_int_equal(send_one(s, &me, "bob", "r", "x", &second), STORE_OK);
	assert_true(second.again);
	assert_int_equal(second.id, first.id);
	store_close(s);
}

static void
a_ref_stands_for_one_message(void **state)
{
	struct store *s = open_store(true);
	struct store_session alice = login_ok(s, "alice");
	struct store_session bob = login_ok(s, "bob");
	struct store_sent sent;

	(void)state;
	assert_int_equal(send_one(s, &alice, NULL, "r", "x", &sent), STORE_OK);
	assert_int_equal(
	    send_one(s, &alice, NULL, "r", "y", &sent), STORE_REF_REUSED);
	assert_int_equal(
	    send_one(s, &alice, NULL, "r", "xx", &sent), STORE_REF_REUSED);
	assert_int_equal(
	    send_one(s, &alice, "bob", "r", "x", &sent), STORE_REF_REUSED);
	/* Others have refs of their own. */
	assert_int_equal(send_one(s, &bob, NULL, "r", "x", &sent), STORE_OK);
	assert_false(sent.again);
	assert_int_equal(sql_int("SELECT count(*) FROM messages"), 2);
	store_close(s);
}

static void
a_former_holders_refs_are_forgotten(void **state)
{
	struct store *s = open_store(true);
	struct store_session me = login_ok(s, "alice"), next;
	struct store_sent first, second;

	(void)state;
	assert_int_equal(send_one(s, &me, NULL, "r", "x", &first), STORE_OK);
	assert_int_equal(send_one(s, &me, NULL, "q", "x", &first), STORE_OK);
	assert_int_equal(login(s, "alice", "a2", NULL, "x", &next), STORE_OK);
	assert_int_equal(send_one(s, &next, NULL, "r", "x", &second), STORE_OK);
	assert_false(second.again);
	assert_int_equal(second.id, 3);
	assert_int_equal(
	    send_one(s, &next, NULL, "q", "other", &second), STORE_OK);
	assert_int_equal(sql_int("SELECT count(*) FROM messages"), 4);
	store_close(s);
}

static void
a_ref_is_forgotten_after_a_day(void **state)
{
	struct store *s = open_store(true);
	struct store_session me = login_ok(s, "alice");
	struct store_sent first, second;

	(void)state;
	assert_int_equal(send_one(s, &me, NULL, "r", "x", &first), STORE_OK);
	/* Not quite a day ago. */
	sql("UPDATE messages SET created_at = created_at - 86340000");
	assert_int_equal(send_one(s, &me, NULL, "r", "x", &second), STORE_OK);
	assert_true(second.again);
	sql("UPDATE messages SET created_at = created_at - 60001");
	assert_int_equal(send_one(s, &me, NULL, "r", "y", &second), STORE_OK);
	assert_false(second.again);
	/* The old message stays, without it. */
	assert_int_equal(sql_int("SELECT count(*) FROM messages WHERE id = 1"
				 " AND body = 'x' AND ref IS NULL"),
	    1);
	store_close(s);
}

/* ---- catching up ---- */

static void
catching_up_gives_what_one_may_see(void **state)
{
	struct store *s = open_store(true);
	struct store_session alice = login_ok(s, "alice");
	struct store_session bob = login_ok(s, "bob");
	struct store_session carol = login_ok(s, "carol");
	struct store_view view = { .user_id = bob.user_id,
		.session_id = bob.id };

	(void)state;
	say(s, &alice, NULL, "1:all");
	say(s, &alice, "bob", "2:to-bob");
	say(s, &alice, "carol", "3:to-carol");
	say(s, &bob, NULL, "4:own");
	say(s, &bob, "alice", "5:own-private");
	say(s, &carol, "alice", "6:to-alice");
	say(s, &carol, NULL, "7:all");
	assert_string_equal(catch_up(s, &view), "1:all 2:to-bob 7:all ");
	assert_int_equal(view.position, 7);
	/* What another session of the same user said is news. */
	view.session_id = 99;
	view.position = 0;
	assert_string_equal(
	    catch_up(s, &view), "1:all 2:to-bob 4:own 5:own-private 7:all ");
	store_close(s);
}

static void
catching_up_has_two_floors(void **state)
{
	struct store *s = open_store(true);
	struct store_session alice = login_ok(s, "alice");
	struct store_session bob = login_ok(s, "bob");
	struct store_view view = { .user_id = bob.user_id,
		.session_id = bob.id,
		.public_from = 2,
		.private_from = 3 };
	struct store_view back;

	(void)state;
	say(s, &alice, NULL, "1:all");
	say(s, &alice, "bob", "2:bob");
	say(s, &alice, "bob", "3:bob");
	say(s, &alice, NULL, "4:all");
	say(s, &alice, "bob", "5:bob");
	back = view;
	assert_string_equal(catch_up(s, &view), "4:all 5:bob ");
	back.public_from = 4;
	back.private_from = 0;
	assert_string_equal(catch_up(s, &back), "2:bob 3:bob 5:bob ");
	back.position = 3;
	assert_string_equal(catch_up(s, &back), "5:bob ");
	store_close(s);
}

static void
catching_up_stops_at_its_limit(void **state)
{
	struct store *s = open_store(true);
	struct store_session alice = login_ok(s, "alice");
	struct store_view view = { .user_id = 99, .session_id = 99 };
	struct heard h = { .count = 0 };
	int i;

	(void)state;
	for (i = 0; i < 5; i++)
		say(s, &alice, NULL, "x");
	assert_int_equal(store_catch_up(s, &view, 3, hear, &h), STORE_OK);
	assert_int_equal(h.count, 3);
	assert_int_equal(view.position, 3);
	assert_int_equal(store_catch_up(s, &view, 3, hear, &h), STORE_OK);
	assert_int_equal(store_catch_up(s, &view, 2, hear, &h), STORE_OK);
	assert_int_equal(h.count, 3);
	assert_int_equal(view.position, 3);
	store_close(s);
}

static void
catching_up_goes_by_pages(void **state)
{
	struct store *s = open_store(false);
	struct store_session alice = login_ok(s, "alice");
	struct store_send in = { .body = "x", .body_len = 1 };
	struct store_view view = { .user_id = 99, .session_id = 99 };
	struct heard h = { .count = 0 };
	struct store_sent sent;
	int i;

	(void)state;
	assert_int_equal(store_begin(s), STORE_OK);
	for (i = 0; i < CATCHUP_ROWS + 10; i++)
		assert_int_equal(
		    store_message_send(s, &alice, &in, &sent), STORE_OK);
	assert_int_equal(store_commit(s, true), STORE_OK);
	assert_int_equal(
	    store_catch_up(s, &view, store_position(s), hear, &h), STORE_OK);
	assert_int_equal(h.count, CATCHUP_ROWS);
	assert_int_equal(view.position, CATCHUP_ROWS);
	assert_int_equal(
	    store_catch_up(s, &view, store_position(s), hear, &h), STORE_OK);
	assert_int_equal(h.count, CATCHUP_ROWS + 10);
	assert_int_equal(view.position, CATCHUP_ROWS + 10);
	/* Who takes no more is asked again for what follows. */
	view.position = 0;
	h = (struct heard){ .stop = 3 };
	assert_int_equal(
	    store_catch_up(s, &view, store_position(s), hear, &h), STORE_OK);
	assert_int_equal(h.count, 3);
	assert_int_equal(view.position, 3);
	store_close(s);
}

static void
catching_up_looks_at_so_many_ids_at_a_time(void **state)
{
	struct store *s = open_store(true);
	struct store_session alice = login_ok(s, "alice");
	struct store_view view = { .user_id = 99, .session_id = 99 };
	struct heard h = { .count = 0 };
	int calls = 0;

	(void)state;
	say(s, &alice, NULL, "near");
	sql("UPDATE sqlite_sequence SET seq = 1125899906842624");
	say(s, &alice, NULL, "far");
	assert_int_equal(store_position(s), 1125899906842625);
	while (view.position < store_position(s)) {
		assert_int_equal(
		    store_catch_up(s, &view, store_position(s), hear, &h),
		    STORE_OK);
		calls++;
		if (calls == 1)
			assert_int_equal(view.position, CATCHUP_SPAN);
	}
	/* What had something, what had nothing, and what follows the gap. */
	assert_int_equal(calls, 3);
	assert_string_equal(h.text, "near far ");
	store_close(s);
}

static void
the_log_is_everything_in_order(void **state)
{
	struct store *s = open_store(true);
	struct store_session alice = login_ok(s, "alice");
	struct heard h = { .count = 0 };

	(void)state;
	login_ok(s, "bob");
	say(s, &alice, NULL, "1");
	say(s, &alice, "bob", "2");
	say(s, &alice, "alice", "3");
	say(s, &alice, NULL, "4");
	assert_int_equal(store_log(s, 1, 3, hear, &h), STORE_OK);
	assert_string_equal(h.text, "2 3 ");
	store_close(s);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ids_grow_and_the_log_knows_its_last),
		TEST(what_is_rolled_back_never_was),
		TEST(private_messages_need_somebody_to_reach),
		TEST(a_resend_is_stored_once),
		TEST(a_resend_needs_no_recipient_any_more),
		TEST(a_ref_stands_for_one_message),
		TEST(a_former_holders_refs_are_forgotten),
		TEST(a_ref_is_forgotten_after_a_day),
		TEST(catching_up_gives_what_one_may_see),
		TEST(catching_up_has_two_floors),
		TEST(catching_up_stops_at_its_limit),
		TEST(catching_up_goes_by_pages),
		TEST(catching_up_looks_at_so_many_ids_at_a_time),
		TEST(the_log_is_everything_in_order),
	};

	return cmocka_run_group_tests_name("store-message", tests, NULL, NULL);
}
