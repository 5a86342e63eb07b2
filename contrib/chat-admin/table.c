/*
 * The table of commands: only here are their names compared.  Parsing, help
 * and completion all come from it.
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "admin.h"

static const struct admin_command commands[] = {
	{ "users", "list", "", 0, 0, ADMIN_LISTS, "everybody the server knows",
	    cmd_users_list, { { NULL, NULL, NULL } } },
	{ "users", "add", "NAME", 1, 1, ADMIN_SECRET | ADMIN_MAKES,
	    "register a user", cmd_users_add, { { NULL, NULL, NULL } } },
	{ "users", "password", "NAME", 1, 1, ADMIN_SECRET,
	    "give a user another password; tokens are revoked",
	    cmd_users_password, { { NULL, NULL, NULL } } },
	{ "users", "remove", "NAME", 1, 1, ADMIN_ASKS,
	    "lock a user out for good; messages stay", cmd_users_remove,
	    { { "free", NULL, "let somebody else take the name" } } },
	{ "users", "rename", "NAME NEW", 2, 2, 0,
	    "give a user another name; its sessions end", cmd_users_rename,
	    { { NULL, NULL, NULL } } },
	{ "invites", "list", "", 0, 0, ADMIN_LISTS, "invitations to register",
	    cmd_invites_list, { { NULL, NULL, NULL } } },
	{ "invites", "add", "", 0, 0, ADMIN_LISTS | ADMIN_MAKES,
	    "make one; its code is shown once", cmd_invites_add,
	    { { "uses", "COUNT", "how many may register with it [1]" },
		{ "expires", "TIME", "how long it is valid [7d]" },
		{ "note", "TEXT", "whom it is for" } } },
	{ "invites", "remove", "ID", 1, 1, ADMIN_ASKS, "make one invalid",
	    cmd_invites_remove, { { NULL, NULL, NULL } } },
	{ "blocks", "list", "", 0, 0, ADMIN_LISTS,
	    "networks and users that are kept out", cmd_blocks_list,
	    { { NULL, NULL, NULL } } },
	{ "blocks", "add", "NETWORK|USER REASON", 2, 2, ADMIN_MAKES,
	    "keep an address, a network or a user out", cmd_blocks_add,
	    { { "for", "TIME", "no longer than that" },
		{ "user", NULL, "it is a user, though it looks otherwise" } } },
	{ "blocks", "remove", "NETWORK|USER", 1, 1, ADMIN_ASKS,
	    "let them in again", cmd_blocks_remove,
	    { { "user", NULL, "it is a user, though it looks otherwise" } } },
	{ "blocks", "why", "ADDRESS|USER", 1, 1, ADMIN_LISTS,
	    "which blocks keep it out", cmd_blocks_why,
	    { { "user", NULL, "it is a user, though it looks otherwise" } } },
	{ "sessions", "list", "", 0, 0, ADMIN_LISTS, "who is connected",
	    cmd_sessions_list, { { NULL, NULL, NULL } } },
	{ "sessions", "end", "ID", 1, 1, ADMIN_ASKS, "end one connection",
	    cmd_sessions_end, { { NULL, NULL, NULL } } },
	{ "announce", NULL, "TEXT", 1, 1, ADMIN_MAKES,
	    "a message to all from the user 'server'", cmd_announce,
	    { { NULL, NULL, NULL } } },
	{ "stats", NULL, "", 0, 0, ADMIN_LISTS, "how much there is of what",
	    cmd_stats, { { NULL, NULL, NULL } } },
	{ "backup", NULL, "FILE", 1, 1, 0,
	    "copy the database while it is used, and check the copy",
	    cmd_backup,
	    { { "force", NULL, "replace a FILE that is there" },
		{ "keep", "COUNT",
		    "FILE is a folder: keep so many backups in it" } } },
	{ "prune", NULL, "", 0, 0, ADMIN_MAKES,
	    "remove what is older than CHAT_RETENTION_DAYS", cmd_prune,
	    { { "days", "COUNT", "older than so many days instead" } } },
	{ "check", NULL, "", 0, 0, 0, "whether the database is sound",
	    cmd_check, { { NULL, NULL, NULL } } },
	{ "export", NULL, "", 0, 0, 0,
	    "users, messages and sessions as lines of JSON", cmd_export,
	    { { NULL, NULL, NULL } } },
	{ "upgrade", NULL, "", 0, 0, ADMIN_ROOT | ADMIN_MAKES,
	    "let sessions go on with their new program", cmd_upgrade,
	    { { NULL, NULL, NULL } } },
};
#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

/* The options that several commands have, by their flags. */
static const struct {
	unsigned int flag;
	struct admin_option option;
} common[] = {
	{ ADMIN_LISTS, { "json", NULL, "a JSON object a line" } },
	{ ADMIN_ASKS, { "yes", NULL, "do not ask" } },
	{ ADMIN_SECRET,
	    { "password-file", "FILE",
		"take the password from its first line (-: standard input)" } },
};
#define NCOMMON (sizeof(common) / sizeof(common[0]))

