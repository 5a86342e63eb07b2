/*
 * The exit statuses of chat-client.  They are in the manual page, and each
 * has a test.  A signal N that ended it gives 128 + N.
 */
#ifndef STATUS_H
#define STATUS_H

enum status {
	STATUS_OK = 0,	    /* ended normally, everything confirmed */
	STATUS_REFUSED = 1, /* something that was said was refused */
	STATUS_USAGE = 64,
	STATUS_INPUT = 66,	 /* a file that was named cannot be used */
	STATUS_UNREACHABLE = 68, /* no connection */
	STATUS_LOST = 69,	 /* the connection ended by itself */
	STATUS_SYSTEM = 71,	 /* memory, terminal, ... */
	STATUS_OUTPUT = 74,	 /* the output cannot be written */
	STATUS_TIMEOUT = 75,	 /* no answer in time, or "not now" */
	STATUS_NONSENSE = 76,	 /* the server does not keep to the protocol */
	STATUS_LOGIN = 77,	 /* the login was refused */
	STATUS_UNTRUSTED = 78,	 /* the server, or the way to it */
	STATUS_SIGNAL = 128
};

#endif
