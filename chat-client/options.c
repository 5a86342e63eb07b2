/*
 * The command line of options.h.  The manual page chat-client(1) describes
 * the options in the order of the table.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bounds.h"
#include "limit.h"
#include "options.h"
#include "settings.h"
#include "status.h"
#include "text.h"

enum {
	OPT_JSON = 256,
	OPT_PLAIN,
	OPT_SEND,
	OPT_WHOLE,
	OPT_TAIL,
	OPT_TO,
	OPT_WITH,
	OPT_SINCE,
	OPT_HISTORY,
	OPT_TIMEOUT,
	OPT_RECONNECT,
	OPT_TLS,
	OPT_INSECURE,
	OPT_TLS_CA,
	OPT_TLS_FINGERPRINT,
	OPT_PASSWORD_FILE,
	OPT_PASSWORD_FD,
	OPT_REGISTER,
	OPT_INVITE,
	OPT_FORGET
};

static const struct option table[] = {
	{ "user", required_argument, NULL, 'u' },
	{ "plain", no_argument, NULL, OPT_PLAIN },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "send", no_argument, NULL, OPT_SEND },
	{ "whole", no_argument, NULL, OPT_WHOLE },
	{ "tail", no_argument, NULL, OPT_TAIL },
	{ "to", required_argument, NULL, OPT_TO },
	{ "with", required_argument, NULL, OPT_WITH },
	{ "history", required_argument, NULL, OPT_HISTORY },
	{ "since", required_argument, NULL, OPT_SINCE },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "reconnect", no_argument, NULL, OPT_RECONNECT },
	{ "tls", no_argument, NULL, OPT_TLS },
	{ "insecure", no_argument, NULL, OPT_INSECURE },
	{ "tls-ca", required_argument, NULL, OPT_TLS_CA },
	{ "tls-fingerprint", required_argument, NULL, OPT_TLS_FINGERPRINT },
	{ "password-file", required_argument, NULL, OPT_PASSWORD_FILE },
	{ "password-fd", required_argument, NULL, OPT_PASSWORD_FD },
	{ "register", no_argument, NULL, OPT_REGISTER },
	{ "invite", required_argument, NULL, OPT_INVITE },
	{ "forget", no_argument, NULL, OPT_FORGET },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static const char help[] =
    "usage: chat-client [-u NAME] [options] [HOST[:PORT]]\n"
    "\n"
    "Talk on a Chat server: 127.0.0.1:5555, or HOST[:PORT], [IPV6]:PORT, or\n"
    "unix:/PATH.  On a terminal it opens a screen, otherwise it is --plain.\n"
    "\n"
    "  -u, --user NAME    the name to log in with (default: $CHAT_USER)\n"
    "      --plain        lines in, readable lines out\n"
    "      --json         lines or protocol objects in, protocol objects out\n"
    "      --send         send the lines of the input, print nothing\n"
    "      --whole        with --send: all of it as one message\n"
    "      --tail         read no input, print what comes until interrupted\n"
    "      --to NAME      whom lines go to (default: all)\n"
    "      --with NAME    print only the talk with NAME, or to all\n"
    "      --history N    print the last N messages (1 to 1000), and end;\n"
    "                     with --tail or on the screen, begin with them\n"
    "      --since ID     begin with what came after message ID\n"
    "      --timeout S    seconds to wait for an answer (default: 10)\n"
    "      --reconnect    come back by itself after a lost connection, as\n"
    "                     --send, --tail and the screen always do\n"
    "      --tls          with TLS; the port is 5556 unless given\n"
    "      --tls-ca FILE  trust the authorities in FILE, not the system's\n"
    "      --tls-fingerprint SHA256\n"
    "                     trust this certificate, and no other\n"
    "      --insecure     send passwords and tokens without TLS, too\n"
    "      --password-file FILE\n"
    "                     the password is FILE's first line (-: of the input)\n"
    "      --password-fd N\n"
    "                     or that of descriptor N\n"
    "      --register     register the name first\n"
    "      --invite FILE  with the invitation in FILE's first line\n"
    "      --forget       revoke the token kept for the name, forget it, end\n"
    "  -h, --help         this text\n"
    "  -V, --version      the version\n"
    "\n"
    "Exit status: 0 ended normally, 1 something was refused, 64 usage, 68 no\n"
    "connection, 69 connection lost, 71 system error, 74 output not written,\n"
    "75 no answer in time or not now, 76 not the protocol, 77 login refused,\n"
    "78 server or way not trusted, 66 a file cannot be used, 128+N signal N.\n";

static _Noreturn void
fail(void)
{
	fputs("usage: chat-client [-u NAME] [options] [HOST[:PORT]]; "
	      "see chat-client --help\n",
	    stderr);
	exit(STATUS_USAGE);
}

static _Noreturn void
usage(const char *what, const char *argument)
{
	fprintf(stderr, "chat-client: %s%s%s\n", what,
	    argument != NULL ? ": " : "", argument != NULL ? argument : "");
	fail();
}

/* What was asked for is all there is to do. */
static _Noreturn void
print(const char *text)
{
	if (fputs(text, stdout) == EOF || fflush(stdout) == EOF)
		err(STATUS_OUTPUT, "standard output");
	exit(STATUS_OK);
}

