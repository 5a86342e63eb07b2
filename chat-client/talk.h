/*
 * A conversation: what was said to everybody, or between two, oldest first.
 * Everything in it was sanitised when it came in.  Pure.
 */
#ifndef TALK_H
#define TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "incoming.h"
#include "limit.h"
#include "presence.h"
#include "view.h"

enum entry_kind { ENTRY_MESSAGE, ENTRY_NOTICE, ENTRY_ERROR };

/* One message or notice, as the line that is shown: time, name, text. */
struct entry {
	uint64_t serial; /* its own among all there ever were */
	int64_t id;	 /* 0: a notice, or not confirmed */
	int64_t time;	 /* ms since 1970, 0: unknown */
	char *ref;	 /* of what waits for its ACK, or NULL */
	char *line;	 /* with a NUL behind it */
	uint32_t len;
	uint32_t color;	   /* a number that its name always has */
	int32_t day;	   /* in local time, since 1970; -1: unknown */
	uint8_t clock_len; /* bytes of the time */
	uint8_t head_len;  /* and of all before the text, one column each */
	uint8_t kind;
	bool mention; /* it calls for attention ... */
	bool names;   /* ... because it names the user */
};

struct talk {
	char name[USERNAME_MAX + 1]; /* "all", or whom it is with */
	struct entry **entries;	     /* oldest first */
	size_t len;
	size_t bytes;	 /* of memory for its entries */
	size_t pending;	 /* how many wait for their ACK */
	size_t unread;	 /* messages that were not on the screen yet */
	size_t mentions; /* of them, those that call for attention */
	uint64_t marker; /* serial of the first after what was read, or 0 */
	uint64_t active; /* serial of the last message */
	bool complete;	 /* the server has nothing older */
	bool asking;	 /* for what is older */
	struct view view;
	struct presence_run run; /* of who came and left last */

	/* The rest is its own: the entries lie in the middle of a room. */
	struct entry **room;
	size_t size;
};

/* With a name that is sanitised; ends the process without memory. */
struct talk *talk_new(const char *name);
void talk_free(struct talk *);

/* Whether it is with everybody. */
bool talk_is_all(const struct talk *);

/*
 * An entry, sanitised.  The name (of a message) has to be already.  It is the
 * caller's until it is inserted.
 */
struct entry *entry_new(enum entry_kind, const char *from, struct span text,
    int64_t time, uint64_t serial);
void entry_free(struct entry *);
/* A number for a name, the same in any case, today and tomorrow. */
uint32_t entry_color(const char *name);

/* Put sanitised text behind what it says; while it is in no talk. */
void entry_append(struct entry *, const char *more, size_t len);
/* It was confirmed at that time. */
void entry_set_time(struct entry *, int64_t time);
/* Bytes of memory it takes. */
size_t entry_size(const struct entry *);
/* The text without what is before it. */
const char *entry_text(const struct entry *);
/* The name of who said it, not ended by a NUL; "" for a notice. */
struct span entry_from(const struct entry *);

/*
 * Where a message with that id and time belongs: before the first of the
 * newest that have higher ids, which is the end for one that just came, and
 * the beginning for what is older than everything.
 */
size_t talk_place(const struct talk *, int64_t id, int64_t time, bool *there);
/* Where one that is at that place belongs with its id: there, if it can. */
size_t talk_settle(const struct talk *, size_t at, int64_t id);
void talk_insert(struct talk *, size_t at, struct entry *);
/* Take it out; it is the caller's then. */
struct entry *talk_take(struct talk *, size_t at);
/* Forget the oldest. */
void talk_forget(struct talk *, size_t n);

bool talk_find_ref(const struct talk *, struct span ref, size_t *at);
/* The lowest id in it; 0 if there is none. */
int64_t talk_oldest(const struct talk *);

#endif
