/*
 * The configuration: KEY=value from a file that systemd can read as an
 * EnvironmentFile=, and from the environment, which wins.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "log.h"
#include "net.h"
#include "peers.h"

#define CONFIG_FILE	   "/etc/chat/chat.conf"
#define CONFIG_ERROR_MAX   512
#define CONFIG_UNKNOWN_MAX 128
#define CONFIG_FILE_MAX	   65536 /* bytes of the file */

enum config_registration {
	REGISTRATION_OPEN,
	REGISTRATION_INVITE,
	REGISTRATION_CLOSED
};

struct config {
	const char *db;		 /* CHAT_DB */
	const char *runtime_dir; /* CHAT_RUNTIME_DIR */
	long message_max_size;	 /* bytes */
	long log_level;		 /* enum log_level */
	long full;		 /* CHAT_DURABILITY=full */
	long retention_days;	 /* 0: kept for good */
	long auth_required;	 /* CHAT_AUTH=required */
	long registration;	 /* enum config_registration */
	long bcrypt_cost;	 /* 2^this many steps */
	long token_days;	 /* until a token expires */
	long login_timeout;	 /* seconds */
	long idle_timeout;	 /* seconds */
	long rate;		 /* messages a second, 0: any */
	long burst;		 /* messages at once */
	long max_connections;	 /* of all sources */
	long source_connections; /* of one source, 0: any */
	long source_rate;	 /* new ones a minute, 0: any */
	long login_failures;	 /* until a block, 0: never */
	long block_time;	 /* seconds */
	struct net_list trusted; /* CHAT_TRUSTED */
	struct peers proxy_from; /* CHAT_PROXY_FROM */
	/* The first line of the file that looks like a key of these and is
	 * none, such as CHAT_AUHT=required, in a sentence; else empty. */
	char unknown[CONFIG_UNKNOWN_MAX];
};

/*
 * Read the file named by CHAT_CONFIG (default CONFIG_FILE; it may be missing),
 * then the environment.  Strings live as long as the process.  Returns false
 * with a sentence in error that names the key, its value and what is allowed.
 */
bool config_load(struct config *, char error[CONFIG_ERROR_MAX]);

/* The file that CHAT_CONFIG names, or CONFIG_FILE. */
const char *config_path(void);

/*
 * Put what the file said into the environment, and no file in its place, so
 * that what this process forks or executes is configured alike.
 */
void config_export(void);

/* One line a key: its name, default, unit and meaning, for --help. */
void config_help(FILE *);

/* The longest line a client may send, in bytes, from CHAT_MESSAGE_MAX_SIZE. */
size_t config_line_max(const struct config *);

#endif
