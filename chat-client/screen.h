/*
 * The interactive mode: a full screen on the terminal.
 */
#ifndef SCREEN_H
#define SCREEN_H

#include "login.h"
#include "options.h"
#include "status.h"

/* Run until the user leaves; the signals in question come through signal_fd. */
enum status screen_run(const struct options *, struct login *, int signal_fd);

#endif
