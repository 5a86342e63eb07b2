/*
 * Admission: asks the relay whether this client may come in, and tells it of
 * wrong passwords and other offences.  Nothing the client says is parsed before
 * the answer.  When the relay is away the session decides by itself: it looks
 * for blocks in the store, and lets in who has none, since nobody counts; each
 * wrong password then costs this connection a growing wait.  It never blocks:
 * the loop waits.
 */
#include <errno.h>
#include <sha256.h>
#include <stdio.h>
#include <string.h>

#include "penalty.h"
#include "request.h"
#include "session.h"

/* Returns 0 or what went wrong. */
static int
send_to_relay(struct session *s, const struct dgram_head *head,
    const void *body, size_t len)
{
	const struct delivery *d = &s->delivery;

	if (d->fd == -1)
		return ENOENT;
	return dgram_send(d->fd, &d->registry, NULL, head, body, len) ? 0
								      : errno;
}

/* What the relay is told of the client. */
static int
send_admit(struct session *s, uint16_t flags)
{
	const struct client *c = &s->client;
	struct dgram_head head = { .type = DGRAM_ADMIT, .flags = flags };

	return send_to_relay(s, &head, c->address.bytes,
	    c->has_address ? sizeof(c->address) : 0);
}

static void
hold(struct session *s, int64_t ms)
{
	struct admission *a = &s->admission;

	a->hold = monotonic_ms() + ms;
	a->held += ms;
}

static void
end_blocked(struct session *s, const char *what, const struct store_blocked *b)
{
	char text[DGRAM_VERDICT_MAX + 1];

	penalty_sentence(text, sizeof(text), what, b->until, b->reason);
	session_end_blocked(s, b->until, text);
}

/* Without the relay: who is blocked stays out, everybody else comes in. */
static void
decide_alone(struct session *s)
{
	struct store_blocked b = { .blocked = false };
	struct store *store;

	s->admission.asked = false;
	if (!s->client.has_address || (store = session_store(s)) == NULL)
		return;
	if (store_blocked_address(store, &s->client.address, &b) != STORE_OK)
		session_store_failed(s);
	else if (b.blocked)
		end_blocked(s, "this address", &b);
}

/* A wrong password costs this. */
static void
punish_alone(struct session *s)
{
	const struct client *c = &s->client;

	s->admission.asked = s->admission.failed = false;
	if (c->has_address && !net_list_has(&s->config.trusted, &c->address))
		hold(s, penalty_delay(s->admission.tries));
}

static void
give_up(struct session *s)
{
	if (s->admission.failed)
		punish_alone(s);
	else
		decide_alone(s);
}

/* Ask what was to be asked; who is not there need not be waited for. */
static void
ask(struct session *s)
{
	struct admission *a = &s->admission;
	struct dgram_head head = { .type = DGRAM_OFFENCE,
		.count = DGRAM_LOGIN };
	int error = a->failed
	    ? send_to_relay(s, &head, a->print, sizeof(a->print))
	    : send_admit(s, 0);

	a->again =
	    monotonic_ms() + (error == EAGAIN ? REGISTER_RETRY : ADMIT_RETRY);
	/* A second question about the same password would be no news. */
	if (error == 0 && a->failed)
		a->again = a->until;
	if (error != 0 && error != EAGAIN)
		give_up(s);
}

static void
question(struct session *s, bool failed)
{
	struct admission *a = &s->admission;

	a->asked = true;
	a->failed = failed;
	a->until = monotonic_ms() + ADMIT_WAIT;
	ask(s);
}

void
admit_ask(struct session *s)
{
	s->admission.answered = false;
	question(s, false);
}

void
admit_again(struct session *s)
{
	send_admit(s, DGRAM_AGAIN);
}

void
admit_verdict(struct session *s, const struct dgram_head *head,
    const char *body, size_t len)
{
	struct admission *a = &s->admission;
	char text[DGRAM_VERDICT_MAX + 1];

	len = len < sizeof(text) ? len : sizeof(text) - 1;
	memcpy(text, body, len);
	text[len] = '\0';
	switch (head->count) {
	case DGRAM_BLOCKED:
		session_end_blocked(s, head->last, text);
		return;
	case DGRAM_FULL:
		s->admission.full = head->last;
		session_end_error(s, "SERVER_FULL", "%s", text);
		return;
	case DGRAM_HURRY:
		a->nearly_full = true;
		return;
	case DGRAM_ADMITTED:
		break;
	default:
		return;
	}
	if (len == sizeof(a->key))
		memcpy(a->key, body, sizeof(a->key));
	a->answered = true;
	a->nearly_full |= (head->flags & DGRAM_NEARLY) != 0;
	if (!a->asked)
		return; /* too late: it was decided */
	a->asked = a->failed = false;
	if (head->last > 0)
		hold(s,
		    head->last < LOGIN_DELAY_MAX ? head->last
						 : LOGIN_DELAY_MAX);
}

int64_t
admit_tick(struct session *s, int64_t now)
{
	struct admission *a = &s->admission;

	if (!a->asked)
		return a->hold > now ? a->hold : INT64_MAX;
	if (now >= a->until) {
		log_event(LEVEL_DEBUG, "relay_away", "no verdict has come");
		a->held += ADMIT_WAIT;
		give_up(s);
		return now;
	}
	if (now >= a->again)
		ask(s);
	if (!a->asked)
		return now;
	return a->again < a->until ? a->again : a->until;
}

bool
admit_holds(const struct session *s)
{
	const struct admission *a = &s->admission;

	return a->asked || (a->hold != 0 && a->hold > monotonic_ms());
}

/* Keyed, so that what the relay keeps in mind is of no use to anybody else. */
static void
print_make(struct admission *a, const char *username, const char *secret)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	SHA2_CTX ctx;

	SHA256Init(&ctx);
	SHA256Update(&ctx, a->key, sizeof(a->key));
	SHA256Update(&ctx, (const uint8_t *)username, strlen(username) + 1);
	SHA256Update(&ctx, (const uint8_t *)secret, strlen(secret));
	SHA256Final(digest, &ctx);
	memcpy(a->print, digest, sizeof(a->print));
}

void
admit_login_failed(struct session *s, const char *username, const char *secret)
{
	if (++s->admission.tries >= LOGIN_TRIES_MAX) {
		session_end_blocked(s, 0,
		    "too many wrong passwords or invitations on this"
		    " connection: connect again");
		return;
	}
	print_make(&s->admission, username, secret);
	question(s, true);
}

/* One that costs nothing but being counted. */
void
admit_offence(struct session *s, enum dgram_offence offence, int64_t user)
{
	struct dgram_head head = {
		.type = DGRAM_OFFENCE, .count = offence, .user = user
	};

	send_to_relay(s, &head, NULL, 0);
}

bool
admit_user(struct session *s, const struct request *r, const char *username)
{
	char what[USERNAME_MAX + 8];
	struct store_blocked b;
	struct store *store = session_store(s);

	if (store == NULL ||
	    store_blocked_user(store, username, &b) != STORE_OK) {
		session_store_failed(s);
		session_unavailable(s, r->ref);
		return false;
	}
	if (!b.blocked)
		return true;
	snprintf(what, sizeof(what), "user %s", username);
	end_blocked(s, what, &b);
	return false;
}