static int64_t
number(const char *option, const char *s, int64_t least, int64_t most)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(s, &end, 10);
	if (*s < '0' || *s > '9' || *end != '\0' || errno != 0 ||
	    value < least || value > most) {
		fprintf(stderr,
		    "chat-client: --%s takes a number from %lld "
		    "to %lld\n",
		    option, (long long)least, (long long)most);
		exit(STATUS_USAGE);
	}
	return value;
}

static const char *
name(const char *option, const char *s, bool all_too)
{
	if (text_is_username(s, strlen(s)) ||
	    (all_too && strcasecmp(s, "all") == 0))
		return s;
	fprintf(stderr,
	    "chat-client: %s: a user name is 1 to %d of A-Z a-z "
	    "0-9 _ . -, and not \"all\"\n",
	    option, USERNAME_MAX);
	exit(STATUS_USAGE);
}

static void
take_login_option(struct options *o, int option, const char *argument)
{
	switch (option) {
	case OPT_TLS:
		o->tls = true;
		break;
	case OPT_INSECURE:
		o->insecure = true;
		break;
	case OPT_TLS_CA:
		o->tls_ca = argument;
		break;
	case OPT_TLS_FINGERPRINT:
		if (!fingerprint_parse(o->fingerprint, argument))
			usage("--tls-fingerprint takes the 64 hexadecimal "
			      "digits of a SHA-256, with or without colons",
			    NULL);
		break;
	case OPT_PASSWORD_FILE:
		o->password_file = argument;
		break;
	case OPT_PASSWORD_FD:
		o->password_fd = (int)number("password-fd", argument, 0, 1023);
		break;
	case OPT_REGISTER:
		o->registers = true;
		break;
	case OPT_INVITE:
		o->invite_file = argument;
		break;
	case OPT_FORGET:
		o->forget = true;
		break;
	}
}

static void
take_talk_option(struct options *o, int option, const char *argument)
{
	switch (option) {
	case 'u':
		o->user = name("-u", argument, false);
		break;
	case OPT_PLAIN:
	case OPT_JSON:
		if (o->mode != MODE_AUTO)
			usage("--plain or --json, not both", NULL);
		o->mode = option == OPT_JSON ? MODE_JSON : MODE_PLAIN;
		break;
	case OPT_SEND:
		o->send = true;
		break;
	case OPT_WHOLE:
		o->whole = true;
		break;
	case OPT_TAIL:
		o->tail = true;
		break;
	case OPT_TO:
		o->to = name("--to", argument, true);
		break;
	case OPT_WITH:
		o->with = name("--with", argument, true);
		break;
	case OPT_HISTORY:
		o->history = number("history", argument, 1, HISTORY_MAX);
		break;
	case OPT_SINCE:
		o->since = number("since", argument, 0, INT64_MAX);
		break;
	case OPT_TIMEOUT:
		o->timeout = 1000 * number("timeout", argument, 1, TIMEOUT_MAX);
		break;
	case OPT_RECONNECT:
		o->reconnect = true;
		break;
	default:
		take_login_option(o, option, argument);
	}
}

static void
take_option(struct options *o, int option, const char *argument)
{
	switch (option) {
	case 'h':
		print(help);
	case 'V':
		print("chat-client " CHAT_VERSION "\n");
	case '?': /* getopt_long(3) has said why */
		fail();
	default:
		take_talk_option(o, option, argument);
	}
}

