/*
 * The command line of chat-client, as a struct.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "address.h"
#include "tls.h"

struct settings;

enum options_mode {
	MODE_AUTO, /* the screen on a terminal, otherwise plain */
	MODE_PLAIN,
	MODE_JSON
};

struct options {
	enum options_mode mode;
	struct address address;
	const char *user; /* NULL: none was given */
	const char *to;	  /* for lines that do not say to whom */
	const char *with; /* only this conversation; NULL: all */
	int64_t since;	  /* -1: not given */
	int64_t history;  /* -1: not given */
	int64_t timeout;  /* ms */
	bool send;	  /* print nothing */
	bool whole;	  /* what is sent is one message */
	bool tail;	  /* read nothing */
	bool reconnect;
	bool tls;
	bool insecure;			       /* secrets may go without TLS */
	const char *tls_ca;		       /* a file; NULL: the system's */
	char fingerprint[FINGERPRINT_LEN + 1]; /* "" : none was given */
	const char *password_file; /* "-": standard input; or NULL */
	int password_fd;	   /* -1: not given */
	/* It is that of the user at that address; or NULL. */
	const char *const *password_command;
	const struct settings *settings;
	bool registers;
	const char *invite_file; /* or NULL */
	bool forget;		 /* the token, and then end */
};

/*
 * Parse the arguments and CHAT_USER; what they do not say the settings do.  Ends
 * the process for --help, --version and for what is wrong (STATUS_USAGE).
 */
void
options_parse(struct options *, const struct settings *, int argc, char **argv);

#endif
