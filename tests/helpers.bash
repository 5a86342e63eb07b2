# shellcheck shell=bash
#
# What the bats tests share: a private server for each test, clients that are
# driven line by line, and one way to wait.  A test file begins with
#
#	load helpers
#
# which brings setup() and teardown().  A file that needs more defines its own
# and calls chat_setup and chat_teardown in them.  The programs are taken from
# $B/bin and $B/tests (B from the environment, default build).
#
# The rate limit is off (CHAT_RATE=0), there is a minute to log in, for the
# machine may be busy (CHAT_LOGIN_TIMEOUT=60), and hashes are as cheap as they get
# (CHAT_BCRYPT_COST=4).  Each test has its own directory $T (also the current
# directory), its own port $PORT, and exports CHAT_DB, CHAT_RUNTIME_DIR and
# CHAT_CONFIG=/dev/null.  Other CHAT_* keys are set (exported) before server_start.
# A test fails when at its end one of its processes or sockets is left, or when a
# sanitizer reported something.
#
# Waiting (never sleep)
#   wait_for [-t SECONDS] COMMAND...   until it succeeds; fails at the deadline
#   fail TEXT...                       say why, and fail
#   assert_eq GOT WANTED [WHAT]
#   not COMMAND...                     it fails, with status 1
#   json_holds FILTER [FILE OR OPTION OF JQ...]
#                                      there is JSON (on stdin, or in the file),
#                                      and FILTER is true of each value
#
# The server
#   server_start / server_stop         chat-notify, and a listener on $PORT
#   (With CHAT_TEST_FORK=1 in the environment, "chat-session --listen" is the
#   listener.)
#   listener_start [ADDRESS] / listener_stop   only the listener; ADDRESS as
#                                      systemd-socket-activate -l takes it
#   notify_start / notify_stop / notify_kill   stop: TERM, and it must end
#                                      with status 0; kill: KILL
#   session_pid CLIENT                 pid of the chat-session serving it
#   session_kill CLIENT [SIGNAL]       end it (KILL) and see it gone
#   session_pipe                       chat-session on pipes: stdin, stdout;
#                                      its stderr goes to $T/log/pipe
#   log_has PATTERN                    is there such a line in any log
#   db SQL                             ask the store (read-only)
#   db_change SQL                      change it, beside the server
#
# Faults (need strace; need_strace skips the test without, and has no program
# look for leaks, for who is traced cannot)
#   need_root [WHY]                    skip the test without
#   traced PROGRAM SYSCALLS FAULT WHEN [OPTION...]
#                                      make the script $T/traced: PROGRAM with
#                                      strace's FAULT (error=EIO, signal=KILL)
#                                      at the WHENth of the SYSCALLS; the trace
#                                      is $T/trace, stderr $T/log/traced
#   was_injected                       has the fault happened?
#   child_of PID                       this test's process whose parent is PID
#
# Namespaces (need root; the test is skipped otherwise)
#   in_space --net|--mount FUNCTION [ARG...]
#                                      run a function of the test in a network
#                                      namespace (its own sysctls, loopback is
#                                      up) or a mount namespace of its own.
#                                      Servers and clients are started in it.
#   journal_start                      (there, with --mount) what is sent to the
#                                      journal's socket is in $T/journal
#   log_reader SOCKET FILE / log_reader_stop
#                                      the same with any socket
#
# Clients (NAME is a word; call these in the test's own shell, not with `run`)
#   client_open NAME [ADDRESS]         connect; ADDRESS is tcp:HOST:PORT (the
#                                      default, IPv6 too; with @SOURCE from
#                                      that address), unix:PATH, or
#                                      exec:PROGRAM, which is then run on a
#                                      socket as its fds 0, 1 and 2
#   client_login NAME [MEMBERS]        open if need be, CONNECT as NAME with
#                                      more members ('"history":3'), and
#                                      expect CONNECTED
#   client_send NAME TEXT              one line; LF is added
#   client_raw NAME < BYTES            stdin as it is
#   client_trickle NAME < BYTES        stdin, each byte by itself (with unix:
#                                      and exec:, the server has read each
#                                      before the next goes)
#   client_expect NAME FILTER [SECONDS]
#                                      wait for a line for which the jq FILTER
#                                      is true, and take it.  Others that came
#                                      before are kept for later calls.
#                                      (Thousands: use client_record.)
#   client_next NAME FILTER [SECONDS]  the oldest line not yet taken must match
#   client_error NAME CODE [FILTER]    client_expect of an ERROR
#   client_get FILTER                  jq -r on the line last taken ($LINE)
#   client_none NAME FILTER            no line that came and is not yet taken
#                                      matches; a PING and its PONG come first.
#                                      What *others* sent is only sure to be
#                                      there after something later from them
#                                      was expected.
#   client_forget NAME                 take everything that came so far
#   client_count NAME N [SECONDS]      wait until N lines came altogether
#   client_record NAME                 the file with every byte received
#   received NAME TEXT N               are there at least N lines with TEXT in
#                                      it?  (for wait_for)
#   client_sent NAME                   wait until all told to send is sent
#   client_stop / client_go NAME       stop and go on reading its socket
#   client_closed NAME [SECONDS]       the server closes (no reset)
#   client_close / client_shut / client_abort NAME
#                                      close; close for sending; reset
#   say NAME TEXT [TO [MORE]]          MESSAGE to TO (default all) and its ACK;
#                                      sets $ID

