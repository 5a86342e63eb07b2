/*
 * Reads the configuration.  All keys, their defaults and their ranges are in
 * one table, from which --help is printed as well.
 */
#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "limit.h"

enum kind { STRING, NUMBER, CHOICE, NETS, PEERS };

struct key {
	const char *name, *value; /* value: the default */
	enum kind kind;
	size_t offset;
	long min, max;	     /* NUMBER */
	const char *choices; /* CHOICE: its values are 0, 1 … */
	const char *help;
};

#define AT(member) offsetof(struct config, member)

static const struct key keys[] = {
	{ "CHAT_DB", "/var/lib/chat/chat.db", STRING, AT(db), 0, 0, NULL,
	    "database file" },
	{ "CHAT_RUNTIME_DIR", "/run/chat", STRING, AT(runtime_dir), 0, 0, NULL,
	    "directory of the sockets and the shared page" },
	{ "CHAT_MESSAGE_MAX_SIZE", "4096", NUMBER, AT(message_max_size), 1,
	    65536, NULL, "bytes of a message" },
	{ "CHAT_LOG_LEVEL", "INFO", CHOICE, AT(log_level), 0, 0,
	    "DEBUG INFO WARNING ERROR CRITICAL", "what is logged" },
	{ "CHAT_DURABILITY", "full", CHOICE, AT(full), 0, 0, "normal full",
	    "full: on disk before the ACK; normal: a power cut may lose it" },
	{ "CHAT_RETENTION_DAYS", "0", NUMBER, AT(retention_days), 0,
	    RETENTION_DAYS_MAX, NULL,
	    "days that messages are kept, 0: always" },
	{ "CHAT_AUTH", "open", CHOICE, AT(auth_required), 0, 0, "open required",
	    "open: unregistered names may connect" },
	{ "CHAT_REGISTRATION", "open", CHOICE, AT(registration), 0, 0,
	    "open invite closed", "who may register a name" },
	{ "CHAT_BCRYPT_COST", "12", NUMBER, AT(bcrypt_cost), PASSWORD_COST_MIN,
	    PASSWORD_COST_MAX, NULL, "a password's hash takes 2^this steps" },
	{ "CHAT_TOKEN_DAYS", "90", NUMBER, AT(token_days), 1, 3650, NULL,
	    "days until a token expires" },
	{ "CHAT_LOGIN_TIMEOUT", "10", NUMBER, AT(login_timeout), 1, 3600, NULL,
	    "seconds until CONNECT must have come" },
	{ "CHAT_IDLE_TIMEOUT", "300", NUMBER, AT(idle_timeout), 2, 86400, NULL,
	    "seconds without a byte; PING is sent after half of it" },
	{ "CHAT_RATE", "10", NUMBER, AT(rate), 0, 100000, NULL,
	    "messages a second from one client, 0: any number" },
	{ "CHAT_BURST", "50", NUMBER, AT(burst), 1, 100000, NULL,
	    "messages that may come at once" },
	{ "CHAT_MAX_CONNECTIONS", "1000", NUMBER, AT(max_connections), 1, 10000,
	    NULL, "connections at once" },
	{ "CHAT_SOURCE_CONNECTIONS", "100", NUMBER, AT(source_connections), 0,
	    10000, NULL, "connections at once from one source, 0: any number" },
	{ "CHAT_SOURCE_RATE", "120", NUMBER, AT(source_rate), 0, 60000, NULL,
	    "connections a minute from one source, 0: any number" },
	{ "CHAT_LOGIN_FAILURES", "10", NUMBER, AT(login_failures), 0, 1000,
	    NULL, "offences until a source is blocked, 0: never" },
	{ "CHAT_BLOCK_TIME", "900", NUMBER, AT(block_time), 1, 31536000, NULL,
	    "seconds of such a block" },
	{ "CHAT_TRUSTED", "127.0.0.0/8 ::1", NETS, AT(trusted), 0, 0, NULL,
	    "networks without limits by source" },
	{ "CHAT_PROXY_FROM", "unix:chat-tls", PEERS, AT(proxy_from), 0, 0, NULL,
	    "whose connections begin with a PROXY header" },
};
#define NKEYS (sizeof(keys) / sizeof(keys[0]))

