/*
 * Unit tests of how chat-client calls its user: the bell, or a command that
 * gets who and what as arguments.
 */
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../chat-client/alert.h"
#include "temp.h"

static char path[64];

static int
start(void **state)
{
	int fd;

	(void)state;
	temp_name(path, sizeof(path));
	if ((fd = mkstemp(path)) == -1)
		return -1;
	close(fd);
	return setenv("ALERT_OUT", path, 1);
}

static int
end(void **state)
{
	(void)state;
	return unlink(path);
}

static struct span
span_of(const char *s)
{
	return (struct span){ s, strlen(s) };
}

static void
assert_output(const char *want)
{
	char got[2048];
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, got, sizeof(got) - 1);

	close(fd);
	assert_true(n >= 0);
	got[n] = '\0';
	assert_string_equal(got, want);
}

/* Until the first command has ended, and the alert has seen that. */
static void
wait_for_command(struct alert *a)
{
	siginfo_t info;

	assert_int_equal(
	    waitid(P_PID, (id_t)a->running[0], &info, WEXITED | WNOWAIT), 0);
	alert_reap(a);
	assert_int_equal(a->running[0], 0);
}

static void
without_a_command_the_bell_rings(void **state)
{
	struct alert a = { 0 };

	(void)state;
	assert_true(alert_call(&a, span_of("bob"), span_of("x"), 0));
	/* At most one in a second. */
	assert_false(alert_call(&a, span_of("bob"), span_of("x"), 999));
	assert_true(alert_call(&a, span_of("bob"), span_of("x"), 1000));
	a.quiet = true;
	assert_false(alert_call(&a, span_of("bob"), span_of("x"), 5000));
}

static void
without_the_bell_a_command_runs_all_the_same(void **state)
{
	static const char *const command[] = { "sh", "-c",
		"printf '%s\n' \"$*\" >$ALERT_OUT", "sh", NULL };
	static const char *const nothing[] = { "/nonexistent", NULL };
	struct alert a = { .command = command, .quiet = true };

	(void)state;
	assert_false(alert_call(&a, span_of("bob"), span_of("x"), 0));
	wait_for_command(&a);
	assert_output("bob x\n");
	a.command = nothing;
	assert_false(alert_call(&a, span_of("bob"), span_of("x"), 5000));
}

static void
a_command_gets_its_own_words_and_two_more(void **state)
{
	static const char *const command[] = { "sh", "-c",
		"printf '<%s>\n' \"$@\" >$ALERT_OUT", "sh", "two words", NULL };
	struct alert a = { .command = command };

	(void)state;
	assert_false(alert_call(
	    &a, span_of("bob"), span_of("$(reboot); `x` 'y' \"z\""), 0));
	wait_for_command(&a);
	assert_output("<two words>\n<bob>\n<$(reboot); `x` 'y' \"z\">\n");
	/* Never an option, never a control, never more than one line. */
	assert_false(alert_call(
	    &a, span_of("--help"), span_of("-a\033[2J\nb\xe2\x80\xae"), 2000));
	wait_for_command(&a);
	assert_output("<two words>\n< --help>\n"
		      "< -a\xe2\x90\x9b[2J\xe2\x90\xa4"
		      "b\xef\xbf\xbd>\n");
	/* Nor behind what is removed. */
	assert_false(alert_call(&a, span_of("\xe2\x80\x8b--help"),
	    span_of("\xe2\x81\xa0\xe2\x80\x8b-a"), 4000));
	wait_for_command(&a);
	assert_output("<two words>\n< --help>\n< -a>\n");
}

static void
a_command_may_have_as_many_words_as_a_setting(void **state)
{
	const char *command[SETTINGS_WORDS_MAX + 1] = { "sh", "-c",
		"echo $# \"$1\" >$ALERT_OUT", "sh" };
	struct alert a = { .command = command };
	char want[32];
	int i;

	(void)state;
	for (i = 4; i < SETTINGS_WORDS_MAX; i++)
		command[i] = "x";
	assert_false(alert_call(&a, span_of("bob"), span_of("y"), 0));
	wait_for_command(&a);
	snprintf(want, sizeof(want), "%d x\n", SETTINGS_WORDS_MAX - 4 + 2);
	assert_output(want);
}

