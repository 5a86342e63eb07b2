/*
 * Whether the client may come in, and has to wait.
 */
#ifndef ADMIT_H
#define ADMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dgram.h"

struct request;
struct session;

struct admission {
	bool asked;	  /* the relay, and a verdict is awaited */
	bool failed;	  /* it is about a wrong password */
	bool answered;	  /* a relay knows of this connection */
	bool nearly_full; /* no time to be lost */
	int64_t again;	  /* when to ask again */
	int64_t until;	  /* when to decide without a verdict */
	int64_t hold;	  /* parse nothing before */
	int64_t held;	  /* ms that the client did not take itself */
	int64_t full;	  /* s, when to come again */
	int tries;	  /* wrong passwords */
	unsigned char key[DGRAM_KEY_LEN];
	unsigned char print[DGRAM_PRINT_LEN];
};

/*
 * Ask whether the client, by its address of now, may come in.  May be called
 * again when another address is known.
 */
void admit_ask(struct session *);
/* Tell a relay that does not know it of a client that is in. */
void admit_again(struct session *);
void admit_verdict(
    struct session *, const struct dgram_head *, const char *body, size_t len);
/* What time asks for; the time of the next such call. */
int64_t admit_tick(struct session *, int64_t now);
/* Whether what the client says has to wait. */
bool admit_holds(const struct session *);
/*
 * The client gave a wrong secret (for nobody in particular: username ""), as was
 * answered: it waits for as long as the relay says.
 */
void
admit_login_failed(struct session *, const char *username, const char *secret);
/*
 * Another offence; it is counted, and only too many of them are answered.  The
 * user: whose name was registered, else 0.
 */
void admit_offence(struct session *, enum dgram_offence, int64_t user);
/* Whether the user may come in; false: it was answered. */
bool admit_user(struct session *, const struct request *, const char *username);

#endif
