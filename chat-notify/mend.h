/*
 * What chat-notify does with a wrong configuration.
 */
#ifndef MEND_H
#define MEND_H

/*
 * Log what is wrong, and return the exit status: whoever restarts chat-notify
 * sees that fail.  Started again by the socket that systemd has handed over, as
 * it is at once and for ever, it is silent, waits, and returns 0: when the
 * configuration's file has changed, when it is told to end, or when no datagram
 * has come for RELAY_IDLE_EXIT.
 */
int mend_wait(const char *error);

/* It is right now: the next one that is wrong is logged again. */
void mend_forget(void);

#endif
