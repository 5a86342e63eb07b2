/*
 * What the files of the screen share: the loop (screen.c) calls these two
 * halves, which change the state that draw.c shows; the login form
 * (screen-form.c) belongs to both.
 */
#ifndef SCREEN_PARTS_H
#define SCREEN_PARTS_H

#include <stdint.h>

#include "draw.h"
#include "input.h"
#include "keys.h"
#include "login.h"

#define SCROLL_ROWS 3 /* of a step, such as the wheel's */

/* Take what came from the server, and what became of the connection. */
void screen_take_link(struct screen *, short revents, int64_t now);

/* Take the keys that wait; end a paste that goes on no more. */
void screen_take_keys(struct screen *, int64_t now);
void screen_end_paste(struct screen *, int64_t now);

/* Leave; or ask first, if something is not confirmed. */
void screen_leave(struct screen *, int64_t now);

/*
 * What an action does to what is shown (screen-move.c), if it does anything:
 * scroll, or go to another conversation.
 */
void screen_move(struct screen *, enum action);
/* To that conversation, which begins with this if need be. */
void screen_do_name(struct screen *, const char *name);
/*
 * Find where to go by typing (screen-find.c).  While `finding', text and
 * actions go there; false: that action is none of its own.
 */
void screen_do_find(struct screen *);
void screen_find_text(struct screen *, const char *text, size_t len);
bool screen_find_action(struct screen *, enum action);
/* After a move was drawn: ask for what is older, if that is near. */
void screen_want_older(struct screen *);

/*
 * Writing a line (screen-write.c): a character; what a key does, false: that
 * is nothing here; the end of a paste.
 */
void screen_write(struct screen *, const struct key *);
bool screen_write_action(
    struct screen *, const struct key *, enum action, int64_t now);
void screen_write_paste(struct screen *);

/*
 * A line that was entered (screen-command.c), and what F1 shows.  False: it
 * could not be done now, and should not be lost.
 */
bool screen_command(struct screen *, const struct input *, int64_t now);
void screen_help(struct screen *);

/*
 * Ask for what registering, or changing the password, takes (screen-ask.c);
 * keys meanwhile; and no more.
 */
void screen_ask(struct screen *, bool registers);
void screen_ask_key(struct screen *, const struct key *, enum action);
void screen_ask_end(struct screen *);

/* In the login form: text, Enter, and the keys of the line editor. */
void
screen_form_key(struct screen *, const struct key *, enum action, int64_t now);
/* Another link, without `since', and nothing of what was talked about. */
void screen_form_anew(struct screen *, const struct link_config *);
/* Back to the name; false if that is where it is. */
bool screen_form_back(struct screen *);
/* Ask for what the login needs; with LOGIN_READY, start it. */
void screen_form_need(struct screen *, enum login_need, int64_t now);
/* Say what is wrong, in the form, or what else is; not sanitised. */
void screen_form_say(struct screen *, const char *);
void screen_form_add(struct screen *, const char *);

/* Put a line of the client's own, not sanitised, below the messages. */
void screen_notice(struct screen *, enum entry_kind, const char *);

#endif
