/*
 * What the unit tests of chat-client's conversations share: a model in each
 * test, and messages in it.
 */
#ifndef CLIENT_MODEL_TEST_H
#define CLIENT_MODEL_TEST_H

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "../../chat-client/model.h"

#define NOON 1795435200000 /* 2026-11-23T12:00:00Z */

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, end)

static inline struct span
span_of(const char *s)
{
	return (struct span){ s, strlen(s) };
}

static inline int
start(void **state)
{
	*state = model_new();
	return 0;
}

static inline int
end(void **state)
{
	model_free(*state);
	return 0;
}

/* Bob says it to everybody, at noon. */
static inline void
add(struct model *m, int64_t id, const char *text)
{
	struct message message = { .id = id,
		.time = NOON,
		.from = span_of("bob"),
		.to = span_of("all"),
		.text = span_of(text) };

	model_add_message(m, &message);
}

/* The line at that place of a talk. */
static inline void
assert_line(const struct talk *t, size_t at, const char *want)
{
	assert_true(at < t->len);
	assert_string_equal(t->entries[at]->line, want);
}

/* Times are of UTC; a locale that cannot be had fails all. */
static inline void
set_place(void)
{
	if (setlocale(LC_ALL, "C.UTF-8") == NULL)
		abort();
	setenv("TZ", "UTC", 1);
	tzset();
}

#endif
