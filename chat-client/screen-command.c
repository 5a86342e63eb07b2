/*
 * What the commands of input.h do on the screen, and saying something.
 * Called by screen-write.c for each line that is entered.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <wchar.h>
#include <wctype.h>

#include "clock.h"
#include "format.h"
#include "help.h"
#include "screen-parts.h"
#include "status.h"
#include "text.h"

/* False: not now. */
static bool
say(struct screen *s, const char *to, const char *text, size_t len)
{
	const char *ref;

	screen_move(s, ACTION_BOTTOM);
	s->warned = false;
	switch (link_say(s->link, to, text, len, &ref)) {
	case LINK_SAID:
		model_add_pending(
		    s->model, ref, s->link->username, to, text, len);
		return true;
	case LINK_FULL:
		screen_notice(s, ENTRY_ERROR,
		    "Not sent: too much is waiting to be confirmed. "
		    "It is still in the line.");
		break;
	case LINK_TOO_LONG:
		screen_notice(s, ENTRY_ERROR,
		    "Not sent: too long for the server. "
		    "It is still in the line.");
		break;
	}
	return false;
}

static void
notice_buf(struct screen *s, struct buf *text)
{
	model_notice(s->model, ENTRY_NOTICE,
	    (struct span){ buf_head(text), buf_len(text) }, clock_date());
	buf_free(text);
}

void
screen_help(struct screen *s)
{
	page_open(&s->page, "Keys and commands");
	help_add_all(&s->page.text, &s->keymap);
}

static void
tell_command(struct screen *s, const struct input_command *c)
{
	struct buf text = { 0 };

	help_add_command(&text, c);
	notice_buf(s, &text);
}

static void
tell_users(struct screen *s)
{
	const struct model *m = s->model;
	struct buf text = { 0 };
	size_t i;

	buf_add_str(&text, "Here:");
	for (i = 0; i < m->people_len; i++)
		if (m->people[i].online) {
			buf_add_str(&text, " ");
			buf_add_str(&text, m->people[i].name);
		}
	notice_buf(s, &text);
}

static void
tell_user(struct screen *s, const char *name)
{
	const struct person *p = model_person(s->model, name);
	struct buf text = { 0 };

	buf_add_str(&text, p != NULL ? p->name : name);
	if (p == NULL)
		buf_add_str(&text,
		    " is not here, and not among the users that the server "
		    "knows.");
	else
		buf_add_str(&text,
		    p->online ? " is here."
			      : " is not here; what you say to a registered "
				"user waits there.");
	notice_buf(s, &text);
}

static bool
is_online(struct screen *s)
{
	if (s->link->state == LINK_ONLINE)
		return true;
	screen_notice(
	    s, ENTRY_ERROR, "That needs a connection; /reconnect opens one.");
	return false;
}

/* With a token to revoke, leaving waits for that (screen-event.c). */
static void
log_out(struct screen *s, int64_t now)
{
	if (link_revoke(s->link))
		return;
	if (s->link->token[0] == '\0' || is_online(s))
		screen_leave(s, now);
}

/* What is said elsewhere shows here as well that it was. */
static bool
say_elsewhere(struct screen *s, const struct input *in)
{
	struct buf text = { 0 };

	if (!say(s, in->name, in->text, in->len))
		return false;
	if (strcasecmp(s->model->now->name, in->name) == 0)
		return true;
	buf_add_str(&text, "to ");
	buf_add_str(&text, in->name);
	buf_add_str(&text, ": ");
	buf_add(&text, in->text, in->len);
	notice_buf(s, &text);
	return true;
}

static bool
go_to(struct screen *s, const struct input *in)
{
	screen_do_name(s, in->name);
	return in->len == 0 || say(s, s->model->now->name, in->text, in->len);
}

static void
add_found(struct buf *out, const struct talk *t, const struct entry *e)
{
	const char *s;

	buf_add_str(out, talk_is_all(t) ? "everybody" : t->name);
	buf_add_str(out, "\t");
	/* It may be of any day, which no line above it tells. */
	format_date(out, e->time);
	/* It is one line of the page, however many it has. */
	for (s = e->line + e->clock_len; *s != '\0'; s++)
		buf_add(out, *s == '\n' ? " " : s, 1);
	buf_add_str(out, "\n");
}

/* In lower case, in any script; to be freed. */
static wchar_t *
lower(const char *s, size_t n)
{
	wchar_t *out = calloc(n + 1, sizeof(*out));
	size_t i, len;
	uint32_t code;

	if (out == NULL)
		err(STATUS_SYSTEM, NULL);
	for (i = 0; n > 0; s += len, n -= len)
		if ((len = text_char_len(s, n, &code)) == 0)
			len = 1;
		else
			out[i++] = (wchar_t)towlower((wint_t)code);
	return out;
}

