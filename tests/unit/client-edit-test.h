/*
 * What the unit tests of chat-client's line editor share: an editor in each
 * test, and what is in its line.
 */
#ifndef CLIENT_EDIT_TEST_H
#define CLIENT_EDIT_TEST_H

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../chat-client/bounds.h"
#include "../../chat-client/edit.h"

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, end)

static inline int
start(void **state)
{
	static struct edit e;

	edit_init(&e, 1000, EDIT_LINES);
	*state = &e;
	return 0;
}

static inline int
end(void **state)
{
	edit_free(*state);
	return 0;
}

static inline void
type(struct edit *e, const char *s)
{
	assert_true(edit_insert(e, s, strlen(s)));
}

/* The text, with the cursor as a bar. */
static inline void
assert_edit(const struct edit *e, const char *want)
{
	char got[2000];

	snprintf(got, sizeof(got), "%.*s|%s", (int)e->pos, edit_text(e),
	    edit_text(e) + e->pos);
	assert_string_equal(got, want);
}

static inline void
set_place(void)
{
	if (setlocale(LC_ALL, "C.UTF-8") == NULL)
		abort();
}

#endif