bats_require_minimum_version 1.5.0
ROOT=$(cd "${BATS_TEST_DIRNAME:-$(dirname "${BASH_SOURCE[0]}")}/.." && pwd)
B=${B:-build}
[[ $B == /* ]] || B=$ROOT/$B
DEADLINE=${CHAT_TEST_DEADLINE:-15}
# load is a function: without -g this would be its own.
declare -ga LISTENERS
NOTIFY=
T=

# --- waiting ---------------------------------------------------------------

fail() {
	echo "FAILED: $*"
	return 1
}

assert_eq() {
	[[ $1 == "$2" ]] || fail "${3:-value} is '$1', should be '$2'"
}

# (jq -e alone is content with no value at all.)
json_holds() {
	jq -se "length > 0 and all(.[]; $1)" "${@:2}" >/dev/null
}

# (Any other status than 1 is trouble: no such command, no such file.)
not() {
	local status=0
	"$@" || status=$?
	[[ $status != 0 ]] || { fail "this should not hold: $*"; return; }
	[[ $status == 1 ]] || fail "status $status of: $*"
}

# Milliseconds of a clock, without a process.
now_ms() {
	NOW=${EPOCHREALTIME/[.,]/}
	NOW=${NOW%???}
}

# A moment without a process: nobody ever writes to this fifo.
nap() {
	read -rt 0.02 -u "$NAP" || :
}

wait_for() {
	local seconds=$DEADLINE end
	if [[ $1 == -t ]]; then
		seconds=$2
		shift 2
	fi
	now_ms
	end=$((NOW + seconds * 1000))
	until "$@"; do
		now_ms
		((NOW < end)) || { fail "after $seconds s still not: $*"; return; }
		nap
	done
}

# --- a test's own place ----------------------------------------------------

chat_setup() {
	local name
	# bats notes where it is before each command.  Here it need not know: what
	# fails says why, and a third of the time of all tests went into it.
	trap '[[ $BASH_SOURCE != "$BATS_TEST_SOURCE" ]] || bats_debug_trap "$BASH_SOURCE"' DEBUG
	for name in $(compgen -e CHAT_); do
		[[ $name == CHAT_TEST_* ]] || unset "$name"
	done
	T=$(mktemp -d "${CHAT_TEST_TMP:-/tmp}/chat.XXXXXX")
	mkdir "$T/log" "$T/run" "$T/c" "$T/san" "$T/data"
	mkfifo "$T/nap"
	exec {NAP}<>"$T/nap"
	PORT=
	# Tests say in a moment what people say in an hour.
	export CHAT_RATE=0 CHAT_LOGIN_TIMEOUT=60 CHAT_BCRYPT_COST=4
	export CHAT_CONFIG=/dev/null CHAT_DB=$T/data/chat.db
	export CHAT_RUNTIME_DIR=$T/run CHAT_TEST_ID=$T XDG_STATE_HOME=$T/state
	export ASAN_OPTIONS=log_path=$T/san/asan:detect_stack_use_after_return=1
	export UBSAN_OPTIONS=log_path=$T/san/ubsan:print_stacktrace=1
	SOCKETS_MAY_STAY=
	cd "$T" || return
}

# Pids of what this test started and what came of it.
own_processes() {
	local files
	# Whoever looks must not find itself.
	files=$(unset CHAT_TEST_ID
		grep -lzsFx "CHAT_TEST_ID=$T" /proc/[0-9]*/environ) || :
	files=${files//\/environ/}
	echo "${files//\/proc\//}"
	[[ $EUID == 0 ]] || own_sessions
}

# A session hides its environment from all but root.  Its process group is that
# of the test file.
own_sessions() {
	local stat line group=
	for stat in "/proc/$$/stat" /proc/[0-9]*/stat; do
		read -r line 2>/dev/null <"$stat" || continue
		[[ -z $group || $line == *" (chat-session) "* ]] || continue
		# pid (name) state ppid pgrp ...
		# shellcheck disable=SC2086 # its words
		set -- ${line##*) }
		if [[ -z $group ]]; then
			group=$3
		elif [[ $3 == "$group" ]]; then
			echo "${line%% *}"
		fi
	done
}

no_own_processes() {
	[[ -z $(own_processes) ]]
}

# Only chat-notify may be left.
no_sessions() {
	local pids
	pids=$(own_processes)
	[[ -z $pids || $pids == "$NOTIFY" ]]
}

processes_show() {
	local pid
	for pid in $(own_processes); do
		echo "pid $pid: $(tr '\0' ' ' 2>/dev/null </proc/"$pid"/cmdline)"
	done
}

# End everything of this test, hard if need be.
processes_end() {
	local pid name bad=0
	for name in "${!CLIENT_PID[@]}"; do
		client_drop "$name"
	done
	listener_stop || bad=1
	if ! wait_for no_sessions; then
		processes_show
		bad=1
	fi
	if [[ -n $NOTIFY ]]; then
		notify_stop || bad=1
	fi
	if ! wait_for no_own_processes; then
		processes_show
		bad=1
	fi
	for pid in $(own_processes); do
		kill -CONT "$pid" 2>/dev/null || :
		kill -KILL "$pid" 2>/dev/null || :
	done
	return "$bad"
}

leaks_check() {
	local bad=0 left
	left=$(find "$T/run" -type s | sort)
	if [[ -n $left && -z $SOCKETS_MAY_STAY ]]; then
		echo "sockets left: $left"
		bad=1
	fi
	left=$(find "$T/data" -type f ! -name 'chat.db*')
	if [[ -n $left ]]; then
		echo "files left: $left"
		bad=1
	fi
	# (The leak checker says so of a thread that is killed while it looks.)
	if grep -hsv 'Unable to get registers from thread' "$T"/san/*; then
		bad=1
	fi
	if grep -Es 'runtime error:|Sanitizer|Assertion .* failed|panic' "$T"/log/*; then
		bad=1
	fi
	return "$bad"
}

logs_show() {
	local f
	for f in "$T"/log/*; do
		[[ -s $f ]] || continue
		echo "--- ${f##*/}"
		tail -n 25 "$f"
	done
	for f in "$T"/c/*.got; do
		[[ -s $f ]] || continue
		echo "--- received by ${f##*/}"
		tail -n 8 "$f" | cut -c1-300
	done
}

