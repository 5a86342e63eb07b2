/*
 * The life of a link (link.h): connecting, logging in, losing the connection,
 * waiting, coming back.  What is said is link-say.c's, what the server says
 * link-take.c's, how to log in link-login.c's.
 */
#include <sys/random.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backoff.h"
#include "clock.h"
#include "link.h"
#include "request.h"
#include "text.h"

static uint64_t
chance(void)
{
	uint64_t number = 0;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		err(71, "getrandom");
	return number;
}

struct link *
link_new(const struct link_config *config)
{
	struct link *l = calloc(1, sizeof(*l));
	uint64_t number = chance();

	if (l == NULL)
		err(71, NULL);
	l->config = *config;
	l->deadline = l->lag = -1;
	l->window = OUTBOX_MAX;
	conn_init(&l->conn, config->tls);
	text_hex(l->prefix, (unsigned char *)&number, sizeof(number));
	if (config->since >= 0)
		seen_reset(&l->seen, config->since);
	return l;
}

void
link_free(struct link *l)
{
	if (l == NULL)
		return;
	conn_close(&l->conn);
	outbox_free(&l->outbox);
	outbox_item_free(l->taken);
	explicit_bzero(l, sizeof(*l));
	free(l);
}

static void
forget_connection(struct link *l)
{
	conn_close(&l->conn);
	link_lose_revocation(l);
	link_lose_account(l);
	outbox_rewind(&l->outbox);
	l->deadline = -1;
	l->flush_sent = l->flushed = false;
	l->hold_until = 0;
}

void
link_start(struct link *l, const char *username, int64_t now)
{
	if (username != NULL && strcmp(username, l->username) != 0) {
		snprintf(l->username, sizeof(l->username), "%s", username);
		l->resume[0] = '\0';
	}
	forget_connection(l);
	l->now = now;
	l->state = LINK_CONNECTING;
	l->deadline = now + l->config.timeout;
	l->again = true;
	l->wait = 0;
	l->code[0] = '\0';
	conn_start(&l->conn, &l->config.address, now);
}

/*
 * A login that lasted counts as a success.  It has brought what came before
 * it; of one that broke off while it was bringing that, the rest is asked for
 * again, as `since' the last that came.
 */
static void
settle(struct link *l, int64_t now)
{
	bool lasted = l->online_at != 0 && now - l->online_at >= SETTLE_WAIT;

	if (lasted)
		l->failures = 0;
	if (lasted || l->seen.position == 0)
		seen_advance(&l->seen, l->base);
	l->online_at = 0;
}

/*
 * What may come back by itself: what was there before, and a login that the
 * server could not take just now, but not one that would be refused again.
 */
void
link_fail(struct link *l, enum link_why why, const char *error, int64_t now)
{
	bool again = l->config.reconnect && l->again &&
	    (l->was_online || why == LINK_REFUSED) && why != LINK_LEFT &&
	    why != LINK_UNTRUSTED && why != LINK_EXPOSED &&
	    l->state != LINK_LEAVING;
	int64_t wait;

	if (error != l->error)
		snprintf(l->error, sizeof(l->error), "%s", error);
	l->why = why;
	settle(l, now);
	forget_connection(l);
	if (!again) {
		l->state = LINK_IDLE;
		return;
	}
	/* What the server asked for, and then not everybody at once. */
	wait = backoff_delay(l->failures++, (uint32_t)chance());
	if (l->wait > 0)
		wait += l->wait * 1000 - BACKOFF_FIRST;
	l->state = LINK_WAITING;
	l->wake = now + wait;
}

static void
watch_connecting(struct link *l, int64_t now)
{
	switch (l->conn.state) {
	case CONN_OPEN:
	case CONN_EOF:
		link_log_in(l, now);
		break;
	case CONN_CLOSED:
		memcpy(l->fingerprint, l->conn.fingerprint,
		    sizeof(l->fingerprint));
		link_fail(l,
		    l->conn.untrusted ? LINK_UNTRUSTED : LINK_UNREACHABLE,
		    l->conn.error, now);
		break;
	case CONN_RESOLVING:
	case CONN_CONNECTING:
	case CONN_SECURING:
		break;
	}
}

