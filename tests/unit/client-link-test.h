/*
 * What the unit tests of chat-client's link share: the server on a UNIX socket
 * in this process, and time as the test wants it.
 */
#ifndef CLIENT_LINK_TEST_H
#define CLIENT_LINK_TEST_H

#include <sys/socket.h>
#include <sys/un.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../chat-client/link.h"
#include "temp.h"

#define CONNECTED(id) \
	"{\"event\":\"CONNECTED\",\"username\":\"alice\"," \
	"\"last_id\":" #id ",\"resume\":\"secret\",\"limits\":" \
	"{\"line_max_size\":1000}}\n"

struct world {
	char dir[64], path[80];
	int listener, peer;
	struct link *link;
	int64_t now;
	char line[4096]; /* last from the link */
	struct buf got;	 /* by the server, not yet looked at */
};

static inline int
start(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct link_config config = {
		.since = -1, .history = 7, .timeout = 10000, .reconnect = true
	};
	char address[96];

	assert_non_null(w);
	w->peer = -1;
	w->now = 1000000;
	temp_name(w->dir, sizeof(w->dir));
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->path, sizeof(w->path), "%s/socket", w->dir);
	strcpy(sun.sun_path, w->path);
	w->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(
	    bind(w->listener, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(listen(w->listener, 5), 0);
	snprintf(address, sizeof(address), "unix:%s", w->path);
	assert_true(address_parse(&config.address, address, "5555"));
	w->link = link_new(&config);
	*state = w;
	return 0;
}

static inline int
end(void **state)
{
	struct world *w = *state;

	link_free(w->link);
	buf_free(&w->got);
	if (w->peer != -1)
		close(w->peer);
	close(w->listener);
	unlink(w->path);
	rmdir(w->dir);
	free(w);
	return 0;
}

/* Time passes; the link does what is due. */
static inline void
pass(struct world *w, int64_t ms)
{
	struct pollfd p = link_poll(w->link);

	w->now += ms;
	if (p.fd == -1)
		p.revents = 0;
	else
		assert_true(poll(&p, 1, 0) >= 0);
	link_step(w->link, p.revents, w->now);
}

/* No event is handed out. */
static inline void
quiet(struct world *w)
{
	struct event e;

	pass(w, 0);
	assert_false(link_next(w->link, &e, w->now));
}

static inline void
expect(struct world *w, struct event *e, enum event_kind kind)
{
	pass(w, 0);
	assert_true(link_next(w->link, e, w->now));
	assert_int_equal(e->kind, kind);
}

static inline void
server_says(struct world *w, const char *s)
{
	assert_int_equal(write(w->peer, s, strlen(s)), strlen(s));
}

/* The next line the link has sent, into w->line; false: there is none. */
static inline bool
server_hears(struct world *w)
{
	char *lf;
	ssize_t n;
	size_t len;

	link_step(w->link, 0, w->now);
	while ((n = recv(
		    w->peer, buf_room(&w->got, 1000), 1000, MSG_DONTWAIT)) > 0)
		buf_added(&w->got, (size_t)n);
	if (buf_len(&w->got) == 0)
		return false;
	lf = memchr(buf_head(&w->got), '\n', buf_len(&w->got));
	assert_non_null(lf);
	len = (size_t)(lf - buf_head(&w->got));
	assert_true(len < sizeof(w->line));
	memcpy(w->line, buf_head(&w->got), len);
	w->line[len] = '\0';
	buf_consume(&w->got, len + 1);
	return true;
}

static inline void
assert_heard(struct world *w, const char *part)
{
	assert_true(server_hears(w));
	if (strstr(w->line, part) == NULL)
		fail_msg("%s is not in %s", part, w->line);
}

static inline void
assert_unheard(struct world *w)
{
	assert_false(server_hears(w));
}

/* The ref of the line heard last. */
static inline const char *
ref(struct world *w)
{
	static char out[REF_MAX + 1];
	const char *s = strstr(w->line, "\"ref\":\"");

	assert_non_null(s);
	assert_int_equal(sscanf(s + 7, "%64[^\"]", out), 1);
	return out;
}

static inline void
accept_link(struct world *w)
{
	if (w->peer != -1)
		close(w->peer);
	buf_reset(&w->got, 0);
	w->peer = accept(w->listener, NULL, NULL);
	assert_true(w->peer >= 0);
	quiet(w);
	assert_int_equal(w->link->state, LINK_LOGIN);
	assert_heard(w, "\"command\":\"CONNECT\"");
}

static inline void
welcome(struct world *w, const char *connected)
{
	struct event e;

	server_says(w, connected);
	expect(w, &e, EVENT_CONNECTED);
	incoming_free(&e);
	assert_int_equal(w->link->state, LINK_ONLINE);
}

static inline void
log_in(struct world *w)
{
	link_start(w->link, "alice", w->now);
	accept_link(w);
	welcome(w, CONNECTED(50));
}

static inline void
hang_up(struct world *w)
{
	close(w->peer);
	w->peer = -1;
	quiet(w);
	/* A second look: what was said last is read before the end is. */
	quiet(w);
}

/* Wait as long as the link wants to, and let it come back. */
static inline void
come_back(struct world *w)
{
	assert_int_equal(w->link->state, LINK_WAITING);
	pass(w, link_deadline(w->link) - w->now);
	accept_link(w);
}

static inline void
say(struct world *w, const char *text)
{
	assert_int_equal(
	    link_say(w->link, "all", text, strlen(text), NULL), LINK_SAID);
}

static inline void
server_acks(struct world *w, const char *to, int id, bool seen)
{
	char line[200];
	struct event e;

	snprintf(line, sizeof(line),
	    "{\"event\":\"ACK\",\"ref\":\"%s\",\"id\":%d}\n", to, id);
	server_says(w, line);
	expect(w, &e, EVENT_ACK);
	assert_true(e.seen == seen);
	incoming_free(&e);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, end)

#endif