static const struct admin_command *
command_find(const char *group, const char *name)
{
	size_t i;

	for (i = 0; i < NCOMMANDS; i++)
		if (strcmp(commands[i].group, group) == 0 &&
		    (commands[i].name == NULL ||
			(name != NULL && strcmp(commands[i].name, name) == 0)))
			return &commands[i];
	return NULL;
}

static bool
is_group(const char *word)
{
	size_t i;

	for (i = 0; i < NCOMMANDS; i++)
		if (strcmp(commands[i].group, word) == 0)
			return true;
	return false;
}

/* Where a common option's value goes. */
static void
common_set(struct admin *a, unsigned int flag, const char *value)
{
	a->json |= flag == ADMIN_LISTS;
	a->yes |= flag == ADMIN_ASKS;
	if (flag == ADMIN_SECRET)
		a->password_file = value;
}

/*
 * The option that "name" (of n bytes) is, and where its value goes: index of
 * the command's own, or flag of a common one.  NULL: there is none.
 */
static const struct admin_option *
option_find(const struct admin_command *c, const char *name, size_t n,
    size_t *index, unsigned int *flag)
{
	size_t i;

	*flag = 0;
	for (i = 0; i < ADMIN_OPTIONS_MAX && c->options[i].name != NULL; i++)
		if (strlen(c->options[i].name) == n &&
		    memcmp(c->options[i].name, name, n) == 0) {
			*index = i;
			return &c->options[i];
		}
	for (i = 0; i < NCOMMON; i++)
		if ((c->flags & common[i].flag) != 0 &&
		    strlen(common[i].option.name) == n &&
		    memcmp(common[i].option.name, name, n) == 0) {
			*flag = common[i].flag;
			return &common[i].option;
		}
	return NULL;
}

static int
usage(const char *why, const char *word)
{
	out_error("%s%s; chat-admin --help lists the commands", why, word);
	return EX_USAGE;
}

static int
usage_of(const struct admin_command *c, const char *why, const char *word)
{
	out_error("%s%s; usage: chat-admin %s%s%s [OPTION...]%s%s", why, word,
	    c->group, c->name != NULL ? " " : "",
	    c->name != NULL ? c->name : "", c->args[0] != '\0' ? " " : "",
	    c->args);
	return EX_USAGE;
}

/* One "--name", "--name=value" or "--name" "value" (then *i moves on). */
static int
option_take(struct admin *a, int argc, char **argv, int *i)
{
	const char *name = argv[*i] + 2, *value = strchr(name, '=');
	const struct admin_option *o;
	unsigned int flag;
	size_t index = 0,
	       n = value != NULL ? (size_t)(value - name) : strlen(name);

	if (strcmp(name, "help") == 0) {
		a->help = true;
		return EX_OK;
	}
	o = option_find(a->command, name, n, &index, &flag);
	if (o == NULL)
		return usage_of(a->command, "there is no option ", argv[*i]);
	if (o->value == NULL && value != NULL)
		return usage_of(a->command, "no value belongs to --", o->name);
	if (value != NULL)
		value++;
	else if (o->value != NULL && *i + 1 < argc)
		value = argv[++*i];
	else if (o->value != NULL)
		return usage_of(a->command, "a value is missing: ", argv[*i]);
	if (flag != 0)
		common_set(a, flag, value);
	else
		a->values[index] = value != NULL ? value : "";
	return EX_OK;
}

static int
arguments_take(struct admin *a, int argc, char **argv)
{
	const struct admin_command *c = a->command;
	bool options = true;
	int i, status;

	for (i = 0; i < argc; i++) {
		if (options && strcmp(argv[i], "--") == 0) {
			options = false;
		} else if (options && strncmp(argv[i], "--", 2) == 0) {
			status = option_take(a, argc, argv, &i);
			if (status != EX_OK)
				return status;
		} else if (options && argv[i][0] == '-' && argv[i][1] != '\0') {
			return usage_of(c, "there is no option ", argv[i]);
		} else if (a->nargs == c->max) {
			return usage_of(c, "too many arguments: ", argv[i]);
		} else {
			a->args[a->nargs++] = argv[i];
		}
	}
	if (a->nargs < c->min && !a->help)
		return usage_of(c, "an argument is missing", "");
	return EX_OK;
}

