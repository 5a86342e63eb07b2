/*
 * Unit tests of what chat-client knows of conversations and users, and of how
 * one gets from one to another, without a screen.
 */
#include "client-model-test.h"

static void
messages_are_in_the_order_of_their_ids(void **state)
{
	struct model *m = *state;

	add(m, 5, "five");
	model_notice(m, ENTRY_NOTICE, span_of("note"), NOON);
	add(m, 7, "seven");
	add(m, 3, "three");
	add(m, 6, "six");
	add(m, 5, "again");
	assert_int_equal(m->len, 5);
	assert_line(m->now, 0, "12:00 <bob> three");
	assert_line(m->now, 1, "12:00 <bob> five");
	assert_line(m->now, 2, "12:00 -- note");
	assert_line(m->now, 3, "12:00 <bob> six");
	assert_line(m->now, 4, "12:00 <bob> seven");
}

static void
a_pending_message_takes_its_place_when_confirmed(void **state)
{
	struct model *m = *state;

	add(m, 1, "one");
	model_add_pending(m, "r1", "me", "all", "mine", 4);
	add(m, 2, "two");
	add(m, 4, "four");
	assert_line(m->now, 1, "--:-- <me> mine");
	model_confirm(m, span_of("other"), 3, NOON, false);
	model_confirm(m, span_of("r1"), 3, NOON, false);
	assert_int_equal(m->len, 4);
	assert_line(m->now, 1, "12:00 <bob> two");
	assert_line(m->now, 2, "12:00 <me> mine");
	assert_line(m->now, 3, "12:00 <bob> four");
}

static void
a_confirmed_message_does_not_move_without_need(void **state)
{
	struct model *m = *state;

	add(m, 1, "one");
	model_add_pending(m, "r1", "me", "all", "mine", 4);
	model_add_pending(m, "r2", "me", "all", "next", 4);
	model_notice(m, ENTRY_NOTICE, span_of("note"), NOON);
	model_confirm(m, span_of("r1"), 2, NOON, false);
	model_confirm(m, span_of("r2"), 3, NOON, false);
	assert_line(m->now, 1, "12:00 <me> mine");
	assert_line(m->now, 2, "12:00 <me> next");
	assert_line(m->now, 3, "12:00 -- note");
	/* A store that was restored gives lower ids. */
	model_add_pending(m, "r3", "me", "all", "low", 3);
	add(m, 9, "nine");
	model_confirm(m, span_of("r3"), 2, NOON, false);
	assert_int_equal(m->len, 5);
	model_add_pending(m, "r4", "me", "all", "five", 4);
	model_confirm(m, span_of("r4"), 5, NOON, false);
	assert_line(m->now, 4, "12:00 <me> five");
	assert_line(m->now, 5, "12:00 <bob> nine");
}

static void
a_message_that_came_back_is_there_once(void **state)
{
	struct model *m = *state;

	model_add_pending(m, "r1", "me", "all", "mine", 4);
	add(m, 3, "mine");
	model_confirm(m, span_of("r1"), 3, NOON, true);
	assert_int_equal(m->len, 1);
	assert_line(m->now, 0, "12:00 <bob> mine");
}

static void
a_refused_message_says_so(void **state)
{
	struct model *m = *state;

	model_add_pending(m, "r1", "me", "all", "mine", 4);
	model_reject(m, span_of("r1"), span_of("TOO_\033LARGE"));
	assert_line(
	    m->now, 0, "--:-- <me> mine [not sent: TOO_\xe2\x90\x9bLARGE]");
	assert_null(m->now->entries[0]->ref);
}

static void
what_is_in_the_log_is_sanitised(void **state)
{
	struct model *m = *state;
	struct message message = { .id = 1,
		.time = NOON,
		.from = span_of("a\033b"),
		.to = span_of("x> y"),
		.text = span_of("\033[2J\xe2\x80\xae") };

	model_add_message(m, &message);
	assert_true(model_go_number(m, 2));
	assert_string_equal(m->now->name, "a?b");
	assert_line(m->now, 0, "12:00 <a?b> \xe2\x90\x9b[2J\xef\xbf\xbd");
	model_notice(m, ENTRY_ERROR, span_of("\007"), 0);
	assert_line(m->now, 1, "--:-- !! \xe2\x90\x87");
}

