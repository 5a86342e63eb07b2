/*
 * What there is to show: the conversations, and the users.  Everything in it
 * is sanitised when it comes in.  Knows no screen.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bounds.h"
#include "incoming.h"
#include "limit.h"
#include "talk.h"

struct person {
	char name[USERNAME_MAX + 1];
	bool online;
};

struct model {
	struct talk *talks[TALKS_MAX]; /* the first is with everybody */
	size_t talks_len;
	struct talk *now;    /* the one that is shown */
	struct talk *before; /* the one before, or NULL */
	bool covered;	     /* by something else on the screen */
	char me[USERNAME_MAX + 1];
	size_t len, bytes;     /* entries in all talks, and their memory */
	uint64_t serials;      /* given out */
	struct person *people; /* in the order of their names */
	size_t people_len;
};

struct model *model_new(void);
void model_free(struct model *);

/* Who the user is, as the server spells it. */
void model_set_me(struct model *, const char *name);
/* The store was set back: ids begin again, and older messages are unknown. */
void model_reset(struct model *);

/*
 * A message that came, into its talk and the place its id gives it; one that
 * is there stays.  It is unread unless it is on the screen.  Returns whether
 * it calls for attention: it is to the user alone, or names him.
 */
bool model_add_message(struct model *, const struct message *);

/* One from the server's history, which is nothing new; false: not added. */
bool model_add_history(struct model *, const struct message *);
/* Whether there is no more room for history. */
bool model_is_full(const struct model *);

/* One's own, to be confirmed under that ref. */
void model_add_pending(struct model *, const char *ref, const char *from,
    const char *to, const char *text, size_t len);

/*
 * Its ACK came.  With `seen' it is in the log already, as a message of one's
 * own that came back, and the pending one goes.
 */
void model_confirm(
    struct model *, struct span ref, int64_t id, int64_t time, bool seen);

/* It was refused; the reason is shown with it. */
void model_reject(struct model *, struct span ref, struct span reason);

/*
 * Something the client has to say, in the talk that is shown; time in ms since
 * 1970.
 */
void
model_notice(struct model *, enum entry_kind, struct span text, int64_t time);

/*
 * The talk with that name ("all" or a user, regardless of case), or NULL; with
 * `make' there is one afterwards.
 */
struct talk *model_talk(struct model *, struct span name, bool make);

/*
 * Show another talk (model-go.c).  What is new there is read when it is on the
 * screen: model_read().  False: there is no such talk.
 */
void model_go(struct model *, struct talk *);
bool model_go_name(struct model *, const char *name); /* made if need be */
bool model_go_number(struct model *, size_t);	      /* from 1 */
void model_go_step(struct model *, int step);	      /* around the end */
bool model_go_back(struct model *);
/* One with something new: what calls for attention first, then the oldest. */
bool model_go_busiest(struct model *);
/* Forget a talk with one user; what was shown before is shown then. */
bool model_close(struct model *);

/* The newest of the talk that is shown is on the screen. */
void model_read(struct model *);
/* Over all talks. */
size_t model_unread(const struct model *);
size_t model_mentions(const struct model *);

/*
 * Names of talks and users that hold what was typed, regardless of case, at
 * most `max' of them: those with something new, the other talks, users who
 * are here, the others.  Valid until the model changes.
 */
size_t model_find(
    const struct model *, const char *typed, const char **names, size_t max);

/*
 * Names of users that begin so, regardless of case, at most `max' of them:
 * the most recent speaker in this talk first, then by name.  Valid until the
 * model changes.
 */
size_t model_complete(
    const struct model *, struct span begin, const char **names, size_t max);

/* All users, from a USERS event; one user that came or went (people.c). */
void model_set_people(struct model *, const struct event *);
void model_set_person(struct model *, struct span name, bool online);
/* The same, told in the talks concerned: in the line of who came last. */
void
model_presence(struct model *, struct span name, bool online, int64_t time);
size_t model_online(const struct model *);
/* The user with that name, or NULL. */
struct person *model_person(const struct model *, const char *name);

/* A name as it is shown. */
void model_clean_name(char out[USERNAME_MAX + 1], struct span);

/* Whether the text names that user, as a word. */
bool model_names(const char *text, size_t len, const char *name);

#endif
