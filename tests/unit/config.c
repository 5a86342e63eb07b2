/*
 * Unit tests of lib/config: each key, from the file and the environment, and
 * what a wrong value is answered with.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config.h"
#include "temp.h"

static const char *const keys[] = { "CHAT_DB", "CHAT_RUNTIME_DIR",
	"CHAT_MESSAGE_MAX_SIZE", "CHAT_LOG_LEVEL", "CHAT_DURABILITY",
	"CHAT_RETENTION_DAYS", "CHAT_AUTH", "CHAT_REGISTRATION",
	"CHAT_BCRYPT_COST", "CHAT_TOKEN_DAYS", "CHAT_LOGIN_TIMEOUT",
	"CHAT_IDLE_TIMEOUT", "CHAT_RATE", "CHAT_BURST", "CHAT_MAX_CONNECTIONS",
	"CHAT_SOURCE_CONNECTIONS", "CHAT_SOURCE_RATE", "CHAT_LOGIN_FAILURES",
	"CHAT_BLOCK_TIME", "CHAT_TRUSTED", "CHAT_PROXY_FROM" };
#define NKEYS (sizeof(keys) / sizeof(keys[0]))

static char path[64];

/* Each test begins without any key, and with an empty file. */
static int
begin(void **state)
{
	size_t i;
	int fd;

	(void)state;
	for (i = 0; i < NKEYS; i++)
		unsetenv(keys[i]);
	temp_name(path, sizeof(path));
	if ((fd = mkstemp(path)) == -1)
		return -1;
	close(fd);
	return setenv("CHAT_CONFIG", path, 1);
}

static int
end(void **state)
{
	(void)state;
	unsetenv("CHAT_CONFIG");
	/* A test may have removed it. */
	unlink(path);
	return 0;
}

