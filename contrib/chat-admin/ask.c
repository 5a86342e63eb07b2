/*
 * What the operator is asked: whether to go on, and for a password.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <termios.h>
#include <unistd.h>

#include "admin.h"
#include "password.h"

/* One line of a terminal or file, without its newline.  -1: none, or long. */
static ssize_t
line_read(int fd, char *out, size_t size)
{
	size_t len = 0;
	ssize_t n;
	char c;

	for (;;) {
		n = read(fd, &c, 1);
		if (n == -1)
			return -1;
		if (n == 0 || c == '\n')
			break;
		if (len + 1 >= size)
			return -1;
		out[len++] = c;
	}
	if (n == 0 && len == 0)
		return -1;
	out[len] = '\0';
	return (ssize_t)len;
}

int
ask_first(struct admin *a, const char *format, ...)
{
	char text[256], answer[16];
	va_list args;

	if (a->yes)
		return EX_OK;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
		out_error(
		    "%s  Nobody can be asked here: say --yes if so", text);
		return EX_USAGE;
	}
	out_error("%s  Type yes if so:", text);
	if (line_read(STDIN_FILENO, answer, sizeof(answer)) > 0 &&
	    strcmp(answer, "yes") == 0)
		return EX_OK;
	out_error("nothing was done");
	return ADMIN_NO;
}

/* ---- passwords ---- */

static volatile sig_atomic_t given_up;

static void
on_signal(int signo)
{
	(void)signo;
	given_up = 1;
}

/* The signals that would end us with the terminal left silent. */
static const int signals[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP };
#define NSIGNALS (sizeof(signals) / sizeof(signals[0]))

/* One line without echo.  -1 with errno EINTR: given_up. */
static ssize_t
silent_read(const char *prompt, char *out, size_t size)
{
	struct sigaction sa = { .sa_handler = on_signal }, before[NSIGNALS];
	struct termios old, silent;
	ssize_t n;
	size_t i;

	if (tcgetattr(STDIN_FILENO, &old) == -1)
		return -1;
	for (i = 0; i < NSIGNALS; i++)
		sigaction(signals[i], &sa, &before[i]);
	silent = old;
	silent.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	out_error("%s", prompt);
	n = line_read(STDIN_FILENO, out, size);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
	for (i = 0; i < NSIGNALS; i++)
		sigaction(signals[i], &before[i], NULL);
	if (given_up)
		errno = EINTR;
	return given_up ? -1 : n;
}

/* The same line twice.  EX_OK, or a status (told). */
static int
terminal_password(char *out, size_t size)
{
	char again[2 * PASSWORD_MAX];
	ssize_t n, m = -1;

	n = silent_read("New password (it is not shown):", out, size);
	if (n != -1)
		m = silent_read("The same once more:", again, sizeof(again));
	if (given_up) {
		explicit_bzero(again, sizeof(again));
		out_error("nothing was done");
		return ADMIN_NO;
	}
	if (n == -1 || m != n || memcmp(out, again, (size_t)n) != 0) {
		out_error("that was no password, or not the same one twice:"
			  " nothing was done");
		n = -1;
	}
	explicit_bzero(again, sizeof(again));
	return n == -1 ? EX_DATAERR : EX_OK;
}

int
ask_password(struct admin *a, char *out, size_t size)
{
	const char *why;
	ssize_t n;
	int status = EX_OK;

	if (a->password_fd != -1) {
		n = line_read(a->password_fd, out, size);
		if (n == -1) {
			out_error("%s has no first line of at most %d bytes",
			    a->password_file, PASSWORD_MAX);
			status = EX_DATAERR;
		}
	} else if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO)) {
		status = terminal_password(out, size);
	} else {
		out_error("nobody can be asked for a password here: say"
			  " --password-file FILE (-: standard input)");
		status = EX_USAGE;
	}
	if (status == EX_OK &&
	    (why = password_refusal(out, strlen(out))) != NULL) {
		out_error("%s", why);
		status = EX_DATAERR;
	}
	if (status != EX_OK)
		explicit_bzero(out, size);
	return status;
}
