#!/usr/bin/env bats
#
# The programs under valgrind: no byte is read or written that is not theirs,
# no value is used that nobody set, nothing is lost track of, no descriptor is
# left open.  (What the sanitizers see is another matter: make SAN=1 check.)

load helpers

setup() {
	chat_setup
	! grep -q __asan_init "$B/bin/chat-session" ||
	    skip 'programs with sanitizers do not run under valgrind'
	mkdir "$T/valgrind"
	# Everything is some thirty times slower.
	export CHAT_LOGIN_TIMEOUT=300
	# shellcheck disable=SC2034 # for wait_for, client_expect
	DEADLINE=60
	shim
}

# Valgrind 3.19 knows neither epoll_pwait2(2), for which epoll_pwait(2) serves,
# nor pidfd_open(2), for which a descriptor that is never readable has to do:
# here nobody notices by it that somebody died.  And a session's sandbox forbids
# what valgrind itself has to do, so it is left out (150-sandbox tests it).
shim() {
	cat >shim.c <<-'END'
		#define _GNU_SOURCE
		#include <dlfcn.h>
		#include <errno.h>
		#include <stdarg.h>
		#include <stddef.h>
		#include <sys/epoll.h>
		#include <sys/eventfd.h>
		#include <sys/resource.h>
		#include <sys/syscall.h>
		int
		epoll_pwait2(int fd, struct epoll_event *events, int n,
		    const struct timespec *t, const sigset_t *mask)
		{
			return epoll_pwait(fd, events, n, t == NULL ? -1 : (int)
			    (t->tv_sec * 1000 + (t->tv_nsec + 999999) / 1000000),
			    mask);
		}
		int
		pidfd_open(pid_t pid, unsigned int flags)
		{
			return (void)pid, (void)flags, eventfd(0, EFD_CLOEXEC);
		}
		int
		setrlimit(__rlimit_resource_t what, const struct rlimit *limit)
		{
			return (void)what, (void)limit, 0;
		}
		long
		syscall(long n, ...)
		{
			long (*real)(long, ...) = dlsym(RTLD_NEXT, "syscall");
			long a[6];
			va_list args;
			va_start(args, n);
			for (int i = 0; i < 6; i++)
				a[i] = va_arg(args, long);
			va_end(args);
			switch (n) {
			case SYS_pidfd_open:
				return eventfd(0, EFD_CLOEXEC);
			case SYS_seccomp:
				return 0;
			case SYS_landlock_create_ruleset:
				errno = ENOSYS;
				return -1;
			default:
				return real(n, a[0], a[1], a[2], a[3], a[4], a[5]);
			}
		}
	END
	${CC:-cc} -shared -fPIC -o shim.so shim.c -ldl
}

# grind PROGRAM: make the script $T/PROGRAM, which runs it under valgrind (the
# session whose libraries are shared, so that valgrind and the shim get between).
grind() {
	local program=$B/bin/$1
	[[ $1 != chat-session ]] || program=$B/tests/$1
	cat >"$T/$1" <<-END
		#!/bin/sh
		export LD_PRELOAD=$T/shim.so
		exec valgrind --quiet --error-exitcode=99 --leak-check=full \
		    --show-leak-kinds=definite,indirect,possible \
		    --errors-for-leak-kinds=definite,indirect,possible \
		    --log-file="$T/valgrind/$1.%p" "$program" "\$@"
	END
	chmod +x "$T/$1"
}

nothing_is_running() {
	local pid
	for pid in $(own_processes); do
		[[ $(readlink "/proc/$pid/exe") != *valgrind* ]] || return
	done
}

