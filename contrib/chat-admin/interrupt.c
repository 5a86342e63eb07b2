/*
 * Signals that ask for the end of something that takes long, which then looks
 * at interrupted() between its steps.
 */
#include <signal.h>

#include "admin.h"

static volatile sig_atomic_t came;

static void
on_signal(int signo)
{
	(void)signo;
	came = 1;
}

void
interrupt_catch(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa = { .sa_handler = on_signal }, was;
	size_t i;

	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sigaction(signals[i], NULL, &was) == 0 &&
		    was.sa_handler != SIG_IGN)
			sigaction(signals[i], &sa, NULL);
}

bool
interrupted(void)
{
	return came != 0;
}