static void
what_a_command_gets_is_bounded(void **state)
{
	static const char *const command[] = { "sh", "-c",
		"printf '%s' \"$2\" | wc -c >$ALERT_OUT", "sh", NULL };
	struct alert a = { .command = command };
	char text[4096], want[32];

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_false(alert_call(
	    &a, span_of("bob"), (struct span){ text, sizeof(text) }, 0));
	wait_for_command(&a);
	snprintf(want, sizeof(want), "%d\n", ALERT_TEXT_MAX + 3);
	assert_output(want);
}

/* Signals, the terminal and descriptors are the client's. */
static void
a_command_inherits_nothing(void **state)
{
	static const char *const command[] = { "sh", "-c",
		"for s in Blk Ign; do"
		" v=$(sed -n s/^Sig$s:.//p /proc/$$/status);"
		/* Two of them are the C library's own. */
		" echo $((0x$v & 0x7fffffff)); done >$ALERT_OUT;"
		"for i in 0 1 2; do l=$(readlink /proc/$$/fd/$i);"
		" echo $l >>$ALERT_OUT; done;"
		"n=$(ls -l /proc/$$/fd | grep -c /dev/zero);"
		"echo $n >>$ALERT_OUT",
		NULL };
	struct alert a = { .command = command };
	int fd = open("/dev/zero", O_RDONLY), high = dup2(fd, 77);
	sigset_t some;

	(void)state;
	assert_int_equal(high, 77);
	sigemptyset(&some);
	sigaddset(&some, SIGTERM);
	sigprocmask(SIG_BLOCK, &some, NULL);
	signal(SIGPIPE, SIG_IGN);
	assert_false(alert_call(&a, span_of("bob"), span_of("x"), 0));
	wait_for_command(&a);
	sigprocmask(SIG_UNBLOCK, &some, NULL);
	close(fd);
	close(high);
	assert_output("0\n0\n/dev/null\n/dev/null\n/dev/null\n0\n");
}

static void
a_command_that_cannot_run_leaves_the_bell(void **state)
{
	static const char *const command[] = { "/nowhere/command", NULL };
	struct alert a = { .command = command };

	(void)state;
	assert_true(alert_call(&a, span_of("bob"), span_of("x"), 0));
	assert_int_equal(a.running[0], 0);
}

static void
commands_at_once_are_bounded(void **state)
{
	static const char *const command[] = { "sh", "-c", "exec sleep 60",
		NULL };
	struct alert a = { .command = command };
	int i;

	(void)state;
	for (i = 0; i < ALERT_RUNNING_MAX; i++)
		assert_false(alert_call(
		    &a, span_of("bob"), span_of("x"), i * ALERT_EVERY));
	assert_true(
	    alert_call(&a, span_of("bob"), span_of("x"), i * ALERT_EVERY));
	for (i = 0; i < ALERT_RUNNING_MAX; i++) {
		assert_true(a.running[i] > 0);
		kill(a.running[i], SIGKILL);
	}
	for (i = 0; i < ALERT_RUNNING_MAX; i++)
		waitpid(a.running[i], NULL, 0);
	/* What somebody else has waited for is gone as well. */
	alert_reap(&a);
	assert_int_equal(a.running[ALERT_RUNNING_MAX - 1], 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_command_the_bell_rings),
		cmocka_unit_test(without_the_bell_a_command_runs_all_the_same),
		cmocka_unit_test(a_command_gets_its_own_words_and_two_more),
		cmocka_unit_test(a_command_may_have_as_many_words_as_a_setting),
		cmocka_unit_test(what_a_command_gets_is_bounded),
		cmocka_unit_test(a_command_inherits_nothing),
		cmocka_unit_test(a_command_that_cannot_run_leaves_the_bell),
		cmocka_unit_test(commands_at_once_are_bounded),
	};

	if (setlocale(LC_ALL, "C.UTF-8") == NULL)
		return 1;
	return cmocka_run_group_tests_name("client-alert", tests, start, end);
}
