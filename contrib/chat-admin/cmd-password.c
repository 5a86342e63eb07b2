/*
 * users add, users password: what makes somebody a registered user.
 */
#include <string.h>
#include <sysexits.h>

#include "admin.h"
#include "password.h"

/* Ask for a password and hash it.  EX_OK, or a status (told). */
static int
hash_ask(struct admin *a, char hash[PASSWORD_HASH_MAX])
{
	/* Room to see that it is too long. */
	char password[2 * PASSWORD_MAX];
	int status = ask_password(a, password, sizeof(password));

	if (status != EX_OK)
		return status;
	if (!password_hash(password, (int)a->config.bcrypt_cost, hash)) {
		out_error("this system cannot make a bcrypt hash");
		status = EX_OSERR;
	}
	explicit_bzero(password, sizeof(password));
	return status;
}

/* Why a name cannot be registered. */
static int
not_free(struct admin *a, const char *name, enum store_result result)
{
	switch (result) {
	case STORE_REFUSED:
		out_error("%s is registered, or locked, already: \"chat-admin"
			  " users password\" gives a new password and opens it"
			  " again",
		    name);
		return EX_CANTCREAT;
	case STORE_TAKEN:
		out_error("somebody is online as %s: they can register it"
			  " themselves, or end that session (chat-admin"
			  " sessions list), then try again",
		    name);
		return EX_CANTCREAT;
	default:
		return out_store_error(a, result);
	}
}

/* A session that was taken for dead has the name no more. */
static void
tell_relay(struct admin *a, int64_t user)
{
	struct dgram_head head = { .type = DGRAM_RELOAD, .user = user };

	dgram_tell(&a->registry, NULL, &head, NULL, 0);
}

int
cmd_users_add(struct admin *a)
{
	char hash[PASSWORD_HASH_MAX];
	struct store_registration in = {
		.username = a->args[0], .alive = session_alive, .arg = a
	};
	enum store_result result;
	int64_t user;
	int status;

	if (!read_username(a->args[0]))
		return EX_DATAERR;
	if (!read_no_server(a->args[0]))
		return EX_NOPERM;
	/* Without a password first: nobody is asked for one in vain. */
	result = store_account_register(a->store, &in, &user);
	if (result != STORE_OK)
		return not_free(a, a->args[0], result);
	if ((status = hash_ask(a, hash)) != EX_OK)
		return status;
	in.password = hash;
	result = store_account_register(a->store, &in, &user);
	explicit_bzero(hash, sizeof(hash));
	if (result != STORE_OK)
		return not_free(a, a->args[0], result);
	tell_relay(a, user);
	out_line(a, "%s is registered", a->args[0]);
	return EX_OK;
}

int
cmd_users_password(struct admin *a)
{
	const char *name = a->args[0];
	char hash[PASSWORD_HASH_MAX];
	struct store_account account;
	enum store_result result;
	int status;

	if (!read_username(name))
		return EX_DATAERR;
	if (!read_no_server(name))
		return EX_NOPERM;
	result = store_account_find(a->store, name, &account);
	explicit_bzero(account.password, sizeof(account.password));
	if (result == STORE_OK && account.registered) {
		if ((status = hash_ask(a, hash)) != EX_OK)
			return status;
		result = store_account_replace_password(
		    a->store, account.id, NULL, hash, true);
		explicit_bzero(hash, sizeof(hash));
	} else if (result == STORE_OK) {
		result = STORE_NO_USER;
	}
	if (result == STORE_NO_USER) {
		out_error("%s is not registered: \"chat-admin users add\" does"
			  " that",
		    name);
		return EX_NOUSER;
	}
	if (result != STORE_OK)
		return out_store_error(a, result);
	out_line(a, "%s has a new password; its tokens are revoked",
	    account.username);
	return EX_OK;
}
