/*
 * The questions of plain-ask.h.  What cannot be asked is said, with the
 * option that would have answered it.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "plain-ask.h"
#include "sanitise.h"

#define PROMPT_MAX (ADDRESS_HOST_MAX + USERNAME_MAX + 64)

void
plain_complain(const char *s)
{
	struct buf text = { 0 };

	sanitise_add(
	    &text, s, strlen(s), 4 * (size_t)STATE_PATH_MAX, SANITISE_TEXT);
	fprintf(stderr, "chat-client: %.*s\n", (int)buf_len(&text),
	    buf_head(&text));
	buf_free(&text);
}

/* Whether the next question of that many may be asked. */
static bool
may_ask(unsigned int *asked, const char *otherwise)
{
	if (*asked >= ASK_TRIES_MAX)
		return false;
	++*asked;
	if (credential_can_ask())
		return true;
	plain_complain(otherwise);
	return false;
}

static const char *
user_of(const struct login *g, const struct link *l)
{
	return l->username[0] != '\0' ? l->username : g->options->user;
}

static bool
ask_password(struct login *g, struct link *l, int signal_fd)
{
	struct credential password;
	char prompt[PROMPT_MAX];
	bool given;

	snprintf(prompt, sizeof(prompt),
	    "Password of %s at %s: ", user_of(g, l), g->options->address.text);
	given = credential_ask(&password, prompt, false, signal_fd) &&
	    password.len > 0;
	if (given)
		login_give_password(g, l, &password);
	credential_wipe(&password);
	return given;
}

static bool
password(struct login *g, struct link *l, unsigned int *asked, int signal_fd)
{
	char reason[SHOWN_ERROR_MAX];

	/* One that was given by an option is not asked for. */
	if (l->proof == LINK_PASSWORD && g->password_used)
		return false;
	if (!may_ask(asked,
		"a password is needed: --password-file or --password-fd "
		"gives one where there is no terminal"))
		return false;
	if (l->proof != LINK_NO_PROOF)
		plain_complain(link_reason(l, reason, sizeof(reason)));
	return ask_password(g, l, signal_fd);
}

/* Returns 1 if both are the same, 0 if not, -1 without an answer. */
static int
ask_twice(struct credential *first, const char *prompt, int signal_fd)
{
	struct credential again = { .len = 0 };
	int result = -1;

	if (credential_ask(first, prompt, false, signal_fd) && first->len > 0 &&
	    credential_ask(&again, "Once more: ", false, signal_fd))
		result = strcmp(first->text, again.text) == 0;
	credential_wipe(&again);
	return result;
}

static bool
new_password(
    struct login *g, struct link *l, unsigned int *asked, int signal_fd)
{
	struct credential secret;
	char prompt[PROMPT_MAX], reason[SHOWN_ERROR_MAX];
	int same = 0;

	if (l->code[0] != '\0' && g->password_used)
		return false;
	snprintf(prompt, sizeof(prompt),
	    "New password of %s at %s: ", user_of(g, l),
	    g->options->address.text);
	while (same == 0) {
		if (!may_ask(asked,
			"a password is needed to register: --password-file "
			"or --password-fd gives one where there is no "
			"terminal"))
			return false;
		if (l->code[0] != '\0')
			plain_complain(link_reason(l, reason, sizeof(reason)));
		same = ask_twice(&secret, prompt, signal_fd);
		if (same == 0)
			plain_complain("these were two different ones");
	}
	if (same == 1)
		login_give_password(g, l, &secret);
	credential_wipe(&secret);
	return same == 1;
}

static bool
invite(struct login *g, struct link *l, unsigned int *asked, int signal_fd)
{
	struct credential secret;
	char reason[SHOWN_ERROR_MAX];
	bool given;

	if (g->options->invite_file != NULL ||
	    !may_ask(asked,
		"an invitation is needed: --invite gives one where there is "
		"no terminal"))
		return false;
	plain_complain(link_reason(l, reason, sizeof(reason)));
	given = credential_ask(&secret, "Invitation: ", true, signal_fd) &&
	    secret.len > 0;
	if (given)
		login_give_invite(g, l, &secret);
	credential_wipe(&secret);
	return given;
}

static bool
trust(struct login *g, struct link *l, int signal_fd)
{
	struct credential answer;
	struct buf text = { 0 };
	bool yes;

	if (!credential_can_ask())
		return false;
	login_explain(g, l, &text);
	buf_add(&text, "", 1);
	plain_complain(buf_head(&text));
	buf_free(&text);
	yes = credential_ask(&answer, "Trust it from now on (yes or no)? ",
		  true, signal_fd) &&
	    strcasecmp(answer.text, "yes") == 0;
	if (yes)
		login_give_trust(g, l);
	return yes;
}

bool
plain_ask(struct login *g, struct link *l, enum login_need need,
    unsigned int *asked, int signal_fd)
{
	switch (need) {
	case LOGIN_NOTHING:
		return false;
	case LOGIN_READY:
		break;
	case LOGIN_PASSWORD:
		return password(g, l, asked, signal_fd);
	case LOGIN_NEW_PASSWORD:
		return new_password(g, l, asked, signal_fd);
	case LOGIN_INVITE:
		return invite(g, l, asked, signal_fd);
	case LOGIN_TRUST:
		return trust(g, l, signal_fd);
	}
	return true;
}

void
plain_explain_distrust(const struct login *g, const struct link *l)
{
	struct buf text = { 0 };

	login_explain(g, l, &text);
	if (g->known[0] == '\0' && g->options->fingerprint[0] == '\0') {
		buf_add_str(&text,
		    "\nTo trust it all the same: "
		    "--tls-fingerprint ");
		buf_add_str(&text, l->fingerprint);
	}
	buf_add(&text, "", 1);
	plain_complain(buf_head(&text));
	buf_free(&text);
}
