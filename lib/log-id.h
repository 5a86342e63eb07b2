/*
 * Ids of the log's events, for log.c.
 */
#ifndef LOG_ID_H
#define LOG_ID_H

/* The MESSAGE_ID= of a program's event, or NULL if it has none. */
const char *log_id(const char *program, const char *event);

#endif
