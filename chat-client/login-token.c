/*
 * The tokens that are kept, by server and user: a login (login.h) with one, and
 * what becomes of it.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "login-parts.h"

/*
 * What was got over TLS is never shown to a server without it.  A name is the
 * same in any case.
 */
static void
token_key(const struct login *g, const char *username, char out[LOGIN_KEY_MAX])
{
	char server[LOGIN_KEY_MAX], name[USERNAME_MAX + 1];
	size_t i;

	login_server_key(g, server);
	snprintf(name, sizeof(name), "%s", username);
	for (i = 0; name[i] != '\0'; i++)
		name[i] = (char)tolower((unsigned char)name[i]);
	snprintf(out, LOGIN_KEY_MAX, "%s%.*s\t%s", g->tls != NULL ? "tls:" : "",
	    LOGIN_KEY_MAX - USERNAME_MAX - 8, server, name);
}

/* One that is kept, with what keeps it. */
struct kept {
	char value[LOGIN_VALUE_MAX];
	const char *text;
	int64_t id, renew_at;
};

/* "ID<tab>TOKEN", and perhaps "<tab>TIME"; anything else is none. */
static bool
parse_token(struct kept *k)
{
	char *end, *tab;

	k->id = strtoll(k->value, &end, 10);
	if (k->id <= 0 || *end != '\t')
		return false;
	k->text = end + 1;
	if ((tab = strchr(k->text, '\t')) != NULL) {
		*tab = '\0';
		k->renew_at = strtoll(tab + 1, NULL, 10);
		if (k->renew_at < 0)
			k->renew_at = 0;
	}
	return k->text[0] != '\0' && strlen(k->text) <= TOKEN_TEXT_MAX;
}

/* How the value of that token begins, and of no other. */
static void
value_begin(int64_t id, char out[LOGIN_VALUE_MAX])
{
	snprintf(out, LOGIN_VALUE_MAX, "%lld\t", (long long)id);
}

/* Returns false if none is kept. */
static bool
read_token(struct login *g, const char *username, struct kept *k)
{
	char key[LOGIN_KEY_MAX];
	enum state_result result;

	*k = (struct kept){ .id = 0 };
	token_key(g, username, key);
	result = state_get(
	    &g->state, LOGIN_TOKEN_FILE, key, k->value, sizeof(k->value));
	if (result == STATE_FAILED)
		login_tell(g, "no token can be used: %s", g->state.error);
	return result == STATE_OK && parse_token(k);
}

static void
use(struct login *g, struct link *l, const struct kept *k)
{
	link_set_token(l, k->id, k->text);
	g->renew_at = k->renew_at;
}

bool
login_use_token(struct login *g, struct link *l, const char *username)
{
	struct kept k;
	bool found = read_token(g, username, &k);

	if (found)
		use(g, l, &k);
	explicit_bzero(&k, sizeof(k));
	return found;
}

bool
login_has_token(struct login *g, const char *username)
{
	struct kept k;
	bool found = read_token(g, username, &k);

	explicit_bzero(&k, sizeof(k));
	return found;
}

/*
 * One that another client has put there meanwhile is worth a try.  (It may do so
 * now, so the one that is refused is not taken out unseen.)
 */
bool
login_replace_token(struct login *g, struct link *l)
{
	char key[LOGIN_KEY_MAX], was[LOGIN_VALUE_MAX];
	struct kept k;
	bool newer;

	token_key(g, l->username, key);
	value_begin(l->token_id, was);
	state_swap(&g->state, LOGIN_TOKEN_FILE, key, was, NULL);
	newer = read_token(g, l->username, &k) && strcmp(k.text, l->token) != 0;
	link_set_token(l, 0, NULL);
	g->renew_at = 0;
	if (newer)
		use(g, l, &k);
	explicit_bzero(&k, sizeof(k));
	g->forgotten = !newer;
	return newer;
}

