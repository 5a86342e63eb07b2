/*
 * Drawing the screen.  What is drawn is the state below and nothing else;
 * drawing changes nothing in it but what the view needs to stay in the log, and
 * what counts as read or seen.
 */
#ifndef DRAW_H
#define DRAW_H

#include <stdbool.h>
#include <stdint.h>

#include "alert.h"
#include "bounds.h"
#include "complete.h"
#include "edit.h"
#include "keymap.h"
#include "link.h"
#include "login.h"
#include "model.h"
#include "page.h"
#include "theme.h"

/* What the login form asks for. */
enum form_step {
	FORM_NAME,
	FORM_PASSWORD,
	FORM_NEW_PASSWORD,
	FORM_AGAIN, /* the new password once more */
	FORM_INVITE,
	FORM_TRUST /* in the certificate */
};

/* The lines of its first step; the others ask for one thing. */
enum form_field { FIELD_SERVER, FIELD_TLS, FIELD_NAME, FIELD_REGISTER };

/* What a command asks for, where lines are written (screen-ask.c). */
enum ask_step {
	ASK_NOTHING,
	ASK_OLD,
	ASK_NEW,
	ASK_AGAIN, /* the new password once more */
	ASK_INVITE
};

struct question {
	enum ask_step step;
	bool registers; /* or changes the password */
	struct credential answer, old, fresh;
};

struct screen {
	struct link *link;
	struct login *login;
	struct model *model;
	struct keymap keymap;
	struct alert alert;
	bool finding;	  /* where to go, by typing: */
	struct edit find; /* what was typed */
	size_t found;	  /* which of what fits is chosen */
	struct question question;
	struct complete complete;
	struct buf paste;   /* while it comes in */
	int64_t key_at;	    /* when the last key came */
	bool guarded;	    /* it is shown, and may be sent */
	bool guarded_whole; /* the line has nothing else */
	struct page page;   /* when open, it covers the rest */
	struct edit line;   /* what is being written */
	struct edit name;   /* in the login form */
	bool form;	    /* the login form is shown */
	enum form_step step;
	enum form_field field;
	struct edit server; /* in the login form */
	bool tls, registers;
	struct credential answer; /* in the form, but for the name */
	struct credential first;  /* the new password, while asked AGAIN */
	char trouble[SHOWN_TROUBLE_MAX]; /* in it, not sanitised */
	bool explained;			 /* all of that was in the last frame */
	bool leaving;
	bool warned;		      /* of leaving with unconfirmed messages */
	char taken[USERNAME_MAX + 1]; /* whose name was warned of last */
	bool changed;		      /* to be drawn */
	bool moved;		      /* in the log, or to another */
	bool bare; /* the bare text is shown, until a key is pressed */
};

/*
 * Take the terminal over; returns false if that is impossible: curses does not
 * know it, or it cannot move its cursor.
 */
bool draw_start(enum theme);
/* Give it back; does nothing if it is, or has been taken. */
void draw_end(void);
/* Whether no other job has the terminal.  May be called by a signal's handler. */
bool draw_is_ours(void);

/* The terminal has another size now. */
void draw_resize(void);
/* Take the terminal again, after a stop that the user did not ask for. */
void draw_continue(void);
/* What is on the terminal cannot be relied on. */
void draw_anew(void);
/* Give the terminal back for a while, stopped by the user. */
void draw_suspend(void);
/* The same for as long as something else uses it: with true, then false. */
void draw_pause(bool);

/* Ring. */
void draw_bell(void);

void draw(struct screen *, int64_t now);

#endif
