/*
 * The log of log.h.  The journal is spoken to in its native protocol (see
 * systemd.io/JOURNAL_NATIVE_PROTOCOL): one datagram of FIELD=value lines, so
 * that a session need not link libsystemd, which would cost it a millisecond
 * and 150 KB.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "buf.h"
#include "log.h"
#include "text.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

static const struct {
	const char *name;
	int priority; /* of syslog(3) */
} levels[] = { { "DEBUG", LOG_DEBUG }, { "INFO", LOG_INFO },
	{ "WARNING", LOG_WARNING }, { "ERROR", LOG_ERR },
	{ "CRITICAL", LOG_CRIT } };

static const char *program = "chat";
static const char *peer, *user;
static int64_t session;
static enum log_level threshold = LEVEL_INFO;
static enum { TO_STDERR, TO_JOURNAL, TO_SYSLOG } target;
static int journal = -1;

static bool
journal_open(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	journal = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (journal == -1)
		return false;
	strcpy(sun.sun_path, JOURNAL_SOCKET);
	if (connect(journal, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return true;
	close(journal);
	journal = -1;
	return false;
}

/* systemd.exec(5): $JOURNAL_STREAM is the device and inode of the stream. */
static bool
stderr_is_journal(const struct stat *st)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;

	return stream != NULL && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
	    dev == st->st_dev && ino == st->st_ino;
}

void
log_open(const char *name)
{
	struct stat err, in;
	bool have_err = fstat(STDERR_FILENO, &err) == 0;

	program = name;
	if (have_err && stderr_is_journal(&err) && journal_open()) {
		target = TO_JOURNAL;
		return;
	}
	if (have_err &&
	    !(S_ISSOCK(err.st_mode) && fstat(STDIN_FILENO, &in) == 0 &&
		in.st_dev == err.st_dev && in.st_ino == err.st_ino)) {
		target = TO_STDERR;
		return;
	}
	if (journal_open()) {
		target = TO_JOURNAL;
	} else {
		openlog(name, LOG_PID, LOG_DAEMON);
		target = TO_SYSLOG;
	}
}

void
log_set_level(enum log_level level)
{
	threshold = level;
}

void
log_set_peer(const char *name)
{
	peer = name;
}

void
log_set_user(const char *name)
{
	user = name;
}

void
log_set_session(int64_t id)
{
	session = id;
}

static void
add_field(struct buf *b, const char *key, const char *value)
{
	buf_add_str(b, key);
	buf_add_str(b, "=");
	buf_add_str(b, value);
	buf_add_str(b, "\n");
}

static void
journal_send(enum log_level level, const char *event, const char *message)
{
	struct buf b = { 0 };
	char number[24];

	snprintf(number, sizeof(number), "%d", levels[level].priority);
	add_field(&b, "PRIORITY", number);
	add_field(&b, "SYSLOG_IDENTIFIER", program);
	add_field(&b, "MESSAGE", message);
	add_field(&b, "CHAT_EVENT", event);
	if (user != NULL)
		add_field(&b, "CHAT_USER", user);
	if (peer != NULL)
		add_field(&b, "CHAT_PEER", peer);
	if (session != 0) {
		snprintf(number, sizeof(number), "%lld", (long long)session);
		add_field(&b, "CHAT_SESSION", number);
	}
	/* A full journal must not hold up a conversation. */
	send(journal, b.data, b.end, MSG_NOSIGNAL | MSG_DONTWAIT);
	buf_free(&b);
}

/*
 * What no reader of the log gets as it came: controls, C1 too (some terminals
 * obey them), and what breaks or reorders a line on the screen.
 */
static bool
is_harmful(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code <= 0x9f) || code == 0x61c ||
	    code == 0x200e || code == 0x200f ||
	    (code >= 0x2028 && code <= 0x202e) ||
	    (code >= 0x2066 && code <= 0x2069);
}

/* Nothing in a line of the log can forge another line or reach a terminal. */
static void
make_harmless(char *text)
{
	size_t n = strlen(text), i, len;
	uint32_t code;

	for (i = 0; i < n; i += len) {
		if ((len = text_char_len(text + i, n - i, &code)) == 0)
			len = 1;
		else if (!is_harmful(code))
			continue;
		memset(text + i, '?', len);
	}
}

void
log_event(enum log_level level, const char *event, const char *format, ...)
{
	char text[LOG_TEXT_MAX], message[LOG_TEXT_MAX + 256];
	char who[160] = "";
	size_t n = 0;
	va_list args;

	if (level < threshold)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (user != NULL)
		n += (size_t)snprintf(
		    who + n, sizeof(who) - n, " user=%.32s", user);
	if (session != 0)
		n += (size_t)snprintf(who + n, sizeof(who) - n, " session=%lld",
		    (long long)session);
	if (peer != NULL)
		snprintf(who + n, sizeof(who) - n, " peer=%.64s", peer);
	snprintf(message, sizeof(message), "%s%s%s%s", event, who,
	    *text != '\0' ? ": " : "", text);
	make_harmless(message);
	switch (target) {
	case TO_JOURNAL:
		journal_send(level, event, message);
		break;
	case TO_SYSLOG:
		syslog(levels[level].priority, "%s", message);
		break;
	case TO_STDERR:
		dprintf(STDERR_FILENO, "%s: %s %s\n", program,
		    levels[level].name, message);
		break;
	}
}
