/*
 * The log of log.h.  The journal is spoken to in its native protocol (see
 * systemd.io/JOURNAL_NATIVE_PROTOCOL): one datagram of FIELD=value lines, so
 * that a session need not link libsystemd, which would cost it a millisecond
 * and 150 KB.
 */
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <linux/sockios.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "log-id.h"
#include "log.h"
#include "text.h"

#define JOURNAL_SOCKET	"/run/systemd/journal/socket"
#define LOG_SETTLE	1000 /* ms for the journal to read it */
#define LOG_MESSAGE_MAX (LOG_TEXT_MAX + 256)

static const struct {
	const char *name;
	int priority; /* of syslog(3) */
} levels[] = { { "DEBUG", LOG_DEBUG }, { "INFO", LOG_INFO },
	{ "WARNING", LOG_WARNING }, { "ERROR", LOG_ERR },
	{ "CRITICAL", LOG_CRIT } };

static const char *program = "chat";
static const char *peer, *user;
static struct {
	const char *key;
	char value[LOG_FIELD_MAX];
} extra[LOG_FIELDS];
static size_t extras;
static int64_t session;
static enum log_level threshold = LEVEL_INFO;
static enum { TO_STDERR, TO_JOURNAL, TO_SYSLOG } target;
static int journal = -1;

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
bool
log_stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat err;

	return stream != NULL && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
	    fstat(STDERR_FILENO, &err) == 0 && dev == err.st_dev &&
	    ino == err.st_ino;
}

void
log_open(const char *name)
{
	struct stat err, in;
	bool have_err = fstat(STDERR_FILENO, &err) == 0;

	program = name;
	if (log_stderr_is_journal() && journal_open()) {
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
		/* Its local time: later, the sandbox hides the file. */
		tzset();
		target = TO_SYSLOG;
	}
}

void
log_part(void)
{
	if (target != TO_JOURNAL)
		return;
	close(journal);
	if (!journal_open())
		target = TO_STDERR;
}

void
log_settle(void)
{
	static const struct timespec step = { .tv_nsec = 1000000 };
	int i, unread = 1;

	for (i = 0; target == TO_JOURNAL && unread > 0 && i < LOG_SETTLE; i++) {
		if (ioctl(journal, SIOCOUTQ, &unread) == -1)
			return;
		nanosleep(&step, NULL);
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

void
log_field(const char *key, const char *format, ...)
{
	va_list args;

	if (extras == LOG_FIELDS)
		return;
	va_start(args, format);
	vsnprintf(extra[extras].value, LOG_FIELD_MAX, format, args);
	va_end(args);
	make_harmless(extra[extras].value);
	extra[extras++].key = key;
}

/* The journal's datagram, as far as it is filled. */
struct datagram {
	char data[LOG_MESSAGE_MAX + 1024];
	size_t n;
};

/* One that does not fit is left out, as is one without a value. */
static void
add_field(struct datagram *d, const char *key, const char *value)
{
	size_t room = sizeof(d->data) - d->n;
	int n;

	if (value == NULL)
		return;
	n = snprintf(d->data + d->n, room, "%s=%s\n", key, value);
	if (n > 0 && (size_t)n < room)
		d->n += (size_t)n;
}

/* The peer's address without its port, by which all of it is found. */
static void
add_address(struct datagram *d)
{
	char address[64];
	char *colon;

	if (peer == NULL)
		return;
	snprintf(
	    address, sizeof(address), "%s", peer[0] == '[' ? peer + 1 : peer);
	if (peer[0] == '[')
		address[strcspn(address, "]")] = '\0';
	else if ((colon = strrchr(address, ':')) != NULL &&
	    strspn(colon + 1, "0123456789") == strlen(colon + 1))
		*colon = '\0';
	add_field(d, "CHAT_ADDRESS", address);
}

static void
journal_send(enum log_level level, const char *event, const char *message)
{
	struct datagram d = { .n = 0 };
	char number[24];
	size_t i;

	snprintf(number, sizeof(number), "%d", levels[level].priority);
	add_field(&d, "PRIORITY", number);
	add_field(&d, "SYSLOG_IDENTIFIER", program);
	add_field(&d, "MESSAGE", message);
	add_field(&d, "MESSAGE_ID", log_id(program, event));
	add_field(&d, "CHAT_EVENT", event);
	add_field(&d, "CHAT_USER", user);
	add_field(&d, "CHAT_PEER", peer);
	add_address(&d);
	snprintf(number, sizeof(number), "%lld", (long long)session);
	add_field(&d, "CHAT_SESSION", session != 0 ? number : NULL);
	for (i = 0; i < extras; i++)
		add_field(&d, extra[i].key, extra[i].value);
	/* A full journal must not hold up a conversation. */
	send(journal, d.data, d.n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* One write, so that lines of several processes do not mix. */
static void
stderr_write(enum log_level level, const char *message)
{
	char line[LOG_MESSAGE_MAX + 64];
	int n = snprintf(line, sizeof(line), "%s: %s %s\n", program,
	    levels[level].name, message);

	if (n > 0 && write(STDERR_FILENO, line, (size_t)n) == -1)
		return; /* whom to tell? */
}

/* syslog(3) waits for itself when it is called from a handler of signals. */
static void
syslog_send(enum log_level level, const char *message)
{
	static volatile sig_atomic_t busy;

	if (busy)
		return;
	busy = 1;
	syslog(levels[level].priority, "%s", message);
	busy = 0;
}

/* All of the event in a sentence. */
static void
sentence(char message[LOG_MESSAGE_MAX], const char *event, const char *text)
{
	char who[160] = "";
	size_t n = 0;

	if (user != NULL)
		n += (size_t)snprintf(
		    who + n, sizeof(who) - n, " user=%.32s", user);
	if (session != 0)
		n += (size_t)snprintf(who + n, sizeof(who) - n, " session=%lld",
		    (long long)session);
	if (peer != NULL)
		snprintf(who + n, sizeof(who) - n, " peer=%.64s", peer);
	snprintf(message, LOG_MESSAGE_MAX, "%s%s%s%s", event, who,
	    *text != '\0' ? ": " : "", text);
	make_harmless(message);
}

void
log_event(enum log_level level, const char *event, const char *format, ...)
{
	char text[LOG_TEXT_MAX], message[LOG_MESSAGE_MAX];
	va_list args;

	if (level < threshold) {
		extras = 0;
		return;
	}
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	sentence(message, event, text);
	switch (target) {
	case TO_JOURNAL:
		journal_send(level, event, message);
		break;
	case TO_SYSLOG:
		syslog_send(level, message);
		break;
	case TO_STDERR:
		stderr_write(level, message);
		break;
	}
	extras = 0;
}

void
log_session(enum log_level level, int64_t id, const char *name,
    const char *event, const char *text)
{
	log_set_session(id);
	log_set_user(name);
	log_event(level, event, "%s", text);
	log_set_session(0);
	log_set_user(NULL);
}