chat_teardown() {
	local bad=0
	# Who was skipped before, or needs none, has no place of its own.
	[[ -n $T ]] || return 0
	processes_end || bad=1
	leaks_check || bad=1
	if [[ $bad == 1 || -z ${BATS_TEST_COMPLETED:-} ]]; then
		logs_show
	fi
	cd / || :
	if [[ -z ${CHAT_TEST_KEEP:-} ]]; then
		rm -rf "$T"
	fi
	return "$bad"
}

setup() {
	chat_setup
}

teardown() {
	chat_teardown
}

# --- the server ------------------------------------------------------------

# What a session inherits, as options of systemd-socket-activate.
environment_options() {
	local name
	OPTIONS=()
	for name in $(compgen -e); do
		case $name in
		CHAT_* | ASAN_* | UBSAN_* | GCOV_* | LD_PRELOAD | GLIBC_TUNABLES)
			OPTIONS+=(-E "$name")
			;;
		esac
	done
}

listener_is_up() {
	grep -q '^Listening on' "$1" || ! kill -0 "$2" 2>/dev/null
}

listener_try() {
	local log=$T/log/listener.${#LISTENERS[@]}
	environment_options
	: >"$log"
	local how=(--accept --inetd) option=()
	if [[ -n ${CHAT_TEST_FORK:-} ]]; then
		how=() option=(--listen)
	fi
	systemd-socket-activate "${how[@]}" -l "$1" "${OPTIONS[@]}" \
	    "${SESSION:-$B/bin/chat-session}" "${option[@]}" \
	    </dev/null >>"$log" 2>&1 3>&- &
	LISTENER=$!
	wait_for listener_is_up "$log" "$LISTENER"
	kill -0 "$LISTENER" 2>/dev/null
}

# shellcheck disable=SC2120 # the address is given by tests
listener_start() {
	local tries
	if [[ -n ${1:-} || -n $PORT ]]; then
		listener_try "${1:-127.0.0.1:$PORT}" ||
		    { fail "no listener on ${1:-$PORT}"; return; }
	else
		for tries in 1 2 3 4 5; do
			PORT=$("$B/tests/chat-talk" --port)
			listener_try "127.0.0.1:$PORT" && break
			PORT=
		done
		[[ -n $PORT ]] || { fail "no listener in $tries tries"; return; }
	fi
	LISTENERS+=("$LISTENER")
}

listener_stop() {
	local pid bad=0
	for pid in "${LISTENERS[@]}"; do
		# What a test has stopped could not hear it.  (Not after it: the
		# leak checker stops the process at its end by a SIGSTOP, which
		# that would take back, and both waited for ever.)
		kill -CONT "$pid" 2>/dev/null || :
		kill -TERM "$pid" 2>/dev/null || :
		wait_for process_gone "$pid" || {
			kill -KILL "$pid"
			bad=1
		}
		wait "$pid" 2>/dev/null || :
	done
	LISTENERS=()
	return "$bad"
}

notify_is_up() {
	grep -q " $CHAT_RUNTIME_DIR/notify.sock\$" /proc/net/unix &&
	    [[ -d $CHAT_RUNTIME_DIR/sessions ]]
}

notify_start() {
	"${RELAY:-$B/bin/chat-notify}" </dev/null >>"$T/log/notify" 2>&1 3>&- &
	NOTIFY=$!
	wait_for notify_is_up
}

notify_stop() {
	local pid=$NOTIFY status=0
	NOTIFY=
	kill -TERM "$pid"
	wait_for process_gone "$pid" || kill -KILL "$pid"
	wait "$pid" || status=$?
	assert_eq "$status" 0 "exit status of chat-notify"
}

notify_kill() {
	kill -KILL "$NOTIFY"
	wait "$NOTIFY" 2>/dev/null || :
	NOTIFY=
	SOCKETS_MAY_STAY=1
}

server_start() {
	notify_start
	# shellcheck disable=SC2119
	listener_start
}

server_stop() {
	listener_stop
	[[ -z $NOTIFY ]] || notify_stop
}

# Gone, or a zombie that only its parent keeps.
process_gone() {
	local state
	[[ -r /proc/$1/stat ]] || return 0
	state=$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) || return 0
	[[ ${state:0:1} == [ZX] ]]
}

