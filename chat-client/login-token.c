/*
 * The tokens that are kept, by server and user: a login (login.h) with one, and
 * what becomes of it.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* "ID<tab>TOKEN"; anything else is none. */
static bool
parse_token(const char *value, int64_t *id, const char **token)
{
	char *end;

	*id = strtoll(value, &end, 10);
	*token = end + 1;
	return *id > 0 && *end == '\t' && end[1] != '\0' &&
	    strlen(end + 1) <= TOKEN_TEXT_MAX;
}

/* Returns false if none is kept; value is what keeps it. */
static bool
read_token(struct login *g, const char *username, char value[LOGIN_VALUE_MAX],
    int64_t *id, const char **token)
{
	char key[LOGIN_KEY_MAX];
	enum state_result result;

	token_key(g, username, key);
	result =
	    state_get(&g->state, LOGIN_TOKEN_FILE, key, value, LOGIN_VALUE_MAX);
	if (result == STATE_FAILED)
		login_tell(g, "no token can be used: %s", g->state.error);
	return result == STATE_OK && parse_token(value, id, token);
}

bool
login_use_token(struct login *g, struct link *l, const char *username)
{
	char value[LOGIN_VALUE_MAX];
	const char *token;
	int64_t id;
	bool found = read_token(g, username, value, &id, &token);

	if (found)
		link_set_token(l, id, token);
	explicit_bzero(value, sizeof(value));
	return found;
}

bool
login_has_token(struct login *g, const char *username)
{
	char value[LOGIN_VALUE_MAX];
	const char *token;
	int64_t id;
	bool found = read_token(g, username, value, &id, &token);

	explicit_bzero(value, sizeof(value));
	return found;
}

/* One that another client has put there meanwhile is worth a try. */
bool
login_replace_token(struct login *g, struct link *l)
{
	char key[LOGIN_KEY_MAX], value[LOGIN_VALUE_MAX];
	const char *token;
	int64_t id;
	bool newer = read_token(g, l->username, value, &id, &token) &&
	    strcmp(token, l->token) != 0;

	link_set_token(l, 0, NULL);
	if (newer)
		link_set_token(l, id, token);
	explicit_bzero(value, sizeof(value));
	if (newer)
		return true;
	token_key(g, l->username, key);
	state_set(&g->state, LOGIN_TOKEN_FILE, key, NULL);
	g->forgotten = true;
	return false;
}

static void
keep_token(struct login *g, const struct link *l)
{
	char key[LOGIN_KEY_MAX], value[LOGIN_VALUE_MAX];
	enum state_result result;

	token_key(g, l->username, key);
	snprintf(
	    value, sizeof(value), "%lld\t%s", (long long)l->token_id, l->token);
	result = state_set(&g->state, LOGIN_TOKEN_FILE, key, value);
	explicit_bzero(value, sizeof(value));
	g->forgotten = false;
	if (result != STATE_OK)
		login_tell(
		    g, "the password will be needed again: %s", g->state.error);
}

static void
forget_token(struct login *g, const struct link *l)
{
	char key[LOGIN_KEY_MAX];

	g->forgotten = true;
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
