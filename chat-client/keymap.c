/*
 * The keys of keymap.h.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "keymap.h"

static const struct {
	const char *name;
	uint32_t key;
} specials[] = {
	{ "Enter", KEYMAP_ENTER },
	{ "Tab", KEYMAP_TAB },
	{ "Escape", KEYMAP_ESCAPE },
	{ "Space", KEYMAP_SPACE },
	{ "Backspace", KEYMAP_BACKSPACE },
	{ "Delete", KEYMAP_DELETE },
	{ "Insert", KEYMAP_INSERT },
	{ "Home", KEYMAP_HOME },
	{ "End", KEYMAP_END },
	{ "PgUp", KEYMAP_PGUP },
	{ "PgDn", KEYMAP_PGDN },
	{ "Up", KEYMAP_UP },
	{ "Down", KEYMAP_DOWN },
	{ "Left", KEYMAP_LEFT },
	{ "Right", KEYMAP_RIGHT },
	{ "WheelUp", KEYMAP_WHEEL_UP },
	{ "WheelDown", KEYMAP_WHEEL_DOWN },
};

static const struct {
	const char *name;
	uint32_t bit;
} modifiers[] = {
	{ "Alt-", KEYMAP_ALT },
	{ "Ctrl-", KEYMAP_CTRL },
	{ "Shift-", KEYMAP_SHIFT },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

uint32_t
keymap_control(unsigned char c)
{
	switch (c) {
	case '\r':
		return KEYMAP_ENTER;
	case '\t':
		return KEYMAP_TAB;
	case '\033':
		return KEYMAP_ESCAPE;
	case 0x7f:
		return KEYMAP_BACKSPACE;
	case 0:
		return KEYMAP_CTRL | KEYMAP_SPACE;
	default:
		c |= 0x40;
		return KEYMAP_CTRL | (c >= 'A' && c <= 'Z' ? c | 0x20u : c);
	}
}

/* What is left of a name without its modifiers; 0 if it is no key. */
static uint32_t
parse_base(const char *s)
{
	size_t i;
	int n;

	for (i = 0; i < COUNT(specials); i++)
		if (strcasecmp(s, specials[i].name) == 0)
			return specials[i].key;
	if (*s > ' ' && *s <= '~' && s[1] == '\0')
		return (unsigned char)*s;
	if ((*s != 'F' && *s != 'f') || s[1] < '1' || s[1] > '9' ||
	    strspn(s + 1, "0123456789") != strlen(s + 1) || strlen(s) > 3)
		return 0;
	n = atoi(s + 1);
	return n <= 12 ? KEYMAP_F1 + (uint32_t)n - 1 : 0;
}

/* A character with Ctrl, of those that terminals can send; or 0. */
static uint32_t
with_control(uint32_t c)
{
	if (strchr("[\\]^_", (int)c) == NULL && !isalpha((int)c))
		return 0;
	return keymap_control((unsigned char)(c & 0x1f));
}

static uint32_t
take_modifiers(const char **name)
{
	uint32_t bits = 0;
	size_t i, n;

	for (i = 0; i < COUNT(modifiers); i++) {
		n = strlen(modifiers[i].name);
		if (strncasecmp(*name, modifiers[i].name, n) != 0)
			continue;
		bits |= modifiers[i].bit;
		*name += n;
		i = (size_t)-1; /* in any order */
	}
	return bits;
}

uint32_t
keymap_parse(const char *name)
{
	uint32_t bits = take_modifiers(&name), key = parse_base(name);

	if (key == 0)
		return 0;
	if (key == KEYMAP_SPACE)
		return bits & (KEYMAP_ALT | KEYMAP_CTRL) ? key | bits : 0;
	if (key >= KEYMAP_ENTER)
		return key | bits;
	/* A character has Shift in it, and alone types itself. */
	if (bits & KEYMAP_SHIFT || bits == 0)
		return 0;
	if (bits & KEYMAP_CTRL)
		key = with_control(key);
	return key != 0 ? key | (bits & KEYMAP_ALT) : 0;
}

void
keymap_add_name(struct buf *out, uint32_t key)
{
	uint32_t base = key & ~(KEYMAP_ALT | KEYMAP_CTRL | KEYMAP_SHIFT);
	char c = (char)base;
	size_t i;

	for (i = 0; i < COUNT(modifiers); i++)
		if (key & modifiers[i].bit)
			buf_add_str(out, modifiers[i].name);
	for (i = 0; i < COUNT(specials); i++)
		if (specials[i].key == base)
			buf_add_str(out, specials[i].name);
	if (base < KEYMAP_ENTER) {
		buf_add(out, &c, 1);
	} else if (base >= KEYMAP_F1) {
		buf_add_str(out, "F");
		buf_add_int(out, base - KEYMAP_F1 + 1);
	}
}

void
keymap_init(struct keymap *map)
{
	char name[32];
	const char *s;
	size_t n;
	int action;

	map->len = 0;
	for (action = ACTION_NONE + 1; action < ACTION_COUNT; action++)
		for (s = action_row((enum action)action)->keys; *s != '\0';
		     s += n + strspn(s + n, " ")) {
			n = strcspn(s, " ");
			snprintf(name, sizeof(name), "%.*s", (int)n, s);
			keymap_bind(
			    map, keymap_parse(name), (enum action)action);
		}
}

bool
keymap_bind(struct keymap *map, uint32_t key, enum action action)
{
	size_t i;

	for (i = 0; i < map->len && map->rows[i].key != key; i++)
		;
	if (i == map->len && map->len == KEYS_MAX)
		return false;
	if (i == map->len)
		map->len++;
	map->rows[i].key = key;
	map->rows[i].action = action;
	return true;
}

enum action
keymap_action(const struct keymap *map, uint32_t key)
{
	size_t i;

	for (i = 0; i < map->len; i++)
		if (map->rows[i].key == key)
			return map->rows[i].action;
	return ACTION_NONE;
}

void
keymap_add_keys(struct buf *out, const struct keymap *map, enum action action)
{
	const char *between = "";
	size_t i;

	for (i = 0; i < map->len; i++) {
		if (map->rows[i].action != action)
			continue;
		buf_add_str(out, between);
		keymap_add_name(out, map->rows[i].key);
		between = ", ";
	}
}
