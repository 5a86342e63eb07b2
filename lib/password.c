/*
 * Passwords, by libcrypt (crypt(3), crypt_gensalt(3)).
 */
#include <crypt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "password.h"

#define PREFIX	   "$2b$"
#define PREFIX_LEN 4

#define TEXT_OF(n)    #n
#define NUMBER_AS(n)  TEXT_OF(n)
#define MIN_AS_STRING NUMBER_AS(PASSWORD_MIN)
#define MAX_AS_STRING NUMBER_AS(PASSWORD_MAX)

const char *
password_unusable(const char *password, size_t len)
{
	if (len > PASSWORD_MAX)
		return "a password has at most " MAX_AS_STRING
		       " bytes: bcrypt would ignore the rest";
	if (memchr(password, '\0', len) != NULL)
		return "a password has no NUL byte: bcrypt would ignore the"
		       " rest";
	return NULL;
}

const char *
password_refusal(const char *password, size_t len)
{
	if (len < PASSWORD_MIN)
		return "a password has at least " MIN_AS_STRING " bytes";
	return password_unusable(password, len);
}

static bool
hash_with(
    const char *password, const char *setting, char out[PASSWORD_HASH_MAX])
{
	struct crypt_data data = { 0 };
	const char *hash = crypt_r(password, setting, &data);
	bool ok =
	    hash != NULL && *hash != '*' && strlen(hash) < PASSWORD_HASH_MAX;

	if (ok)
		strcpy(out, hash);
	explicit_bzero(&data, sizeof(data));
	return ok;
}

bool
password_hash(const char *password, int cost, char out[PASSWORD_HASH_MAX])
{
	char *setting = crypt_gensalt_ra(PREFIX, (unsigned long)cost, NULL, 0);
	bool ok = setting != NULL && hash_with(password, setting, out);

	free(setting);
	return ok;
}

/* The cost of one of our hashes, 0 for anything else. */
static int
cost_of(const char *hash)
{
	int cost, end = 0;

	if (hash == NULL || strncmp(hash, PREFIX, PREFIX_LEN) != 0 ||
	    sscanf(hash + PREFIX_LEN, "%2d%n", &cost, &end) != 1 || end != 2 ||
	    cost < PASSWORD_COST_MIN || cost > PASSWORD_COST_MAX)
		return 0;
	return cost;
}

/* Take as long as a hash of that cost, for nothing. */
static void
waste(const char *password, int cost)
{
	char setting[48], out[PASSWORD_HASH_MAX];

	snprintf(setting, sizeof(setting), PREFIX "%02d$......................",
	    cost);
	hash_with(password, setting, out);
	explicit_bzero(out, sizeof(out));
}

/* In constant time: how much of it was right must not be measurable. */
static bool
equal(const char *a, const char *b)
{
	size_t len = strlen(a), i;
	unsigned int diff = 0;

	if (len != strlen(b))
		return false;
	for (i = 0; i < len; i++)
		diff |= (unsigned int)(a[i] ^ b[i]);
	return diff == 0;
}

bool
password_check(const char *password, const char *hash, int cost)
{
	char out[PASSWORD_HASH_MAX];
	int had = cost_of(hash);
	bool right;

	if (hash == NULL || *hash != '$' || !hash_with(password, hash, out)) {
		waste(password, cost);
		return false;
	}
	right = equal(out, hash);
	explicit_bzero(out, sizeof(out));
	/* 2^n + (2^n + 2^(n+1) + ... + 2^(cost-1)) is 2^cost. */
	while (!right && had != 0 && had < cost)
		waste(password, had++);
	return right;
}

bool
password_is_outdated(const char *hash, int cost)
{
	return cost_of(hash) != cost;
}