static void
file_write(const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static struct config
load(void)
{
	struct config c;
	char error[CONFIG_ERROR_MAX] = "";

	if (!config_load(&c, error))
		fail_msg("%s", error);
	return c;
}

static void
assert_defaults(const struct config *c)
{
	assert_string_equal(c->db, "/var/lib/chat/chat.db");
	assert_string_equal(c->runtime_dir, "/run/chat");
	assert_int_equal(c->message_max_size, 4096);
	assert_int_equal(c->log_level, LEVEL_INFO);
	assert_int_equal(c->full, 1);
	assert_int_equal(c->retention_days, 0);
	assert_int_equal(c->auth_required, 0);
	assert_int_equal(c->registration, REGISTRATION_OPEN);
	assert_int_equal(c->bcrypt_cost, 12);
	assert_int_equal(c->token_days, 90);
	assert_int_equal(c->login_timeout, 10);
	assert_int_equal(c->idle_timeout, 300);
	assert_int_equal(c->rate, 10);
	assert_int_equal(c->burst, 50);
	assert_int_equal(c->max_connections, 1000);
	assert_int_equal(c->source_connections, 100);
	assert_int_equal(c->source_rate, 120);
	assert_int_equal(c->login_failures, 10);
	assert_int_equal(c->block_time, 900);
	assert_int_equal(c->trusted.count, 2);
	assert_int_equal(c->proxy_from.nets.count, 0);
	assert_int_equal(c->proxy_from.user_count, 1);
	assert_string_equal(c->proxy_from.users[0], "chat-tls");
}

static void
nothing_is_set_without_file_and_environment(void **state)
{
	struct config c = load();

	(void)state;
	assert_defaults(&c);
	assert_int_equal(unlink(path), 0);
	c = load();
	assert_defaults(&c);
}

static void
assert_all_others(const struct config *c)
{
	assert_string_equal(c->db, "/tmp/a b.db");
	assert_string_equal(c->runtime_dir, "run");
	assert_int_equal(c->message_max_size, 65536);
	assert_int_equal(c->log_level, LEVEL_CRITICAL);
	assert_int_equal(c->full, 0);
	assert_int_equal(c->retention_days, 36500);
	assert_int_equal(c->auth_required, 1);
	assert_int_equal(c->registration, REGISTRATION_CLOSED);
	assert_int_equal(c->bcrypt_cost, 16);
	assert_int_equal(c->token_days, 1);
	assert_int_equal(c->login_timeout, 3600);
	assert_int_equal(c->idle_timeout, 2);
	assert_int_equal(c->rate, 0);
	assert_int_equal(c->burst, 1);
	assert_int_equal(c->max_connections, 10000);
	assert_int_equal(c->source_connections, 1);
	assert_int_equal(c->source_rate, 60000);
	assert_int_equal(c->login_failures, 0);
	assert_int_equal(c->block_time, 31536000);
	assert_int_equal(c->trusted.count, 1);
	assert_int_equal(c->trusted.nets[0].bits, 32);
	assert_int_equal(c->proxy_from.nets.count, 1);
	assert_int_equal(c->proxy_from.user_count, 0);
}

static const char *const others[NKEYS] = { "/tmp/a b.db", "run", "65536",
	"CRITICAL", "normal", "36500", "required", "closed", "16", "1", "3600",
	"2", "0", "1", "10000", "1", "60000", "0", "31536000", "2001:db8::/32",
	"::1" };

static void
each_key_is_read_from_the_file(void **state)
{
	char text[1024] = "";
	struct config c;
	size_t i, n = 0;

	(void)state;
	for (i = 0; i < NKEYS; i++)
		n += (size_t)snprintf(
		    text + n, sizeof(text) - n, "%s=%s\n", keys[i], others[i]);
	file_write(text);
	c = load();
	assert_all_others(&c);
}

static void
each_key_is_read_from_the_environment_which_wins(void **state)
{
	struct config c;
	size_t i;

	(void)state;
	file_write(
	    "CHAT_DB=/x\nCHAT_RUNTIME_DIR=/y\nCHAT_MESSAGE_MAX_SIZE=7\n"
	    "CHAT_LOG_LEVEL=DEBUG\nCHAT_DURABILITY=full\nCHAT_AUTH=open\n"
	    "CHAT_LOGIN_TIMEOUT=8\nCHAT_IDLE_TIMEOUT=9\nCHAT_RATE=11\n"
	    "CHAT_BURST=12\nCHAT_MAX_CONNECTIONS=13\n"
	    "CHAT_SOURCE_CONNECTIONS=14\nCHAT_SOURCE_RATE=15\n"
	    "CHAT_LOGIN_FAILURES=16\nCHAT_BLOCK_TIME=17\nCHAT_TRUSTED=\n"
	    "CHAT_PROXY_FROM=unix:root\n");
	for (i = 0; i < NKEYS; i++)
		setenv(keys[i], others[i], 1);
	c = load();
	assert_all_others(&c);
}

static void
assert_refused(const char *key, const char *value)
{
	struct config c;
	char error[CONFIG_ERROR_MAX] = "";

	if (config_load(&c, error))
		fail_msg("%s=%s is taken", key, value);
	/* Who has to mend it must learn which key, and what was found. */
	assert_non_null(strstr(error, key));
	assert_non_null(strstr(error, *value != '\0' ? value : "empty"));
	if (*value != '\0')
		assert_non_null(strstr(error, "give "));
}

static void
what_is_no_value_is_named(void **state)
{
	static const struct {
		const char *key, *value;
	} cases[] = {
		{ "CHAT_DB", "" },
		{ "CHAT_RUNTIME_DIR", "" },
		{ "CHAT_MESSAGE_MAX_SIZE", "0" },
		{ "CHAT_MESSAGE_MAX_SIZE", "65537" },
		{ "CHAT_MESSAGE_MAX_SIZE", "-1" },
		{ "CHAT_MESSAGE_MAX_SIZE", "+1" },
		{ "CHAT_MESSAGE_MAX_SIZE", " 1" },
		{ "CHAT_MESSAGE_MAX_SIZE", "4k" },
		{ "CHAT_MESSAGE_MAX_SIZE", "1.5" },
		{ "CHAT_MESSAGE_MAX_SIZE", "0x10" },
		{ "CHAT_MESSAGE_MAX_SIZE", "99999999999999999999" },
		{ "CHAT_LOG_LEVEL", "info" },
		{ "CHAT_LOG_LEVEL", "INF" },
		{ "CHAT_LOG_LEVEL", "INFO WARNING" },
		{ "CHAT_DURABILITY", "fully" },
		{ "CHAT_DURABILITY", "1" },
		{ "CHAT_AUTH", "closed" },
		{ "CHAT_REGISTRATION", "none" },
		{ "CHAT_RETENTION_DAYS", "-1" },
		{ "CHAT_RETENTION_DAYS", "36501" },
		{ "CHAT_BCRYPT_COST", "3" },
		{ "CHAT_BCRYPT_COST", "17" },
		{ "CHAT_TOKEN_DAYS", "0" },
		{ "CHAT_TOKEN_DAYS", "3651" },
		{ "CHAT_LOGIN_TIMEOUT", "0" },
		{ "CHAT_LOGIN_TIMEOUT", "3601" },
		{ "CHAT_IDLE_TIMEOUT", "1" },
		{ "CHAT_IDLE_TIMEOUT", "86401" },
		{ "CHAT_RATE", "100001" },
		{ "CHAT_BURST", "0" },
		{ "CHAT_MAX_CONNECTIONS", "0" },
		{ "CHAT_MAX_CONNECTIONS", "10001" },
		{ "CHAT_SOURCE_CONNECTIONS", "10001" },
		{ "CHAT_SOURCE_RATE", "60001" },
		{ "CHAT_LOGIN_FAILURES", "1001" },
		{ "CHAT_BLOCK_TIME", "0" },
		{ "CHAT_PROXY_FROM", "localhost" },
		{ "CHAT_PROXY_FROM", "unix:" },
	};
	char text[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		file_write("");
		setenv(cases[i].key, cases[i].value, 1);
		assert_refused(cases[i].key, cases[i].value);
		unsetenv(cases[i].key);
		/* The file drops blanks around a value. */
		if (*cases[i].value == ' ')
			continue;
		snprintf(text, sizeof(text), "%s=%s\n", cases[i].key,
		    cases[i].value);
		file_write(text);
		assert_refused(cases[i].key, cases[i].value);
	}
}

static void
an_empty_choice_or_number_is_no_value(void **state)
{
	static const char *const empty[] = { "CHAT_MESSAGE_MAX_SIZE",
		"CHAT_LOG_LEVEL", "CHAT_DURABILITY", "CHAT_AUTH" };
	char error[CONFIG_ERROR_MAX];
	struct config c;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
		setenv(empty[i], "", 1);
		assert_false(config_load(&c, error));
		assert_non_null(strstr(error, empty[i]));
		unsetenv(empty[i]);
	}
}