static void
watch_deadline(struct link *l, int64_t now)
{
	if (l->deadline == -1 || now < l->deadline)
		return;
	if (l->state == LINK_CONNECTING)
		link_fail(l, LINK_UNREACHABLE,
		    l->conn.state == CONN_SECURING ? CONN_NO_HANDSHAKE
						   : "no connection in time",
		    now);
	else if (l->state == LINK_LOGIN)
		link_fail(l, LINK_SILENT, "no answer to the login", now);
	else
		link_fail(l, LINK_LOST, "no answer to the farewell", now);
}

void
link_step(struct link *l, short revents, int64_t now)
{
	l->now = now;
	if (l->state == LINK_WAITING && now >= l->wake)
		link_start(l, NULL, now);
	if (l->state == LINK_IDLE || l->state == LINK_WAITING)
		return;
	conn_step(&l->conn, revents, now);
	if ((revents & POLLIN) || l->conn.paused)
		l->heard_at = now;
	/* What was not read yet is not late. */
	if (l->conn.paused && l->state == LINK_LEAVING)
		l->deadline = now + l->farewell_wait;
	if (l->state == LINK_CONNECTING)
		watch_connecting(l, now);
	link_pulse_step(l, now);
	watch_deadline(l, now);
	link_pump(l);
	conn_flush(&l->conn);
}

struct pollfd
link_poll(const struct link *l)
{
	return conn_poll(&l->conn);
}

int64_t
link_deadline(const struct link *l)
{
	int64_t at;

	if (l->state == LINK_IDLE)
		return -1;
	if (l->state == LINK_WAITING)
		return l->wake;
	/* That was decided at once; there is nothing to wait for. */
	if (l->state == LINK_CONNECTING &&
	    (l->conn.state == CONN_OPEN || l->conn.state == CONN_CLOSED))
		return l->now;
	at = clock_earlier(conn_deadline(&l->conn), l->deadline);
	at = clock_earlier(at, link_pulse_deadline(l));
	if (l->hold_until > 0 && outbox_unsent(&l->outbox) != NULL)
		at = clock_earlier(at, l->hold_until);
	return at;
}

void
link_pause(struct link *l, bool pause)
{
	l->conn.paused = pause;
}

void
link_leave(struct link *l, int64_t wait, int64_t now)
{
	if (l->state != LINK_ONLINE && l->state != LINK_LOGIN) {
		l->again = false;
		link_fail(l, LINK_LEFT, "", now);
		return;
	}
	request_simple(&l->conn.out, "DISCONNECT", NULL);
	conn_flush(&l->conn);
	l->state = LINK_LEAVING;
	l->farewell_wait = wait;
	l->deadline = now + wait;
}

void
link_abandon(struct link *l)
{
	if (l->state == LINK_ONLINE || l->state == LINK_LOGIN) {
		request_simple(&l->conn.out, "DISCONNECT", NULL);
		conn_flush(&l->conn);
	}
	forget_connection(l);
	l->state = LINK_IDLE;
}

void
link_reconnect_now(struct link *l, int64_t now)
{
	if (l->state == LINK_LEAVING || l->username[0] == '\0')
		return;
	settle(l, now);
	link_start(l, NULL, now);
}

int64_t
link_countdown(const struct link *l, int64_t now)
{
	if (l->state != LINK_WAITING)
		return -1;
	return l->wake > now ? (l->wake - now + 999) / 1000 : 0;
}

const char *
link_tls(const struct link *l)
{
	if (l->conn.tls == NULL || l->conn.state != CONN_OPEN)
		return NULL;
	return tls_version(l->conn.tls);
}

bool
link_is_busy_server(const struct link *l)
{
	return l->why == LINK_REFUSED && l->again;
}

const char *
link_reason(const struct link *l, char *out, size_t size)
{
	int n;

	if (l->code[0] == '\0')
		n = snprintf(out, size, "%s", l->error);
	else if (l->error[0] == '\0')
		n = snprintf(out, size, "%s", l->code);
	else
		n = snprintf(out, size, "%s: %s", l->code, l->error);
	if (n < 0)
		out[0] = '\0';
	return out;
}
