/*
 * What to change when a server does not let a run happen.
 */
#ifndef ADVICE_H
#define ADVICE_H

#include <stdbool.h>
#include <stddef.h>

/* For the code of an ERROR; NULL: it is not a matter of settings. */
const char *advice_code(const char *code, size_t n);
/*
 * Say on stderr why nothing came of a connection: errno, or 0 when the server
 * closed it; while it was being made, or thereafter.
 */
void advice_connect(const char *server, int error, bool connecting);

#endif
