/*
 * Unit tests of what the operator's tool asks of the store about users,
 * sessions, invitations, blocks and announcements.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store-admin.h"
#include "store-test.h"

/* What rows were given, a word each. */
static char seen[512];
static struct store_admin_session kept;

static void
see(const char *s, size_t len)
{
	size_t n = strlen(seen);

	snprintf(seen + n, sizeof(seen) - n, "%.*s ", (int)len, s);
}

static void
see_session(void *arg, const struct store_admin_session *session)
{
	(void)arg;
	kept = *session;
	see(session->socket, strlen(session->socket));
}

static void
see_user(void *arg, const struct store_admin_user *u)
{
	static const char *const states[] = { "open", "registered", "locked" };
	char text[96];

	(void)arg;
	snprintf(text, sizeof(text), "%.*s:%s:%lld:%lld", (int)u->username.len,
	    u->username.s, states[u->state], (long long)u->sessions,
	    (long long)u->tokens);
	see(text, strlen(text));
}

static void
see_block(void *arg, const struct store_admin_block *b)
{
	(void)arg;
	see(b->reason.s, b->reason.len);
}

static void
see_invite(void *arg, const struct store_admin_invite *i)
{
	char text[64];

	(void)arg;
	snprintf(text, sizeof(text), "%lld:%.*s", (long long)i->uses_left,
	    (int)i->note.len, i->note.s);
	see(text, strlen(text));
}

static struct store *
open_new(void)
{
	seen[0] = '\0';
	return open_store(true);
}

static void
register_user(const char *name)
{
	char text[256];

	snprintf(text, sizeof(text),
	    "INSERT INTO users (username, password, private_from, position,"
	    " created_at, seen_at) VALUES ('%s', '$2b$', 0, 0, 1, 1);"
	    "INSERT INTO tokens (user_id, hash, created_at, expires_at)"
	    " SELECT id, randomblob(32), 1, 9e15 FROM users"
	    " WHERE username = '%s'",
	    name, name);
	sql(text);
}

/* ---- users ---- */

static void
users_are_listed_with_their_state(void **state)
{
	struct store *s = open_new();

	(void)state;
	login_ok(s, "carol");
	register_user("Bob");
	register_user("dave");
	sql("UPDATE users SET password = '!' WHERE username = 'dave';"
	    "UPDATE tokens SET expires_at = 5 WHERE user_id ="
	    " (SELECT id FROM users WHERE username = 'dave')");
	assert_int_equal(store_admin_users(s, see_user, NULL), STORE_OK);
	assert_string_equal(
	    seen, "Bob:registered:0:1 carol:open:1:0 dave:locked:0:0 ");
	store_close(s);
}

static void
a_removed_user_is_locked_out_and_its_messages_stay(void **state)
{
	struct store *s = open_new();
	struct store_session bob = login_ok(s, "bob"), again;
	struct store_sent sent;

	(void)state;
	say(s, &bob, NULL, "hello");
	sql("UPDATE users SET password = '$2b$';"
	    "INSERT INTO tokens (user_id, hash, created_at, expires_at)"
	    " SELECT id, randomblob(32), 1, 9e15 FROM users");
	assert_int_equal(
	    store_admin_user_remove(s, "BOB", false, see_session, NULL),
	    STORE_OK);
	assert_string_equal(seen, "bob ");
	assert_int_equal(kept.pid, getpid());
	assert_int_equal(sql_int("SELECT count(*) FROM tokens"), 0);
	assert_int_equal(sql_int("SELECT count(*) FROM users"
				 " WHERE password = '!' AND resume IS NULL"),
	    1);
	assert_int_equal(sql_int("SELECT count(*) FROM messages AS m"
				 " JOIN users AS u ON u.id = m.sender_id"
				 " WHERE u.username = 'bob'"),
	    1);
	/* What is still connected can say nothing more. */
	assert_int_equal(
	    send_one(s, &bob, NULL, NULL, "more", &sent), STORE_ENDED);
	assert_int_equal(
	    login(s, "bob", "bob2", "bob", "bob", &again), STORE_REFUSED);
	assert_int_equal(
	    store_admin_user_remove(s, "bob", false, see_session, NULL),
	    STORE_REFUSED);
	store_close(s);
}

