/*
 * All that is shown.  Names and texts come from strangers: what goes to a
 * terminal is made safe here, whatever it is, and nothing goes there but
 * through here (and the help, which is our own).
 */
#include <errno.h>
#include <langinfo.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "admin.h"
#include "sanitise.h"
#include "text.h"

#define SHOWN_MAX (64 * 1024) /* bytes of one text */
#define WAIT_MAX  (64 * 1024) /* bytes in the buffer, then they are written */

/* Where a terminal's text is not UTF-8, its bytes may be controls there. */
static bool
is_utf8(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static void
add_safe(struct buf *out, const char *s, size_t n)
{
	size_t before = buf_len(out), i, end;
	char *bytes;

	sanitise_add(out, s, n, SHOWN_MAX, SANITISE_LINE);
	if (is_utf8())
		return;
	bytes = buf_len(out) > 0 ? buf_head(out) : NULL;
	for (i = end = before; i < buf_len(out); i++) {
		/* One sign a character: its first byte. */
		if (((unsigned char)bytes[i] & 0xc0) == 0x80)
			continue;
		bytes[end++] = (unsigned char)bytes[i] < 0x80 ? bytes[i] : '?';
	}
	buf_cut(out, end);
}

static bool
write_all(int fd, struct buf *b)
{
	ssize_t n;

	while (buf_len(b) > 0) {
		n = write(fd, buf_head(b), buf_len(b));
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return false;
		buf_consume(b, (size_t)n);
	}
	return true;
}

void
out_error(const char *format, ...)
{
	struct buf line = { 0 };
	char text[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	/* One that nobody sees on a screen is found by its priority. */
	if (log_stderr_is_journal())
		buf_add_str(&line, "<3>");
	buf_add_str(&line, "chat-admin: ");
	add_safe(&line, text, strlen(text));
	buf_add_str(&line, "\n");
	write_all(STDERR_FILENO, &line);
	buf_free(&line);
}

int
out_flush(struct admin *a)
{
	if (write_all(STDOUT_FILENO, &a->out))
		return EX_OK;
	out_error("cannot write: %s", strerror(errno));
	buf_reset(&a->out, 0);
	return EX_IOERR;
}

void
out_line(struct admin *a, const char *format, ...)
{
	char text[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	add_safe(&a->out, text, strlen(text));
	buf_add_str(&a->out, "\n");
}

int
out_store_error(struct admin *a, enum store_result result)
{
	if (result != STORE_UNAVAILABLE)
		abort();
	out_error("%s", store_error(a->store));
	return EX_UNAVAILABLE;
}

/* ---- JSON ---- */

static void
json_key(struct out_json *j, const char *key)
{
	buf_add_str(&j->line, j->begun ? ",\"" : "{\"");
	buf_add_str(&j->line, key);
	buf_add_str(&j->line, "\":");
	j->begun = true;
}

void
out_json_text(struct out_json *j, const char *key, struct store_text text)
{
	struct buf valid = { 0 };

	text_repair(&valid, text.s, text.len);
	json_key(j, key);
	buf_add_json(&j->line, buf_len(&valid) > 0 ? buf_head(&valid) : "",
	    buf_len(&valid));
	buf_free(&valid);
}

void
out_json_string(struct out_json *j, const char *key, const char *s)
{
	out_json_text(j, key, (struct store_text){ s, strlen(s) });
}

void
out_json_int(struct out_json *j, const char *key, int64_t value)
{
	json_key(j, key);
	buf_add_int(&j->line, value);
}

void
out_json_bool(struct out_json *j, const char *key, bool value)
{
	json_key(j, key);
	buf_add_str(&j->line, value ? "true" : "false");
}

void
out_json_time(struct out_json *j, const char *key, int64_t ms)
{
	char stamp[TIMESTAMP_LEN + 1];

	text_timestamp(stamp, ms);
	if (ms != 0) {
		out_json_string(j, key, stamp);
		return;
	}
	json_key(j, key);
	buf_add_str(&j->line, "null");
}

/* What is above U+FFFF takes two escapes, a pair of surrogates. */
static void
add_escaped(struct buf *out, uint32_t code)
{
	char text[32];

	if (code > 0xffff)
		snprintf(text, sizeof(text), "\\u%04x\\u%04x",
		    0xd800 + ((code - 0x10000) >> 10),
		    0xdc00 + ((code - 0x10000) & 0x3ff));
	else
		snprintf(text, sizeof(text), "\\u%04x", code);
	buf_add_str(out, text);
}

static void
add_ascii(struct buf *out, const char *s, size_t n)
{
	uint32_t code;
	size_t len;

	for (; n > 0 && (len = text_char_len(s, n, &code)) > 0;
	     s += len, n -= len) {
		if (code < 0x80)
			buf_add(out, s, 1);
		else
			add_escaped(out, code);
	}
}

void
out_json_end(struct out_json *j, struct admin *a)
{
	struct buf safe = { 0 };

	buf_add_str(&j->line, "}");
	/* Escapes what a terminal might obey; it changes no value. */
	if (!sanitise_add_json(&safe, buf_head(&j->line), buf_len(&j->line)))
		abort();
	if (is_utf8())
		buf_add(&a->out, buf_head(&safe), buf_len(&safe));
	else
		add_ascii(&a->out, buf_head(&safe), buf_len(&safe));
	buf_free(&safe);
	buf_add_str(&a->out, "\n");
	buf_reset(&j->line, WAIT_MAX);
	j->begun = false;
}

/* ---- tables ---- */

void
out_cell(struct out_table *t, struct store_text text)
{
	size_t before = buf_len(&t->cells);

	add_safe(&t->cells, text.s, text.len);
	if (buf_len(&t->cells) == before)
		buf_add_str(&t->cells, "-");
	buf_add(&t->cells, "", 1);
	t->count++;
}

void
out_cell_string(struct out_table *t, const char *s)
{
	out_cell(t, (struct store_text){ s, strlen(s) });
}

void
out_cell_int(struct out_table *t, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	out_cell_string(t, text);
}

void
out_cell_time(struct out_table *t, int64_t ms)
{
	char stamp[TIMESTAMP_LEN + 1];

	text_timestamp(stamp, ms);
	out_cell_string(t, ms != 0 ? stamp : "-");
}

void
out_table_begin(struct out_table *t, int columns, const char *const *titles)
{
	int i;

	*t = (struct out_table){ .columns = columns };
	for (i = 0; i < columns; i++)
		out_cell_string(t, titles[i]);
}

/* Columns on the screen of what is safe already. */
static int
width(const char *s)
{
	size_t n = strlen(s), len;
	uint32_t code;
	int sum = 0;

	for (; n > 0; s += len, n -= len) {
		if ((len = text_char_len(s, n, &code)) == 0)
			return sum;
		sum += sanitise_width(code);
	}
	return sum;
}

void
out_table_end(struct out_table *t, struct admin *a)
{
	int widths[16] = { 0 }, i, w;
	const char *cell = buf_head(&t->cells);

	for (i = 0; i < t->count; i++, cell += strlen(cell) + 1)
		if ((w = width(cell)) > widths[i % t->columns])
			widths[i % t->columns] = w;
	cell = buf_head(&t->cells);
	for (i = 0; t->count > t->columns && i < t->count; i++) {
		buf_add_str(&a->out, cell);
		if ((i + 1) % t->columns == 0)
			buf_add_str(&a->out, "\n");
		else
			for (w = width(cell); w < widths[i % t->columns] + 2;
			     w++)
				buf_add_str(&a->out, " ");
		cell += strlen(cell) + 1;
	}
	buf_free(&t->cells);
}

void
out_list_begin(
    struct out_list *l, struct admin *a, int columns, const char *const *titles)
{
	*l = (struct out_list){ .a = a };
	out_table_begin(&l->table, columns, titles);
}

int
out_list_end(struct out_list *l, enum store_result result)
{
	out_table_end(&l->table, l->a);
	buf_free(&l->json.line);
	return result == STORE_OK ? EX_OK : out_store_error(l->a, result);
}
