/*
 * A line on the terminal that says how far the run is.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

/* So much of this is to be done; on a terminal only. */
void progress_begin(const char *what, double total);
/* So much is done.  Shown a few times a second, however often it is called. */
void progress_show(double done);
/* Take the line away. */
void progress_end(void);

#endif
