/*
 * The logins of login.h.  Servers are known by "HOST:PORT" in one file, and
 * tokens by server and user in another (state.h).
 */
#include <ctype.h>
#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "login.h"
#include "status.h"

#define KNOWN_FILE "known_servers"
#define TOKEN_FILE "tokens"
#define KEY_MAX	   (ADDRESS_HOST_MAX + USERNAME_MAX + 32)
#define VALUE_MAX  (TOKEN_TEXT_MAX + 32)

static void __attribute__((format(printf, 2, 3)))
tell(struct login *g, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(g->message, sizeof(g->message), format, args);
	va_end(args);
}

const char *
login_message(struct login *g, char *out, size_t size)
{
	if (g->message[0] == '\0')
		return NULL;
	snprintf(out, size, "%s", g->message);
	g->message[0] = '\0';
	return out;
}

static void
need_input(const char *option, const char *name, const char *wrong)
{
	if (wrong != NULL)
		errx(STATUS_INPUT, "%s: %s: %s", option, name, wrong);
}

static void
read_password(struct login *g)
{
	const struct options *o = g->options;

	if (o->password_file != NULL && strcmp(o->password_file, "-") == 0)
		need_input("--password-file", "standard input",
		    credential_read_fd(&g->password, 0));
	else if (o->password_file != NULL)
		need_input("--password-file", o->password_file,
		    credential_read_file(&g->password, o->password_file));
	else if (o->password_fd != -1)
		need_input("--password-fd", "that descriptor",
		    credential_read_fd(&g->password, o->password_fd));
}

/* The server as the files name it. */
static void
server_key(const struct login *g, char out[KEY_MAX])
{
	const struct address *a = &g->options->address;
	size_t i;

	snprintf(out, KEY_MAX, "%s", a->text);
	if (a->path[0] == '\0')
		for (i = 0; out[i] != '\0'; i++)
			out[i] = (char)tolower((unsigned char)out[i]);
}

/*
 * What was got over TLS is never shown to a server without it.  A name is the
 * same in any case.
 */
static void
token_key(const struct login *g, const char *username, char out[KEY_MAX])
{
	char server[KEY_MAX], name[USERNAME_MAX + 1];
	size_t i;

	server_key(g, server);
	snprintf(name, sizeof(name), "%s", username);
	for (i = 0; name[i] != '\0'; i++)
		name[i] = (char)tolower((unsigned char)name[i]);
	snprintf(out, KEY_MAX, "%s%.*s\t%s", g->tls != NULL ? "tls:" : "",
	    KEY_MAX - USERNAME_MAX - 8, server, name);
}

static void
start_tls(struct login *g)
{
	const struct options *o = g->options;
	char error[128], key[KEY_MAX], known[VALUE_MAX];

	g->tls = tls_context_new(o->tls_ca, error, sizeof(error));
	if (g->tls == NULL)
		errx(STATUS_INPUT, "%s: %s: %s", "--tls-ca",
		    o->tls_ca != NULL ? o->tls_ca : "the system's authorities",
		    error);
	if (o->fingerprint[0] != '\0') {
		tls_context_trust(g->tls, o->fingerprint, true);
		return;
	}
	server_key(g, key);
	switch (state_get(&g->state, KNOWN_FILE, key, known, sizeof(known))) {
	case STATE_OK:
		/* A line that was spoilt trusts nothing, and is a change. */
		snprintf(
		    g->known, sizeof(g->known), "%.*s", FINGERPRINT_LEN, known);
		tls_context_trust(g->tls, g->known, false);
		break;
	case STATE_NONE:
		break;
	case STATE_FAILED:
		errx(STATUS_INPUT, "%s", g->state.error);
	}
}

void
login_init(struct login *g, const struct options *options)
{
	*g = (struct login){ .options = options,
		.registered = !options->registers };
	state_init(&g->state);
	read_password(g);
	if (options->invite_file != NULL)
		need_input("--invite", options->invite_file,
		    credential_read_file(&g->invite, options->invite_file));
	if (options->tls)
		start_tls(g);
}

void
login_free(struct login *g)
{
	tls_context_free(g->tls);
	explicit_bzero(g, sizeof(*g));
}

void
login_use_server(struct login *g, const struct address *address, bool tls)
{
	g->other = *g->options;
	g->other.address = *address;
	g->other.tls = tls;
	g->other.password_file = NULL;
	g->other.password_fd = -1;
	g->other.password_command = NULL;
	g->other.fingerprint[0] = '\0';
	g->options = &g->other;
	credential_wipe(&g->password);
	credential_wipe(&g->invite);
	tls_context_free(g->tls);
	g->tls = NULL;
	g->known[0] = '\0';
	if (tls)
		start_tls(g);
}

