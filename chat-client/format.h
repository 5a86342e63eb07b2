/*
 * Events as lines of text for people.  Everything is sanitised here.  Pure
 * but for the local time zone.
 */
#ifndef FORMAT_H
#define FORMAT_H

#include <stdint.h>

#include "buf.h"
#include "incoming.h"

/*
 * Append a time in ms since 1970 in local time: "2026-11-23 05:38:09" or
 * "05:38".  Its digits are dashes if it is 0 (unknown) or cannot be shown.
 */
void format_date(struct buf *, int64_t time);
void format_clock(struct buf *, int64_t time);

/*
 * The day of that time, in days since 1970 in local time, -1 if it is unknown;
 * and the day as people say it: "Monday, 23 November 2026", or in digits where
 * the locale says it in no UTF-8.
 */
int32_t format_day_number(int64_t time);
void format_day(struct buf *, int64_t time);

/*
 * "DATE TIME <FROM> TEXT", in private "DATE TIME <FROM -> TO> TEXT".  Further
 * lines of the text begin with a tab, which no other line does.
 */
void format_message(struct buf *, const struct message *);

/* One line (or more) without "DATE TIME"; nothing for what need not be told. */
void format_event(struct buf *, const struct event *);

/* "CODE: TEXT", and about which message it is. */
void format_error(struct buf *, const struct event *);

#endif