# (Not of one that is traced: that is stopped at each of its system calls.)
is_stopped() {
	[[ $(<"/proc/$1/stat") == *') T'* ]]
}

session_pid() {
	local port pid
	pid=${CLIENT_SESSION[$1]:-}
	if [[ -z $pid ]]; then
		client_ask "$1" port
		port=$REPLY
		wait_for session_is_known "$port" || return
		pid=$(session_find "$port")
	fi
	echo "$pid"
}

# The listener says from where each connection came, then the pid it gave it.
session_find() {
	if [[ -n ${CHAT_TEST_FORK:-} ]]; then
		# (For a moment the connection is also what it forks from's.)
		ss -Htnp "dport = :$1" | grep -Po '"chat-session",pid=\K[0-9]+' |
		    grep -vxF "$(printf '%s\n' "${LISTENERS[@]}")" |
		    head -n 1 | grep .
		return
	fi
	awk -v port=":$1" '
		/Connection from/ { here = index($0 " ", port " to ") > 0 }
		here && /Spawned .* as PID/ { sub(/.*PID /, ""); pid = $0 + 0 }
		END { if (pid) print pid; else exit 1 }' "$T"/log/listener.*
}

session_is_known() {
	session_find "$1" >/dev/null
}

session_kill() {
	local pid
	pid=$(session_pid "$1")
	kill -"${2:-KILL}" "$pid"
	wait_for process_gone "$pid"
}