# It ran as often as told, and valgrind had nothing to say.
was_clean() {
	local files
	wait_for nothing_is_running
	files=$(find "$T/valgrind" -name "$1.*" | wc -l)
	(($(find "$T/valgrind" -name "$1.*" | wc -l) == $2)) ||
	    fail "$1 ran $files times, should be $2"
	[[ -z $(find "$T/valgrind" -type f -size +0) ]] ||
	    { head -v -n 60 "$T"/valgrind/*; fail 'valgrind has something to say'; }
}

# Every command, every kind of error, and text that has to be repaired.
life() {
	cat <<-'END'

		rubbish
		{"command":"PING","x":[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]}
		{"command":"PING","ref":"1"}
		{"command":"USERS"}
		{"command":"NONSENSE","ref":"2"}
		{"command":"CONNECT","username":"no name"}
		{"command":"CONNECT","username":"alice","password":"wrong-password"}
		{"command":"CONNECT","username":"alice","since":0,"history":10,"timestamp":"2026-11-23T04:38:09.123Z"}
		{"command":"CONNECT","username":"alice"}
		{"command":"MESSAGE","to":"all","message":"one \u00e9\ud83d\ude00\ud800","ref":"3"}
		{"command":"MESSAGE","to":"all","message":"one \u00e9\ud83d\ude00\ud800","ref":"3"}
		{"command":"MESSAGE","to":"all","message":"two","ref":"3"}
		{"command":"MESSAGE","to":"alice","message":"to\u0000\u001b myself"}
		{"command":"MESSAGE","to":"nobody","message":"x","ref":"4"}
		{"command":"MESSAGE","to":"all","message":"\u0007"}
		{"command":"HISTORY","limit":100}
		{"command":"HISTORY","with":"alice","limit":1,"before":100}
		{"command":"HISTORY","with":"stranger","after":0}
		{"command":"HISTORY","limit":-1}
		{"command":"USERS","ref":"5"}
		{"command":"DISCONNECT","username":"bob"}
	END
	printf '{"command":"MESSAGE","to":"all","message":"\xc0\xaf\xff"}\n'
	printf '{"command":"MESSAGE","to":"all","message":"%05000d"}\n' 0
}

@test "a session on pipes, with every command and every error" {
	grind chat-session
	notify_start
	{
		life
		echo '{"command":"DISCONNECT","ref":"end"}'
	} >commands
	"$T/chat-session" <commands >answers 2>>"$T/log/pipe" 3>&-
	assert_eq "$(jq -r 'select(.ref == "end") | .event' answers)" DISCONNECTED
	assert_eq "$(jq -r 'select(.event == "ERROR") | .code' answers | sort |
	    uniq | xargs)" "ALREADY_CONNECTED AUTH_FAILED BAD_JSON BAD_REQUEST BAD_USERNAME NOT_CONNECTED NO_SUCH_USER TOO_LARGE UNKNOWN_COMMAND"
	was_clean chat-session 1
}

@test "a session on a socket: login, messages both ways, replaced, too long, closed" {
	local resume
	grind chat-session
	SESSION=$T/chat-session listener_start
	# Without a relay first: they look at the store by themselves.
	mkdir "$CHAT_RUNTIME_DIR/sessions"
	client_login bob
	client_login alice
	resume=$(client_get .resume)
	say alice alone
	client_expect bob '.message == "alone"'
	notify_start
	client_expect bob '.event == "USERS"'
	life | client_raw alice
	say alice hello bob
	client_expect bob '.message == "hello"'
	say bob back
	client_expect alice '.message == "back"'
	client_open again
	client_send again "{\"command\":\"CONNECT\",\"username\":\"alice\",\"resume\":\"$resume\",\"since\":0}"
	client_expect again '.message == "back"'
	client_error alice REPLACED
	client_closed alice
	head -c 100000 /dev/zero | tr '\0' x | client_raw again
	client_error again LINE_TOO_LONG
	client_closed again
	session_kill bob TERM
	client_error bob SHUTDOWN
	client_open stranger
	client_abort stranger
	was_clean chat-session 4
}

# alice sends each line that follows a code, or an event, and gets that.
told() {
	local answer line
	while read -r answer; do
		read -r line
		client_send alice "$line"
		client_expect alice ".event == \"$answer\" or .code == \"$answer\""
	done
}

@test "sessions of a user who registers, and uses passwords and a token" {
	local code token
	grind chat-session
	export CHAT_REGISTRATION=invite
	notify_start
	SESSION=$T/chat-session listener_start
	client_open alice
	told <<-'END'
		BAD_INVITE
		{"command":"REGISTER","username":"alice","password":"first secret"}
		BAD_INVITE
		{"command":"REGISTER","username":"alice","password":"first secret","invite":"guessed"}
		BAD_REQUEST
		{"command":"REGISTER","username":"alice","password":"short","invite":"ABCD"}
	END
	code=$(printf ABCD | sha256sum | cut -d ' ' -f 1)
	db_change "INSERT INTO invites (hash, uses_left,
	    note, created_at, expires_at) VALUES (x'$code', 1, '', 0, 9e15)"
	told <<-'END'
		REGISTERED
		{"command":"REGISTER","username":"alice","password":"first secret","invite":"ABCD"}
		USERNAME_TAKEN
		{"command":"REGISTER","username":"alice","password":"first secret","invite":"ABCD"}
		AUTH_REQUIRED
		{"command":"CONNECT","username":"alice"}
		AUTH_FAILED
		{"command":"CONNECT","username":"alice","password":"wrong secret"}
		AUTH_FAILED
		{"command":"CONNECT","username":"nobody","password":"wrong secret"}
		AUTH_FAILED
		{"command":"CONNECT","username":"alice","token":"0123"}
		CONNECTED
		{"command":"CONNECT","username":"alice","password":"first secret"}
		AUTH_FAILED
		{"command":"PASSWORD","old":"wrong secret","new":"other secret"}
		PASSWORD_CHANGED
		{"command":"PASSWORD","old":"first secret","new":"other secret"}
		BAD_REQUEST
		{"command":"TOKEN","revoke":"some"}
		TOKEN
		{"command":"TOKEN"}
	END
	token=$(client_get .token)
	client_open phone
	client_send phone "{\"command\":\"CONNECT\",\"username\":\"alice\",\"token\":\"$token\",\"since\":0}"
	client_expect phone '.event == "CONNECTED"'
	client_send phone '{"command":"TOKEN","revoke":"all"}'
	client_expect phone '.revoked == 1'
	say phone hello
	client_expect alice '.message == "hello"'
	client_close phone
	client_close alice
	was_clean chat-session 2
}

@test "chat-notify, while sessions come, talk, die and go" {
	grind chat-notify
	RELAY=$T/chat-notify notify_start
	listener_start
	for name in alice bob carol; do
		client_login "$name"
	done
	for i in {1..5}; do
		say alice "m$i"
		say bob "p$i" carol
	done
	client_expect carol '.message == "p5"'
	client_abort bob
	client_expect carol '.event == "LEFT" and .username == "bob"'
	head -c 200 /dev/urandom |
	    "$B/tests/chat-talk" --datagram "$CHAT_RUNTIME_DIR/notify.sock"
	client_send carol '{"command":"DISCONNECT"}'
	client_closed carol
	client_expect alice '.event == "LEFT" and .username == "carol"'
	server_stop
	was_clean chat-notify 1
}

@test "chat-client, in plain mode and in JSON" {
	grind chat-client
	server_start
	client_login bob
	printf '%s\n' hello $'caf\xc3\xa9 \xff' 'good bye' |
	    "$T/chat-client" --plain -u alice "127.0.0.1:$PORT" \
	    >out 2>err 3>&-
	client_expect bob '.message == "good bye"'
	"$T/chat-client" --plain -u alice --history 10 "127.0.0.1:$PORT" \
	    >>out 2>>err 3>&-
	"$T/chat-client" --json -u carol "127.0.0.1:$PORT" >>out 2>>err 3>&- \
	    <<<'{"command":"HISTORY","limit":10}'
	grep -q '"event":"HISTORY"' out
	was_clean chat-client 3
}
