/*
 * Unit tests of how chat-client completes names and commands.
 */
#include "../../chat-client/complete.h"
#include "client-edit-test.h"

/* "bob" spoke last, "bill" before. */
static size_t
names(void *arg, const char *begin, size_t len, const char **out, size_t max)
{
	static const char *const all[] = { "bob", "bill", "carol" };
	size_t i, n = 0;

	(void)arg;
	for (i = 0; i < 3 && n < max; i++)
		if (strncmp(all[i], begin, len) == 0)
			out[n++] = all[i];
	return n;
}

static void
assert_completed(struct edit *e, struct complete *c, int step, const char *want)
{
	assert_true(complete_step(c, e, step, names, NULL));
	assert_edit(e, want);
}

static void
begin_line(struct edit *e, struct complete *c, const char *s)
{
	c->active = false;
	edit_set(e, "");
	type(e, s);
}

static void
names_are_completed_one_after_the_other(void **state)
{
	struct edit *e = *state;
	struct complete c = { 0 };

	begin_line(e, &c, "b");
	assert_completed(e, &c, 1, "bob: |");
	assert_completed(e, &c, 1, "bill: |");
	assert_completed(e, &c, 1, "b|");
	assert_completed(e, &c, 1, "bob: |");
	assert_completed(e, &c, -1, "b|");
	assert_completed(e, &c, -1, "bill: |");
	edit_do(e, EDIT_UNDO);
	assert_edit(e, "b|");
	begin_line(e, &c, "hello b");
	assert_completed(e, &c, -1, "hello bill |");
	begin_line(e, &c, "b and more");
	edit_do(e, EDIT_HOME);
	edit_do(e, EDIT_RIGHT);
	assert_completed(e, &c, 1, "bob: | and more");
	begin_line(e, &c, "/msg c");
	assert_completed(e, &c, 1, "/msg carol |");
	begin_line(e, &c, "two\nc");
	assert_completed(e, &c, 1, "two\ncarol |");
	begin_line(e, &c, "");
	assert_completed(e, &c, 1, "bob: |");
	begin_line(e, &c, "x");
	assert_false(complete_step(&c, e, 1, names, NULL));
	assert_edit(e, "x|");
	begin_line(e, &c, "b2345678901234567890123456789012345");
	assert_false(complete_step(&c, e, 1, names, NULL));
}

static void
commands_are_completed(void **state)
{
	struct edit *e = *state;
	struct complete c = { 0 };

	begin_line(e, &c, "/hi");
	assert_completed(e, &c, 1, "/history |");
	begin_line(e, &c, "/h");
	assert_completed(e, &c, 1, "/history |");
	assert_completed(e, &c, 1, "/help |");
	assert_completed(e, &c, 1, "/h|");
	begin_line(e, &c, "/help se");
	assert_completed(e, &c, 1, "/help search-local |");
	begin_line(e, &c, "/nope");
	assert_false(complete_step(&c, e, 1, names, NULL));
	/* This is a text. */
	begin_line(e, &c, "//h");
	assert_false(complete_step(&c, e, 1, names, NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names_are_completed_one_after_the_other),
		TEST(commands_are_completed),
	};

	set_place();
	return cmocka_run_group_tests_name(
	    "client-complete", tests, NULL, NULL);
}