void
login_set_registers(struct login *g, bool registers)
{
	g->registered = !registers;
}

/* Its password is that of the user it was configured for. */
static void
run_password_command(struct login *g, const char *username)
{
	const struct options *o = g->options;
	const char *wrong;

	if (o->password_command == NULL || g->command_failed ||
	    o->password_file != NULL || o->password_fd != -1 ||
	    strcasecmp(username, o->user) != 0)
		return;
	if (g->pause != NULL)
		g->pause(true);
	wrong = credential_read_command(&g->password, o->password_command);
	if (g->pause != NULL)
		g->pause(false);
	g->command_failed = wrong != NULL;
	if (wrong != NULL)
		tell(g, "password-command: %s: %s", o->password_command[0],
		    wrong);
}

/* A file can be read again; what came through a descriptor is used once. */
static bool
use_option_password(struct login *g, struct link *l, const char *username)
{
	const char *file = g->options->password_file;

	if (g->password.len == 0 && file != NULL && strcmp(file, "-") != 0)
		credential_read_file(&g->password, file);
	if (g->password.len == 0)
		run_password_command(g, username);
	if (g->password.len == 0)
		return false;
	link_set_password(l, &g->password);
	credential_wipe(&g->password);
	g->password_used = true;
	return true;
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
read_token(struct login *g, const char *username, char value[VALUE_MAX],
    int64_t *id, const char **token)
{
	char key[KEY_MAX];
	enum state_result result;

	token_key(g, username, key);
	result = state_get(&g->state, TOKEN_FILE, key, value, VALUE_MAX);
	if (result == STATE_FAILED)
		tell(g, "no token can be used: %s", g->state.error);
	return result == STATE_OK && parse_token(value, id, token);
}

static bool
use_kept_token(struct login *g, struct link *l, const char *username)
{
	char value[VALUE_MAX];
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
	char value[VALUE_MAX];
	const char *token;
	int64_t id;
	bool found = read_token(g, username, value, &id, &token);

	explicit_bzero(value, sizeof(value));
	return found;
}

enum login_need
login_prepare(struct login *g, struct link *l, const char *username)
{
	link_set_token(l, 0, NULL);
	link_set_password(l, NULL);
	if (!g->registered) {
		link_register(l, g->invite.len > 0 ? &g->invite : NULL);
		return use_option_password(g, l, username) ? LOGIN_READY
							   : LOGIN_NEW_PASSWORD;
	}
	if (!use_kept_token(g, l, username) && !g->password_used)
		use_option_password(g, l, username);
	return LOGIN_READY;
}

/*
 * The server takes the token no more.  Another client may have put a newer
 * one there meanwhile, which is worth a try.
 */
static enum login_need
replace_token(struct login *g, struct link *l)
{
	char key[KEY_MAX], value[VALUE_MAX];
	const char *token;
	int64_t id;
	bool newer = read_token(g, l->username, value, &id, &token) &&
	    strcmp(token, l->token) != 0;

	link_set_token(l, 0, NULL);
	if (newer)
		link_set_token(l, id, token);
	explicit_bzero(value, sizeof(value));
	if (newer)
		return LOGIN_READY;
	token_key(g, l->username, key);
	state_set(&g->state, TOKEN_FILE, key, NULL);
	g->forgotten = true;
	if (g->options->forget)
		return LOGIN_NOTHING;
	return use_option_password(g, l, l->username) ? LOGIN_READY
						      : LOGIN_PASSWORD;
}

static bool
is_code(const struct link *l, const char *code)
{
	return strcmp(l->code, code) == 0;
}

static enum login_need
after_registering(struct link *l)
{
	if (is_code(l, "BAD_INVITE"))
		return LOGIN_INVITE;
	link_set_password(l, NULL);
	return is_code(l, "BAD_REQUEST") ? LOGIN_NEW_PASSWORD : LOGIN_NOTHING;
}

static enum login_need
after_refusal(struct login *g, struct link *l)
{
	g->registered = !l->registers;
	if (l->registers)
		return after_registering(l);
	if (is_code(l, "AUTH_FAILED") && l->proof == LINK_TOKEN)
		return replace_token(g, l);
	link_set_password(l, NULL);
	if (is_code(l, "AUTH_REQUIRED") &&
	    use_option_password(g, l, l->username))
		return LOGIN_READY;
	return is_code(l, "AUTH_REQUIRED") || is_code(l, "AUTH_FAILED")
	    ? LOGIN_PASSWORD
	    : LOGIN_NOTHING;
}

/* What cannot be sent need not be asked for. */
static bool
asks_for_secret(enum login_need need)
{
	return need == LOGIN_PASSWORD || need == LOGIN_NEW_PASSWORD ||
	    need == LOGIN_INVITE;
}

enum login_need
login_continue(struct login *g, struct link *l)
{
	enum login_need need;

	if (l->why == LINK_REFUSED) {
		need = after_refusal(g, l);
		return l->exposed && asks_for_secret(need) ? LOGIN_NOTHING
							   : need;
	}
	if (l->why == LINK_UNTRUSTED && g->known[0] == '\0' &&
	    g->options->fingerprint[0] == '\0' && l->fingerprint[0] != '\0')
		return LOGIN_TRUST;
	return LOGIN_NOTHING;
}

void
login_give_password(
    struct login *g, struct link *l, const struct credential *password)
{
	if (!g->registered)
		link_register(l, g->invite.len > 0 ? &g->invite : NULL);
	link_set_password(l, password);
}

void
login_give_invite(
    struct login *g, struct link *l, const struct credential *invite)
{
	g->invite = *invite;
	link_register(l, invite);
}

void
login_give_trust(struct login *g, struct link *l)
{
	char key[KEY_MAX];

	memcpy(g->known, l->fingerprint, sizeof(g->known));
	tls_context_trust(g->tls, g->known, false);
	server_key(g, key);
	if (state_set(&g->state, KNOWN_FILE, key, g->known) != STATE_OK)
		tell(g, "the certificate will be asked about again: %s",
		    g->state.error);
}

static void
keep_token(struct login *g, const struct link *l)
{
	char key[KEY_MAX], value[VALUE_MAX];
	enum state_result result;

	token_key(g, l->username, key);
	snprintf(
	    value, sizeof(value), "%lld\t%s", (long long)l->token_id, l->token);
	result = state_set(&g->state, TOKEN_FILE, key, value);
	explicit_bzero(value, sizeof(value));
	g->forgotten = false;
	if (result != STATE_OK)
		tell(
		    g, "the password will be needed again: %s", g->state.error);
}

static void
forget_token(struct login *g, const struct link *l)
{
	char key[KEY_MAX];

	g->forgotten = true;
	token_key(g, l->username, key);
	if (state_set(&g->state, TOKEN_FILE, key, NULL) == STATE_FAILED)
		tell(g, "the token is revoked, but still there: %s",
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
		tell(g,
		    "the password will be needed again: the server gives no "
		    "token (%s)",
		    l->news_why);
		break;
	case LINK_TOKEN_STAYS:
		tell(g,
		    "the token could not be revoked, and stays in %s/%s: %s",
		    g->state.dir, TOKEN_FILE, l->news_why);
		return false;
	case LINK_REGISTERED:
		tell(g, "the name is registered now");
		break;
	case LINK_REGISTER_DENIED:
		tell(g, "the name was not registered: %s", l->news_why);
		break;
	case LINK_PASSWORD_CHANGED:
		tell(g, "the password is changed; other devices need it now");
		break;
	case LINK_PASSWORD_DENIED:
		tell(g, "the password was not changed: %s", l->news_why);
		break;
	}
	return true;
}

static void
explain_change(const struct login *g, const struct link *l, struct buf *out)
{
	char key[KEY_MAX];

	server_key(g, key);
	buf_add_str(out, "WARNING: THE CERTIFICATE OF ");
	buf_add_str(out, key);
	buf_add_str(out,
	    " HAS CHANGED!\nSomebody may be listening in, or it "
	    "was renewed: ask whoever runs the server.\nIt was ");
	buf_add_str(out, g->known);
	buf_add_str(out, "\nand is  ");
	buf_add_str(out, l->fingerprint);
	buf_add_str(out, "\nIf that is right, remove the line of ");
	buf_add_str(out, key);
	buf_add_str(out, " from ");
	buf_add_str(out, g->state.dir);
	buf_add_str(out, "/" KNOWN_FILE);
}

static void
explain_certificate(
    const struct login *g, const struct link *l, struct buf *out)
{
	if (g->known[0] != '\0') {
		explain_change(g, l, out);
		return;
	}
	buf_add_str(out, "the server's certificate is not trusted: ");
	buf_add_str(out, l->error);
	buf_add_str(out, "\nIts SHA-256 fingerprint is ");
	buf_add_str(out, l->fingerprint);
}

void
login_explain(const struct login *g, const struct link *l, struct buf *out)
{
	char reason[SHOWN_ERROR_MAX];

	if (l->why == LINK_UNTRUSTED) {
		explain_certificate(g, l, out);
		return;
	}
	link_reason(l, reason, sizeof(reason));
	buf_add_str(out, reason);
	if (l->why == LINK_EXPOSED ||
	    (l->why == LINK_REFUSED && l->exposed &&
		strncmp(l->code, "AUTH_", 5) == 0))
		buf_add_str(out,
		    "\nWithout TLS others can read along: use --tls, or "
		    "--insecure if the network is to be trusted");
}