static void
who_takes_a_freed_name_sees_nothing_private_of_before(void **state)
{
	struct store *s = open_new();
	struct store_session alice = login_ok(s, "alice"), bob, other;
	int64_t id;

	(void)state;
	bob = login_ok(s, "bob");
	id = say(s, &alice, "bob", "for the first bob");
	assert_int_equal(
	    store_session_end(s, bob.id, "bob", "closed", -1), STORE_OK);
	sql("UPDATE users SET password = '$2b$' WHERE username = 'bob'");
	assert_int_equal(
	    store_admin_user_remove(s, "bob", true, see_session, NULL),
	    STORE_OK);
	/* Not with the old secret either. */
	assert_int_equal(
	    login(s, "bob", "bob2", "bob", "new", &other), STORE_OK);
	assert_false(other.proven);
	assert_int_equal(other.user_id, bob.user_id);
	assert_true(other.private_from >= id);
	assert_int_equal(
	    store_admin_user_remove(s, "bob", true, see_session, NULL),
	    STORE_REFUSED);
	store_close(s);
}

static void
nobody_can_be_removed_who_is_not_there(void **state)
{
	struct store *s = open_new();

	(void)state;
	assert_int_equal(
	    store_admin_user_remove(s, "bob", false, see_session, NULL),
	    STORE_NO_USER);
	assert_int_equal(
	    store_admin_user_rename(s, "bob", "rob", see_session, NULL),
	    STORE_NO_USER);
	/* The lock between writers is free again. */
	login_ok(s, "bob");
	store_close(s);
}

static void
a_renamed_user_keeps_id_and_messages_and_blocks(void **state)
{
	struct store *s = open_new();
	struct store_session bob = login_ok(s, "bob");
	struct store_admin_block block = { .is_user = true,
		.username = { "bob", 3 },
		.reason = { "spam", 4 } };
	struct store_sent sent;
	bool again;

	(void)state;
	say(s, &bob, NULL, "hello");
	assert_int_equal(store_admin_block_add(s, &block, &again), STORE_OK);
	assert_int_equal(
	    store_admin_user_rename(s, "bob", "Robert", see_session, NULL),
	    STORE_OK);
	assert_string_equal(seen, "bob ");
	assert_int_equal(sql_int("SELECT id FROM users WHERE username ="
				 " 'Robert'"),
	    bob.user_id);
	assert_int_equal(sql_int("SELECT count(*) FROM messages AS m JOIN"
				 " users AS u ON u.id = m.sender_id"
				 " WHERE u.username = 'Robert'"),
	    1);
	assert_int_equal(
	    sql_int("SELECT count(*) FROM blocks WHERE username = 'Robert'"),
	    1);
	/* The session that has the old name says nothing more. */
	assert_int_equal(
	    send_one(s, &bob, NULL, NULL, "more", &sent), STORE_ENDED);
	store_close(s);
}

static void
a_name_that_anybody_has_or_had_is_not_given_again(void **state)
{
	struct store *s = open_new();

	(void)state;
	login_ok(s, "bob");
	login_ok(s, "alice");
	assert_int_equal(
	    store_admin_user_rename(s, "bob", "ALICE", see_session, NULL),
	    STORE_TAKEN);
	assert_string_equal(seen, "");
	/* Only its letters change. */
	assert_int_equal(
	    store_admin_user_rename(s, "bob", "BOB", see_session, NULL),
	    STORE_OK);
	assert_int_equal(sql_int("SELECT count(*) FROM users WHERE username"
				 " = 'BOB' COLLATE BINARY"),
	    1);
	store_close(s);
}

/* ---- sessions ---- */

static void
sessions_are_found_by_id_and_listed_while_open(void **state)
{
	struct store *s = open_new();
	struct store_session alice = login_ok(s, "alice");

	(void)state;
	login_ok(s, "bob");
	assert_int_equal(store_admin_sessions(s, see_session, NULL), STORE_OK);
	assert_string_equal(seen, "alice bob ");
	store_session_end(s, alice.id, "alice", "closed", -1);
	seen[0] = '\0';
	assert_int_equal(store_admin_sessions(s, see_session, NULL), STORE_OK);
	assert_string_equal(seen, "bob ");
	seen[0] = '\0';
	assert_int_equal(
	    store_admin_session(s, alice.id, see_session, NULL), STORE_OK);
	assert_string_equal(seen, "alice ");
	assert_true(kept.ended_at > 0);
	seen[0] = '\0';
	assert_int_equal(
	    store_admin_session(s, 99, see_session, NULL), STORE_OK);
	assert_string_equal(seen, "");
	assert_int_equal(
	    store_admin_sessions_page(s, alice.id, 10, see_session, NULL),
	    STORE_OK);
	assert_string_equal(seen, "bob ");
	store_close(s);
}

/* ---- invitations ---- */