static void
the_log_is_bounded(void **state)
{
	struct model *m = *state;
	char *big = calloc(1, SHOWN_TEXT_MAX + 1);
	int64_t id;

	assert_non_null(big);
	for (id = 1; id <= 3 * LOG_ENTRIES_MAX; id++)
		add(m, id, "x");
	assert_true(m->len <= LOG_ENTRIES_MAX);
	assert_true(m->len >= LOG_ENTRIES_MAX - 512);
	assert_int_equal(
	    m->now->entries[m->now->len - 1]->id, 3 * LOG_ENTRIES_MAX);
	memset(big, 'x', SHOWN_TEXT_MAX);
	for (id = 1; id <= 1200; id++) {
		add(m, 4 * LOG_ENTRIES_MAX + id, big);
		assert_true(m->bytes <= LOG_BYTES_MAX);
	}
	assert_true(m->len > 100);
	free(big);
}

/* A message; returns whether it calls for attention. */
static bool
told(struct model *m, int64_t id, const char *from, const char *to,
    const char *text)
{
	struct message message = { .id = id,
		.time = NOON,
		.from = span_of(from),
		.to = span_of(to),
		.text = span_of(text) };

	return model_add_message(m, &message);
}

static void
a_message_that_is_forgotten_at_once_counts_all_the_same(void **state)
{
	struct model *m = *state;
	int64_t id;

	for (id = 1000; id < 1000 + LOG_ENTRIES_MAX; id++)
		add(m, id, "x");
	assert_int_equal(m->len, LOG_ENTRIES_MAX);
	model_go_name(m, "bob");
	assert_false(told(m, 1, "bob", "all", "older than all"));
	assert_true(m->len < LOG_ENTRIES_MAX);
	assert_true(m->talks[0]->entries[0]->id > 1);
	assert_int_equal(m->talks[0]->unread, 1);
	assert_int_equal(m->talks[0]->marker, m->serials);
}

static void
what_comes_while_something_covers_the_talk_is_unread(void **state)
{
	struct model *m = *state;

	add(m, 1, "seen");
	assert_int_equal(m->now->unread, 0);
	m->covered = true;
	add(m, 2, "not seen");
	assert_int_equal(m->now->unread, 1);
	assert_int_equal(m->now->marker, m->now->entries[1]->serial);
}

static void
the_longest_talk_forgets_first(void **state)
{
	struct model *m = *state;
	int64_t id;

	for (id = 1; id <= 10; id++)
		add(m, id, "a word");
	for (; id <= LOG_ENTRIES_MAX + 10; id++)
		told(m, id, "bob", "me", "one of too many");
	assert_true(m->len <= LOG_ENTRIES_MAX);
	assert_int_equal(m->now->len, 10);
	assert_int_equal(m->talks[1]->len, m->len - 10);
	assert_false(m->talks[1]->complete);
	assert_int_equal(m->bytes, m->now->bytes + m->talks[1]->bytes);
}

