/*
 * Unit tests of passwords: what may be one, what is kept of it, and what it
 * costs to be wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "password.h"

#define COST PASSWORD_COST_MIN

static void
from_8_to_72_bytes_may_be_a_password(void **state)
{
	char long_one[PASSWORD_MAX + 2];

	(void)state;
	memset(long_one, 'x', sizeof(long_one));
	assert_null(password_refusal("12345678", 8));
	assert_null(password_refusal(long_one, PASSWORD_MAX));
	assert_non_null(strstr(password_refusal("1234567", 7), "8"));
	assert_non_null(
	    strstr(password_refusal(long_one, PASSWORD_MAX + 1), "72"));
	assert_null(password_unusable("1234567", 7));
	assert_non_null(password_unusable(long_one, PASSWORD_MAX + 1));
	assert_non_null(password_unusable("12\0", 3));
	assert_non_null(strstr(password_refusal("1234\0"
						"5678",
				   9),
	    "NUL"));
}

static void
the_hash_is_bcrypt_with_a_salt_of_its_own(void **state)
{
	char a[PASSWORD_HASH_MAX], b[PASSWORD_HASH_MAX];

	(void)state;
	assert_true(password_hash("correct horse", COST, a));
	assert_true(password_hash("correct horse", COST, b));
	assert_int_equal(strncmp(a, "$2b$04$", 7), 0);
	assert_int_equal(strlen(a), 60);
	assert_string_not_equal(a, b);
	assert_true(password_check("correct horse", a, COST));
	assert_true(password_check("correct horse", b, COST));
}

static void
every_byte_up_to_the_72nd_counts(void **state)
{
	char password[PASSWORD_MAX + 1], hash[PASSWORD_HASH_MAX];
	size_t i;

	(void)state;
	memset(password, 'x', PASSWORD_MAX);
	password[PASSWORD_MAX] = '\0';
	assert_true(password_hash(password, COST, hash));
	assert_true(password_check(password, hash, COST));
	for (i = 0; i < PASSWORD_MAX; i++) {
		password[i] = 'y';
		assert_false(password_check(password, hash, COST));
		password[i] = 'x';
	}
	assert_false(password_check("xxxxxxxx", hash, COST));
}

static void
bytes_above_127_count_as_they_are(void **state)
{
	char hash[PASSWORD_HASH_MAX];

	(void)state;
	assert_true(password_hash("p\xc3\xa4ssword", COST, hash));
	assert_true(password_check("p\xc3\xa4ssword", hash, COST));
	assert_false(password_check("p\xc3\xa5ssword", hash, COST));
	assert_false(password_check("pC$ssword", hash, COST));
}

/* Passwords of other systems may be imported (crypt(5)). */
static void
any_hash_that_the_system_knows_can_be_checked(void **state)
{
	(void)state;
	/* Published examples of sha512crypt and bcrypt. */
	assert_true(password_check("Hello world!",
	    "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJ"
	    "uesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
	    COST));
	assert_true(password_check("U*U",
	    "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
	    COST));
}

static void
nobodys_hash_is_nobodys(void **state)
{
	static const char *const hashes[] = { NULL, "", PASSWORD_NOBODY, "*0",
		"*1", "$", "$2b$", "$2b$04$short", "$9$unknown$kind",
		"plain password" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
		assert_false(password_check("", hashes[i], COST));
		assert_false(password_check("!", hashes[i], COST));
		assert_false(password_check("plain password", hashes[i], COST));
	}
}

static void
another_cost_or_kind_is_outdated(void **state)
{
	char hash[PASSWORD_HASH_MAX];

	(void)state;
	assert_true(password_hash("correct horse", 5, hash));
	assert_false(password_is_outdated(hash, 5));
	assert_true(password_is_outdated(hash, 4));
	assert_true(password_is_outdated(hash, 6));
	hash[2] = 'a';
	assert_true(password_is_outdated(hash, 5));
	assert_true(password_is_outdated("$6$saltstring$whatever", 5));
}

/* Of this thread's own time, so that others on the machine count for little. */
static double
cost_of_check(const char *hash, int cost)
{
	struct timespec a, b;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
	assert_false(password_check("wrong password", hash, cost));
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
	return (double)(b.tv_sec - a.tv_sec) +
	    (double)(b.tv_nsec - a.tv_nsec) / 1e9;
}

static void
being_nobody_costs_as_much_as_being_wrong(void **state)
{
	enum { CASES = 5, ROUNDS = 15 };
	char hash[PASSWORD_HASH_MAX], old[PASSWORD_HASH_MAX];
	/* The last: a hash that was made when the cost was lower. */
	const char *cases[CASES] = { hash, NULL, PASSWORD_NOBODY,
		"$2b$09$broken", old };
	double least[CASES] = { 0 }, took;
	int i, round;

	(void)state;
	assert_true(password_hash("correct horse", 9, hash));
	assert_true(password_hash("correct horse", 6, old));
	/* In turns, so that a slow moment is one for all. */
	for (round = 0; round < ROUNDS; round++)
		for (i = 0; i < CASES; i++) {
			took = cost_of_check(cases[i], 9);
			if (round == 0 || took < least[i])
				least[i] = took;
		}
	for (i = 1; i < CASES; i++)
		if (least[i] < least[0] * 0.8 || least[i] > least[0] * 1.25)
			fail_msg("case %d: %.6f s, wrong password %.6f s", i,
			    least[i], least[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_8_to_72_bytes_may_be_a_password),
		cmocka_unit_test(the_hash_is_bcrypt_with_a_salt_of_its_own),
		cmocka_unit_test(every_byte_up_to_the_72nd_counts),
		cmocka_unit_test(bytes_above_127_count_as_they_are),
		cmocka_unit_test(any_hash_that_the_system_knows_can_be_checked),
		cmocka_unit_test(nobodys_hash_is_nobodys),
		cmocka_unit_test(another_cost_or_kind_is_outdated),
		cmocka_unit_test(being_nobody_costs_as_much_as_being_wrong),
	};

	return cmocka_run_group_tests_name("password", tests, NULL, NULL);
}
