/*
 * What the parts of a login (login.h) share: login.c, which knows what it
 * takes, login-token.c with the tokens, and login-tell.c.
 */
#ifndef LOGIN_PARTS_H
#define LOGIN_PARTS_H

#include "login.h"

#define LOGIN_KNOWN_FILE "known_servers"
#define LOGIN_TOKEN_FILE "tokens"
#define LOGIN_KEY_MAX	 (ADDRESS_HOST_MAX + USERNAME_MAX + 32)
#define LOGIN_VALUE_MAX	 (TOKEN_TEXT_MAX + 64)

/* The server as the files name it. */
void login_server_key(const struct login *, char out[LOGIN_KEY_MAX]);

/* Give the link the token that is kept for that user; false: there is none. */
bool login_use_token(struct login *, struct link *, const char *username);
/*
 * The server takes the link's token no more: it is forgotten.  Returns true if
 * another client has kept a newer one meanwhile, which the link has then.
 */
bool login_replace_token(struct login *, struct link *);

/* Have login_message() say that. */
void login_tell(struct login *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