/* The place of value in a list of words, -1 if it is not there. */
static long
choice_index(const char *choices, const char *value)
{
	size_t len = strlen(value);
	long i = 0;
	const char *p = choices;

	while (len > 0 && *p != '\0') {
		size_t n = strcspn(p, " ");

		if (n == len && memcmp(p, value, n) == 0)
			return i;
		p += n + (p[n] == ' ');
		i++;
	}
	return -1;
}

static bool
key_set(struct config *c, const struct key *k, const char *value,
    char error[CONFIG_ERROR_MAX])
{
	char *base = (char *)c + k->offset, *end, why[PEERS_ERROR_MAX];
	struct net_list nets;
	struct peers peers;
	long number;

	switch (k->kind) {
	case STRING:
		if (*value != '\0') {
			memcpy(base, &value, sizeof(value));
			return true;
		}
		snprintf(error, CONFIG_ERROR_MAX, "%s is empty: give a path",
		    k->name);
		return false;
	case NUMBER:
		errno = 0;
		number = strtol(value, &end, 10);
		if (isdigit((unsigned char)*value) && *end == '\0' &&
		    errno == 0 && number >= k->min && number <= k->max)
			break;
		snprintf(error, CONFIG_ERROR_MAX,
		    "%s is '%.64s': give a number from %ld to %ld", k->name,
		    value, k->min, k->max);
		return false;
	case CHOICE:
		if ((number = choice_index(k->choices, value)) >= 0)
			break;
		snprintf(error, CONFIG_ERROR_MAX,
		    "%s is '%.64s': give one of %s", k->name, value,
		    k->choices);
		return false;
	case NETS:
		if (net_list_parse(&nets, value, why)) {
			memcpy(base, &nets, sizeof(nets));
			return true;
		}
		snprintf(error, CONFIG_ERROR_MAX, "%s: %s", k->name, why);
		return false;
	case PEERS:
		if (peers_parse(&peers, value, why)) {
			memcpy(base, &peers, sizeof(peers));
			return true;
		}
		snprintf(error, CONFIG_ERROR_MAX, "%s: %s", k->name, why);
		return false;
	default:
		abort();
	}
	memcpy(base, &number, sizeof(number));
	return true;
}

/*
 * Cut "KEY=value" as systemd.exec(5) reads an EnvironmentFile=: blanks around
 * are dropped, quotes around the value too.  Returns the key, NULL for a
 * comment; without '=' there is no value (NULL), and the line is the key.
 */
static char *
line_split(char *line, char **value)
{
	char *equals, *end, *blank;

	line += strspn(line, " \t");
	if (*line == '#' || *line == ';')
		return NULL;
	equals = strchr(line, '=');
	blank = equals != NULL ? equals : line + strlen(line);
	while (blank > line && isspace((unsigned char)blank[-1]))
		blank--;
	*blank = '\0';
	*value = NULL;
	if (equals == NULL)
		return line;
	*value = equals + 1 + strspn(equals + 1, " \t");
	end = *value + strlen(*value);
	while (end > *value && isspace((unsigned char)end[-1]))
		*--end = '\0';
	if (end - *value >= 2 && (**value == '"' || **value == '\'') &&
	    end[-1] == **value) {
		end[-1] = '\0';
		(*value)++;
	}
	return line;
}

/* Keep the first that was meant for us; others are for other programs. */
static void
note_unknown(struct config *c, const char *key, unsigned line)
{
	if (*c->unknown == '\0' && strcasestr(key, "CHAT_") != NULL)
		snprintf(c->unknown, sizeof(c->unknown),
		    "line %u of the file, '%.64s', sets no key of chat.conf(5)",
		    line, key);
}

/* What the file said; NULL: nothing of that key. */
static char *kept[NKEYS];

/* One line of the file, number counted from 1. */
static bool
line_read(
    struct config *c, char *line, unsigned number, char error[CONFIG_ERROR_MAX])
{
	char *key, *value, *copy;
	size_t i;