int
table_parse(struct admin *a, int argc, char **argv)
{
	const char *group = argv[0], *name = argc > 1 ? argv[1] : NULL;

	if (!is_group(group))
		return usage("there is no command ", group);
	a->command = command_find(group, name);
	if (a->command == NULL && name != NULL && strcmp(name, "--help") == 0) {
		a->help = true;
		return EX_OK;
	}
	if (a->command == NULL)
		return name == NULL
		    ? usage("a command is missing after ", group)
		    : usage("there is no such command: ", name);
	if (a->command->name == NULL)
		return arguments_take(a, argc - 1, argv + 1);
	return arguments_take(a, argc - 2, argv + 2);
}

const char *
table_option(const struct admin *a, const char *name)
{
	unsigned int flag;
	size_t index = 0;

	if (option_find(a->command, name, strlen(name), &index, &flag) == NULL)
		return NULL;
	return a->values[index];
}

/* ---- help ---- */

static void
command_line(const struct admin_command *c)
{
	char text[64];

	snprintf(text, sizeof(text), "%s%s%s %s", c->group,
	    c->name != NULL ? " " : "", c->name != NULL ? c->name : "",
	    c->args);
	printf("  %-32s %s\n", text, c->help);
}

static void
option_line(const struct admin_option *o)
{
	char text[64];

	snprintf(text, sizeof(text), "--%s%s%s", o->name,
	    o->value != NULL ? " " : "", o->value != NULL ? o->value : "");
	printf("  %-32s %s\n", text, o->help);
}

static void
options_help(const struct admin_command *c)
{
	size_t i;

	for (i = 0; i < ADMIN_OPTIONS_MAX && c->options[i].name != NULL; i++)
		option_line(&c->options[i]);
	for (i = 0; i < NCOMMON; i++)
		if ((c->flags & common[i].flag) != 0)
			option_line(&common[i].option);
	option_line(&(struct admin_option){ "help", NULL, "this text" });
}

void
table_help(const struct admin *a, int argc, char **argv)
{
	const struct admin_command *c = a->command;
	size_t i;

	if (c != NULL) {
		printf("usage: chat-admin [-c FILE] %s%s%s [OPTION...] %s\n\n",
		    c->group, c->name != NULL ? " " : "",
		    c->name != NULL ? c->name : "", c->args);
		command_line(c);
		printf("\nOptions:\n");
		options_help(c);
		return;
	}
	printf("usage: chat-admin [-c FILE] GROUP COMMAND [ARGUMENT...]\n"
	       "       chat-admin [-c FILE] COMMAND [ARGUMENT...]\n"
	       "       chat-admin --help | --version\n\n"
	       "Administers the Chat server of this machine.\n\n");
	for (i = 0; i < NCOMMANDS; i++)
		if (argc == 0 || strcmp(commands[i].group, argv[0]) == 0)
			command_line(&commands[i]);
	printf("\n  %-32s %s\n", "-c FILE",
	    "read this configuration instead of /etc/chat/chat.conf");
	printf("\nEach command tells its options with --help.  TIME is a number"
	       " with s, m, h, d\nor w behind it.  chat-admin(8) tells all the"
	       " rest.\n");
}

void
table_complete(int argc, char **argv)
{
	const struct admin_command *c;
	size_t i;

	c = argc > 0 ? command_find(argv[0], argc > 1 ? argv[1] : NULL) : NULL;
	if (c != NULL) {
		for (i = 0; i < ADMIN_OPTIONS_MAX && c->options[i].name != NULL;
		     i++)
			printf("--%s\n", c->options[i].name);
		for (i = 0; i < NCOMMON; i++)
			if ((c->flags & common[i].flag) != 0)
				printf("--%s\n", common[i].option.name);
		printf("--help\n");
		return;
	}
	for (i = 0; i < NCOMMANDS; i++) {
		if (argc == 0 &&
		    (i == 0 ||
			strcmp(commands[i].group, commands[i - 1].group) != 0))
			printf("%s\n", commands[i].group);
		if (argc == 1 && strcmp(commands[i].group, argv[0]) == 0)
			printf("%s\n", commands[i].name);
	}
}