static void
trusted_networks_may_be_none_and_a_wrong_one_is_named(void **state)
{
	char error[CONFIG_ERROR_MAX];
	struct config c;

	(void)state;
	setenv("CHAT_TRUSTED", "", 1);
	assert_int_equal(load().trusted.count, 0);
	setenv("CHAT_TRUSTED", "10.0.0.0/8,::1 192.0.2.7", 1);
	assert_int_equal(load().trusted.count, 3);
	setenv("CHAT_TRUSTED", "10.0.0.0/8 localhost", 1);
	assert_false(config_load(&c, error));
	assert_non_null(strstr(error, "CHAT_TRUSTED"));
	assert_non_null(strstr(error, "localhost"));
}

static void
a_long_wrong_value_is_cut_in_the_answer(void **state)
{
	char error[CONFIG_ERROR_MAX], value[10000];
	struct config c;

	(void)state;
	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	setenv("CHAT_AUTH", value, 1);
	assert_false(config_load(&c, error));
	assert_non_null(strstr(error, "give one of open required"));
}

static void
the_file_is_read_as_systemd_reads_it(void **state)
{
	struct config c;

	(void)state;
	file_write("# a comment\n"
		   ";another=one\n"
		   "\n"
		   "no assignment\n"
		   "SOMEBODY_ELSES=key\n"
		   "  CHAT_DB=  \"/a b/c=d\"  \r\n"
		   "CHAT_RUNTIME_DIR='/run/x'\n"
		   "#CHAT_AUTH=required\n"
		   "CHAT_LOGIN_TIMEOUT=1\n"
		   "CHAT_LOGIN_TIMEOUT=2\n"
		   "CHAT_IDLE_TIMEOUT=77");
	c = load();
	assert_string_equal(c.db, "/a b/c=d");
	assert_string_equal(c.runtime_dir, "/run/x");
	assert_int_equal(c.auth_required, 0);
	assert_int_equal(c.login_timeout, 2);
	assert_int_equal(c.idle_timeout, 77);
}

static void
a_line_of_any_length_is_one_line(void **state)
{
	char text[10000];
	struct config c;

	(void)state;
	/* What a comment says at its end is a comment, wherever that is. */
	memset(text, ' ', sizeof(text));
	text[0] = '#';
	strcpy(text + 4095, "CHAT_LOGIN_TIMEOUT=77\nCHAT_IDLE_TIMEOUT=88");
	file_write(text);
	c = load();
	assert_int_equal(c.login_timeout, 10);
	assert_int_equal(c.idle_timeout, 88);
}

static void
what_stands_behind_a_nul_counts_as_well(void **state)
{
	static const char text[] = "CHAT_RATE=7\n\0\0\0\nCHAT_AUTH=required\n";
	FILE *f = fopen(path, "we");
	struct config c;

	(void)state;
	assert_non_null(f);
	assert_int_equal(
	    fwrite(text, 1, sizeof(text) - 1, f), sizeof(text) - 1);
	assert_int_equal(fclose(f), 0);
	c = load();
	assert_int_equal(c.rate, 7);
	assert_true(c.auth_required);
}