static void
each_talk_has_its_own_log(void **state)
{
	struct model *m = *state;

	model_set_me(m, "me");
	assert_false(told(m, 1, "bob", "all", "to all"));
	assert_true(told(m, 2, "Bob", "me", "to me"));
	assert_false(told(m, 3, "ME", "carl", "from me"));
	assert_false(told(m, 4, "me", "me", "to myself"));
	model_add_pending(m, "r1", "me", "BOB", "answer", 6);
	assert_int_equal(m->talks_len, 4);
	assert_true(talk_is_all(m->talks[0]));
	assert_string_equal(m->talks[1]->name, "Bob");
	assert_int_equal(m->talks[1]->len, 2);
	assert_string_equal(m->talks[2]->name, "carl");
	assert_string_equal(m->talks[3]->name, "me");
	assert_int_equal(m->len, 5);
	model_confirm(m, span_of("r1"), 5, NOON, false);
	assert_int_equal(m->talks[1]->pending, 0);
	assert_int_equal(m->talks[1]->entries[1]->id, 5);
	model_notice(m, ENTRY_NOTICE, span_of("here"), NOON);
	assert_int_equal(m->talks[0]->len, 2);
	assert_ptr_equal(model_talk(m, span_of("CARL"), false), m->talks[2]);
	assert_null(model_talk(m, span_of("zoe"), false));
}

static void
what_is_not_on_the_screen_is_unread(void **state)
{
	struct model *m = *state;

	model_set_me(m, "alice");
	told(m, 1, "bob", "all", "on the screen");
	assert_int_equal(model_unread(m), 0);
	told(m, 2, "bob", "alice", "psst");
	told(m, 3, "alice", "bob", "mine");
	assert_int_equal(m->talks[1]->unread, 1);
	assert_int_equal(m->talks[1]->mentions, 1);
	model_go_number(m, 2);
	assert_int_equal(m->now->marker, m->now->entries[0]->serial);
	model_read(m);
	assert_int_equal(model_unread(m), 0);
	told(m, 4, "bob", "all", "nothing special");
	assert_true(told(m, 5, "bob", "all", "Alice, look"));
	assert_int_equal(model_unread(m), 2);
	assert_int_equal(model_mentions(m), 1);
	/* The line goes with the talk that was read. */
	model_go_number(m, 1);
	assert_int_equal(m->talks[1]->marker, 0);
	assert_int_equal(m->now->marker, m->now->entries[1]->serial);
	/* Scrolled back, the newest is not on the screen. */
	model_read(m);
	m->now->view.scrolled = true;
	told(m, 6, "bob", "all", "below");
	assert_int_equal(m->now->unread, 1);
}

static void
a_name_is_a_word(void **state)
{
	(void)state;
#define NAMES(text) model_names(text, strlen(text), "bob")
	assert_true(NAMES("bob"));
	assert_true(NAMES("hello BOB!"));
	assert_true(NAMES("bob: hello"));
	assert_true(NAMES("ask bob."));
	assert_true(NAMES("bob... or bobby?"));
	assert_true(NAMES("@bob"));
	assert_true(NAMES("\xe4\xbd\xa0"
			  "bob"));
	assert_false(NAMES("bobby"));
	assert_false(NAMES("bob-2"));
	assert_false(NAMES("a.bob"));
	assert_false(NAMES(""));
	assert_false(model_names("anything", 8, ""));
}

static void
one_goes_where_something_is_new(void **state)
{
	struct model *m = *state;

	model_set_me(m, "me");
	assert_false(model_go_busiest(m));
	assert_false(model_go_back(m));
	assert_false(model_go_number(m, 2));
	assert_false(model_go_number(m, 0));
	assert_true(model_go_name(m, "carl"));
	told(m, 1, "bob", "all", "just talk");
	told(m, 2, "zoe", "me", "first");
	told(m, 3, "bob", "me", "second");
	model_go_busiest(m);
	assert_string_equal(m->now->name, "zoe");
	model_read(m);
	model_go_busiest(m);
	assert_string_equal(m->now->name, "bob");
	model_read(m);
	model_go_busiest(m);
	assert_string_equal(m->now->name, "all");
	model_read(m);
	assert_false(model_go_busiest(m));
	model_go_back(m);
	assert_string_equal(m->now->name, "bob");
	model_go_back(m);
	assert_string_equal(m->now->name, "all");
	model_go_step(m, -1);
	assert_string_equal(m->now->name, "bob");
	model_go_step(m, 1);
	assert_string_equal(m->now->name, "all");
}

