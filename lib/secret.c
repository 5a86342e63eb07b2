/*
 * Random secrets and their hashes, by libmd.
 */
#include <sys/random.h>

#include <assert.h>
#include <err.h>
#include <sha256.h>
#include <string.h>
#include <sysexits.h>

#include "secret.h"
#include "text.h"

void
secret_make(char *digits, size_t n)
{
	unsigned char random[32];

	assert(n % 2 == 0 && n / 2 <= sizeof(random));
	/* So few bytes come whole (getrandom(2)). */
	if (getrandom(random, n / 2, 0) != (ssize_t)(n / 2))
		err(EX_OSERR, "getrandom");
	text_hex(digits, random, n / 2);
	explicit_bzero(random, sizeof(random));
}

void
secret_hash(unsigned char out[SECRET_HASH_LEN], const char *secret)
{
	SHA2_CTX ctx;

	SHA256Init(&ctx);
	SHA256Update(&ctx, (const uint8_t *)secret, strlen(secret));
	SHA256Final(out, &ctx);
	explicit_bzero(&ctx, sizeof(ctx));
}
