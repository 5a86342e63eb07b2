/*
 * What there is to show: the log of messages and notices, and the users.
 * Everything in it is sanitised when it comes in.  Knows no screen.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bounds.h"
#include "incoming.h"
#include "limit.h"

enum entry_kind { ENTRY_MESSAGE, ENTRY_NOTICE, ENTRY_ERROR };

struct entry {
	uint64_t serial; /* its own among all there ever were */
	enum entry_kind kind;
	int64_t id; /* 0: a notice, or not confirmed */
	int64_t time;
	char from[USERNAME_MAX + 1];
	char to[USERNAME_MAX + 1];
	char *ref;  /* of what waits for its ACK, or NULL */
	char *text; /* without what is before it */
	size_t text_len;
	char *line; /* all of it: time, name, text */
	size_t len;
	size_t clock_len; /* bytes of the time */
	size_t head_len;  /* and of all before the text */
	int head_columns;
};

struct person {
	char name[USERNAME_MAX + 1];
	bool online;
};

struct model {
	struct entry **entries; /* oldest first */
	size_t len;
	size_t bytes;
	uint64_t serials;      /* given out */
	struct person *people; /* in the order of their names */
	size_t people_len;
};

struct model *model_new(void);
void model_free(struct model *);

/* A message, in the place its id gives it; one that is there stays. */
void model_add_message(struct model *, const struct message *);

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

/* Something the client has to say; time in ms since 1970. */
void
model_notice(struct model *, enum entry_kind, struct span text, int64_t time);

/* All users, from a USERS event; one user that came or went. */
void model_set_people(struct model *, const struct event *);
void model_set_person(struct model *, struct span name, bool online);
size_t model_online(const struct model *);

/* Whether it is between two users. */
bool entry_is_private(const struct entry *);

#endif