static void
a_talk_can_be_closed(void **state)
{
	struct model *m = *state;

	assert_false(model_close(m));
	told(m, 1, "bob", "me", "hello");
	model_go_name(m, "bob");
	assert_true(model_close(m));
	assert_true(talk_is_all(m->now));
	assert_int_equal(m->talks_len, 1);
	assert_int_equal(m->len, 0);
	assert_int_equal(m->bytes, 0);
}

static void
the_number_of_talks_is_bounded(void **state)
{
	struct model *m = *state;
	char name[16];
	int i;

	model_go_name(m, "gone");
	model_go_name(m, "here");
	for (i = 0; i < TALKS_MAX + 10; i++) {
		snprintf(name, sizeof(name), "u%d", i);
		told(m, i + 1, name, "me", "x");
	}
	assert_int_equal(m->talks_len, TALKS_MAX);
	assert_string_equal(m->now->name, "here");
	assert_non_null(model_talk(m, span_of("all"), false));
	assert_null(model_talk(m, span_of("u0"), false));
	/* One cannot go back to what is not there. */
	assert_null(model_talk(m, span_of("gone"), false));
	assert_false(model_go_back(m));
	assert_non_null(model_talk(m, span_of(name), false));
}

static void
history_is_old_and_has_its_place(void **state)
{
	struct model *m = *state;
	struct message old = { .time = NOON - 1000,
		.from = span_of("bob"),
		.to = span_of("me"),
		.text = span_of("old") };

	model_set_me(m, "me");
	told(m, 10, "bob", "me", "new");
	model_go_number(m, 2);
	model_notice(m, ENTRY_NOTICE, span_of("later"), NOON + 1);
	for (old.id = 9; old.id > 4; old.id--)
		model_add_history(m, &old);
	for (old.id = 1; old.id < 8; old.id++)
		model_add_history(m, &old);
	assert_int_equal(m->now->len, 11);
	assert_int_equal(m->now->unread, 1);
	assert_int_equal(talk_oldest(m->now), 1);
	assert_int_equal(m->now->entries[9]->id, 10);
	assert_line(m->now, 10, "12:00 -- later");
}

static void
history_stops_when_there_is_no_room(void **state)
{
	struct model *m = *state;
	struct message old = { .time = NOON,
		.from = span_of("bob"),
		.to = span_of("all"),
		.text = span_of("old") };

	for (old.id = 2 * LOG_ENTRIES_MAX; old.id > 0; old.id--)
		model_add_history(m, &old);
	assert_true(model_is_full(m));
	assert_true(m->len <= LOG_ENTRIES_MAX);
	assert_int_equal(
	    m->now->entries[m->now->len - 1]->id, 2 * LOG_ENTRIES_MAX);
}

static void
a_store_that_was_set_back_begins_anew(void **state)
{
	struct model *m = *state;

	add(m, 100, "before");
	model_reset(m);
	add(m, 3, "after");
	assert_line(m->now, 0, "12:00 <bob> before");
	assert_line(m->now, 1, "12:00 <bob> after");
	assert_true(m->now->complete);
}

static void
assert_names(const char **names, size_t n, const char *want)
{
	char got[200] = "";
	size_t i;

	for (i = 0; i < n; i++) {
		strcat(got, names[i]);
		strcat(got, " ");
	}
	assert_string_equal(got, want);
}

static void
names_are_found_by_what_is_typed(void **state)
{
	struct model *m = *state;
	const char *names[10];

	model_set_me(m, "me");
	model_set_person(m, span_of("bert"), false);
	model_set_person(m, span_of("Berta"), true);
	model_set_person(m, span_of("bob"), true);
	model_set_person(m, span_of("carl"), true);
	told(m, 1, "carl", "me", "x");
	model_go_name(m, "bob");
	assert_names(
	    names, model_find(m, "", names, 10), "carl all bob Berta bert ");
	assert_names(names, model_find(m, "b", names, 10), "bob Berta bert ");
	assert_names(names, model_find(m, "AR", names, 10), "carl ");
	assert_names(names, model_find(m, "", names, 2), "carl all ");
	assert_names(names, model_find(m, "x", names, 10), "");
}

