/*
 * chat-client's configuration: any bytes give settings that can be used, and
 * messages of printable lines, at most two for each line of the text; and with
 * a # before each of its lines a text changes nothing.
 */
#include <locale.h>
#include <string.h>

#include "buf.h"
#include "fuzz.h"
#include "settings.h"

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	CHECK(setlocale(LC_ALL, "C.UTF-8") != NULL);
	return 0;
}

static size_t
count_lines(const char *s, size_t n)
{
	size_t i, lines = 0;

	for (i = 0; i < n; i++)
		lines += s[i] == '\n';
	return lines;
}

static void
check_command(const struct settings_command *c)
{
	size_t i;

	for (i = 0; c->words[i] != NULL; i++)
		CHECK(strlen(c->words[i]) <= SETTINGS_LINE_MAX);
	CHECK(i <= SETTINGS_WORDS_MAX);
}

static void
check_errors(const struct settings *s, const char *data, size_t size)
{
	const char *text = buf_head(&s->errors);
	size_t i, n = buf_len(&s->errors);

	CHECK(n == 0 || text[n - 1] == '\n');
	CHECK(count_lines(text, n) <= 2 * (count_lines(data, size) + 1));
	for (i = 0; i < n; i++)
		CHECK((unsigned char)text[i] >= ' ' || text[i] == '\n');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct settings s;
	struct buf text = { 0 };
	size_t i;

	settings_init(&s);
	settings_parse(&s, "client.conf", (const char *)data, size);
	check_errors(&s, (const char *)data, size);
	check_command(&s.password);
	check_command(&s.notify);
	CHECK(s.keymap.len <= KEYS_MAX);
	settings_free(&s);
	for (i = 0; i < size; i++) {
		if (i == 0 || data[i - 1] == '\n')
			buf_add_str(&text, "#");
		buf_add(&text, &data[i], 1);
	}
	settings_init(&s);
	settings_parse(&s, "client.conf", buf_head(&text), buf_len(&text));
	CHECK(buf_len(&s.errors) == 0);
	CHECK(s.server[0] == '\0' && s.name[0] == '\0' && s.bell);
	settings_free(&s);
	buf_free(&text);
	return 0;
}
