/*
 * Unit tests of lib/peers: what a list may hold, and what is wrong in one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "peers.h"

static struct peers
parse(const char *text)
{
	struct peers p;
	char error[PEERS_ERROR_MAX] = "";

	if (!peers_parse(&p, text, error))
		fail_msg("%s", error);
	return p;
}

static void
assert_wrong(const char *text, const char *word)
{
	struct peers p = { .user_count = 77 };
	char error[PEERS_ERROR_MAX] = "";

	assert_false(peers_parse(&p, text, error));
	assert_int_equal(p.user_count, 77);
	assert_non_null(strstr(error, word));
	assert_non_null(strstr(error, "give "));
}

static void
an_empty_list_has_nobody(void **state)
{
	struct peers p = parse("");

	(void)state;
	assert_int_equal(p.nets.count, 0);
	assert_int_equal(p.user_count, 0);
	p = parse(" , \t,");
	assert_int_equal(p.nets.count, 0);
}

static void
networks_and_users_stand_together(void **state)
{
	struct peers p = parse("unix:chat-tls 192.0.2.0/24,::1 unix:_haproxy");
	char text[NET_TEXT_MAX];

	(void)state;
	assert_int_equal(p.nets.count, 2);
	net_format(text, &p.nets.nets[0]);
	assert_string_equal(text, "192.0.2.0/24");
	net_format(text, &p.nets.nets[1]);
	assert_string_equal(text, "::1");
	assert_int_equal(p.user_count, 2);
	assert_string_equal(p.users[0], "chat-tls");
	assert_string_equal(p.users[1], "_haproxy");
}

static void
the_wrong_word_is_named(void **state)
{
	(void)state;
	assert_wrong("127.0.0.1 nobody", "'nobody'");
	assert_wrong("unix:", "'unix:'");
	assert_wrong("unix", "'unix'");
	assert_wrong("127.0.0.1:5555", "'127.0.0.1:5555'");
	assert_wrong("192.0.2.0/33 ::1", "'192.0.2.0/33'");
}

static void
a_name_has_at_most_its_limit(void **state)
{
	char text[8 + PEERS_NAME_MAX];
	struct peers p;

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "unix:", 5);
	text[5 + PEERS_NAME_MAX - 1] = '\0';
	p = parse(text);
	assert_int_equal(strlen(p.users[0]), PEERS_NAME_MAX - 1);
	text[5 + PEERS_NAME_MAX - 1] = 'x';
	text[5 + PEERS_NAME_MAX] = '\0';
	assert_wrong(text, "'unix:xxx");
}

static void
a_list_has_at_most_its_limits(void **state)
{
	char text[NET_LIST_MAX * 16 + 64] = "";
	size_t n = 0;
	unsigned i;

	(void)state;
	for (i = 0; i < PEERS_USERS_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "unix:u ");
	for (i = 0; i < NET_LIST_MAX; i++)
		n += (size_t)snprintf(
		    text + n, sizeof(text) - n, "10.0.0.%u ", i);
	parse(text);
	strcpy(text + n, "10.1.1.1");
	assert_wrong(text, "'10.1.1.1'");
	strcpy(text + n, "unix:more");
	assert_wrong(text, "'unix:more'");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_list_has_nobody),
		cmocka_unit_test(networks_and_users_stand_together),
		cmocka_unit_test(the_wrong_word_is_named),
		cmocka_unit_test(a_name_has_at_most_its_limit),
		cmocka_unit_test(a_list_has_at_most_its_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
