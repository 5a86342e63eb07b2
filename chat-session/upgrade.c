/*
 * Another program takes this one's place: the one that stands in its file now,
 * on the same connection, between two messages (docs/UPGRADE.md).  It is tested
 * first, in a process of its own beside the conversation; if anything is wrong
 * with it, this session goes on as it is.
 */
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "session.h"
#include "state.h"

/* What was executed: not /proc/self/exe, which follows a file moved aside. */
static char *
program(void)
{
	return (char *)getauxval(AT_EXECFN);
}

/* For the operator, who may be waiting for it. */
static void
report(struct session *s, enum dgram_outcome outcome, const char *text)
{
	struct dgram_head head = { .type = DGRAM_UPGRADED,
		.count = outcome,
		.user = s->me.user_id,
		.session = s->me.id };
	size_t len = strlen(text);

	if (s->delivery.fd != -1)
		dgram_send(s->delivery.fd, &s->delivery.registry,
		    DGRAM_OPERATOR, &head, text,
		    len < DGRAM_TEXT_MAX ? len : DGRAM_TEXT_MAX);
}

static void __attribute__((format(printf, 2, 3)))
refuse(struct session *s, const char *format, ...)
{
	char text[DGRAM_TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	log_event(LEVEL_ERROR, "upgrade_refused",
	    "%s; this session goes on with " CHAT_VERSION, text);
	report(s, DGRAM_REFUSED, text);
}

/* ---- the state ---- */

static bool
write_all(int fd, const struct buf *b)
{
	size_t done = 0;
	ssize_t n;

	while (done < buf_len(b)) {
		n = write(fd, buf_head(b) + done, buf_len(b) - done);
		if (n == -1 && errno != EINTR)
			return false;
		done += n > 0 ? (size_t)n : 0;
	}
	return true;
}

/*
 * The state in a file without a name, which lives as long as its descriptor.
 * A descriptor for the next program, or -1: it was refused.
 */
static int
state_file(struct session *s)
{
	const char *dir = s->config.runtime_dir;
	struct buf b = { 0 };
	int fd = -1;
	bool ok;

	errno = EFBIG;
	if (state_write(s, &b))
		fd = open(dir, O_TMPFILE | O_RDWR, 0600);
	ok = fd != -1 && write_all(fd, &b);
	if (!ok)
		refuse(s, "cannot write the state of a session to %s: %s", dir,
		    strerror(errno));
	buf_wipe(&b);
	if (ok)
		return fd;
	if (fd != -1)
		close(fd);
	return -1;
}

/* ---- the test ---- */

/*
 * The new program must be able to take exactly this state.  It gets neither
 * the client nor the relay.
 */
static int
test_spawn(const struct session *s, int state, pid_t *pid)
{
	char number[16], option[] = "--self-test";
	char *argv[] = { program(), option, number, NULL };
	const struct client *c = &s->client;
	posix_spawn_file_actions_t actions;
	int error;

	snprintf(number, sizeof(number), "%d", state);
	if ((error = posix_spawn_file_actions_init(&actions)) != 0)
		return error;
	posix_spawn_file_actions_addclose(&actions, STDIN_FILENO);
	posix_spawn_file_actions_addclose(&actions, STDOUT_FILENO);
	posix_spawn_file_actions_addclose(&actions, c->in);
	posix_spawn_file_actions_addclose(&actions, c->out);
	error = posix_spawn(pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

static void
test_start(struct session *s, int64_t now)
{
	struct upgrade *u = &s->upgrade;
	int state, error;

	u->wanted = false;
	snprintf(u->program, sizeof(u->program), "%s", CHAT_VERSION);
	/* The file is out of reach by now, or may have changed. */
	config_export();
	if ((state = state_file(s)) == -1)
		return;
	u->tested = file_id(program());
	/* (What we were started by may have chosen not to know.) */
	signal(SIGCHLD, SIG_DFL);
	error = test_spawn(s, state, &u->pid);
	close(state);
	if (error != 0) {
		refuse(
		    s, "%s cannot be executed: %s", program(), strerror(error));
		return;
	}
	u->deadline = now + UPGRADE_TEST_WAIT;
	u->pidfd = (int)syscall(SYS_pidfd_open, u->pid, 0);
	if (u->pidfd != -1)
		return;
	error = errno;
	/* Its end is nobody's, whether it has come or is to come. */
	signal(SIGCHLD, SIG_IGN);
	waitpid(u->pid, NULL, WNOHANG);
	refuse(s, "the self-test of %s cannot be watched: %s", program(),
	    strerror(error));
}

void
upgrade_stop(struct session *s)
{
	struct upgrade *u = &s->upgrade;

	if (u->pidfd == -1)
		return;
	syscall(SYS_pidfd_send_signal, u->pidfd, SIGKILL, NULL, 0);
	waitpid(u->pid, NULL, 0);
	close(u->pidfd);
	u->pidfd = -1;
}

/* Whether it has ended and was passed; what was wrong is told. */
static bool
test_passed(struct session *s, int status)
{
	if (WIFSIGNALED(status)) {
		refuse(s, "%s was ended by signal %d (%s) in its self-test",
		    program(), WTERMSIG(status), strsignal(WTERMSIG(status)));
		return false;
	}
	switch (WEXITSTATUS(status)) {
	case EX_OK:
		return true;
	case EX_DATAERR:
		refuse(s,
		    "%s cannot go on with the state of a session of " CHAT_VERSION,
		    program());
		return false;
	case EX_UNAVAILABLE:
		refuse(s, "%s cannot use the database", program());
		return false;
	default:
		refuse(s, "%s failed its self-test with status %d", program(),
		    WEXITSTATUS(status));
		return false;
	}
}

/* ---- the change ---- */

/* What the next program needs stays open in it, or does not. */
static void
keep_open(const struct delivery *d, bool keep)
{
	int flags = keep ? 0 : FD_CLOEXEC;

	if (d->fd != -1)
		fcntl(d->fd, F_SETFD, flags);
	if (d->relay_pidfd != -1)
		fcntl(d->relay_pidfd, F_SETFD, flags);
}

/* Returns only if it could not be done. */
static void
execute(struct session *s)
{
	char number[16], option[] = "--state";
	char *argv[] = { program(), option, number, NULL };
	int state, error;

	s->upgrade.count++;
	if ((state = state_file(s)) == -1)
		return;
	snprintf(number, sizeof(number), "%d", state);
	/* Its locks would not survive; it is opened again when needed. */
	store_close(s->store);
	s->store = NULL;
	keep_open(&s->delivery, true);
	execv(argv[0], argv);
	error = errno;
	keep_open(&s->delivery, false);
	close(state);
	refuse(s, "%s cannot be executed: %s", argv[0], strerror(error));
}

int64_t
upgrade_tick(struct session *s, int64_t now)
{
	struct upgrade *u = &s->upgrade;
	int status;

	if (s->state >= STATE_ENDING)
		return INT64_MAX;
	if (u->pidfd == -1) {
		if (u->wanted)
			test_start(s, now);
	} else if (waitpid(u->pid, &status, WNOHANG) != 0) {
		close(u->pidfd);
		u->pidfd = -1;
		/* What was asked again, or not tested, is tested. */
		if (u->wanted || !file_id_equal(u->tested, file_id(program())))
			test_start(s, now);
		else if (test_passed(s, status))
			execute(s);
	} else if (now >= u->deadline) {
		upgrade_stop(s);
		refuse(s, "%s has not ended its self-test within %d s",
		    program(), UPGRADE_TEST_WAIT / 1000);
	}
	return u->pidfd != -1 ? u->deadline : INT64_MAX;
}

/* ---- in the new program ---- */

/* The whole file, from its beginning.  False with a reason. */
static bool
file_read(int fd, struct buf *b, char why[STATE_WHY_MAX])
{
	struct stat st;
	ssize_t n = -1;
	size_t size;

	errno = 0;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size <= STATE_BYTES_MAX) {
		size = (size_t)st.st_size;
		n = pread(fd, buf_room(b, size), size, 0);
		if (n == (ssize_t)size) {
			buf_added(b, size);
			return true;
		}
	}
	snprintf(why, STATE_WHY_MAX, "it cannot be read from descriptor %d: %s",
	    fd, errno != 0 ? strerror(errno) : "it is no such file");
	return false;
}

static bool
state_take(struct session *s, int fd)
{
	char why[STATE_WHY_MAX];
	struct buf b = { 0 };
	bool ok = file_read(fd, &b, why) &&
	    state_read(s, buf_head(&b), buf_len(&b), why);

	buf_wipe(&b);
	close(fd);
	if (!ok) {
		log_event(LEVEL_CRITICAL, "bad_state",
		    "the state of a session: %s", why);
		return false;
	}
	log_set_peer(s->client.peer);
	s->client.lines.max = config_line_max(&s->config);
	dgram_registry_init(&s->delivery.registry, s->config.runtime_dir);
	if (s->state == STATE_CONNECTED) {
		log_set_user(s->me.username);
		log_set_session(s->me.id);
	}
	return true;
}

int
upgrade_take(struct session *s, int fd)
{
	if (!state_take(s, fd))
		return EX_DATAERR;
	keep_open(&s->delivery, false);
	return EX_OK;
}

void
upgrade_done(struct session *s)
{
	log_event(LEVEL_INFO, "upgraded",
	    "from %s to " CHAT_VERSION ", upgrade %d of this connection",
	    s->upgrade.program, s->upgrade.count);
	report(s, DGRAM_DONE, CHAT_VERSION);
}

int
upgrade_self_test(struct session *s, int fd)
{
	char error[CONFIG_ERROR_MAX];
	int64_t oldest;
	int status;

	if (!session_configure(s, error)) {
		log_event(LEVEL_CRITICAL, "bad_configuration", "%s", error);
		return EX_CONFIG;
	}
	if (!state_take(s, fd))
		return EX_DATAERR;
	/* It is ours no more than the client is. */
	s->delivery.fd = s->delivery.relay_pidfd = -1;
	if ((status = session_lock_in(s, true)) != EX_OK)
		return status;
	if (session_store(s) == NULL)
		return EX_UNAVAILABLE;
	if (store_oldest(s->store, &oldest) != STORE_OK) {
		session_store_failed(s);
		return EX_UNAVAILABLE;
	}
	store_close(s->store);
	return EX_OK;
}
