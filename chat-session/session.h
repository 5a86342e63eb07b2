/*
 * One connection: the state of a chat-session, and what its parts offer each
 * other.  Data flows one way: client.c reads, request.c and command.c parse,
 * the cmd-*.c check and store, batch.c commits and publishes, deliver.c brings
 * what others said, client.c writes.
 */
#ifndef SESSION_H
#define SESSION_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "config.h"
#include "dgram.h"
#include "line.h"
#include "monotonic.h"
#include "net.h"
#include "rate.h"
#include "store.h"

struct json_object;
struct request;

enum session_state {
	STATE_PROXY, /* the header of a proxy has not come */
	STATE_NEW,   /* CONNECT has not come */
	STATE_CONNECTED,
	STATE_ENDING, /* the last events are on their way */
	STATE_ENDED
};

/* The client's side (client.c). */
struct client {
	int in, out; /* the same descriptor for a socket */
	bool is_socket;
	bool eof;  /* the client will send no more */
	bool lost; /* nor has it got all that was sent */
	bool shut; /* we will send no more */
	char peer[64];
	struct net_addr address; /* of the peer, if it has one */
	bool has_address;	 /* no UNIX socket, no pipe */
	struct line_buf lines;
	struct buf output;
	bool secret;   /* output holds one: wiped when it is sent */
	int64_t heard; /* when the last sign of life came */
	bool pinged;   /* since then */
};

/* The relay's side, and where we are in the log (deliver.c). */
struct delivery {
	int fd;		 /* our datagram socket, -1 before login */
	int relay_pidfd; /* -1 while the relay is away */
	struct dgram_registry registry;
	char name[DGRAM_NAME_MAX + 1];
	bool welcomed;			   /* by any relay, ever */
	bool missed;			   /* presence, before being welcomed */
	char replaced[DGRAM_NAME_MAX + 1]; /* is still to be told */
	struct store_view view;
	int64_t needed;	   /* read the store up to here */
	bool users_due;	   /* presence was missed */
	bool stalled;	   /* the store was away: wait */
	int64_t next_look; /* when to register and look again */
	int64_t received;  /* when a datagram last came */
};

/* Whether the client may come in, and has to wait (admit.c). */
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

/* Another program takes this one's place (upgrade.c). */
struct upgrade {
	bool wanted;
	pid_t pid; /* of its self-test, */
	int pidfd; /* -1: none is running */
	int64_t deadline;
	char program[32]; /* the version that wrote this state */
	int count;	  /* how often, on this connection */
};

/* Messages taken from the client and not yet stored (batch.c). */
struct batch;

struct session {
	struct config config;
	enum session_state state;
	struct client client;
	struct delivery delivery;
	struct admission admission;
	struct rate rate;
	struct upgrade upgrade;
	struct store *store;	 /* NULL until needed, and after trouble */
	int64_t store_used;	 /* when it last was */
	struct store_session me; /* valid when connected */
	char resume[RESUME_LEN + 1];
	struct batch *batch;
	struct buf scratch; /* a repaired line, a page of history */
	int64_t started;
	int64_t ended;	  /* when STATE_ENDING began */
	int64_t deadline; /* of its present step */
	bool rested;	  /* spare memory was given back */
	bool trouble;	  /* with the store, already in the log */
	bool foreign;	  /* the database is another than at login */
	int64_t messages; /* stored and acknowledged */
	int64_t slowest;  /* us, of its commits */
};

/* ---- loop.c ---- */

/*
 * Take the signals that end or upgrade a session.  They are blocked but for
 * when the loop waits with this mask.
 */
void loop_signals(sigset_t *mask);
/* Serve until the end. */
void loop_run(struct session *, const sigset_t *mask);
/* Instead of serving: what is to be said goes out, and that is the end. */
void loop_last_words(struct session *);

/* ---- listen.c ---- */

#define LISTEN_SESSION (-1)
/*
 * Listen on the address, "HOST:PORT" in numbers, or on the sockets of
 * LISTEN_FDS if it is NULL, and fork for each connection.  Returns
 * LISTEN_SESSION in the copies, each with its connection as standard input and
 * output; in the one that listens the exit status, when it is told to end or
 * cannot begin (logged).
 */
int listen_run(struct session *, const char *address);

/* ---- confine.c ---- */

/* Read the configuration.  False: error says what is wrong with it. */
bool session_configure(struct session *, char error[CONFIG_ERROR_MAX]);
/*
 * Before a fork: give up what neither this process nor its copies need, as soon
 * as the runtime directory is there, so that they have less to do.
 */