	if ((key = line_split(line, &value)) == NULL)
		return true;
	for (i = 0; i < NKEYS && strcmp(keys[i].name, key) != 0; i++)
		;
	if (i == NKEYS || value == NULL) {
		note_unknown(c, key, number);
		return true;
	}
	if ((copy = strdup(value)) == NULL)
		abort();
	/* A value that was refused has not replaced the earlier one. */
	if (!key_set(c, &keys[i], copy, error)) {
		free(copy);
		return false;
	}
	free(kept[i]);
	kept[i] = copy;
	return true;
}

const char *
config_path(void)
{
	const char *path = getenv("CHAT_CONFIG");

	return path != NULL ? path : CONFIG_FILE;
}

/*
 * What is in the file, *size bytes with room for one more; to be freed.  NULL:
 * error says what is wrong.
 */
static char *
file_text(FILE *f, const char *path, size_t *size, char error[CONFIG_ERROR_MAX])
{
	/* With one byte that must not be there. */
	char *text = malloc(CONFIG_FILE_MAX + 1);

	if (text == NULL)
		abort();
	*size = fread(text, 1, CONFIG_FILE_MAX + 1, f);
	if (!ferror(f) && *size <= CONFIG_FILE_MAX)
		return text;
	if (ferror(f))
		snprintf(error, CONFIG_ERROR_MAX, "cannot read %s: %s", path,
		    strerror(errno));
	else
		snprintf(error, CONFIG_ERROR_MAX, "%s has more than %d bytes",
		    path, CONFIG_FILE_MAX);
	free(text);
	return NULL;
}

static bool
file_read(struct config *c, const char *path, char error[CONFIG_ERROR_MAX])
{
	char *text, *line, *end;
	bool ok;
	size_t size = 0;
	unsigned number = 0;
	FILE *f = fopen(path, "re");

	/* Under systemd the manager has read it for us, as root. */
	if (f == NULL && (errno == ENOENT || errno == EACCES))
		return true;
	if (f == NULL) {
		snprintf(error, CONFIG_ERROR_MAX, "cannot read %s: %s", path,
		    strerror(errno));
		return false;
	}
	text = file_text(f, path, &size, error);
	fclose(f);
	ok = text != NULL;
	for (line = text; ok && line < text + size; line = end + 1) {
		end = memchr(line, '\n', (size_t)(text + size - line));
		if (end == NULL)
			end = text + size;
		*end = '\0';
		ok = line_read(c, line, ++number, error);
	}
	free(text);
	return ok;
}

bool
config_load(struct config *c, char error[CONFIG_ERROR_MAX])
{
	const char *value;
	size_t i;

	*c->unknown = '\0';
	for (i = 0; i < NKEYS; i++)
		if (!key_set(c, &keys[i], keys[i].value, error))
			return false;
	if (!file_read(c, config_path(), error))
		return false;
	for (i = 0; i < NKEYS; i++)
		if ((value = getenv(keys[i].name)) != NULL &&
		    !key_set(c, &keys[i], value, error))
			return false;
	return true;
}

void
config_export(void)
{
	size_t i;

	for (i = 0; i < NKEYS; i++)
		if (kept[i] != NULL && setenv(keys[i].name, kept[i], 0) == -1)
			abort();
	if (setenv("CHAT_CONFIG", "/dev/null", 1) == -1)
		abort();
}

void
config_help(FILE *out)
{
	size_t i;

	fprintf(out,
	    "\nConfiguration (environment, or %s; CHAT_CONFIG names"
	    " another file):\n",
	    CONFIG_FILE);
	for (i = 0; i < NKEYS; i++) {
		fprintf(out, "  %-22s %s [%s]", keys[i].name, keys[i].help,
		    keys[i].value);
		if (keys[i].kind == CHOICE)
			fprintf(out, " (%s)", keys[i].choices);
		if (keys[i].kind == NUMBER)
			fprintf(out, " (%ld to %ld)", keys[i].min, keys[i].max);
		fputc('\n', out);
	}
}

size_t
config_line_max(const struct config *c)
{
	return LINE_FACTOR * (size_t)c->message_max_size + LINE_EXTRA;
}
