/*
 * The modes for scripts: --plain and --json.
 */
#ifndef PLAIN_H
#define PLAIN_H

#include "login.h"
#include "options.h"
#include "status.h"

/* Run until it is over; the signals in question come through signal_fd. */
enum status plain_run(const struct options *, struct login *, int signal_fd);

#endif
