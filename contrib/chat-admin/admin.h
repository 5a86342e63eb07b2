/*
 * chat-admin: the operator's tool.  One invocation runs one command of the
 * table in table.c; main.c prepares what the command's row asks for.
 */
#ifndef ADMIN_H
#define ADMIN_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "config.h"
#include "dgram.h"
#include "store-admin.h"

#define ADMIN_ARGS_MAX	  2 /* arguments of a command */
#define ADMIN_OPTIONS_MAX 3 /* options of its own */

/* Exit statuses besides those of <sysexits.h>; the manual has all of them. */
#define ADMIN_NO 1 /* nothing was done, or: not blocked */

/* What a command needs. */
enum {
	ADMIN_LISTS = 1 << 0,  /* has --json */
	ADMIN_ASKS = 1 << 1,   /* has --yes */
	ADMIN_MAKES = 1 << 2,  /* may be the first to open the database */
	ADMIN_SECRET = 1 << 3, /* has --password-file */
	ADMIN_ROOT = 1 << 4    /* begins as who called it, without the store */
};

struct admin;

struct admin_option {
	const char *name, *value, *help; /* value NULL: takes none */
};

struct admin_command {
	const char *group, *name; /* name NULL: the group is the command */
	const char *args;	  /* as the usage shows them */
	int min, max;		  /* how many */
	unsigned int flags;
	const char *help;
	int (*run)(struct admin *); /* returns the exit status */
	struct admin_option options[ADMIN_OPTIONS_MAX];
};

struct admin {
	const struct admin_command *command;
	const char *args[ADMIN_ARGS_MAX];
	int nargs;
	const char *values[ADMIN_OPTIONS_MAX]; /* "" if given without value */
	const char *password_file;
	bool json, yes, help;
	int password_fd; /* -1: ask */
	struct config config;
	struct dgram_registry registry;
	struct store *store;
	char user[USERNAME_MAX + 1]; /* who we are */
	struct buf out;		     /* for standard output */
};

/* ---- table.c ---- */

/* Find command, arguments and options.  Returns EX_OK, or EX_USAGE (told). */
int table_parse(struct admin *, int argc, char **argv);
/* Help: of the program, a group, a command, whatever was named. */
void table_help(const struct admin *, int argc, char **argv);
/* What may come after these words, a line each: for completion. */
void table_complete(int argc, char **argv);
/* The value of an option of this command, NULL: not given. */
const char *table_option(const struct admin *, const char *name);

/* ---- become.c ---- */

/* Become the user the database belongs to.  EX_OK, or a status (told). */
int become_service_user(struct admin *);

/* ---- ask.c ---- */

/* Whether to go on.  EX_OK; ADMIN_NO; EX_USAGE where nobody can be asked. */
int ask_first(struct admin *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/*
 * A password, from --password-file or twice from the terminal, as a string
 * without its newline.  EX_OK, or a status (told).
 */
int ask_password(struct admin *, char *out, size_t size);

/* ---- interrupt.c ---- */

/*
 * From now on SIGINT, SIGTERM and SIGHUP end nothing by themselves.  What was
 * ignored stays ignored, as nohup(1) and "&" in a script want it.
 */
void interrupt_catch(void);
bool interrupted(void);

/* ---- read.c: what arguments mean.  False: it was told what is wrong ---- */

/* 30m, 12h, 7d: ms.  what names it in the message. */
bool read_duration(const char *text, const char *what, int64_t *ms);
bool read_number(const char *text, const char *what, int64_t max, int64_t *);
bool read_username(const char *text);
/* Whether a name is another than that of announcements. */
bool read_no_server(const char *name);
/* Repaired UTF-8 without controls, 1 to max bytes. */
bool read_text(struct buf *out, const char *text, const char *what, size_t max);

/* ---- out.c: nothing reaches a terminal but through here ---- */

/* A line to standard error, after the program's name. */
void out_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A line to standard output. */
void out_line(struct admin *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* What the store said; returns the status for it. */
int out_store_error(struct admin *, enum store_result);
/* Write what is waiting.  EX_OK or EX_IOERR (told). */
int out_flush(struct admin *);

/* JSON: an object on a line. */
struct out_json {
	struct buf line;
	bool begun;
};
void out_json_text(struct out_json *, const char *key, struct store_text);
void out_json_string(struct out_json *, const char *key, const char *);
void out_json_int(struct out_json *, const char *key, int64_t);
void out_json_bool(struct out_json *, const char *key, bool);
/* null if ms is 0. */
void out_json_time(struct out_json *, const char *key, int64_t ms);
void out_json_end(struct out_json *, struct admin *);

/* A table: a heading and rows of as many cells; columns are aligned. */
struct out_table {
	struct buf cells; /* one after the other, each with a NUL */
	int columns, count;
};
void out_table_begin(struct out_table *, int columns, const char *const *);
void out_cell(struct out_table *, struct store_text);
void out_cell_string(struct out_table *, const char *);
void out_cell_int(struct out_table *, int64_t);
/* "-" if ms is 0. */
void out_cell_time(struct out_table *, int64_t ms);
/* Prints the table, nothing if it has no rows but the heading. */
void out_table_end(struct out_table *, struct admin *);

/* One of both, as --json says: what the store's rows are given as. */
struct out_list {
	struct admin *a;
	struct out_json json;
	struct out_table table;
	int count; /* of rows, for who counts them */
};
void out_list_begin(
    struct out_list *, struct admin *, int columns, const char *const *);
/* Prints it.  Returns the status for what the store said at last. */
int out_list_end(struct out_list *, enum store_result);

/* ---- backups.c ---- */

/* A new backup's path in a folder, by the time.  False: it is too long. */
bool backups_name(char *out, size_t size, const char *folder);
/*
 * Remove all backups of a folder but the newest, which are `made` (a path) and
 * those of the greatest names, and what was left of backups that were killed.
 * EX_OK, or EX_IOERR (told).
 */
int backups_forget(const char *folder, const char *made, int64_t keep);

/* ---- the commands ---- */

int cmd_users_add(struct admin *);
int cmd_users_list(struct admin *);
int cmd_users_password(struct admin *);
int cmd_users_remove(struct admin *);
int cmd_users_rename(struct admin *);

int cmd_invites_add(struct admin *);
int cmd_invites_list(struct admin *);
int cmd_invites_remove(struct admin *);

int cmd_blocks_list(struct admin *);
int cmd_blocks_add(struct admin *);
int cmd_blocks_remove(struct admin *);
int cmd_blocks_why(struct admin *);

int cmd_sessions_list(struct admin *);
int cmd_sessions_end(struct admin *);

int cmd_announce(struct admin *);
int cmd_stats(struct admin *);
int cmd_backup(struct admin *);
int cmd_check(struct admin *);
int cmd_prune(struct admin *);
int cmd_export(struct admin *);
int cmd_upgrade(struct admin *);

/*
 * Sessions whose processes are to end, in a struct buf, without texts.  For the
 * store: keep one of them.
 */
void ending_add(void *ending, const struct store_admin_session *);
/* Tell them all to end, and wait for it.  How many have not, so far. */
int ending_finish(struct buf *ending, struct admin *);
/* Whether the session with that socket answers, for the store. */
bool session_alive(void *admin, const char *socket);

#endif
