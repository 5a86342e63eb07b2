/*
 * The log: to the journal with fields of its own when standard error goes
 * there, to standard error as lines otherwise; never to a client's socket.
 * One call is one event of a session's or the relay's life.  Never pass a
 * password, a secret or the text of a message.
 */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level {
	LEVEL_DEBUG,
	LEVEL_INFO,
	LEVEL_WARNING,
	LEVEL_ERROR,
	LEVEL_CRITICAL
};

/* Bytes of an event's text; what is longer is cut. */
#define LOG_TEXT_MAX 1024
/* Fields of one event besides the usual ones, and bytes of each, cut as well. */
#define LOG_FIELDS    4
#define LOG_FIELD_MAX 64

/*
 * Find out where to log.  program is a literal.  Standard error is never
 * written to when it is the same socket as standard input (as inetd does it):
 * the journal's socket or syslog(3) take its place.
 */
void log_open(const char *program);
/*
 * Whether standard error goes to the journal, which takes "<3>" at the beginning
 * of a line for its priority (sd-daemon(3)).
 */
bool log_stderr_is_journal(void);
/* After fork(2): from now on without a socket in common with the parent. */
void log_part(void);
/*
 * Before the process ends at once: wait until the journal has read all, for a
 * second at most.  Of whose unit an entry is, it looks up then; of a process that
 * is gone it does not know.
 */
void log_settle(void);
void log_set_level(enum log_level);

/* Fields of every event from now on; NULL or 0 leaves one out.  Borrowed. */
void log_set_peer(const char *peer);
void log_set_user(const char *user);
void log_set_session(int64_t session);

/*
 * One more field of the next event, in the journal alone; key is a literal such
 * as CHAT_CODE.  There is room for LOG_FIELDS, of LOG_FIELD_MAX bytes each.
 */
void log_field(const char *key, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * event is one lower-case word (CHAT_EVENT=); format tells the rest.  Allocates
 * nothing, so that the handler of a signal that ends the process may call it.
 */
void log_event(enum log_level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* An event of one of many sessions, with its fields, which it alone has. */
void log_session(enum log_level, int64_t session, const char *user,
    const char *event, const char *text);

#endif
