/*
 * Unit tests of chat-client's keys: their names, and which action each has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../chat-client/keymap.h"

static void
each_action_has_a_name_a_group_help_and_its_own_keys(void **state)
{
	static struct keymap map;
	char name[32];
	size_t keys = 0;
	int i;

	(void)state;
	keymap_init(&map);
	for (i = ACTION_NONE + 1; i < ACTION_COUNT; i++) {
		const struct action_row *row = action_row((enum action)i);
		const char *s = row->keys;
		size_t n;

		assert_int_equal(action_find(row->name), i);
		assert_true(i > 1 || row->group != NULL);
		assert_true(row->help != NULL || i > ACTION_CONVERSATION_1);
		for (; *s != '\0'; s += n + strspn(s + n, " ")) {
			n = strcspn(s, " ");
			snprintf(name, sizeof(name), "%.*s", (int)n, s);
			assert_int_not_equal(keymap_parse(name), 0);
			/* No other action took it. */
			assert_int_equal(
			    keymap_action(&map, keymap_parse(name)), i);
			keys++;
		}
	}
	assert_int_equal(map.len, keys);
	assert_true(keys > 50);
	assert_int_equal(action_find("nonsense"), ACTION_NONE);
	assert_int_equal(action_find(""), ACTION_NONE);
}

static void
assert_name(const char *name, const char *want)
{
	struct buf out = { 0 };
	uint32_t key = keymap_parse(name);

	if (want == NULL) {
		assert_int_equal(key, 0);
		return;
	}
	assert_int_not_equal(key, 0);
	keymap_add_name(&out, key);
	buf_add(&out, "", 1);
	assert_string_equal(buf_head(&out), want);
	assert_int_equal(keymap_parse(buf_head(&out)), key);
	buf_free(&out);
}

static void
a_key_is_parsed_and_named(void **state)
{
	(void)state;
	assert_name("Enter", "Enter");
	assert_name("pgup", "PgUp");
	assert_name("F1", "F1");
	assert_name("f12", "F12");
	assert_name("ctrl-K", "Ctrl-k");
	assert_name("Ctrl-_", "Ctrl-_");
	assert_name("Alt->", "Alt->");
	assert_name("Alt--", "Alt--");
	assert_name("Alt-Q", "Alt-Q");
	assert_name("Alt-q", "Alt-q");
	assert_name("Alt-Enter", "Alt-Enter");
	assert_name("Ctrl-Alt-h", "Alt-Ctrl-h");
	assert_name("Shift-Tab", "Shift-Tab");
	assert_name("Shift-Ctrl-Left", "Ctrl-Shift-Left");
	assert_name("Alt-Space", "Alt-Space");
	assert_name("Ctrl-Space", "Ctrl-Space");
}

static void
what_a_terminal_cannot_tell_apart_is_one_key(void **state)
{
	(void)state;
	assert_name("Ctrl-i", "Tab");
	assert_name("Ctrl-m", "Enter");
	assert_name("Ctrl-[", "Escape");
	assert_int_equal(keymap_control('\r'), keymap_parse("Enter"));
	assert_int_equal(keymap_control('\t'), keymap_parse("Tab"));
	assert_int_equal(keymap_control(0x7f), keymap_parse("Backspace"));
	assert_int_equal(keymap_control(0), keymap_parse("Ctrl-Space"));
	assert_int_equal(keymap_control(1), keymap_parse("Ctrl-a"));
	assert_int_equal(keymap_control(0x1f), keymap_parse("Ctrl-_"));
}

static void
what_is_no_key_or_types_a_character_is_refused(void **state)
{
	static const char *const bad[] = { "", "a", "Space", "Shift-a",
		"Shift-Space", "Shift-Alt-a", "Ctrl-1", "Ctrl-?", "Ctrl-",
		"Alt-", "Alt", "Alt-Alt", "F0", "F13", "F", "F1x", "F100",
		"Hyper-a", "Ctrl a", "\xc3\xa9", "Alt-\xc3\xa9", "Alt-ab" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (keymap_parse(bad[i]) != 0)
			fail_msg("%s is taken", bad[i]);
}

static void
a_key_can_be_given_another_action_or_none(void **state)
{
	static struct keymap map;
	struct buf out = { 0 };

	(void)state;
	keymap_init(&map);
	assert_int_equal(
	    keymap_action(&map, keymap_parse("Ctrl-k")), ACTION_SWITCHER);
	assert_true(
	    keymap_bind(&map, keymap_parse("Ctrl-k"), ACTION_KILL_TO_END));
	assert_true(keymap_bind(&map, keymap_parse("Alt-k"), ACTION_NONE));
	assert_int_equal(
	    keymap_action(&map, keymap_parse("Ctrl-k")), ACTION_KILL_TO_END);
	assert_int_equal(
	    keymap_action(&map, keymap_parse("Alt-k")), ACTION_NONE);
	assert_int_equal(
	    keymap_action(&map, keymap_parse("Alt-Z")), ACTION_NONE);
	assert_true(keymap_bind(&map, keymap_parse("F9"), ACTION_KILL_TO_END));
	keymap_add_keys(&out, &map, ACTION_KILL_TO_END);
	buf_add(&out, "", 1);
	assert_string_equal(buf_head(&out), "Ctrl-k, F9");
	buf_free(&out);
}

static void
no_more_keys_are_taken_than_there_is_room_for(void **state)
{
	static struct keymap map;
	uint32_t key;

	(void)state;
	keymap_init(&map);
	for (key = 1; map.len < KEYS_MAX; key++)
		assert_true(keymap_bind(&map, key, ACTION_HELP));
	assert_false(keymap_bind(&map, key, ACTION_HELP));
	assert_true(keymap_bind(&map, 1, ACTION_SEND));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    each_action_has_a_name_a_group_help_and_its_own_keys),
		cmocka_unit_test(a_key_is_parsed_and_named),
		cmocka_unit_test(what_a_terminal_cannot_tell_apart_is_one_key),
		cmocka_unit_test(
		    what_is_no_key_or_types_a_character_is_refused),
		cmocka_unit_test(a_key_can_be_given_another_action_or_none),
		cmocka_unit_test(no_more_keys_are_taken_than_there_is_room_for),
	};

	return cmocka_run_group_tests_name("client-keymap", tests, NULL, NULL);
}
