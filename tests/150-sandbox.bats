#!/usr/bin/env bats
# The sandbox of a session: what somebody who has taken one over can do with
# it.  A preloaded library (driver/forbidden.c) does it at the session's first
# wait; that everything a session has to do works in it, all other tests show.

load helpers

# The session whose libraries are shared, so that one can be preloaded.
SHARED=$B/tests/chat-session

setup() {
	chat_setup
	case $B in
	*/san | */cov | */valgrind) skip 'instrumented programs may do more' ;;
	esac
}

# Do what the words say in a session on pipes; sets $STATUS.  What it was told
# is in $T/log/pipe.
do_in_session() {
	STATUS=0
	: >"$T/log/pipe"
	CHAT_TEST_FORBIDDEN=$* LD_PRELOAD=$B/tests/forbidden.so \
	    SESSION=$SHARED session_pipe \
	    <<<'{"command":"PING"}' >"$T/out" || STATUS=$?
}

need_landlock() {
	CHAT_LOG_LEVEL=DEBUG session_pipe </dev/null >"$T/out"
	log_has 'DEBUG sandbox .*Landlock [0-9]' || skip 'no Landlock here'
}

# A word that is answered with an error; the session goes on.
assert_refused() {
	do_in_session "$1"
	grep -qx "$1: errno $2" "$T/log/pipe" ||
	    fail "$1 was not refused with $2: $(cat "$T/log/pipe")"
	assert_eq "$STATUS" 0 "status after $1"
	grep -q PONG "$T/out"
}

# Words, and the calls that the log names.
FORBIDDEN='inet socket
netlink socket
trace ptrace
process clone
copy clone
take accept4
descriptor dup2
filter seccomp
rules landlock_create_ruleset
user setresuid
signal kill
pidfd pidfd_send_signal
memory-both mmap
memory-later mprotect
terminal ioctl
option setsockopt
other-memory process_vm_readv
name prctl
dumpable prctl
namespace unshare
limit prlimit64
rename rename
directory mkdir
handler-hidden rt_sigaction'

# assert_violation WORD CALL
assert_violation() {
	log_has "^chat-session: CRITICAL violation .*system call [0-9]+ \\($2\\)" ||
	    fail "$1: no $2 in the log"
	not grep -q "^$1:" "$T/log/pipe"
}

@test "a forbidden system call ends the session with SIGSYS and is named in the log" {
	local word call
	while read -r word call; do
		do_in_session "$word"
		assert_eq "$STATUS" 159 "status after $word"
		assert_violation "$word" "$call"
		assert_eq "$(cat "$T/out")" '' "what the client got after $word"
	done <<<"$FORBIDDEN"
}

# Do what the words say in a session that one which listens has forked.
do_in_copy() {
	PORT=$("$B/tests/chat-talk" --port)
	# (The last one's log must not be taken for its own.)
	: >"$T/log/pipe"
	CHAT_TEST_COPY=1 CHAT_TEST_FORBIDDEN=$* LD_PRELOAD=$B/tests/forbidden.so \
	    "$SHARED" --listen="127.0.0.1:$PORT" </dev/null \
	    >"$T/log/pipe" 2>&1 3>&- &
	LISTENERS=($!)
	wait_for grep -q 'INFO listening' "$T/log/pipe"
	client_open "$1"
}

@test "a session that was forked may do nothing more" {
	local word call
	while read -r word call; do
		do_in_copy "$word"
		client_closed "$word"
		assert_violation "$word" "$call"
		listener_stop
	done <<<"$FORBIDDEN"
	do_in_copy state passwd outside handler files-many inet
	client_closed state
	grep -qE '^NoNewPrivs:\s*1$' "$T/log/pipe"
	grep -qx 'handler: errno 1' "$T/log/pipe"
	grep -qx 'files-many: errno 24' "$T/log/pipe"
	assert_violation inet socket
	need_landlock
	listener_stop
	do_in_copy passwd outside inet
	client_closed passwd
	grep -qx 'passwd: errno 13' "$T/log/pipe"
	grep -qx 'outside: errno 13' "$T/log/pipe"
}

@test "who forks sessions is in the sandbox itself, before anybody comes" {
	local listener
	notify_start
	PORT=$("$B/tests/chat-talk" --port)
	"$B/bin/chat-session" --listen="127.0.0.1:$PORT" </dev/null \
	    >"$T/log/listen" 2>&1 3>&- &
	listener=$!
	LISTENERS=("$listener")
	wait_for grep -qE '^Seccomp:\s*2$' "/proc/$listener/status"
	grep -qE '^NoNewPrivs:\s*1$' "/proc/$listener/status"
	grep -qE '^Max open files +64 +64 ' "/proc/$listener/limits"
	assert_eq "$(stat -c %u "/proc/$listener/environ")" 0 owner
	client_login alice
	say alice hello
}

@test "files and programs of others are out of reach" {
	need_landlock
	assert_refused passwd 13
	assert_refused listing 13
	assert_refused outside 13
	assert_refused shell 13
	[[ ! -e $T.outside ]]
}

