/*
 * The commands: one handler each, and what some of them share.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>
#include <stddef.h>

struct request;
struct session;
struct store_page;

/* Run a line: answer it, or take it into the batch. */
void command_run(struct session *, char *line, size_t len);

void cmd_connect(struct session *, const struct request *);
void cmd_disconnect(struct session *, const struct request *);
void cmd_history(struct session *, const struct request *);
void cmd_message(struct session *, const struct request *);
void cmd_password(struct session *, const struct request *);
void cmd_ping(struct session *, const struct request *);
void cmd_register(struct session *, const struct request *);
void cmd_token(struct session *, const struct request *);
void cmd_users(struct session *, const struct request *);

/*
 * Everything that is wrong with a password, token or resume secret: AUTH_FAILED
 * and nothing that says which of them, or whether there is such a user.
 */
void credentials_failed(struct session *, const struct request *,
    const char *username, const char *secret);
/* A HISTORY event of one page (for CONNECT as well). */
void history_send(struct session *, const char *ref, const struct store_page *);
/* A USERS event; false when the store is away. */
bool users_send(struct session *, const char *ref);

#endif
