/*
 * Keys and commands as text for people, from the tables that the program
 * runs by.  Pure.
 */
#ifndef HELP_H
#define HELP_H

#include "buf.h"
#include "input.h"
#include "keymap.h"

/* All of it, as lines for page.h. */
void help_add_all(struct buf *, const struct keymap *);

/*
 * The keys of an action, and of those up to `last' that are more of it: the
 * following ones without a help of their own, help_last().
 */
void help_add_keys(
    struct buf *, const struct keymap *, enum action first, enum action last);
enum action help_last(enum action);

/* One command: its usage, and on a line of its own what it does. */
void help_add_command(struct buf *, const struct input_command *);

/* The first sentence of a help, as its length. */
size_t help_first_sentence(const char *help);

#endif