/*
 * What another client has renewed already is taken; what it has forgotten was
 * to end.
 */
void
login_renew(struct login *g, struct link *l)
{
	int64_t now = clock_date() / 1000;
	struct kept k;

	if (g->renew_at == 0 || now < g->renew_at || l->state != LINK_ONLINE ||
	    l->token[0] == '\0' || g->options->forget)
		return;
	g->renew_at = 0;
	if (read_token(g, l->username, &k)) {
		if (strcmp(k.text, l->token) != 0) {
			use(g, l, &k);
		} else {
			g->renew_at = now + TOKEN_RENEW_AGAIN;
			link_renew(l);
		}
	}
	explicit_bzero(&k, sizeof(k));
}

/* When a part of its life will be left; 0 if that is not known. */
static int64_t
renewal_of(const struct link *l)
{
	int64_t now = clock_date() / 1000;
	int64_t life = l->token_expires / 1000 - now;

	return life > 0 ? now + life - life / TOKEN_RENEW_PART : 0;
}

/*
 * Another client has renewed the same token at the same time, or has forgotten
 * it: what it left counts for both.
 */
static void
yield_token(struct login *g, struct link *l)
{
	link_drop_old(l);
	link_drop_new(l);
	g->renew_at = 0;
	login_use_token(g, l, l->username);
}

/* A renewal has to find what it renews. */
static void
keep_token(struct login *g, struct link *l)
{
	char key[LOGIN_KEY_MAX], value[LOGIN_VALUE_MAX], was[LOGIN_VALUE_MAX];
	enum state_result result;

	g->renew_at = renewal_of(l);
	token_key(g, l->username, key);
	value_begin(l->old_id, was);
	snprintf(value, sizeof(value), "%lld\t%s\t%lld", (long long)l->token_id,
	    l->token, (long long)g->renew_at);
	result = state_swap(&g->state, LOGIN_TOKEN_FILE, key,
	    l->old_id != 0 ? was : NULL, value);
	explicit_bzero(value, sizeof(value));
	g->forgotten = false;
	if (result == STATE_OK)
		link_drop_old(l);
	else if (result == STATE_FAILED)
		login_tell(
		    g, "the password will be needed again: %s", g->state.error);
	else
		yield_token(g, l);
}

static void
forget_token(struct login *g, const struct link *l)
{
	char key[LOGIN_KEY_MAX];

	g->forgotten = true;
	g->renew_at = 0;
	token_key(g, l->username, key);
	if (state_set(&g->state, LOGIN_TOKEN_FILE, key, NULL) == STATE_FAILED)
		login_tell(g, "the token is revoked, but still there: %s",
		    g->state.error);
}

bool
login_take_news(struct login *g, struct link *l)
{
	enum link_news news = l->news;

	l->news = LINK_NO_NEWS;
	switch (news) {
	case LINK_NO_NEWS:
		break;
	case LINK_TOKEN_CAME:
		g->registered = true;
		keep_token(g, l);
		break;
	case LINK_TOKEN_REVOKED:
		forget_token(g, l);
		break;
	case LINK_TOKEN_DENIED:
		g->registered = true;
		login_tell(g,
		    "the password will be needed again: the server gives no "
		    "token (%s)",
		    l->news_why);
		break;
	case LINK_TOKEN_STAYS:
		login_tell(g,
		    "the token could not be revoked, and stays in %s/%s: %s",
		    g->state.dir, LOGIN_TOKEN_FILE, l->news_why);
		return false;
	case LINK_REGISTERED:
		login_tell(g, "the name is registered now");
		break;
	case LINK_REGISTER_DENIED:
		login_tell(g, "the name was not registered: %s", l->news_why);
		break;
	case LINK_PASSWORD_CHANGED:
		login_tell(
		    g, "the password is changed; other devices need it now");
		break;
	case LINK_PASSWORD_DENIED:
		login_tell(g, "the password was not changed: %s", l->news_why);
		break;
	}
	return true;
}
