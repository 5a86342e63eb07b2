/*
 * What the files of the plain and JSON modes share: the loop (plain.c), what
 * is read (plain-input.c) and what is printed (plain-output.c).
 */
#ifndef PLAIN_PARTS_H
#define PLAIN_PARTS_H

#include "buf.h"
#include "line.h"
#include "link.h"
#include "login.h"
#include "options.h"
#include "status.h"

struct plain {
	const struct options *options;
	struct login *login;
	struct link *link;
	bool over;  /* nothing is to come from the link any more */
	int status; /* -1: not over */
	int ending; /* the status once all is printed; -1: the link tells */
	int signal_fd;

	/* plain-input.c's */
	struct line_buf in;
	size_t lines;	    /* taken so far */
	bool input_ended;   /* nothing more is read */
	bool input_failed;  /* for another reason than its end */
	bool told_repaired; /* that it is not UTF-8 */
	bool refused;	    /* something that was said */

	/* plain-output.c's */
	struct buf out;
	int out_fd;
	bool failed;	 /* it cannot be written */
	struct buf page; /* history that is printed once it is complete */
	int64_t missing; /* messages of it that are still to come */

	/* the loop's own */
	bool greeted;	      /* what the login brings was asked for */
	int64_t progress_at;  /* something was confirmed last */
	size_t unconfirmed;   /* then */
	enum link_state told; /* on standard error */
	bool lost;	      /* and that it was online before */
	unsigned int asked;   /* for passwords */
};

/* Something that was said cannot be sent: say so, and note it. */
void plain_refuse(struct plain *, const char *why);
/* `what' and, made safe, what the server or the system says. */
void plain_complain_of(const char *what, const char *reason);

/* Whether lines of the input can be taken now; take them; read more. */
bool plain_takes_input(const struct plain *);
void plain_take_lines(struct plain *);
void plain_read_input(struct plain *);

/* Print what is wanted of an event, and tell errors. */
void plain_print(struct plain *, const struct event *);
/* Standard output, so that writing does not block. */
int plain_open_output(void);
/* Write what poll(2) has room for; all that goes without waiting. */
void plain_write(struct plain *);
void plain_drain(struct plain *);

#endif
