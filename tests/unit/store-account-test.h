/*
 * What the unit tests of accounts and of tokens share: people who register, and
 * their tokens.  Included once by each of them, after <cmocka.h>.
 */
#ifndef STORE_ACCOUNT_TEST_H
#define STORE_ACCOUNT_TEST_H

#include "store-test.h"

#define DAY (24 * 60 * 60 * 1000LL)

static UNUSED enum store_result
sign_up(struct store *s, const char *name, const char *invite, int64_t session)
{
	unsigned char hash[STORE_HASH_LEN];
	int64_t user;
	struct store_registration in = { .username = name,
		.password = "$2b$hash",
		.session = session,
		.alive = alive };

	if (invite != NULL) {
		secret_of(hash, invite);
		in.invite = hash;
	}
	return store_account_register(s, &in, &user);
}

static UNUSED int64_t
sign_up_ok(struct store *s, const char *name)
{
	struct store_account a = { 0 };

	if (sign_up(s, name, NULL, 0) != STORE_OK ||
	    store_account_find(s, name, &a) != STORE_OK)
		fail_msg("%s: %s", name, store_error(s));
	return a.id;
}

static UNUSED enum store_result
token_add(struct store *s, int64_t user, const char *word, int64_t lifetime,
    int64_t *id)
{
	unsigned char hash[STORE_HASH_LEN];
	struct store_token token;
	enum store_result result;

	secret_of(hash, word);
	result = store_token_add(s, user, "$2b$hash", hash, lifetime, &token);
	if (result == STORE_OK)
		*id = token.id;
	return result;
}

static UNUSED enum store_result
token_find(struct store *s, const char *word, struct store_token *out)
{
	unsigned char hash[STORE_HASH_LEN];

	secret_of(hash, word);
	return store_token_find(s, hash, out);
}

#endif