static void
a_wrong_value_leaves_the_earlier_one_readable(void **state)
{
	char error[CONFIG_ERROR_MAX];
	struct config c;

	(void)state;
	file_write("CHAT_DB=/somewhere/first\nCHAT_DB=\n");
	assert_false(config_load(&c, error));
	assert_string_equal(c.db, "/somewhere/first");
}

static void
blanks_before_the_equals_sign_are_dropped(void **state)
{
	struct config c;

	(void)state;
	file_write("CHAT_LOGIN_TIMEOUT = 5\nCHAT_IDLE_TIMEOUT\t=6\n");
	c = load();
	assert_int_equal(c.login_timeout, 5);
	assert_int_equal(c.idle_timeout, 6);
}

static void
assert_unknown(const char *text, const char *want)
{
	struct config c;

	file_write(text);
	c = load();
	assert_string_equal(c.unknown, want);
}

static void
a_line_that_was_meant_for_a_key_and_sets_none_is_told(void **state)
{
	(void)state;
	assert_unknown("", "");
	assert_unknown("# CHAT_X=1\n;CHAT_X=1\n\nCHAT_AUTH=required\n"
		       "OTHER=CHAT_X\nno assignment\n",
	    "");
	assert_unknown("CHAT_RATE=5\n\n CHAT_AUHT = required\nCHAT_X=1\n",
	    "line 3 of the file, 'CHAT_AUHT', sets no key of chat.conf(5)");
	assert_unknown("chat_auth=required\n",
	    "line 1 of the file, 'chat_auth', sets no key of chat.conf(5)");
	assert_unknown("export CHAT_AUTH=required\n",
	    "line 1 of the file, 'export CHAT_AUTH', sets no key of"
	    " chat.conf(5)");
	assert_unknown("CHAT_AUTH\r\n",
	    "line 1 of the file, 'CHAT_AUTH', sets no key of chat.conf(5)");
}

static void
quotes_go_in_pairs_only(void **state)
{
	struct config c;

	(void)state;
	file_write("CHAT_DB=\"/a'\nCHAT_RUNTIME_DIR=\"\n");
	c = load();
	assert_string_equal(c.db, "\"/a'");
	assert_string_equal(c.runtime_dir, "\"");
}

static void
a_file_that_is_none_is_named(void **state)
{
	char error[CONFIG_ERROR_MAX] = "", loop[80];
	struct config c;

	(void)state;
	snprintf(loop, sizeof(loop), "%s.loop", path);
	assert_int_equal(symlink(loop, loop), 0);
	setenv("CHAT_CONFIG", loop, 1);
	assert_false(config_load(&c, error));
	assert_int_equal(unlink(loop), 0);
	assert_non_null(strstr(error, loop));
}

static void
help_names_each_key(void **state)
{
	char text[8192] = "";
	FILE *f = fmemopen(text, sizeof(text) - 1, "w");
	size_t i;

	(void)state;
	assert_non_null(f);
	config_help(f);
	assert_int_equal(fclose(f), 0);
	for (i = 0; i < NKEYS; i++)
		assert_non_null(strstr(text, keys[i]));
	assert_non_null(strstr(text, "[4096] (1 to 65536)"));
	assert_non_null(strstr(text, "[full] (normal full)"));
}

static void
the_longest_line_follows_from_the_longest_message(void **state)
{
	struct config c = { .message_max_size = 4096 };

	(void)state;
	assert_int_equal(config_line_max(&c), 33792);
	c.message_max_size = 1;
	assert_int_equal(config_line_max(&c), 1032);
	c.message_max_size = 65536;
	assert_int_equal(config_line_max(&c), 525312);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_set_without_file_and_environment),
		TEST(each_key_is_read_from_the_file),
		TEST(each_key_is_read_from_the_environment_which_wins),
		TEST(what_is_no_value_is_named),
		TEST(an_empty_choice_or_number_is_no_value),
		TEST(trusted_networks_may_be_none_and_a_wrong_one_is_named),
		TEST(a_long_wrong_value_is_cut_in_the_answer),
		TEST(the_file_is_read_as_systemd_reads_it),
		TEST(a_line_of_any_length_is_one_line),
		TEST(what_stands_behind_a_nul_counts_as_well),
		TEST(a_wrong_value_leaves_the_earlier_one_readable),
		TEST(blanks_before_the_equals_sign_are_dropped),
		TEST(a_line_that_was_meant_for_a_key_and_sets_none_is_told),
		TEST(quotes_go_in_pairs_only),
		TEST(a_file_that_is_none_is_named),
		TEST(help_names_each_key),
		TEST(the_longest_line_follows_from_the_longest_message),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
