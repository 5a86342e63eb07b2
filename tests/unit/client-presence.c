/*
 * Unit tests of the lines that say who came and left, by themselves and in a
 * conversation.
 */
#include "../../chat-client/presence.h"
#include "client-model-test.h"

static void
assert_told(const struct presence_run *run, const char *want)
{
	struct buf out = { 0 };

	presence_tell(run, &out);
	buf_add(&out, "", 1);
	assert_string_equal(buf_head(&out), want);
	buf_free(&out);
}

static void
each_is_named_once_as_it_is_now(void **state)
{
	struct presence_run run = { 0 };

	(void)state;
	assert_told(&run, "");
	presence_add(&run, "anna", true, NOON);
	presence_add(&run, "bob", false, NOON);
	presence_add(&run, "carl", true, NOON);
	assert_told(&run, "joined: anna, carl \xc2\xb7 left: bob");
	presence_add(&run, "ANNA", false, NOON);
	presence_add(&run, "bob", true, NOON);
	/* What is said twice is one thing. */
	presence_add(&run, "bob", true, NOON);
	assert_told(&run,
	    "joined: carl \xc2\xb7 came and went: anna \xc2\xb7 "
	    "came back: bob");
	presence_add(&run, "anna", true, NOON);
	presence_add(&run, "bob", false, NOON);
	assert_told(&run, "joined: anna, carl \xc2\xb7 left: bob");
	presence_reset(&run);
	assert_told(&run, "");
}

static void
add_many(struct presence_run *run, int from, int to, bool online)
{
	char name[16];

	for (; from < to; from++) {
		snprintf(name, sizeof(name), "u%d", from);
		assert_true(presence_add(run, name, online, NOON));
	}
}

static void
a_line_has_a_bound(void **state)
{
	struct presence_run run = { 0 };

	(void)state;
	add_many(&run, 0, 10, true);
	add_many(&run, 10, 21, false);
	assert_told(&run,
	    "joined: u0, u1, u2, u3, u4, u5, u6, u7, u8, u9 \xc2\xb7 "
	    "left: u10, u11, u12, u13, u14, u15, u16, u17, u18, u19 "
	    "and 1 more");
	add_many(&run, 21, COMERS_MAX, true);
	assert_false(presence_add(&run, "another", true, NOON));
	assert_int_equal(run.len, COMERS_MAX);
	/* Those who are in it still change. */
	assert_true(presence_add(&run, "u0", false, NOON));
	presence_reset(&run);
}

static void
a_line_is_of_one_moment(void **state)
{
	struct presence_run run = { 0 };

	(void)state;
	assert_true(presence_add(&run, "anna", true, NOON));
	assert_true(presence_add(&run, "bob", true, NOON + PRESENCE_MERGE));
	assert_false(
	    presence_add(&run, "carl", true, NOON + PRESENCE_MERGE + 1));
	assert_false(presence_add(&run, "anna", false, NOON - 1));
	assert_told(&run, "joined: anna, bob");
	presence_reset(&run);
}

static void
come(struct model *m, const char *name, bool online)
{
	model_presence(m, span_of(name), online, NOON);
}

static void
a_hundred_arrivals_are_one_line(void **state)
{
	struct model *m = *state;
	char name[16];
	size_t bytes;
	int i;

	add(m, 1, "hello");
	bytes = m->bytes;
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "u%02d", i);
		come(m, name, true);
	}
	assert_int_equal(m->now->len, 2);
	assert_int_equal(m->len, 2);
	assert_line(m->now, 1,
	    "12:00 -- joined: u00, u01, u02, u03, u04, u05, u06, u07, u08, u09 "
	    "and 90 more");
	assert_int_equal(m->bytes, bytes + entry_size(m->now->entries[1]));
	assert_int_equal(m->bytes, m->now->bytes);
	assert_int_equal(model_online(m), 100);
}

static void
what_is_said_ends_the_line(void **state)
{
	struct model *m = *state;

	come(m, "anna", true);
	add(m, 1, "hello");
	come(m, "anna", false);
	come(m, "carl", true);
	model_notice(m, ENTRY_NOTICE, span_of("note"), NOON);
	come(m, "carl", false);
	assert_int_equal(m->now->len, 5);
	assert_line(m->now, 0, "12:00 -- joined: anna");
	assert_line(m->now, 2, "12:00 -- joined: carl \xc2\xb7 left: anna");
	assert_line(m->now, 4, "12:00 -- left: carl");
	model_presence(m, span_of("dora"), true, NOON + PRESENCE_MERGE + 1);
	assert_int_equal(m->now->len, 6);
	assert_line(m->now, 5, "12:10 -- joined: dora");
}

static void
the_talk_with_one_user_tells_of_that_user(void **state)
{
	struct model *m = *state;
	struct talk *t = model_talk(m, span_of("anna"), true);

	come(m, "Anna", true);
	come(m, "carl", true);
	come(m, "anna", false);
	assert_int_equal(t->len, 1);
	assert_line(t, 0, "12:00 -- came and went: Anna");
	/* No user has that name, whatever a server says. */
	come(m, "all", true);
	come(m, "e\033vil", true);
	assert_int_equal(m->now->len, 1);
	assert_line(m->now, 0,
	    "12:00 -- joined: carl, all, e?vil \xc2\xb7 came and went: Anna");
}

static void
neither_unread_nor_a_view_is_disturbed(void **state)
{
	struct model *m = *state;
	struct talk *t = m->now;
	struct view_row rows[4];
	int64_t i;

	for (i = 1; i <= 20; i++)
		add(m, i, "hello");
	come(m, "anna", true);
	view_resize(&t->view, 40, 4, 4);
	view_scroll(&t->view, t, 6);
	assert_true(t->view.scrolled);
	add(m, 21, "hello");
	assert_int_equal(t->unread, 1);
	assert_int_equal(view_rows(&t->view, t, rows), 4);
	assert_int_equal(rows[0].entry->id, 15);
	for (i = 0; i < 50; i++)
		come(m, i % 2 ? "bert" : "a-name-that-makes-it-wrap", i % 3);
	assert_int_equal(view_rows(&t->view, t, rows), 4);
	assert_int_equal(rows[0].entry->id, 15);
	assert_int_equal(t->unread, 1);
	assert_int_equal(t->marker, t->entries[t->len - 2]->serial);
	/* One that hangs on the line itself keeps it. */
	view_follow(&t->view);
	view_rows(&t->view, t, rows);
	assert_ptr_equal(rows[0].entry, t->entries[t->len - 1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_named_once_as_it_is_now),
		cmocka_unit_test(a_line_has_a_bound),
		cmocka_unit_test(a_line_is_of_one_moment),
		TEST(a_hundred_arrivals_are_one_line),
		TEST(what_is_said_ends_the_line),
		TEST(the_talk_with_one_user_tells_of_that_user),
		TEST(neither_unread_nor_a_view_is_disturbed),
	};

	set_place();
	return cmocka_run_group_tests_name(
	    "client-presence", tests, NULL, NULL);
}
