/*
 * Who is blocked: found among networks within each other, until their time is
 * over, and over a new reading of the store.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "blocks.h"
#include "store.h"

#define NOW 1000000

static void
take(struct blocks *b, const char *net, int64_t until, const char *reason)
{
	struct store_block row = { .reason = reason, .until = until };
	struct net n;

	assert_true(net_parse(&n, net));
	row.first = n.addr;
	row.last = net_last(&n);
	assert_true(blocks_take(b, &row));
}

static void
take_user(struct blocks *b, const char *name, int64_t until)
{
	struct store_block row = {
		.username = name, .reason = "spam", .until = until
	};

	assert_true(blocks_take(b, &row));
}

/* The reason why an address is blocked, "" if it is not. */
static const char *
why(const struct blocks *b, const char *address, int64_t now)
{
	const struct block *found;
	struct net n;

	assert_true(net_parse(&n, address));
	found = blocks_address(b, &n.addr, now);
	return found != NULL ? found->reason : "";
}

static struct block
own(const char *net, uint64_t serial)
{
	struct block block = { .until = NOW + 100, .serial = serial };
	struct net n;

	assert_true(net_parse(&n, net));
	block.first = n.addr;
	block.last = net_last(&n);
	strcpy(block.reason, "own");
	return block;
}

static void
the_block_that_lasts_longest_is_found(void **state)
{
	struct blocks b = { .left_out = 0 };

	(void)state;
	assert_string_equal(why(&b, "192.0.2.1", NOW), "");
	take(&b, "192.0.2.7", NOW + 50, "one");
	take(&b, "10.0.0.0/8", 0, "ten");
	take(&b, "192.0.0.0/16", NOW + 100, "many");
	take(&b, "192.0.2.9", 0, "nine");
	take(&b, "2001:db8::/32", NOW, "over");
	blocks_sort(&b);
	assert_string_equal(why(&b, "192.0.2.7", NOW), "many");
	assert_string_equal(why(&b, "192.0.2.9", NOW), "nine");
	assert_string_equal(why(&b, "192.0.255.255", NOW + 99), "many");
	assert_string_equal(why(&b, "192.0.255.255", NOW + 100), "");
	assert_string_equal(why(&b, "192.1.0.0", NOW), "");
	assert_string_equal(why(&b, "10.255.255.255", NOW), "ten");
	assert_string_equal(why(&b, "9.255.255.255", NOW), "");
	assert_string_equal(why(&b, "11.0.0.0", NOW), "");
	assert_string_equal(why(&b, "2001:db8::1", NOW), "");
	blocks_free(&b);
}

/* As slowly and plainly as can be. */
static bool
is_in(struct block *list, unsigned n, const struct net_addr *a)
{
	unsigned i;

	for (i = 0; i < n; i++)
		if (memcmp(&list[i].first, a, sizeof(*a)) <= 0 &&
		    memcmp(&list[i].last, a, sizeof(*a)) >= 0)
			return true;
	return false;
}

static void
a_search_finds_what_looking_at_all_finds(void **state)
{
	struct blocks b = { .left_out = 0 };
	unsigned seed = 7, i;
	struct net_addr a;
	char text[64];

	(void)state;
	for (i = 0; i < 300; i++) {
		snprintf(text, sizeof(text), "10.%d.%d.%d/%d",
		    rand_r(&seed) % 4, rand_r(&seed) % 256, rand_r(&seed) % 256,
		    17 + rand_r(&seed) % 16);
		take(&b, text, 0, "");
	}
	blocks_sort(&b);
	for (i = 0; i < 20000; i++) {
		struct net n;

		snprintf(text, sizeof(text), "10.%d.%d.%d", rand_r(&seed) % 5,
		    rand_r(&seed) % 256, rand_r(&seed) % 256);
		assert_true(net_parse(&n, text));
		a = n.addr;
		assert_int_equal(blocks_address(&b, &a, NOW) != NULL,
		    is_in(b.nets.list, b.nets.n, &a));
	}
	blocks_free(&b);
}

static void
users_are_found_regardless_of_case(void **state)
{
	struct blocks b = { .left_out = 0 };

	(void)state;
	assert_null(blocks_user(&b, "mallory", NOW));
	take_user(&b, "Mallory", 0);
	take_user(&b, "eve", NOW + 1);
	take_user(&b, "adam", NOW + 1);
	blocks_sort(&b);
	assert_non_null(blocks_user(&b, "mALLORY", NOW));
	assert_non_null(blocks_user(&b, "EVE", NOW));
	assert_null(blocks_user(&b, "eve", NOW + 1));
	assert_null(blocks_user(&b, "eva", NOW));
	blocks_free(&b);
}

