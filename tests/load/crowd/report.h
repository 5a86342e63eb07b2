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
/* The server's memory per client; the kernel used `before` before they came. */
void report_memory(double before);
/* What went wrong, by kind.  Returns whether nothing did. */
bool report_verdict(void);

#endif
