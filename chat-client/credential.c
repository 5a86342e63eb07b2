/*
 * The secrets of credential.h.  Called where the client starts, and by
 * plain-ask.c between two connections: nothing else happens while a question is
 * open.
 */
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "credential.h"
#include "text.h"

void
credential_wipe(struct credential *s)
{
	explicit_bzero(s, sizeof(*s));
}

bool
credential_add(struct credential *s, const char *text, size_t n)
{
	if (n > SECRET_MAX - s->len)
		return false;
	memcpy(s->text + s->len, text, n);
	s->len += n;
	s->text[s->len] = '\0';
	return true;
}

void
credential_rub_out(struct credential *s)
{
	while (s->len > 0) {
		s->len--;
		if (((unsigned char)s->text[s->len] & 0xc0) != 0x80)
			break;
	}
	explicit_bzero(s->text + s->len, sizeof(s->text) - s->len);
}

/* What the protocol cannot carry is found here rather than by the server. */
static const char *
check(struct credential *s)
{
	const char *wrong = NULL;

	if (s->len > 0 && s->text[s->len - 1] == '\r')
		s->text[--s->len] = '\0';
	if (s->len == 0)
		wrong = "its first line is empty";
	else if (memchr(s->text, '\0', s->len) != NULL ||
	    !text_is_utf8(s->text, s->len))
		wrong = "its first line is not text in UTF-8";
	if (wrong != NULL)
		credential_wipe(s);
	return wrong;
}

const char *
credential_read_fd(struct credential *s, int fd)
{
	ssize_t n;
	char c;

	credential_wipe(s);
	for (;;) {
		n = read(fd, &c, 1);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			credential_wipe(s);
			return strerror(errno);
		}
		if (n == 0 || c == '\n')
			break;
		if (!credential_add(s, &c, 1)) {
			credential_wipe(s);
			return "its first line is too long";
		}
	}
	return check(s);
}

/*
 * A file of ours that others can read is a mistake.  One that is somebody
 * else's, who lets us read it, is theirs to protect; a pipe is nobody's.
 */
static bool
is_open_to_others(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_uid == geteuid() && (st.st_mode & 077) != 0;
}

const char *
credential_read_file(struct credential *s, const char *path)
{
	int fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	const char *wrong;

	credential_wipe(s);
	if (fd == -1)
		return strerror(errno);
	if (is_open_to_others(fd))
		wrong = "it is open to others than you: chmod 600 it";
	else
		wrong = credential_read_fd(s, fd);
	close(fd);
	return wrong;
}

static _Noreturn void
run(const char *const argv[], int out)
{
	/* execvp() takes pointers that it does not write through. */
	union {
		const char *const *mine;
		char *const *its;
	} words = { argv };
	sigset_t none;
	int in = STDIN_FILENO;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	/* A terminal it may ask; any other input is to be sent. */
	if (!isatty(in))
		in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (dup2(in, STDIN_FILENO) != -1 && dup2(out, STDOUT_FILENO) != -1)
		execvp(argv[0], words.its);
	warn("%s", argv[0]);
	_exit(127);
}

/* Who is cut off while he writes may fail. */
static void
read_rest(int fd)
{
	char rest[512];
	ssize_t n;

	do
		n = read(fd, rest, sizeof(rest));
	while (n > 0 || (n == -1 && errno == EINTR));
	explicit_bzero(rest, sizeof(rest));
}

const char *
credential_read_command(struct credential *s, const char *const argv[])
{
	const char *wrong;
	int ends[2], status;
	pid_t pid;

	credential_wipe(s);
	if (pipe2(ends, O_CLOEXEC) == -1)
		return strerror(errno);
	if ((pid = fork()) == 0)
		run(argv, ends[1]);
	close(ends[1]);
	wrong = pid == -1 ? strerror(errno) : credential_read_fd(s, ends[0]);
	if (pid != -1)
		read_rest(ends[0]);
	close(ends[0]);
	while (pid != -1 && waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	if (pid != -1 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
		wrong = "it failed";
	if (wrong != NULL)
		credential_wipe(s);
	return wrong;
}

static int
open_terminal(void)
{
	return open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
}

bool
credential_can_ask(void)
{
	int fd;

	if (!isatty(STDERR_FILENO) || (fd = open_terminal()) == -1)
		return false;
	close(fd);
	return true;
}

static void
put(int fd, const char *s)
{
	size_t len = strlen(s);
	ssize_t n;

	while (len > 0) {
		n = write(fd, s, len);
		if (n <= 0)
			return;
		s += n;
		len -= (size_t)n;
	}
}

struct question {
	const char *prompt;
	struct termios asking;
	int tty, signal_fd;
};

static bool
ask(const struct question *q)
{
	put(q->tty, q->prompt);
	/* What was typed before was not meant for this. */
	return tcsetattr(q->tty, TCSAFLUSH, &q->asking) == 0;
}

/*
 * Another size means nothing.  After a stop the shell has made the terminal
 * show what is typed.  All others stay, for whoever asks, and end it.
 */
static bool
take_signal(const struct question *q, struct credential *s)
{
	struct signalfd_siginfo info;

	if (read(q->signal_fd, &info, sizeof(info)) != sizeof(info) ||
	    info.ssi_signo == SIGWINCH)
		return true;
	if (info.ssi_signo == SIGCONT) {
		credential_wipe(s);
		return ask(q);
	}
	kill(getpid(), (int)info.ssi_signo);
	return false;
}

/* The terminal hands lines out whole; a longer one comes in parts. */
static bool
read_answer(const struct question *q, struct credential *s)
{
	struct pollfd polls[2] = { { q->tty, POLLIN, 0 },
		{ q->signal_fd, POLLIN, 0 } };
	ssize_t n;
	char c;

	for (;;) {
		if (poll(polls, 2, -1) == -1 && errno != EINTR)
			return false;
		if (polls[1].revents != 0 && !take_signal(q, s))
			return false;
		if (polls[1].revents != 0 || polls[0].revents == 0)
			continue;
		n = read(q->tty, &c, 1);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		if (c == '\n')
			return true;
		if (!credential_add(s, &c, 1))
			return false;
	}
}

bool
credential_ask(
    struct credential *s, const char *prompt, bool echo, int signal_fd)
{
	struct question q = { .prompt = prompt, .signal_fd = signal_fd };
	struct termios before;
	bool answered = false;

	credential_wipe(s);
	if (!credential_can_ask() || (q.tty = open_terminal()) == -1)
		return false;
	if (tcgetattr(q.tty, &before) == 0) {
		q.asking = before;
		q.asking.c_lflag |= ICANON | ISIG;
		q.asking.c_lflag &=
		    ~(tcflag_t)(echo ? 0 : ECHO | ECHOE | ECHOK);
		answered = ask(&q) && read_answer(&q, s);
		tcsetattr(q.tty, TCSAFLUSH, &before);
		if (!echo || !answered)
			put(q.tty, "\n");
	}
	close(q.tty);
	if (!answered || check(s) != NULL)
		credential_wipe(s);
	return answered;
}
