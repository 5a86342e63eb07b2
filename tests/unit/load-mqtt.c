/*
 * Unit tests of how chat-load speaks MQTT, against bytes as the standard has
 * them: cut anywhere, answered as QoS 1 wants, and anything else refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "load-test.h"
#include "mqtt.h"

#define BYTES(s)  (s), sizeof(s) - 1
#define LONG_TEXT 300
#define TOPIC_AND_ID \
	"\0\x9" \
	"chat-load\x12\x34"

/* Whether the next packet is one. */
static bool
hears(bool room)
{
	size_t n;
	char *packet = mqtt_next(&conn, &n);

	assert_non_null(packet);
	return mqtt_read(&ev, packet, n, &conn.out, room);
}

static bool
is_heard(const char *bytes, size_t n, bool room)
{
	size_t left;

	buf_add(&conn.in.in, bytes, n);
	if (!hears(room))
		return false;
	assert_null(mqtt_next(&conn, &left));
	return true;
}

static void
logs_in_and_subscribes_with_qos_1(void **state)
{
	(void)state;
	mqtt_greet(&conn.out, "u1", false);
	assert_sent(BYTES("\x10\xe\0\x4MQTT\x4\x2\0\0\0\x2u1"));
	mqtt_greet(&conn.out, "u1", true);
	assert_sent(BYTES("\x10\xe\0\x4MQTT\x4\x2\0\0\0\x2u1"
			  "\x82\xe\0\x1\0\x9"
			  "chat-load\x1"));
}

static void
is_in_the_room_when_its_subscription_is_granted(void **state)
{
	(void)state;
	assert_true(is_heard(BYTES("\x20\x2\0\0"), false));
	assert_int_equal(ev.kind, WIRE_CONNECTED);
	assert_true(is_heard(BYTES("\x20\x2\0\0"), true));
	assert_int_equal(ev.kind, WIRE_OTHER);
	assert_true(is_heard(BYTES("\x90\x3\0\x1\x1"), true));
	assert_int_equal(ev.kind, WIRE_CONNECTED);
}

static void
a_login_or_a_subscription_refused_is_no_success(void **state)
{
	(void)state;
	assert_false(is_heard(BYTES("\x20\x2\0\x5"), true));
	assert_false(is_heard(BYTES("\x90\x3\0\x1\x80"), true));
	assert_false(is_heard(BYTES("\x90\x3\0\x1\0"), true));
}

static void
a_message_has_an_id_that_is_never_0(void **state)
{
	(void)state;
	mqtt_message(&conn.out, "hello", 5, 0x1233);
	assert_sent(BYTES("\x32\x12" TOPIC_AND_ID "hello"));
	mqtt_message(&conn.out, "", 0, 0xffff);
	assert_sent(BYTES("\x32\xd\0\x9"
			  "chat-load\0\x1"));
	mqtt_message(&conn.out, "", 0, 0xfffe);
	assert_sent(BYTES("\x32\xd\0\x9"
			  "chat-load\xff\xff"));
}

static void
a_message_is_heard_and_acknowledged(void **state)
{
	(void)state;
	assert_true(is_heard(BYTES("\x32\x12" TOPIC_AND_ID "hello"), true));
	assert_int_equal(ev.kind, WIRE_MESSAGE);
	assert_int_equal(ev.message.n, 5);
	assert_memory_equal(ev.message.s, "hello", 5);
	assert_sent(BYTES("\x40\x2\x12\x34"));
	assert_true(is_heard(BYTES("\x40\x2\x12\x34"), true));
	assert_int_equal(ev.kind, WIRE_OTHER);
	assert_sent("", 0);
}

/* Two bytes of length, and the next packet close behind. */
static void
packets_may_be_cut_anywhere(void **state)
{
	char text[LONG_TEXT];
	struct buf all = { 0 };
	size_t i, n, heard = 0;
	char *packet;

	(void)state;
	memset(text, 'x', sizeof(text));
	mqtt_message(&all, text, sizeof(text), 1);
	buf_add(&all, BYTES("\x40\x2\0\x1"));
	for (i = 0; i < buf_len(&all); i++) {
		buf_add(&conn.in.in, buf_head(&all) + i, 1);
		while ((packet = mqtt_next(&conn, &n)) != NULL) {
			assert_true(mqtt_read(&ev, packet, n, &conn.out, true));
			assert_int_equal(
			    ev.kind, heard++ == 0 ? WIRE_MESSAGE : WIRE_OTHER);
			if (heard == 1)
				assert_int_equal(ev.message.n, LONG_TEXT);
		}
	}
	assert_int_equal(heard, 2);
	buf_add(&conn.in.in, buf_head(&all), buf_len(&all));
	assert_true(hears(true));
	assert_memory_equal(ev.message.s, text, sizeof(text));
	assert_true(hears(true));
	buf_free(&all);
}

static void
a_message_with_less_than_qos_1_is_refused(void **state)
{
	(void)state;
	assert_false(is_heard(BYTES("\x30\x10\0\x9"
				    "chat-loadhello"),
	    true));
	assert_sent("", 0);
}

static void
what_is_not_mqtt_is_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} bad[] = {
		{ BYTES("\x32\xff\xff\xff\xff\x1") }, /* a length without end */
		{ BYTES("\x32\xff\xff\xff\x7f") },    /* one of 256 MB */
		{ BYTES("\x32\0") },
		{ BYTES("\x32\xc\0\x9"
			"chat-load\0") },
		{ BYTES("\x32\xd\0\x9"
			"chat-lord\0\x1") },
		{ BYTES("\x20\x1\0") },
		{ BYTES("\x40\0") },
		{ BYTES("\x90\x2\0\x1") },
		{ BYTES("\0\0") },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(is_heard(bad[i].bytes, bad[i].n, true));
		assert_int_equal(buf_len(&conn.in.in), 0);
	}
	assert_sent("", 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(logs_in_and_subscribes_with_qos_1),
		TEST(is_in_the_room_when_its_subscription_is_granted),
		TEST(a_login_or_a_subscription_refused_is_no_success),
		TEST(a_message_has_an_id_that_is_never_0),
		TEST(a_message_is_heard_and_acknowledged),
		TEST(packets_may_be_cut_anywhere),
		TEST(a_message_with_less_than_qos_1_is_refused),
		TEST(what_is_not_mqtt_is_refused),
	};

	return cmocka_run_group_tests_name("load-mqtt", tests, NULL, NULL);
}