# (Root's capabilities would open it anyway, in some kernels.)
@test "the memory of other processes of the same user is out of reach" {
	local drop=()
	need_landlock
	[[ $(id -u) != 0 ]] || drop=(setpriv --bounding-set=-all)
	# shellcheck disable=SC2016 # expanded by the inner shell
	CHAT_TEST_FORBIDDEN=parents-memory "${drop[@]}" bash -c '
		cat "/proc/$$/environ" >own || exit
		LD_PRELOAD=$0 "$1" </dev/null' "$B/tests/forbidden.so" \
	    "$SHARED" 2>"$T/log/pipe" 3>&-
	grep -qx 'parents-memory: errno 13' "$T/log/pipe"
}

@test "the answer to a violation cannot be taken away" {
	assert_refused handler 1
	do_in_session handler inet
	assert_eq "$STATUS" 159
	log_has 'CRITICAL violation .*\(socket\)'
}

@test "memory and descriptors have their limits" {
	assert_refused memory-much 12
	assert_refused files-many 24
}

@test "what hashing a password needs is allowed: a thread, and to be nice" {
	assert_refused thread3 38
	do_in_session thread inside
	grep -qx 'thread: done' "$T/log/pipe"
	grep -qx 'inside: done' "$T/log/pipe"
	assert_eq "$STATUS" 0
}

@test "a session that executes itself anew serves on, in the same sandbox" {
	need_landlock
	export CHAT_LOG_LEVEL=DEBUG
	# More often than Landlock's layers could be stacked.
	do_in_session again again again again again again again again again \
	    again again again again again again again again again state
	assert_eq "$STATUS" 0
	grep -q PONG "$T/out"
	grep -qE '^NoNewPrivs:\s*1$' "$T/log/pipe"
	grep -qE '^Seccomp_filters:\s*1$' "$T/log/pipe"
	assert_eq "$(grep -c 'DEBUG sandbox .*entered before' "$T/log/pipe")" 18
	# It is still locked in, though nobody is left to say so.
	do_in_session again passwd inet
	grep -qx 'passwd: errno 13' "$T/log/pipe"
	assert_eq "$STATUS" 159
}

# The session under strace, which lies to it about the kernel.
under() {
	need_strace
	STATUS=0
	: >"$T/log/pipe"
	strace -qq -o "$T/trace" "${@:2}" -E CHAT_LOG_LEVEL=DEBUG \
	    -E CHAT_TEST_FORBIDDEN="$1" -E LD_PRELOAD="$B/tests/forbidden.so" \
	    "$SHARED" <<<'{"command":"PING"}' \
	    >"$T/out" 2>>"$T/log/pipe" 3>&- || STATUS=$?
}

@test "a kernel without Landlock: seccomp alone, nothing can be executed" {
	under shell -e inject=landlock_create_ruleset:error=ENOSYS
	log_has 'DEBUG sandbox .*no Landlock'
	grep -qx 'shell: errno 1' "$T/log/pipe"
	grep -q PONG "$T/out"
	under inside -e inject=landlock_create_ruleset:error=EOPNOTSUPP
	log_has 'DEBUG sandbox .*no Landlock'
	grep -q PONG "$T/out"
}

@test "kernels with older versions of Landlock" {
	need_landlock
	for version in 1 2 3 4 5 6; do
		under passwd -e "inject=landlock_create_ruleset:retval=$version:when=1"
		log_has "DEBUG sandbox .*Landlock $version"
		grep -qx 'passwd: errno 13' "$T/log/pipe"
		grep -q PONG "$T/out"
	done
}

@test "without seccomp nobody is served" {
	local call
	for call in seccomp landlock_restrict_self; do
		under '' -e "inject=$call:error=EINVAL"
		assert_eq "$STATUS" 71 "status without $call"
		log_has 'CRITICAL no_sandbox'
		assert_eq "$(jq -r .code "$T/out")" INTERNAL
	done
}

@test "no core is dumped and nobody but root looks into a session" {
	local pid
	server_start
	client_login alice
	pid=$(session_pid alice)
	grep -qE '^Max core file size +0 +0 ' "/proc/$pid/limits"
	# What is not dumpable belongs to root.
	assert_eq "$(stat -c %u "/proc/$pid/environ")" 0 owner
	grep -qE '^Seccomp:\s*2$' "/proc/$pid/status"
}

@test "a session that made a forbidden call is gone for the others" {
	notify_start
	listener_start
	client_login bob
	cat >"$T/victim" <<-END
		#!/bin/sh
		export CHAT_TEST_FORBIDDEN=process CHAT_TEST_WHEN="$T/now"
		export LD_PRELOAD="$B/tests/forbidden.so"
		exec "$SHARED" 2>>"$T/log/victim"
	END
	chmod +x "$T/victim"
	client_open alice "exec:$T/victim"
	client_login alice
	client_expect bob '.event == "JOINED" and .username == "alice"'
	: >"$T/now"
	client_send alice '{"command":"PING"}'
	client_expect bob '.event == "LEFT" and .username == "alice"'
	log_has 'CRITICAL violation user=alice .*\(clone\)'
	say bob on
}