static void
invitations_come_and_go(void **state)
{
	struct store *s = open_new();
	struct store_admin_invite invite = { .uses_left = 3,
		.expires_at = 9000000000000,
		.note = { .s = "for bob" } };
	unsigned char hash[STORE_HASH_LEN];
	int64_t id = 0;
	bool found = false;

	(void)state;
	secret_of(hash, "code");
	assert_int_equal(
	    store_admin_invite_add(s, hash, &invite, &id), STORE_OK);
	assert_int_equal(store_admin_invites(s, see_invite, NULL), STORE_OK);
	assert_string_equal(seen, "3:for bob ");
	assert_int_equal(store_admin_invite_remove(s, id, &found), STORE_OK);
	assert_true(found);
	assert_int_equal(store_admin_invite_remove(s, id, &found), STORE_OK);
	assert_false(found);
	assert_int_equal(sql_int("SELECT count(*) FROM invites"), 0);
	store_close(s);
}

/* ---- blocks ---- */

static struct store_admin_block
block_of(const char *network, const char *reason, int64_t expires)
{
	struct store_admin_block b = { .reason = { reason, strlen(reason) },
		.expires_at = expires };
	struct net net;

	assert_true(net_parse(&net, network));
	b.first = net.addr;
	b.last = net_last(&net);
	return b;
}

static void
an_address_is_kept_out_by_every_network_around_it(void **state)
{
	struct store *s = open_new();
	struct store_admin_block blocks[] = {
		block_of("192.0.2.0/24", "net", 0),
		block_of("192.0.2.7", "host", 9000000000000),
		block_of("192.0.2.0/28", "past", 5),
		block_of("2001:db8::/32", "six", 0),
	};
	struct store_admin_block who = block_of("192.0.2.7", "", 0);
	bool again = true;
	int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		assert_int_equal(
		    store_admin_block_add(s, &blocks[i], &again), STORE_OK);
		assert_false(again);
	}
	assert_int_equal(
	    store_admin_blocks_why(s, &who, see_block, NULL), STORE_OK);
	assert_string_equal(seen, "net host ");
	seen[0] = '\0';
	who = block_of("192.0.3.7", "", 0);
	assert_int_equal(
	    store_admin_blocks_why(s, &who, see_block, NULL), STORE_OK);
	assert_string_equal(seen, "");
	who = block_of("2001:db8::5", "", 0);
	assert_int_equal(
	    store_admin_blocks_why(s, &who, see_block, NULL), STORE_OK);
	assert_string_equal(seen, "six ");
	store_close(s);
}

static void
a_block_replaces_one_of_the_same_network_or_user(void **state)
{
	struct store *s = open_new();
	struct store_admin_block net = block_of("192.0.2.0/24", "one", 0);
	struct store_admin_block user = { .is_user = true,
		.username = { "Bob", 3 },
		.reason = { "spam", 4 } };
	bool again = true, found = false;

	(void)state;
	assert_int_equal(store_admin_block_add(s, &net, &again), STORE_OK);
	net.reason = (struct store_text){ "two", 3 };
	assert_int_equal(store_admin_block_add(s, &net, &again), STORE_OK);
	assert_true(again);
	assert_int_equal(store_admin_block_add(s, &user, &again), STORE_OK);
	assert_false(again);
	user.username = (struct store_text){ "bOB", 3 };
	assert_int_equal(
	    store_admin_blocks_why(s, &user, see_block, NULL), STORE_OK);
	assert_string_equal(seen, "spam ");
	assert_int_equal(store_admin_block_remove(s, &user, &found), STORE_OK);
	assert_true(found);
	assert_int_equal(store_admin_block_remove(s, &user, &found), STORE_OK);
	assert_false(found);
	seen[0] = '\0';
	assert_int_equal(store_admin_blocks(s, see_block, NULL), STORE_OK);
	assert_string_equal(seen, "two ");
	store_close(s);
}

/* ---- announcements ---- */

static enum store_result
announce(struct store *s, struct store_session *me, struct store_sent *sent,
    int64_t *before)
{
	struct store_announcement in = {
		.body = "maintenance", .body_len = 11, .alive = alive
	};

	return store_admin_announce(s, &in, me, sent, before);
}