session_pipe() {
	"${SESSION:-$B/bin/chat-session}" 2>>"$T/log/pipe" 3>&-
}

log_has() {
	grep -Eq -- "$1" "$T"/log/*
}

db() {
	sqlite3 -readonly -cmd '.timeout 5000' "$CHAT_DB" "$1"
}

# Whether somebody has made it by now, such as the relay.  (For wait_for.)
db_is_made() {
	db 'SELECT 1 FROM users LIMIT 0' 2>/dev/null
}

db_change() {
	sqlite3 -cmd '.timeout 5000' "$CHAT_DB" "$1"
}

# --- faults ----------------------------------------------------------------

need_strace() {
	command -v strace >/dev/null || skip 'strace is not installed'
	strace -o /dev/null true 2>/dev/null || skip 'tracing is not permitted'
	export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
}

# (Only root sees into a session that runs already.)
need_root() {
	[[ $EUID == 0 ]] || skip "needs root${1:+ $1}"
}

traced() {
	cat >"$T/traced" <<-END
		#!/bin/sh
		exec 2>>"$T/log/traced"
		exec strace -qq -o "$T/trace" -e trace=$2 -e inject=$2:$3:when=$4 \
		    ${*:5} "$B/bin/$1"
	END
	chmod +x "$T/traced"
	: >"$T/trace"
}

was_injected() {
	grep -q '(INJECTED)' "$T/trace"
}

child_of() {
	local pid
	for pid in $(own_processes); do
		if [[ $(sed 's/.*) //' "/proc/$pid/stat" | cut -d ' ' -f 2) == "$1" ]]; then
			echo "$pid"
		fi
	done
}

# --- namespaces ------------------------------------------------------------

# Run inside, by a shell of its own.
space_main() {
	local status=0
	exec {NAP}<>"$T/nap"
	trap 'processes_end' EXIT
	[[ ! -e /proc/net/dev ]] || "$B/tests/chat-talk" --loopback
	"$@"
	trap - EXIT
	processes_end || status=1
	return "$status"
}

in_space() {
	need_root 'for a namespace of its own'
	{
		declare -f
		declare -p T B ROOT DEADLINE
	} >"$T/space"
	# shellcheck disable=SC2016 # expanded by the inner shell
	# Own processes are known by this variable; this shell is none of them.
	(unset CHAT_TEST_ID; exec unshare "$1" bash -c '
		set -eET
		shopt -u extdebug
		declare -A CLIENT_PID CLIENT_CTL CLIENT_REP CLIENT_KEPT
		declare -A CLIENT_SESSION
		declare -a LISTENERS=()
		NOTIFY= PORT= SOCKETS_MAY_STAY=
		source "$0"
		export CHAT_TEST_ID=$T
		trap '\''echo "failed in ${FUNCNAME[0]}: $BASH_COMMAND"'\'' ERR
		space_main "$@"' "$T/space" "${@:2}" 3>&-)
}

# The journal's socket, in a mount namespace of its own, read by cat.
journal_start() {
	mkdir -p /run/systemd
	mount -t tmpfs none /run/systemd
	mkdir /run/systemd/journal
	log_reader /run/systemd/journal/socket "$T/journal"
}

# What comes to SOCKET is in FILE; $READER is who writes it there.
log_reader() {
	systemd-socket-activate -d --inetd -l "$1" sh -c "exec cat >$2" \
	    </dev/null 2>"$T/log/reader" 3>&- &
	READER=$!
	wait_for grep -q '^Listening on' "$T/log/reader"
}

log_reader_stop() {
	kill -TERM "$READER"
	wait "$READER" || :
}

# shellcheck source=tests/clients.bash
source "${BASH_SOURCE[0]%/*}/clients.bash"
