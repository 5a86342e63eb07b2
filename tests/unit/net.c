/*
 * Unit tests of lib/net: addresses, networks, lists of them, sources.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "net.h"

static struct net
net(const char *text)
{
	struct net n;

	if (!net_parse(&n, text))
		fail_msg("%s is not taken", text);
	return n;
}

static bool
has(const char *network, const char *address)
{
	struct net n = net(network), a = net(address);

	return net_has(&n, &a.addr);
}

static void
formats_as(const char *text, const char *wanted)
{
	struct net n = net(text);
	char out[NET_TEXT_MAX];

	net_format(out, &n);
	assert_string_equal(out, wanted);
}

static void
a_network_is_written_as_it_is_usual(void **state)
{
	(void)state;
	formats_as("192.0.2.1", "192.0.2.1");
	formats_as("192.0.2.1/32", "192.0.2.1");
	formats_as("192.0.2.77/24", "192.0.2.0/24");
	formats_as("0.0.0.0/0", "0.0.0.0/0");
	formats_as("::1", "::1");
	formats_as("2001:db8:1:2:3:4:5:6/64", "2001:db8:1:2::/64");
	formats_as("::/0", "::/0");
	formats_as("::ffff:192.0.2.1", "192.0.2.1");
	formats_as("2001:db8:1111:2222:3333:4444:5555:6666",
	    "2001:db8:1111:2222:3333:4444:5555:6666");
}

static void
what_is_no_network_is_refused(void **state)
{
	static const char *const wrong[] = { "", "/", "192.0.2", "192.0.2.256",
		"192.0.2.1/33", "192.0.2.1/", "192.0.2.1/-1", "192.0.2.1/ 8",
		"192.0.2.1/8x", "192.0.2.1/0008", "::1/129", "::g", "localhost",
		"1:2:3:4:5:6:7:8:9", "fe80::1%lo",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb" };
	struct net n;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (net_parse(&n, wrong[i]))
			fail_msg("'%s' is taken", wrong[i]);
}

static void
a_network_has_its_addresses_and_no_others(void **state)
{
	(void)state;
	assert_true(has("127.0.0.0/8", "127.255.255.255"));
	assert_false(has("127.0.0.0/8", "128.0.0.0"));
	assert_true(has("192.0.2.128/25", "192.0.2.128"));
	assert_false(has("192.0.2.128/25", "192.0.2.127"));
	assert_true(has("0.0.0.0/0", "203.0.113.9"));
	assert_false(has("0.0.0.0/0", "2001:db8::1"));
	assert_true(has("::/0", "203.0.113.9"));
	assert_true(has("2001:db8::/33", "2001:db8:7fff::"));
	assert_false(has("2001:db8::/33", "2001:db8:8000::"));
	assert_false(has("::1", "127.0.0.1"));
}

static void
the_last_address_has_all_other_bits_set(void **state)
{
	struct net n = net("192.0.2.0/23"), one = net("::1");
	char out[NET_TEXT_MAX];
	struct net_addr last = net_last(&n);

	(void)state;
	net_addr_format(out, &last);
	assert_string_equal(out, "192.0.3.255");
	last = net_last(&one);
	assert_memory_equal(&last, &one.addr, sizeof(last));
}

static void
a_source_is_an_ipv4_address_or_an_ipv6_64(void **state)
{
	struct net a = net("192.0.2.7"), b = net("2001:db8:1:2:3:4:5:6");
	char out[NET_TEXT_MAX];
	struct net s = net_source(&a.addr);

	(void)state;
	net_format(out, &s);
	assert_string_equal(out, "192.0.2.7");
	s = net_source(&b.addr);
	net_format(out, &s);
	assert_string_equal(out, "2001:db8:1:2::/64");
}

static void
a_list_takes_blanks_and_commas(void **state)
{
	struct net_list list;
	struct net a = net("10.1.2.3"), b = net("::1"), c = net("192.0.2.1");
	char error[NET_ERROR_MAX] = "";

	(void)state;
	assert_true(net_list_parse(&list, " 10.0.0.0/8,::1\t", error));
	assert_int_equal(list.count, 2);
	assert_true(net_list_has(&list, &a.addr));
	assert_true(net_list_has(&list, &b.addr));
	assert_false(net_list_has(&list, &c.addr));
	assert_true(net_list_parse(&list, "", error));
	assert_int_equal(list.count, 0);
	assert_false(net_list_has(&list, &a.addr));
}

static void
a_wrong_word_of_a_list_is_named_and_nothing_is_changed(void **state)
{
	struct net_list list = { .count = 7 };
	char error[NET_ERROR_MAX] = "", text[NET_LIST_MAX * 12 + 32] = "";
	int i;

	(void)state;
	assert_false(net_list_parse(&list, "10.0.0.0/8 tomorrow ::1", error));
	assert_non_null(strstr(error, "'tomorrow'"));
	assert_int_equal(list.count, 7);
	for (i = 0; i <= NET_LIST_MAX; i++)
		snprintf(text + strlen(text), 12, "10.0.0.%d ", i);
	assert_false(net_list_parse(&list, text, error));
	assert_non_null(strstr(error, "'10.0.0.64'"));
	assert_int_equal(list.count, 7);
}

static void
a_socket_address_becomes_one(void **state)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct sockaddr other = { .sa_family = AF_UNIX };
	struct net wanted = net("192.0.2.1");
	struct net_addr a;

	(void)state;
	inet_pton(AF_INET, "192.0.2.1", &in4.sin_addr);
	assert_true(net_addr_from(&a, (struct sockaddr *)&in4));
	assert_memory_equal(&a, &wanted.addr, sizeof(a));
	inet_pton(AF_INET6, "::ffff:192.0.2.1", &in6.sin6_addr);
	assert_true(net_addr_from(&a, (struct sockaddr *)&in6));
	assert_memory_equal(&a, &wanted.addr, sizeof(a));
	assert_false(net_addr_from(&a, &other));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_network_is_written_as_it_is_usual),
		cmocka_unit_test(what_is_no_network_is_refused),
		cmocka_unit_test(a_network_has_its_addresses_and_no_others),
		cmocka_unit_test(the_last_address_has_all_other_bits_set),
		cmocka_unit_test(a_source_is_an_ipv4_address_or_an_ipv6_64),
		cmocka_unit_test(a_list_takes_blanks_and_commas),
		cmocka_unit_test(
		    a_wrong_word_of_a_list_is_named_and_nothing_is_changed),
		cmocka_unit_test(a_socket_address_becomes_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
