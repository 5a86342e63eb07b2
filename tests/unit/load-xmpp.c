/*
 * Unit tests of how chat-load speaks XMPP, against stanzas as Prosody and
 * ejabberd write them: cut anywhere, and anything else refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "body.h"
#include "load-test.h"
#include "xmpp.h"

#define ROOM "chat-load@conference.localhost"
#define STREAM \
	"<stream:stream to='localhost' xmlns='jabber:client' " \
	"xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
#define MESSAGE \
	"<message xml:lang='en' to='u2@localhost/7' from='" ROOM \
	"/u1' type='groupchat' xmlns='jabber:client'>" \
	"<body>hello</body><x/></message>"
#define PRESENCE \
	"<presence from='" ROOM "/u1' to='u1@localhost/7'>" \
	"<x xmlns='http://jabber.org/protocol/muc#user'>" \
	"<item role='participant' affiliation='none'/>"
/* As Prosody has it, and as ejabberd. */
#define PAST \
	"<message to='u2@localhost/7' from='" ROOM "'>" \
	"<result xmlns='urn:xmpp:mam:2' id='a-1'>" \
	"<forwarded xmlns='urn:xmpp:forward:0'>" \
	"<delay xmlns='urn:xmpp:delay' stamp='2026-11-29T02:27:40Z'/>" MESSAGE \
	"</forwarded></result></message>"
#define PAST_OF_EJABBERD \
	"<message to='u2@localhost/7' from='" ROOM "'>" \
	"<result id='17' xmlns='urn:xmpp:mam:2'>" \
	"<forwarded xmlns='urn:xmpp:forward:0'>" MESSAGE \
	"<delay from='conference.localhost' " \
	"stamp='2026-11-29T02:27:40.260027Z' xmlns='urn:xmpp:delay'/>" \
	"</forwarded></result></message>"
#define TOO_LONG (64 * 1024 + 1)

static void
assert_said(const char *want)
{
	assert_sent(want, strlen(want));
}

/* Whether the text is one stanza that such a server sends. */
static bool
is_heard(const char *text, bool room)
{
	size_t n, left;
	char *stanza;

	buf_add_str(&conn.in.in, text);
	stanza = xmpp_next(&conn, &n);
	assert_non_null(stanza);
	if (!xmpp_read(&ev, stanza, n, &conn.out, room))
		return false;
	assert_null(xmpp_next(&conn, &left));
	return true;
}

static void
assert_kind(const char *text, bool room, enum wire_kind kind)
{
	assert_true(is_heard(text, room));
	assert_int_equal(ev.kind, kind);
}

static void
assert_slice(struct slice s, const char *want)
{
	assert_int_equal(s.n, strlen(want));
	assert_memory_equal(s.s, want, s.n);
}

/* NUL, the name, NUL, the password: of 7, 8 and 9 bytes. */
static void
logs_in_by_its_name(void **state)
{
	static const struct {
		const char *name, *base64;
	} logins[] = { { "u", "AHUAbG9hZA==" }, { "u1", "AHUxAGxvYWQ=" },
		{ "u12", "AHUxMgBsb2Fk" } };
	char want[512];
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		xmpp_greet(&conn.out, logins[i].name, true);
		snprintf(want, sizeof(want),
		    STREAM "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' "
			   "mechanism='PLAIN'>%s</auth>",
		    logins[i].base64);
		assert_said(want);
	}
}