static void
who_spoke_last_is_completed_first(void **state)
{
	struct model *m = *state;
	const char *names[10];

	model_set_person(m, span_of("alice"), true);
	model_set_person(m, span_of("bert"), true);
	model_set_person(m, span_of("Bob"), true);
	told(m, 1, "bob", "all", "x");
	told(m, 2, "bert", "all", "x");
	told(m, 3, "bruno", "all", "not known");
	told(m, 4, "bob", "all", "x");
	assert_names(
	    names, model_complete(m, span_of("b"), names, 10), "Bob bert ");
	assert_names(names, model_complete(m, span_of(""), names, 10),
	    "Bob bert alice ");
	assert_names(names, model_complete(m, span_of(""), names, 1), "Bob ");
	assert_names(names, model_complete(m, span_of("x"), names, 10), "");
}

static void
users_are_kept_by_name(void **state)
{
	struct model *m = *state;
	struct event e;
	const char *line = "{\"event\":\"USERS\",\"users\":["
			   "{\"username\":\"carl\",\"online\":true},"
			   "{\"username\":\"Bob\",\"online\":false},"
			   "{\"username\":\"carl\",\"online\":true},"
			   "{\"username\":7},"
			   "{\"username\":\"alice\",\"online\":true}]}";

	model_set_person(m, span_of("zoe"), true);
	assert_int_equal(model_online(m), 1);
	assert_true(incoming_parse(&e, line, strlen(line)));
	model_set_people(m, &e);
	incoming_free(&e);
	assert_int_equal(m->people_len, 3);
	assert_string_equal(m->people[0].name, "alice");
	assert_string_equal(m->people[1].name, "Bob");
	assert_string_equal(m->people[2].name, "carl");
	assert_int_equal(model_online(m), 2);
	model_set_person(m, span_of("bob"), true);
	model_set_person(m, span_of("Carl"), false);
	model_set_person(m, span_of("dora"), true);
	assert_int_equal(m->people_len, 4);
	assert_int_equal(model_online(m), 3);
	assert_string_equal(m->people[3].name, "dora");
}

static void
the_number_of_users_is_bounded(void **state)
{
	struct model *m = *state;
	char name[16];
	int i;

	for (i = 0; i < PEOPLE_MAX + 10; i++) {
		snprintf(name, sizeof(name), "u%d", i);
		model_set_person(m, span_of(name), true);
	}
	assert_int_equal(m->people_len, PEOPLE_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(messages_are_in_the_order_of_their_ids),
		TEST(a_pending_message_takes_its_place_when_confirmed),
		TEST(a_confirmed_message_does_not_move_without_need),
		TEST(a_message_that_came_back_is_there_once),
		TEST(a_refused_message_says_so),
		TEST(what_is_in_the_log_is_sanitised),
		TEST(the_log_is_bounded),
		TEST(a_message_that_is_forgotten_at_once_counts_all_the_same),
		TEST(what_comes_while_something_covers_the_talk_is_unread),
		TEST(the_longest_talk_forgets_first),
		TEST(each_talk_has_its_own_log),
		TEST(what_is_not_on_the_screen_is_unread),
		TEST(a_name_is_a_word),
		TEST(one_goes_where_something_is_new),
		TEST(a_talk_can_be_closed),
		TEST(the_number_of_talks_is_bounded),
		TEST(history_is_old_and_has_its_place),
		TEST(history_stops_when_there_is_no_room),
		TEST(a_store_that_was_set_back_begins_anew),
		TEST(names_are_found_by_what_is_typed),
		TEST(who_spoke_last_is_completed_first),
		TEST(users_are_kept_by_name),
		TEST(the_number_of_users_is_bounded),
	};

	set_place();
	return cmocka_run_group_tests_name("client-model", tests, NULL, NULL);
}