static bool
holds(const struct entry *e, const wchar_t *text)
{
	wchar_t *line;
	bool found;

	if (e->kind != ENTRY_MESSAGE)
		return false;
	line = lower(e->line + e->clock_len, e->len - e->clock_len);
	found = wcsstr(line, text) != NULL;
	free(line);
	return found;
}

static void
drop_line(struct buf *b)
{
	const char *lf = memchr(buf_head(b), '\n', buf_len(b));

	buf_consume(b, (size_t)(lf - buf_head(b)) + 1);
}

/* The last lines that hold it; returns how many there are. */
static size_t
add_all_found(struct buf *out, const struct model *m, const wchar_t *text)
{
	const struct talk *t;
	size_t i, j, n = 0;

	for (i = 0; i < m->talks_len; i++)
		for (t = m->talks[i], j = 0; j < t->len; j++) {
			if (!holds(t->entries[j], text))
				continue;
			add_found(out, t, t->entries[j]);
			if (++n > FOUND_MAX)
				drop_line(out);
		}
	return n;
}

static void
search(struct screen *s, const char *text)
{
	wchar_t *sought = lower(text, strlen(text));

	page_open(&s->page, "What was found");
	s->page.top = SIZE_MAX / 2;
	if (add_all_found(&s->page.text, s->model, sought) == 0) {
		page_close(&s->page);
		screen_notice(s, ENTRY_NOTICE,
		    "Nothing that came in so far holds that; scroll back, or "
		    "use /history, to get more.");
	}
	free(sought);
}

/* A name of one's own may be online elsewhere; another's would not be given. */
static bool
is_taken(struct screen *s, const char *name)
{
	const struct person *p = model_person(s->model, name);
	char text[120];

	if (p == NULL || !p->online || strcmp(p->name, s->taken) == 0)
		return false;
	memcpy(s->taken, p->name, sizeof(s->taken));
	snprintf(text, sizeof(text),
	    "%s is online already. If that name is yours, press Enter again.",
	    p->name);
	screen_notice(s, ENTRY_ERROR, text);
	return true;
}

/*
 * Another user has another connection, and other conversations.  False: it has
 * to be said once more.
 */
static bool
change_name(struct screen *s, const char *name, int64_t now)
{
	if (s->link->outbox.len > 0) {
		screen_notice(s, ENTRY_ERROR,
		    "Not everything you said is confirmed; change the name "
		    "when it is.");
		return true;
	}
	if (is_taken(s, name))
		return false;
	s->taken[0] = '\0';
	screen_form_anew(s, &s->link->config);
	edit_set(&s->name, name);
	login_set_registers(s->login, false);
	screen_form_need(s, login_prepare(s->login, s->link, name), now);
	return true;
}

bool
screen_command(struct screen *s, const struct input *in, int64_t now)
{
	switch (in->kind) {
	case INPUT_NOTHING:
		break;
	case INPUT_SAY:
		return say(s, s->model->now->name, in->text, in->len);
	case INPUT_MSG:
		return say_elsewhere(s, in);
	case INPUT_QUERY:
		return go_to(s, in);
	case INPUT_CLOSE:
		if (!model_close(s->model))
			screen_notice(s, ENTRY_ERROR,
			    "The conversation with everybody stays.");
		break;
	case INPUT_USERS:
		tell_users(s);
		break;
	case INPUT_WHOIS:
		tell_user(s, in->name);
		break;
	case INPUT_HISTORY:
		if (is_online(s))
			link_ask_history(s->link,
			    in->name[0] != '\0' ? in->name : NULL, -1,
			    in->count);
		break;
	case INPUT_SEARCH:
		search(s, in->text);
		break;
	case INPUT_NICK:
		return change_name(s, in->name, now);
	case INPUT_REGISTER:
	case INPUT_PASSWORD:
		if (is_online(s))
			screen_ask(s, in->kind == INPUT_REGISTER);
		break;
	case INPUT_RECONNECT:
		link_reconnect_now(s->link, now);
		break;
	case INPUT_LOGOUT:
		log_out(s, now);
		break;
	case INPUT_HELP:
		if (in->command != NULL)
			tell_command(s, in->command);
		else
			screen_help(s);
		break;
	case INPUT_QUIT:
		screen_leave(s, now);
		break;
	case INPUT_BAD:
		screen_notice(s, ENTRY_ERROR, in->error);
		break;
	}
	return true;
}