static void
begins_again_after_the_login_and_asks_for_an_address(void **state)
{
	(void)state;
	assert_kind("<?xml version='1.0'?>", true, WIRE_OTHER);
	assert_kind("<stream:stream id='1' version='1.0'>", true, WIRE_OTHER);
	assert_kind("<stream:features><mechanisms "
		    "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN"
		    "</mechanism></mechanisms></stream:features>",
	    true, WIRE_OTHER);
	assert_said("");
	assert_kind("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", true,
	    WIRE_OTHER);
	assert_said(STREAM);
	assert_kind("<stream:features><bind "
		    "xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"
		    "</stream:features>",
	    true, WIRE_OTHER);
	assert_said("<iq type='set' id='bind'>"
		    "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
}

#define BOUND \
	"<iq type='result' id='bind'>" \
	"<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>" \
	"<jid>u1@localhost/7</jid></bind></iq>"

static void
with_an_address_it_is_logged_in_or_enters_the_room(void **state)
{
	(void)state;
	assert_kind(BOUND, false, WIRE_CONNECTED);
	assert_said("");
	assert_kind(BOUND, true, WIRE_OTHER);
	assert_said("<presence to='" ROOM "/u1'>"
		    "<x xmlns='http://jabber.org/protocol/muc'>"
		    "<history maxstanzas='0'/></x></presence>");
}

static void
is_in_the_room_when_its_own_presence_comes(void **state)
{
	(void)state;
	assert_kind(PRESENCE "</x></presence>", true, WIRE_OTHER);
	assert_kind(
	    PRESENCE "<status code='201'/></x></presence>", true, WIRE_OTHER);
	assert_kind(PRESENCE "<status code='110'/></x></presence>", true,
	    WIRE_CONNECTED);
	assert_said("");
}

static void
what_is_refused_is_an_error(void **state)
{
	(void)state;
	assert_kind("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"
		    "<not-authorized/></failure>",
	    true, WIRE_ERROR);
	assert_kind("<iq type='error' id='bind'><error type='cancel'/></iq>",
	    true, WIRE_ERROR);
	assert_kind(
	    "<presence from='" ROOM "/u1' type='error'/>", true, WIRE_ERROR);
	assert_kind("<message from='" ROOM "' type='error'><body>hello</body>"
		    "</message>",
	    true, WIRE_ERROR);
	assert_kind("<stream:error><policy-violation/></stream:error>", true,
	    WIRE_ERROR);
}

static void
a_message_goes_to_the_room(void **state)
{
	(void)state;
	xmpp_message(&conn.out, "hello", 5, 1);
	assert_said("<message to='" ROOM "' type='groupchat'>"
		    "<body>hello</body></message>");
}

static void
a_message_says_whose_it_is(void **state)
{
	(void)state;
	assert_kind(MESSAGE, true, WIRE_MESSAGE);
	assert_slice(ev.message, "hello");
	assert_slice(ev.from, "u1");
	assert_said("");
}

static void
what_the_room_says_is_no_message(void **state)
{
	(void)state;
	assert_kind("<message from='" ROOM "' type='groupchat'><subject/>"
		    "</message>",
	    true, WIRE_OTHER);
	assert_kind("<message from='" ROOM "/u1' type='groupchat'>"
		    "<subject>all</subject></message>",
	    true, WIRE_OTHER);
}

static void
the_archive_is_asked_for_the_latest_or_those_before(void **state)
{
	static const char asked[] =
	    "<iq type='set' to='" ROOM "' id='history'>"
	    "<query xmlns='urn:xmpp:mam:2'>"
	    "<set xmlns='http://jabber.org/protocol/rsm'><max>%s</max>"
	    "<before>%s</before></set></query></iq>";
	char want[512];

	(void)state;
	xmpp_history(&conn.out, 1000, (struct slice){ NULL, 0 });
	snprintf(want, sizeof(want), asked, "1000", "");
	assert_said(want);
	xmpp_history(&conn.out, 750, (struct slice){ "a-1'", 3 });
	snprintf(want, sizeof(want), asked, "750", "a-1");
	assert_said(want);
}

static void
a_message_out_of_the_archive_is_none_that_is_said_now(void **state)
{
	(void)state;
	assert_kind(PAST, false, WIRE_OTHER);
	assert_int_equal(ev.past, 1);
	assert_int_equal(ev.id, 261129022740000000);
	assert_kind(PAST_OF_EJABBERD, false, WIRE_OTHER);
	assert_int_equal(ev.past, 1);
	assert_int_equal(ev.id, 261129022740260027);
	assert_kind(MESSAGE, false, WIRE_MESSAGE);
	assert_int_equal(ev.past, 0);
}

/* As what a client of chat-load said, or another. */
static size_t
changed_in_archive(const char *name, const char *text)
{
	char stanza[1024];

	snprintf(stanza, sizeof(stanza),
	    "<message from='" ROOM "'><result xmlns='urn:xmpp:mam:2' id='1'>"
	    "<delay stamp='2026-11-29T02:27:40Z'/>"
	    "<message from='" ROOM "/%s'><body>%s</body></message>"
	    "</result></message>",
	    name, text);
	assert_kind(stanza, false, WIRE_OTHER);
	assert_int_equal(ev.past, 1);
	return ev.changed;
}

static void
a_changed_text_in_the_archive_is_seen(void **state)
{
	char text[81] = "";

	(void)state;
	body_write(text, 0x12345678, 7, 80, false);
	assert_int_equal(changed_in_archive("u12345678-3", text), 0);
	text[50] ^= 1;
	assert_int_equal(changed_in_archive("u12345678-3", text), 1);
	assert_int_equal(changed_in_archive("alice", text), 0);
}

#define PAGE(fin, set) \
	"<iq type='result' id='history' from='" ROOM "'><fin" fin \
	" xmlns='urn:xmpp:mam:2'>" \
	"<set xmlns='http://jabber.org/protocol/rsm'>" set "</set></fin></iq>"

static void
the_end_of_a_page_says_whether_there_is_more_and_where(void **state)
{
	(void)state;
	assert_kind(PAGE(" complete='false'",
			"<count>2000</count><first>17</first><last>18</last>"),
	    false, WIRE_PAGE);
	assert_true(ev.more);
	assert_slice(ev.first, "17");
	assert_int_equal(ev.stored, 2000);
	assert_int_equal(ev.past, 0);
	assert_kind(PAGE("", "<first index='5'>a-1</first><last>b</last>"),
	    false, WIRE_PAGE);
	assert_true(ev.more);
	assert_slice(ev.first, "a-1");
	assert_int_equal(ev.stored, 0);
	assert_kind(
	    PAGE(" complete='true'", "<count>0</count>"), false, WIRE_PAGE);
	assert_false(ev.more);
	assert_null(ev.first.s);
}

/* With spaces between two stanzas, and the next one close behind. */
static void
stanzas_may_be_cut_anywhere(void **state)
{
	static const char all[] = "<?xml version='1.0'?>\n" MESSAGE
				  " \n<presence from='a' to='b'/>" PAST MESSAGE;
	static const enum wire_kind wanted[] = { WIRE_OTHER, WIRE_MESSAGE,
		WIRE_OTHER, WIRE_OTHER, WIRE_MESSAGE };
	size_t i, n, heard = 0;
	char *stanza;

	(void)state;
	for (i = 0; i < sizeof(all) - 1; i++) {
		buf_add(&conn.in.in, all + i, 1);
		while ((stanza = xmpp_next(&conn, &n)) != NULL) {
			assert_true(xmpp_read(&ev, stanza, n, &conn.out, true));
			assert_true(heard < 5);
			assert_int_equal(ev.kind, wanted[heard++]);
			if (ev.kind == WIRE_MESSAGE)
				assert_slice(ev.message, "hello");
		}
	}
	assert_int_equal(heard, 5);
	buf_add_str(&conn.in.in, all);
	for (heard = 0; (stanza = xmpp_next(&conn, &n)) != NULL; heard++)
		assert_true(xmpp_read(&ev, stanza, n, &conn.out, true));
	assert_int_equal(heard, 5);
}

static void
what_is_not_this_chat_is_refused(void **state)
{
	static const char *const bad[] = {
		"hello",
		"</stream:stream>",
		"<a-name-that-has-more-than-thirty-two-bytes>",
		"<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>",
		"<iq type='result' id='1'><jid>u1@elsewhere/7</jid></iq>",
		"<message from='lobby@conference.localhost/u1' "
		"type='groupchat'><body>hello</body></message>",
		"<message from='" ROOM "/u1' type='chat'><body>hello</body>"
		"</message>",
		"<message from='" ROOM "' type='groupchat'><body>hello</body>"
		"</message>",
		"<message from='lobby@conference.localhost'></message>",
		"<message from='lobby@conference.localhost'>"
		"<result xmlns='urn:xmpp:mam:2'><delay stamp='2026'/></result>"
		"</message>",
		"<message from='" ROOM "'><result xmlns='urn:xmpp:mam:2'/>"
		"</message>",
		PAGE("", ""),
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(is_heard(bad[i], true));
		assert_int_equal(buf_len(&conn.in.in), 0);
	}
	assert_said("");
}

static void
a_stanza_without_end_is_refused(void **state)
{
	size_t n, i;

	(void)state;
	buf_add_str(&conn.in.in, "<message from='");
	for (i = buf_len(&conn.in.in); i < TOO_LONG; i++) {
		assert_null(xmpp_next(&conn, &n));
		buf_add_str(&conn.in.in, "x");
	}
	assert_non_null(xmpp_next(&conn, &n));
	assert_int_equal(n, 0);
	assert_int_equal(buf_len(&conn.in.in), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(logs_in_by_its_name),
		TEST(begins_again_after_the_login_and_asks_for_an_address),
		TEST(with_an_address_it_is_logged_in_or_enters_the_room),
		TEST(is_in_the_room_when_its_own_presence_comes),
		TEST(what_is_refused_is_an_error),
		TEST(a_message_goes_to_the_room),
		TEST(a_message_says_whose_it_is),
		TEST(what_the_room_says_is_no_message),
		TEST(the_archive_is_asked_for_the_latest_or_those_before),
		TEST(a_message_out_of_the_archive_is_none_that_is_said_now),
		TEST(a_changed_text_in_the_archive_is_seen),
		TEST(the_end_of_a_page_says_whether_there_is_more_and_where),
		TEST(stanzas_may_be_cut_anywhere),
		TEST(what_is_not_this_chat_is_refused),
		TEST(a_stanza_without_end_is_refused),
	};

	return cmocka_run_group_tests_name("load-xmpp", tests, NULL, NULL);
}
