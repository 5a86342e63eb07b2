/*
 * What chat-load prints: key=value lines on standard output.
 */
#ifndef REPORT_H
#define REPORT_H

#include "talk.h"

/* What the server's processes used, for so many deliveries or logins. */
void report_cpu(double deliveries, double logins);
/* What was said, and how long it was on its way. */
void report_talk(size_t senders, size_t receivers);
void report_logins(double seconds);
void report_history(void);
/* The PSS of all the server's processes now, in KiB. */
double report_pss(void);
/*
 * The server's memory per client; the kernel and all its processes used that
 * much before they came.
 */
void report_memory(double kernel, double pss);
/* What went wrong, by kind.  Returns whether nothing did. */
bool report_verdict(void);

#endif