static void
our_own_count_at_once_and_outlive_an_older_reading(void **state)
{
	struct blocks b = { .left_out = 0 }, read = { .left_out = 0 };
	struct block one = own("192.0.2.1", 1), two = own("10.0.0.1", 2);

	(void)state;
	take(&b, "172.16.0.0/12", 0, "old");
	take(&b, "172.15.0.0/16", NOW - 1, "over");
	blocks_sort(&b);
	assert_true(blocks_add(&b, &one, NOW));
	assert_true(blocks_add(&b, &two, NOW));
	assert_int_equal(b.nets.n, 3);
	assert_string_equal(why(&b, "192.0.2.1", NOW), "own");
	assert_string_equal(why(&b, "10.0.0.1", NOW), "own");
	assert_string_equal(why(&b, "172.17.0.1", NOW), "old");
	/* The operator removed 172.16 and the first; the second is not there yet. */
	take(&read, "10.9.0.0/16", 0, "new");
	blocks_replace(&b, &read, 1);
	assert_string_equal(why(&b, "192.0.2.1", NOW), "");
	assert_string_equal(why(&b, "172.17.0.1", NOW), "");
	assert_string_equal(why(&b, "10.0.0.1", NOW), "own");
	assert_string_equal(why(&b, "10.9.9.9", NOW), "new");
	blocks_free(&b);
}

static void
what_was_added_is_what_is_new_or_otherwise(void **state)
{
	struct blocks old = { .left_out = 0 }, new = { .left_out = 0 };
	struct blocks added = { .left_out = 0 };
	struct block ours = own("192.0.2.1", 1);

	(void)state;
	take(&old, "10.0.0.0/8", 0, "a");
	take(&old, "10.0.0.0/16", 0, "b");
	take(&old, "172.16.0.0/12", 0, "removed");
	take_user(&old, "eve", 0);
	take_user(&old, "bob", 0);
	blocks_sort(&old);
	assert_true(blocks_add(&old, &ours, NOW));
	/* Ours is in the store now. */
	take(&new, "192.0.2.1", ours.until, "own");
	take(&new, "10.0.0.0/8", 0, "a");
	take(&new, "10.0.0.0/16", NOW + 5, "b");
	take(&new, "10.0.0.0/24", 0, "c");
	take(&new, "198.51.100.1", 0, "d");
	take_user(&new, "eve", 0);
	take_user(&new, "bob", NOW + 5);
	take_user(&new, "mallory", 0);
	blocks_sort(&new);
	blocks_added(&added, &new, &old);
	assert_int_equal(added.nets.n, 3);
	assert_string_equal(why(&added, "192.0.2.1", NOW), "");
	assert_string_equal(why(&added, "10.1.0.0", NOW), "");
	assert_string_equal(why(&added, "10.0.1.0", NOW), "b");
	assert_string_equal(why(&added, "10.0.0.1", NOW), "c");
	assert_string_equal(why(&added, "198.51.100.1", NOW), "d");
	assert_int_equal(added.users.n, 2);
	assert_null(blocks_user(&added, "eve", NOW));
	blocks_free(&added);
	/* An operator's in the place of ours. */
	blocks_free(&new);
	take(&new, "192.0.2.1", ours.until - 1, "own");
	blocks_sort(&new);
	blocks_added(&added, &new, &old);
	assert_int_equal(added.nets.n, 1);
	blocks_free(&added);
	blocks_free(&new);
	blocks_free(&old);
}

static void
there_are_only_so_many(void **state)
{
	struct blocks b = { .left_out = 0 };
	struct block block;
	char text[64];
	unsigned i;

	(void)state;
	for (i = 0; i < BLOCKS_OWN_MAX; i++) {
		snprintf(text, sizeof(text), "10.0.%u.%u", i / 256, i % 256);
		block = own(text, i + 1);
		assert_true(blocks_add(&b, &block, NOW));
	}
	block = own("192.0.2.1", i + 1);
	assert_false(blocks_add(&b, &block, NOW));
	assert_string_equal(why(&b, "192.0.2.1", NOW), "");
	/* When they are over there is room again. */
	block.until = NOW + 1000;
	assert_true(blocks_add(&b, &block, NOW + 100));
	assert_int_equal(b.nets.n, 1);
	blocks_free(&b);
	for (i = 0; i < BLOCKS_MAX + 5; i++)
		take(&b, "10.0.0.0/8", 0, "");
	blocks_sort(&b);
	assert_int_equal(b.nets.n, BLOCKS_MAX);
	assert_int_equal(b.left_out, 5);
	blocks_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_block_that_lasts_longest_is_found),
		cmocka_unit_test(a_search_finds_what_looking_at_all_finds),
		cmocka_unit_test(users_are_found_regardless_of_case),
		cmocka_unit_test(
		    our_own_count_at_once_and_outlive_an_older_reading),
		cmocka_unit_test(what_was_added_is_what_is_new_or_otherwise),
		cmocka_unit_test(there_are_only_so_many),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
