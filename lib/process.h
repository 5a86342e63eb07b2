/*
 * About processes: what this one begins with, and what proc(5) says of others.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include <sys/types.h>

#include <signal.h>
#include <stdbool.h>

/*
 * Makes a session execute its program anew.  One that has no default action,
 * so that it does no harm to a process that is not a session yet.
 */
#define UPGRADE_SIGNAL SIGURG

/*
 * Open /dev/null for each of descriptors 0 to 2 that is closed, so that no
 * file of ours can get one of these numbers.  First thing in a main().
 */
void process_fill_standard_fds(void);

/*
 * How many descriptors, from PROCESS_LISTEN_FDS on, were handed over to this
 * process; 0: none (sd_listen_fds(3), without its library).
 */
#define PROCESS_LISTEN_FDS 3
int process_listen_fds(void);

/* Tell whoever waits for that, see sd_notify(3), that this process is ready. */
void process_tell_ready(void);

/*
 * Let handler, which sets a flag, have these signals (a list that ends with 0),
 * but only while the process waits, so that no test of the flag races: they are
 * blocked, and `waiting`, for ppoll(2), is the mask of before without them.
 */
void process_take_signals(
    const int *signals, void (*handler)(int), sigset_t *waiting);
/*
 * Let it have those that are there.  ppoll(2) does so only when it has to wait:
 * call this when it has not, or a peer that is never silent keeps them out.
 */
void process_hear_signals(const sigset_t *waiting);

/*
 * Started by root, become the owner of dir for good: user, group, no other
 * groups, no capability.  If dir is missing, of the directory that file is in;
 * if that is root's own, nothing changes, as if not root.  Returns false with
 * errno set; then nothing must be done any more.
 */
bool process_leave_root(const char *dir, const char *file);

/* The process that a thread is of; 0: there is no such thread. */
pid_t process_of_thread(pid_t);

/*
 * Whether it is stopped by a signal or a debugger.  The answer is about the
 * pid's process of now: hold a pidfd to know whose that is.
 */
bool process_is_stopped(pid_t);

/* Kill it if it is stopped.  Returns whether it was, and could be killed. */
bool process_end_stopped(pid_t);

#endif