void session_prepare(const struct session *);
/*
 * Give up what a session does not need.  EX_OK, or the exit status (logged),
 * and nothing may be read from the client.
 */
int session_lock_in(const struct session *, bool configured);

/* ---- session.c ---- */

/*
 * End the session: close its row, tell the relay, let the last events out.
 * reason is the word for row and log.
 */
void session_end(struct session *, const char *reason);
/* ERROR with code, then session_end() with the code in lower case. */
void session_end_error(struct session *, const char *code, const char *format,
    ...) __attribute__((format(printf, 3, 4)));

/* After STORE_REPLACED or STORE_ENDED: another has closed our row. */
void session_row_gone(struct session *, enum store_result);

/* The store, opened when needed; NULL (and logged) when there is trouble. */
struct store *session_store(struct session *);
/*
 * After STORE_UNAVAILABLE: log why, and open it anew at the next need.  Without
 * a store, which was logged when it could not be opened, nothing.
 */
void session_store_failed(struct session *);
/* After a success: trouble is over, the next one is logged again. */
void session_store_works(struct session *);

/* ERROR event (after answering what came before it), and a line in the log. */
void session_error(struct session *, const struct request *, const char *code,
    const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The same with one more member, such as the limit that was passed. */
void session_error_limit(struct session *, const struct request *,
    const char *code, int64_t limit, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* RATE_LIMITED: the command was not run, and will be in so many ms. */
void session_rate_limited(struct session *, const struct request *, int64_t ms);
/* UNAVAILABLE for what has that ref (may be NULL); the batch is left alone. */
void session_unavailable(struct session *, const char *ref);
/* BLOCKED, until a time in ms since 1970 (0: for good), and the end. */
void session_end_blocked(struct session *, int64_t until, const char *text);

/* ---- client.c ---- */

void client_init(struct client *, const struct config *);
/* Call it by its address: "192.0.2.1:1234", "[2001:db8::1]:1234". */
void client_set_peer(struct client *, unsigned port);
/* The client is there: its idle time begins anew. */
void client_was_heard(struct client *, int64_t now);
/* Take what has come, at most INPUT_CHUNK bytes. */
void client_read(struct client *);
/* Read and forget; for the time after the last event. */
void client_discard(struct client *);
/* Send what is waiting, as much as goes.  False: nobody is there any more. */
bool client_write(struct client *);
/* No more output: let the client see the end of the stream. */
void client_shut(struct client *);
/* Whether more may be queued for the client. */
bool client_has_room(const struct client *);
/* Whether the client's machine has confirmed all that was ever queued. */
bool client_has_all(const struct client *);

/* ---- admit.c ---- */

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
/* Another offence; it is counted, and only too many of them are answered. */
void admit_offence(struct session *, enum dgram_offence);
/* Whether the user may come in; false: it was answered. */
bool admit_user(struct session *, const struct request *, const char *username);

/* ---- origin.c ---- */

/*
 * Whether the peer is in CHAT_PROXY_FROM, so that its connection must begin
 * with a PROXY header.  For a UNIX socket it reads passwd(5).
 */
bool origin_is_proxy(const struct session *);
/*
 * In STATE_PROXY: take the header, if it has come, which puts the client's
 * address in the place of the proxy's and the session in STATE_NEW, and asks
 * whether that may come in.  False: it has not, or was wrong, which ends the
 * session.
 */
bool origin_take(struct session *);
/* In STATE_PROXY: end it when the header is late.  When that is. */
int64_t origin_deadline(struct session *, int64_t now);

/* ---- request.c ---- */

struct request {
	struct json_object *json; /* owns all strings below */
	const char *command; /* NULL: none, no string, or with a NUL in it */
	const char *ref;     /* NULL: none */
	bool repaired;	     /* the line was not valid as it came */
};

/*
 * Parse one line.  True: the request, to be given to request_free(); it may
 * still lack a command (NULL).  False: the line was answered with an ERROR,
 * which has ended the session if it was another protocol's before CONNECT.
 */
bool request_parse(struct session *, struct request *, char *line, size_t len);
void request_free(struct request *);

/*
 * The members of a request.  Each returns false when the member is there but
 * not right, or missing though required; then a BAD_REQUEST that names it was
 * answered.
 */
bool request_string(struct session *, const struct request *, const char *key,
    bool required, const char **value, size_t *len);
/* What is not given leaves the value as it is. */
bool request_int(struct session *, const struct request *, const char *key,
    int64_t min, int64_t *value);
/* Whether it is there, and a string. */
bool request_is_string(const struct request *, const char *key);
/* A name that somebody may have (else BAD_USERNAME). */
bool request_username(
    struct session *, const struct request *, const char **username);
/* "all", which is NULL, or a name (else NO_SUCH_USER). */
bool request_recipient(struct session *, const struct request *,
    const char *key, bool required, const char **username);
/* A password, which a NUL ends; with PASSWORD_NEW one that may be set. */
enum password_use { PASSWORD_IF_GIVEN, PASSWORD_OLD, PASSWORD_NEW };
bool request_password(struct session *, const struct request *, const char *key,
    enum password_use, const char **password);
/* Check the client's own timestamp, which is used for nothing. */
bool request_timestamp(struct session *, const struct request *);

/* ---- command.c ---- */

void command_run(struct session *, char *line, size_t len);

/* ---- upgrade.c ---- */

/*
 * Between two messages: test the new program if that is wanted, and when it has
 * passed execute it, which does not return.  What is wrong with it is logged,
 * and the session goes on as it is.  The time of the next such call.
 */
int64_t upgrade_tick(struct session *, int64_t now);
/* The session ends, and a test that still runs with it. */
void upgrade_stop(struct session *);

/*
 * In the new program, configured: go on with the state in the file fd.
 * Returns EX_OK, or the exit status; then it was logged why.
 */
int upgrade_take(struct session *, int fd);
/* It does: tell log and operator. */
void upgrade_done(struct session *);
/*
 * Whether this program could go on with the state in the file fd.  Nothing of
 * that session is touched.  Returns the exit status.
 */
int upgrade_self_test(struct session *, int fd);

/* ---- cmd-*.c: one handler a command ---- */

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
/* Whether the session with that socket answers; arg is a session. */
bool session_alive(void *arg, const char *socket);
/* Whether its user is, and so has no resume secret. */
bool session_is_registered(const struct session *);

/* A HISTORY event of one page (for CONNECT as well). */
void history_send(struct session *, const char *ref, const struct store_page *);
/* A USERS event; false when the store is away. */
bool users_send(struct session *, const char *ref);

/* ---- hash.c ---- */

struct hash_answer {
	bool right;
	bool renewed; /* it is right, and should be kept as this hash now */
	char hash[PASSWORD_HASH_MAX];
};

/*
 * Hash a password, or check it against a hash (NULL: nobody's, which takes as
 * long).  Waits for its turn, for at most HASH_WAIT, and for the hash.  False:
 * it was answered with why not.
 */
bool hash_make(struct session *, const struct request *, const char *password,
    char out[PASSWORD_HASH_MAX]);
bool hash_check(struct session *, const struct request *, const char *password,
    const char *hash, struct hash_answer *);

/* ---- batch.c ---- */

/* Take a message; it is stored and answered by batch_flush(). */
void batch_add(struct session *, const char *to, const char *ref, bool repaired,
    const char *body, size_t len);
/* Store all that were taken, publish them, answer in order. */
void batch_flush(struct session *);
void batch_free(struct session *);

/* ---- deliver.c ---- */

void deliver_init(struct delivery *);
/* Bind our socket, if it is not yet.  False: it cannot be, and was logged. */
bool deliver_bind(struct session *);
/* Register and begin to deliver from where the view says. */
void deliver_start(struct session *, int64_t position);
/*
 * Take what the relay has sent, as long as the client has room.  True: it was
 * lines alone, now at the end of the client's output, and that was all of it.
 */
bool deliver_receive(struct session *);
/* The relay has died (its pidfd is readable). */
void deliver_alone(struct session *);
/* One page from the store, if the client has room and some is needed. */
void deliver_catch_up(struct session *);
bool deliver_catching_up(const struct session *);
/* What time asks for; the time of the next such call. */
int64_t deliver_tick(struct session *, int64_t now);
/* Tell the relay that these were stored; the session's, for publish_begin(). */
void deliver_publish(
    void *session, const struct dgram_head *, const struct buf *body);
/* The session of that name, which this one replaced, ends itself. */
void deliver_replace(struct session *, const char *name);
/*
 * Deliver no more.  The relay is told only when the session's row is closed;
 * otherwise it finds the process dead, and closes the row.
 */
void deliver_end(struct session *, bool closed);

#endif