static void
an_announcement_is_a_message_to_all_from_the_server(void **state)
{
	struct store *s = open_new();
	struct store_session alice = login_ok(s, "alice"), me, other;
	struct store_sent sent, second;
	int64_t before = -1, last = say(s, &alice, NULL, "hello");

	(void)state;
	assert_int_equal(announce(s, &me, &sent, &before), STORE_OK);
	assert_int_equal(before, last);
	assert_int_equal(sent.id, last + 1);
	assert_int_equal(sent.recipient_id, 0);
	assert_int_equal(store_position(s), sent.id);
	assert_int_equal(sql_int("SELECT count(*) FROM messages AS m JOIN"
				 " users AS u ON u.id = m.sender_id WHERE"
				 " u.username = 'server' AND u.password = '!'"
				 " AND m.recipient_id IS NULL"
				 " AND m.body = 'maintenance'"),
	    1);
	/* Nobody was ever online for it. */
	assert_int_equal(sql_int("SELECT count(*) FROM sessions WHERE"
				 " ended_at IS NULL AND user_id <> 1"),
	    0);
	assert_int_equal(announce(s, &me, &second, &before), STORE_OK);
	assert_int_equal(sql_int("SELECT count(*) FROM users"), 2);
	/* Its name is nobody's. */
	assert_int_equal(
	    login(s, "SERVER", "s", NULL, "s", &other), STORE_REFUSED);
	store_close(s);
}

static void
an_announcement_waits_while_somebody_is_online_as_server(void **state)
{
	struct store *s = open_new();
	struct store_session me, other;
	struct store_sent sent;
	int64_t before;

	(void)state;
	assert_int_equal(
	    login(s, "server", "sock", NULL, "x", &other), STORE_OK);
	answering = " sock ";
	assert_int_equal(announce(s, &me, &sent, &before), STORE_TAKEN);
	assert_int_equal(sql_int("SELECT count(*) FROM sessions"
				 " WHERE ended_at IS NULL"),
	    1);
	/* One that died is no obstacle; its name is locked from now on. */
	answering = "";
	assert_int_equal(announce(s, &me, &sent, &before), STORE_OK);
	assert_int_equal(sql_int("SELECT count(*) FROM sessions"
				 " WHERE ended_at IS NULL"),
	    0);
	assert_int_equal(
	    login(s, "server", "t", "x", "x", &other), STORE_REFUSED);
	store_close(s);
}

static void
a_registered_person_is_not_spoken_for(void **state)
{
	struct store *s = open_new();
	struct store_session me;
	struct store_sent sent;
	int64_t before;

	(void)state;
	register_user("Server");
	assert_int_equal(announce(s, &me, &sent, &before), STORE_REFUSED);
	assert_int_equal(sql_int("SELECT count(*) FROM messages"), 0);
	store_close(s);
}

/* ---- numbers ---- */

static void
the_numbers_are_those_of_the_tables(void **state)
{
	struct store *s = open_new();
	struct store_session alice = login_ok(s, "alice");
	struct store_stats stats;
	int64_t last;

	(void)state;
	say(s, &alice, NULL, "one");
	last = say(s, &alice, NULL, "two");
	register_user("bob");
	sql("UPDATE messages SET created_at = 1 WHERE body = 'one'");
	assert_int_equal(store_admin_stats(s, &stats), STORE_OK);
	assert_int_equal(stats.users, 2);
	assert_int_equal(stats.registered, 1);
	assert_int_equal(stats.locked, 0);
	assert_int_equal(stats.sessions, 1);
	assert_int_equal(stats.online, 1);
	assert_int_equal(stats.messages, 2);
	assert_int_equal(stats.last, last);
	assert_int_equal(stats.today, 1);
	assert_int_equal(stats.tokens, 1);
	assert_int_equal(stats.position, last);
	assert_true(stats.bytes > 0 && stats.wal_bytes > 0);
	store_close(s);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(users_are_listed_with_their_state),
		TEST(a_removed_user_is_locked_out_and_its_messages_stay),
		TEST(who_takes_a_freed_name_sees_nothing_private_of_before),
		TEST(nobody_can_be_removed_who_is_not_there),
		TEST(a_renamed_user_keeps_id_and_messages_and_blocks),
		TEST(a_name_that_anybody_has_or_had_is_not_given_again),
		TEST(sessions_are_found_by_id_and_listed_while_open),
		TEST(invitations_come_and_go),
		TEST(an_address_is_kept_out_by_every_network_around_it),
		TEST(a_block_replaces_one_of_the_same_network_or_user),
		TEST(an_announcement_is_a_message_to_all_from_the_server),
		TEST(an_announcement_waits_while_somebody_is_online_as_server),
		TEST(a_registered_person_is_not_spoken_for),
		TEST(the_numbers_are_those_of_the_tables),
	};

	return cmocka_run_group_tests_name("store-admin", tests, NULL, NULL);
}
