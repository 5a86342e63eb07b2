/*
 * The logins of login.h.  Servers are known by "HOST:PORT" in one file, and
 * tokens by server and user in another (state.h).
 */
#include <sys/stat.h>

#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "login-parts.h"
#include "status.h"

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
void
login_server_key(const struct login *g, char out[LOGIN_KEY_MAX])
{
	const struct address *a = &g->options->address;
	size_t i;

	snprintf(out, LOGIN_KEY_MAX, "%s", a->text);
	if (a->path[0] == '\0')
		for (i = 0; out[i] != '\0'; i++)
			out[i] = (char)tolower((unsigned char)out[i]);
}

/* False: it cannot be, and login_message() says why. */
static bool
start_tls(struct login *g)
{
	const struct options *o = g->options;
	char error[128], key[LOGIN_KEY_MAX], known[LOGIN_VALUE_MAX];

	g->tls = tls_context_new(o->tls_ca, error, sizeof(error));
	if (g->tls == NULL) {
		login_tell(g, "--tls-ca: %s: %s",
		    o->tls_ca != NULL ? o->tls_ca : "the system's authorities",
		    error);
		return false;
	}
	if (o->fingerprint[0] != '\0') {
		tls_context_trust(g->tls, o->fingerprint, true);
		return true;
	}
	login_server_key(g, key);
	switch (
	    state_get(&g->state, LOGIN_KNOWN_FILE, key, known, sizeof(known))) {
	case STATE_OK:
		/* A line that was spoilt trusts nothing, and is a change. */
		snprintf(
		    g->known, sizeof(g->known), "%.*s", FINGERPRINT_LEN, known);
		tls_context_trust(g->tls, g->known, false);
		break;
	case STATE_NONE:
	case STATE_OTHER:
		break;
	case STATE_FAILED:
		login_tell(g, "%s", g->state.error);
		tls_context_free(g->tls);
		g->tls = NULL;
		return false;
	}
	return true;
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
	if (options->tls && !start_tls(g))
		errx(STATUS_INPUT, "%s", g->message);
}

void
login_free(struct login *g)
{
	tls_context_free(g->tls);
	explicit_bzero(g, sizeof(*g));
}

bool
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
	return !tls || start_tls(g);
}

void
login_set_registers(struct login *g, bool registers)
{
	g->registered = !registers;
}

static void
run_password_command(struct login *g)
{
	const struct options *o = g->options;
	const char *wrong;

	if (o->password_command == NULL || g->command_failed ||
	    o->password_file != NULL || o->password_fd != -1)
		return;
	if (g->pause != NULL)
		g->pause(true);
	wrong = credential_read_command(&g->password, o->password_command);
	if (g->pause != NULL)
		g->pause(false);
	g->command_failed = wrong != NULL;
	if (wrong != NULL)
		login_tell(g, "password-command: %s: %s",
		    o->password_command[0], wrong);
}

/* A pipe has said what it had to, and reading it may wait for ever. */
static bool
can_read_again(const char *path)
{
	struct stat st;

	return path != NULL && strcmp(path, "-") != 0 && stat(path, &st) == 0 &&
	    S_ISREG(st.st_mode);
}

/*
 * A file can be read again; what came through a descriptor is used once.  It
 * is that of the user of the options, if they name one.
 */
static bool
use_option_password(struct login *g, struct link *l, const char *username)
{
	const char *file = g->options->password_file;
	const char *user = g->options->user;

	if (user != NULL && strcasecmp(username, user) != 0)
		return false;
	if (g->password.len == 0 && can_read_again(file))
		credential_read_file(&g->password, file);
	if (g->password.len == 0)
		run_password_command(g);
	if (g->password.len == 0)
		return false;
	link_set_password(l, &g->password);
	credential_wipe(&g->password);
	g->password_used = true;
	return true;
}

enum login_need
login_prepare(struct login *g, struct link *l, const char *username)
{
	link_set_token(l, 0, NULL);
	link_set_password(l, NULL);
	g->renew_at = 0;
	if (!g->registered) {
		link_register(l, &g->invite);
		return use_option_password(g, l, username) ? LOGIN_READY
							   : LOGIN_NEW_PASSWORD;
	}
	if (!login_use_token(g, l, username) && !g->password_used)
		use_option_password(g, l, username);
	return LOGIN_READY;
}

/* The server takes the token no more. */
static enum login_need
after_token(struct login *g, struct link *l)
{
	if (login_replace_token(g, l))
		return LOGIN_READY;
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
		return after_token(g, l);
	link_set_password(l, NULL);
	if (is_code(l, "AUTH_REQUIRED") && l->proof != LINK_PASSWORD &&
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
		link_register(l, &g->invite);
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
	char key[LOGIN_KEY_MAX];

	memcpy(g->known, l->fingerprint, sizeof(g->known));
	tls_context_trust(g->tls, g->known, false);
	login_server_key(g, key);
	if (state_set(&g->state, LOGIN_KNOWN_FILE, key, g->known) != STATE_OK)
		login_tell(g, "the certificate will be asked about again: %s",
		    g->state.error);
}
