/*
 * Reading the numbers of the load programs' command lines.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

/* A number from min to max, or the end of the program with status 64. */
long option_number(const char *name, const char *text, long min, long max);
/* The same for seconds with a fraction. */
double option_seconds(const char *name, const char *text);
/* Say on stderr what is wrong with the command line; status 64. */
void option_usage(const char *format, ...)
    __attribute__((format(printf, 1, 2), noreturn));

#endif
