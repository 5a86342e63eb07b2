/*
 * Questions about other processes, as proc(5) answers them.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include <sys/types.h>

#include <stdbool.h>

/*
 * Whether it is stopped by a signal or a debugger.  The answer is about the
 * pid's process of now: hold a pidfd to know whose that is.
 */
bool process_is_stopped(pid_t);

#endif
