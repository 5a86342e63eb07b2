/*
 * Blocks in the store: found by address and name while they last, written and
 * removed, and every query uses an index.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store-test.h"

#define LATER 4102444800000 /* 2100 */

static struct store_block
network(const char *text, const char *reason, int64_t until)
{
	struct store_block b = { .reason = reason, .until = until };
	struct net net;

	assert_true(net_parse(&net, text));
	b.first = net.addr;
	b.last = net_last(&net);
	return b;
}

static void
add(struct store *s, const char *net, const char *reason, int64_t until)
{
	struct store_block b = network(net, reason, until);

	if (store_block_add(s, &b) != STORE_OK)
		fail_msg("%s", store_error(s));
}

/* Make the block one for good, as the operator does. */
static void
keep(const char *reason)
{
	char text[160];

	snprintf(text, sizeof(text),
	    "UPDATE blocks SET expires_at = NULL WHERE reason = '%s'", reason);
	sql(text);
}

static struct store_blocked
blocked(struct store *s, const char *address)
{
	struct store_blocked b;
	struct net net;

	assert_true(net_parse(&net, address));
	if (store_blocked_address(s, &net.addr, &b) != STORE_OK)
		fail_msg("%s", store_error(s));
	return b;
}

static bool
user_blocked(struct store *s, const char *name)
{
	struct store_blocked b;

	if (store_blocked_user(s, name, &b) != STORE_OK)
		fail_msg("%s", store_error(s));
	return b.blocked;
}

static void
an_address_is_blocked_by_any_network_around_it(void **state)
{
	struct store *s = open_store(true);
	struct store_blocked b;

	(void)state;
	assert_false(blocked(s, "192.0.2.1").blocked);
	add(s, "192.0.2.0/24", "one", LATER);
	add(s, "192.0.0.0/16", "two", LATER + 5);
	add(s, "2001:db8::/32", "three", LATER);
	b = blocked(s, "192.0.2.1");
	assert_true(b.blocked);
	assert_string_equal(b.reason, "two");
	assert_int_equal(b.until, LATER + 5);
	assert_false(blocked(s, "192.1.0.0").blocked);
	assert_false(blocked(s, "191.255.255.255").blocked);
	assert_true(blocked(s, "2001:db8:ffff::1").blocked);
	assert_false(blocked(s, "2001:db9::").blocked);
	keep("one");
	b = blocked(s, "192.0.2.1");
	assert_string_equal(b.reason, "one");
	assert_int_equal(b.until, 0);
	store_close(s);
}

static void
a_block_ends_with_its_time_and_its_row_with_the_next(void **state)
{
	struct store *s = open_store(true);

	(void)state;
	add(s, "192.0.2.1", "over", store_now() - 1);
	assert_false(blocked(s, "192.0.2.1").blocked);
	assert_int_equal(sql_int("SELECT count(*) FROM blocks"), 1);
	add(s, "192.0.2.2", "new", LATER);
	assert_int_equal(sql_int("SELECT count(*) FROM blocks"), 1);
	store_close(s);
}

static void
a_second_block_lengthens_but_never_shortens(void **state)
{
	struct store *s = open_store(true);

	(void)state;
	add(s, "192.0.2.1", "one", LATER);
	add(s, "192.0.2.1", "two", LATER + 1);
	assert_string_equal(blocked(s, "192.0.2.1").reason, "two");
	add(s, "192.0.2.1", "three", LATER);
	assert_string_equal(blocked(s, "192.0.2.1").reason, "two");
	keep("two");
	add(s, "192.0.2.1", "four", LATER + 9);
	assert_int_equal(blocked(s, "192.0.2.1").until, 0);
	assert_int_equal(sql_int("SELECT count(*) FROM blocks"), 1);
	store_close(s);
}

static void
a_user_is_blocked_regardless_of_case(void **state)
{
	struct store *s = open_store(true);

	(void)state;
	sql("INSERT INTO blocks (username, reason, created_at, expires_at)"
	    " VALUES ('Mallory', 'spam', 1, NULL), ('eve', 'spam', 1, 2)");
	assert_true(user_blocked(s, "mallory"));
	assert_false(user_blocked(s, "eve"));
	assert_false(user_blocked(s, "alice"));
	store_close(s);
}

struct seen {
	int nets, users;
};

static bool
see(void *arg, const struct store_block *b)
{
	struct seen *seen = arg;

	assert_non_null(b->reason);
	if (b->username != NULL)
		seen->users++;
	else
		seen->nets++;
	return true;
}

static void
all_that_are_in_force_are_listed(void **state)
{
	struct store *s = open_store(true);
	struct seen seen = { 0, 0 };

	(void)state;
	add(s, "192.0.2.1", "over", store_now() - 1);
	sql("INSERT INTO blocks (username, reason, created_at, expires_at)"
	    " VALUES ('Mallory', 'spam', 1, NULL), ('eve', 'spam', 1, 2);"
	    "INSERT INTO blocks (first, last, reason, created_at)"
	    " VALUES (x'00', x'01', 'no address', 1),"
	    " (zeroblob(16), zeroblob(16), 'an address', 1)");
	assert_int_equal(store_blocks(s, see, &seen), STORE_OK);
	assert_int_equal(seen.nets, 1);
	assert_int_equal(seen.users, 1);
	store_close(s);
}

#define test(name) \
	cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(an_address_is_blocked_by_any_network_around_it),
		test(a_block_ends_with_its_time_and_its_row_with_the_next),
		test(a_second_block_lengthens_but_never_shortens),
		test(a_user_is_blocked_regardless_of_case),
		test(all_that_are_in_force_are_listed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
