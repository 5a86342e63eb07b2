/*
 * Name resolution that never makes the loop wait: getaddrinfo(3) in a thread
 * of its own, which says by a readable descriptor that it is done.
 */
#ifndef RESOLVE_H
#define RESOLVE_H

struct addrinfo;
struct resolve;

/* Begin.  NULL, with errno set, if that is impossible. */
struct resolve *resolve_start(const char *host, const char *port);

/* Becomes readable when the answer is there. */
int resolve_fd(const struct resolve *);

/* The answer, as getaddrinfo() gives it; the list is the caller's to free. */
int resolve_take(struct resolve *, struct addrinfo **);

/* Forget it, answered or not; the thread ends by itself. */
void resolve_drop(struct resolve *);

#endif
