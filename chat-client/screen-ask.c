/*
 * Passwords that commands need (/password, /register): asked for where lines
 * are written, without showing them.
 */
#include <string.h>

#include "screen-parts.h"

void
screen_ask_end(struct screen *s)
{
	struct question *q = &s->question;

	credential_wipe(&q->answer);
	credential_wipe(&q->old);
	credential_wipe(&q->fresh);
	q->step = ASK_NOTHING;
}

void
screen_ask(struct screen *s, bool registers)
{
	screen_ask_end(s);
	s->question.registers = registers;
	s->question.step = registers ? ASK_NEW : ASK_OLD;
}

static void
step(struct screen *s, enum ask_step to)
{
	credential_wipe(&s->question.answer);
	s->question.step = to;
}

static void
send_it(struct screen *s)
{
	struct question *q = &s->question;
	bool sent;

	if (q->registers)
		sent = link_register_now(s->link, &q->fresh, &q->answer);
	else
		sent = link_change_password(s->link, &q->old, &q->fresh);
	if (!sent)
		screen_notice(s, ENTRY_ERROR,
		    "Not done: there is no connection, or the answer to such "
		    "a question is still due.");
	screen_ask_end(s);
}

static void
enter(struct screen *s)
{
	struct question *q = &s->question;

	if (q->answer.len == 0 && q->step != ASK_INVITE)
		return;
	switch (q->step) {
	case ASK_OLD:
		q->old = q->answer;
		step(s, ASK_NEW);
		break;
	case ASK_NEW:
		q->fresh = q->answer;
		step(s, ASK_AGAIN);
		break;
	case ASK_AGAIN:
		if (strcmp(q->fresh.text, q->answer.text) != 0) {
			screen_notice(s, ENTRY_ERROR,
			    "These were two different passwords; once more.");
			step(s, ASK_NEW);
		} else if (q->registers) {
			step(s, ASK_INVITE);
		} else {
			send_it(s);
		}
		break;
	case ASK_INVITE:
		send_it(s);
		break;
	case ASK_NOTHING:
		break;
	}
}

void
screen_ask_key(struct screen *s, const struct key *key, enum action action)
{
	if (key->kind == KEYS_TEXT)
		credential_add(&s->question.answer, key->text, key->len);
	else if (action == ACTION_BACKSPACE)
		credential_rub_out(&s->question.answer);
	else if (action == ACTION_KILL_TO_HOME)
		credential_wipe(&s->question.answer);
	else if (action == ACTION_SEND)
		enter(s);
	else if (key->kind == KEYS_CODE && key->code == KEYMAP_ESCAPE)
		screen_ask_end(s);
}
