/*
 * sessions: list, end.  A session is ended by SIGTERM, as when the server
 * stops: its client gets SHUTDOWN.
 */
#include <sys/syscall.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "admin.h"
#include "monotonic.h"

bool
session_alive(void *admin, const char *socket)
{
	const struct admin *a = admin;

	return dgram_session_alive(&a->registry, socket);
}

static void
session_json(void *arg, const struct store_admin_session *s)
{
	struct out_list *l = arg;

	out_json_int(&l->json, "id", s->id);
	out_json_text(&l->json, "username", s->username);
	out_json_text(&l->json, "peer", s->peer);
	out_json_int(&l->json, "pid", s->pid);
	out_json_time(&l->json, "since", s->started_at);
	out_json_bool(&l->json, "alive", session_alive(l->a, s->socket));
	out_json_end(&l->json, l->a);
}

static void
session_cells(void *arg, const struct store_admin_session *s)
{
	struct out_list *l = arg;

	out_cell_int(&l->table, s->id);
	out_cell(&l->table, s->username);
	out_cell(&l->table, s->peer);
	out_cell_int(&l->table, s->pid);
	out_cell_time(&l->table, s->started_at);
	out_cell_string(
	    &l->table, session_alive(l->a, s->socket) ? "alive" : "dead");
}

int
cmd_sessions_list(struct admin *a)
{
	static const char *const titles[] = { "ID", "USER", "PEER", "PID",
		"SINCE", "STATE" };
	struct out_list l;
	enum store_result result;

	out_list_begin(&l, a, 6, titles);
	result = store_admin_sessions(
	    a->store, a->json ? session_json : session_cells, &l);
	return out_list_end(&l, result);
}

/* ---- ending ---- */

/* What is told to end, until it has. */
struct told {
	int64_t id;
	int pidfd;
};

/*
 * Tell a session to end; its process as a pidfd, or -1 if it is gone.  First
 * the pidfd, then whether its socket answers: while it does, the process that
 * wrote its pid into the row lives, so that pid was nobody else's.
 */
static int
session_tell(struct admin *a, const struct store_admin_session *s)
{
	int pidfd = (int)syscall(SYS_pidfd_open, s->pid, 0);

	if (pidfd == -1)
		return -1;
	if (session_alive(a, s->socket) &&
	    syscall(SYS_pidfd_send_signal, pidfd, SIGTERM, NULL, 0) == 0)
		return pidfd;
	close(pidfd);
	return -1;
}

/* Whether it has ended within the time that is left of END_WAIT. */
static bool
session_await(int pidfd, int64_t deadline)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int64_t left;
	int n;

	do {
		left = deadline - monotonic_ms();
		n = poll(&p, 1, left > 0 ? (int)left : 0);
	} while (n == -1 && errno == EINTR);
	close(pidfd);
	return n == 1;
}

void
ending_add(void *ending, const struct store_admin_session *session)
{
	struct store_admin_session kept = *session;

	/* The texts are the store's. */
	kept.username = kept.peer = kept.reason = (struct store_text){ 0 };
	buf_add(ending, &kept, sizeof(kept));
}

int
ending_finish(struct buf *ending, struct admin *a)
{
	int64_t deadline = monotonic_ms() + END_WAIT;
	struct store_admin_session s;
	struct buf told = { 0 };
	struct told t;
	int left = 0;

	for (; buf_len(ending) >= sizeof(s); buf_consume(ending, sizeof(s))) {
		memcpy(&s, buf_head(ending), sizeof(s));
		t = (struct told){ .id = s.id, .pidfd = session_tell(a, &s) };
		if (t.pidfd != -1)
			buf_add(&told, &t, sizeof(t));
	}
	for (; buf_len(&told) >= sizeof(t); buf_consume(&told, sizeof(t))) {
		memcpy(&t, buf_head(&told), sizeof(t));
		if (session_await(t.pidfd, deadline)) {
			out_line(a, "session %lld has ended", (long long)t.id);
			continue;
		}
		out_error("session %lld was told to end, but has not after %d s"
			  ": is its process stopped?",
		    (long long)t.id, END_WAIT / 1000);
		left++;
	}
	buf_free(&told);
	return left;
}

struct found {
	struct buf ending;
	bool open;
	char username[USERNAME_MAX + 1];
};

static void
session_keep(void *arg, const struct store_admin_session *s)
{
	struct found *f = arg;
	size_t n =
	    s->username.len < USERNAME_MAX ? s->username.len : USERNAME_MAX;

	f->open = s->ended_at == 0;
	memcpy(f->username, s->username.s, n);
	ending_add(&f->ending, s);
}

/* What was found by that id, if anything.  The exit status. */
static int
found_end(struct admin *a, struct found *f, int64_t id)
{
	struct store_admin_session s;
	int status;

	if (!f->open) {
		out_error(
		    "no session %lld is open: \"chat-admin sessions list\""
		    " tells which are",
		    (long long)id);
		return EX_NOUSER;
	}
	memcpy(&s, buf_head(&f->ending), sizeof(s));
	if (!session_alive(a, s.socket)) {
		out_error("session %lld has died already: chat-notify closes"
			  " its row",
		    (long long)id);
		return EX_NOUSER;
	}
	status = ask_first(a, "Session %lld, of %s, process %d, will end.",
	    (long long)id, f->username, (int)s.pid);
	if (status != EX_OK)
		return status;
	return ending_finish(&f->ending, a) == 0 ? EX_OK : EX_TEMPFAIL;
}

int
cmd_sessions_end(struct admin *a)
{
	struct found f = { 0 };
	enum store_result result;
	int64_t id;
	int status;

	if (!read_number(a->args[0], "ID", INT64_MAX, &id))
		return EX_USAGE;
	result = store_admin_session(a->store, id, session_keep, &f);
	status = result == STORE_OK ? found_end(a, &f, id)
				    : out_store_error(a, result);
	buf_free(&f.ending);
	return status;
}