static void
check_login(const struct options *o)
{
	if (!o->tls && (o->tls_ca != NULL || o->fingerprint[0] != '\0'))
		usage("--tls-ca and --tls-fingerprint need --tls", NULL);
	if (o->tls_ca != NULL && o->fingerprint[0] != '\0')
		usage("--tls-ca or --tls-fingerprint, not both", NULL);
	if (o->tls && o->address.path[0] != '\0')
		usage("--tls is not for a UNIX socket", NULL);
	if (o->password_file != NULL && o->password_fd != -1)
		usage("--password-file or --password-fd, not both", NULL);
	if (o->invite_file != NULL && !o->registers)
		usage("--invite needs --register", NULL);
	if (o->forget &&
	    (o->send || o->tail || o->registers || o->mode == MODE_JSON))
		usage("--forget does nothing else: no --send, --tail, --json, "
		      "--register",
		    NULL);
	if (o->user == NULL && o->mode == MODE_JSON &&
	    (o->password_file != NULL || o->password_fd != -1 || o->registers))
		usage("without a name the input logs in, and this option "
		      "has no effect",
		    NULL);
}

static void
check_modes(const struct options *o)
{
	if (o->send && o->tail)
		usage("--send or --tail, not both", NULL);
	if (o->whole && !o->send)
		usage("--whole needs --send", NULL);
	if (o->send && (o->history >= 0 || o->since >= 0 || o->with != NULL))
		usage("--send prints nothing: no --history, --since, --with",
		    NULL);
	if (o->tail && strcmp(o->to, "all") != 0)
		usage("--tail reads no input: no --to", NULL);
	if (o->history >= 0 && o->since >= 0 && (o->with != NULL || !o->tail))
		usage("--history with --since is for --tail without --with",
		    NULL);
}

static void
check(struct options *o)
{
	check_modes(o);
	/* Both are for scripts, wherever they run. */
	if ((o->send || o->tail || o->forget) && o->mode == MODE_AUTO)
		o->mode = MODE_PLAIN;
	if (o->send || o->tail)
		o->reconnect = true;
	if (o->user == NULL && (o->tail || o->send || o->mode == MODE_PLAIN))
		usage("a name is needed: -u NAME, or CHAT_USER", NULL);
	if (o->user == NULL && o->mode == MODE_JSON &&
	    (o->reconnect || o->history >= 0 || o->since >= 0 ||
		o->with != NULL))
		usage("without a name the input logs in, and this option "
		      "has no effect",
		    NULL);
	check_login(o);
}

/*
 * The configured server is taken as a whole, with its TLS, or not at all; and
 * its password goes nowhere else.
 */
static void
take_settings(struct options *o, const char **address)
{
	const struct settings *s = o->settings;

	if (o->user == NULL && s->name[0] != '\0')
		o->user = s->name;
	if (*address != NULL)
		return;
	*address = s->server[0] != '\0' ? s->server : ADDRESS_DEFAULT;
	if (s->server[0] != '\0' && s->tls)
		o->tls = true;
	if (s->password.words[0] != NULL && o->user != NULL &&
	    strcasecmp(o->user, s->name) == 0)
		o->password_command = s->password.words;
}

void
options_parse(
    struct options *o, const struct settings *settings, int argc, char **argv)
{
	const char *address;
	int option;

	*o = (struct options){ .to = "all",
		.since = -1,
		.history = -1,
		.password_fd = -1,
		.settings = settings,
		.timeout = TIMEOUT_DEFAULT * 1000 };
	while ((option = getopt_long(argc, argv, "hu:V", table, NULL)) != -1)
		take_option(o, option, optarg);
	if (argc - optind > 1)
		usage("too many arguments", NULL);
	if (o->user == NULL && getenv("CHAT_USER") != NULL &&
	    *getenv("CHAT_USER") != '\0')
		o->user = name("CHAT_USER", getenv("CHAT_USER"), false);
	/* (With the TLS of client.conf it only is not needed.) */
	if (o->tls && o->insecure)
		usage("--tls or --insecure, not both", NULL);
	address = argv[optind];
	take_settings(o, &address);
	if (!address_parse(
		&o->address, address, o->tls ? ADDRESS_PORT_TLS : ADDRESS_PORT))
		usage("not an address (HOST, HOST:PORT, [IPV6]:PORT, "
		      "unix:/PATH)",
		    address);
	check(o);
}
