/*
 * The input of the plain and JSON modes (plain-parts.h): lines of standard
 * input are said, or are commands.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bounds.h"
#include "help.h"
#include "input.h"
#include "plain-ask.h"
#include "plain-parts.h"
#include "text.h"

/* Which line is meant, if there are several. */
static void
refuse_line(struct plain *p, const char *why)
{
	char text[160];

	if (p->options->whole)
		snprintf(text, sizeof(text), "the input %s", why);
	else
		snprintf(text, sizeof(text), "line %zu of the input %s",
		    p->lines, why);
	plain_refuse(p, text);
}

static void
refuse_length(struct plain *p)
{
	const struct link *l = p->link;
	char why[100];

	snprintf(why, sizeof(why),
	    "is too long for the server, which takes %lld bytes%s",
	    (long long)(l->text_max > 0 ? l->text_max : l->line_max),
	    l->text_max > 0 ? " of text" : "");
	refuse_line(p, why);
}

static void
end_input(struct plain *p)
{
	p->input_ended = true;
	buf_free(&p->in.in);
	p->in.scanned = 0;
}

static void
say(struct plain *p, const char *to, const char *text, size_t len)
{
	struct buf repaired = { 0 };

	if (text_repair(&repaired, text, len) && !p->told_repaired) {
		p->told_repaired = true;
		plain_complain("the input is not UTF-8: what is not "
			       "was replaced by U+FFFD");
	}
	if (buf_len(&repaired) > 0 &&
	    link_say(p->link, to, buf_head(&repaired), buf_len(&repaired),
		NULL) == LINK_TOO_LONG)
		refuse_length(p);
	buf_free(&repaired);
}

static void
print_help(const struct input_command *about)
{
	const struct input_command *c;
	struct buf text = { 0 };

	for (c = input_commands; c->name != NULL; c++)
		if (about != NULL ? c == about : !c->on_screen) {
			help_add_command(&text, c);
			buf_add_str(&text, "\n");
		}
	fprintf(stderr, "%.*s", (int)buf_len(&text), buf_head(&text));
	buf_free(&text);
}

/* What only the screen has. */
static void
refuse_command(struct plain *p, const struct input_command *c)
{
	char text[80];

	snprintf(text, sizeof(text), "/%s is for the screen only", c->name);
	plain_refuse(p, text);
}

static void
run_input(struct plain *p, const struct input *in)
{
	switch (in->kind) {
	case INPUT_NOTHING:
		break;
	case INPUT_SAY:
		say(p, p->options->to, in->text, in->len);
		break;
	case INPUT_MSG:
		say(p, in->name, in->text, in->len);
		break;
	case INPUT_USERS:
		link_ask_users(p->link);
		break;
	case INPUT_HISTORY:
		link_ask_history(p->link, in->name[0] != '\0' ? in->name : NULL,
		    -1, in->count);
		break;
	case INPUT_LOGOUT:
		if (!link_revoke(p->link))
			plain_complain("there is no token to revoke");
		end_input(p);
		break;
	case INPUT_HELP:
		print_help(in->command);
		break;
	case INPUT_QUIT:
		end_input(p);
		break;
	case INPUT_BAD:
		plain_refuse(p, in->error);
		break;
	default:
		refuse_command(p, in->command);
	}
}

static void
run_line(struct plain *p, const char *line, size_t len)
{
	struct input in;
	char *copy;

	/* The parser wants a NUL behind it, the line has none. */
	if ((copy = malloc(len + 1)) == NULL)
		err(STATUS_SYSTEM, NULL);
	memcpy(copy, line, len);
	copy[len] = '\0';
	input_parse(&in, copy, len);
	run_input(p, &in);
	free(copy);
}

static void
take_line(struct plain *p, const char *line, size_t len)
{
	p->lines++;
	if (p->options->send)
		say(p, p->options->to, line, len);
	else if (p->options->mode != MODE_JSON || len == 0 || line[0] != '{')
		run_line(p, line, len);
	else if (link_raw(p->link, line, len) == LINK_TOO_LONG)
		refuse_line(p, "is too long for the server");
}

/* All of it at once, but for the end of its last line. */
static void
take_whole(struct plain *p)
{
	const char *text = buf_head(&p->in.in);
	size_t len = buf_len(&p->in.in);

	if (len > 0 && text[len - 1] == '\n')
		len--;
	say(p, p->options->to, text, len);
	end_input(p);
}

/* The last line may lack its LF. */
static void
take_rest(struct plain *p)
{
	if (p->options->whole) {
		take_whole(p);
		return;
	}
	if (buf_len(&p->in.in) > 0)
		take_line(p, buf_head(&p->in.in), buf_len(&p->in.in));
	end_input(p);
}

/*
 * What is only to be sent may wait here for a lost connection to come back,
 * so that the end of the input is seen.
 */
bool
plain_takes_input(const struct plain *p)
{
	const struct link *l = p->link;

	if (p->input_ended || !p->greeted)
		return false;
	if (l->state == LINK_ONLINE)
		return !link_is_busy(l);
	return p->options->send && l->outbox.len < OUTBOX_MAX;
}

void
plain_take_lines(struct plain *p)
{
	char *line;
	size_t len;

	while (!p->options->whole && plain_takes_input(p)) {
		switch (line_next(&p->in, &line, &len)) {
		case LINE_NONE:
			return;
		case LINE_FOUND:
			take_line(p, line, len);
			break;
		case LINE_TOO_LONG:
			p->lines++;
			refuse_line(
			    p, "is too long; nothing from there on is sent");
			end_input(p);
			break;
		}
	}
}

static void
input_failed(struct plain *p)
{
	plain_complain_of("standard input: ", strerror(errno));
	p->input_failed = true;
}

void
plain_read_input(struct plain *p)
{
	size_t want = line_wanted(&p->in);
	ssize_t n;

	if (want > INPUT_CHUNK)
		want = INPUT_CHUNK;
	if (want == 0) {
		if (p->options->whole) {
			refuse_line(p, "is too long for one message");
			end_input(p);
		}
		return;
	}
	n = read(STDIN_FILENO, buf_room(&p->in.in, want), want);
	if (n > 0) {
		buf_added(&p->in.in, (size_t)n);
	} else if (n == 0) {
		take_rest(p);
	} else if (errno != EAGAIN && errno != EINTR) {
		input_failed(p);
		take_rest(p);
	}
}
