#!/usr/bin/env bats
# chat-session --listen: one process that listens and forks itself for each
# connection.  (With CHAT_TEST_FORK=1 all other tests use it as well.)

bats_require_minimum_version 1.5.0
load helpers

# (An earlier one's log must not be taken for its own.)
listen_start() {
	: >"$T/log/listen"
	"$B/bin/chat-session" "$@" </dev/null >"$T/log/listen" 2>&1 3>&- &
	LISTEN=$!
	LISTENERS+=("$LISTEN")
	wait_for grep -qE 'INFO listening|CRITICAL' "$T/log/listen"
}

# listen_ended STATUS: it has ended, so.
listen_ended() {
	local status=0
	wait_for process_gone "$LISTEN"
	wait "$LISTEN" || status=$?
	assert_eq "$status" "$1" 'exit status'
	LISTENERS=()
}

# listen_traced OPTIONS...: at $PORT, under strace; the trace is in ./trace.
listen_traced() {
	PORT=$("$B/tests/chat-talk" --port)
	: >"$T/log/listen"
	strace -D -qq -o trace "$@" \
	    "$B/bin/chat-session" --listen="127.0.0.1:$PORT" \
	    >"$T/log/listen" 2>&1 </dev/null 3>&- &
	LISTEN=$!
	LISTENERS+=("$LISTEN")
	wait_for grep -q 'INFO listening' "$T/log/listen"
}

@test "it listens on an address, and serves several at a time" {
	notify_start
	PORT=$("$B/tests/chat-talk" --port)
	listen_start --listen="127.0.0.1:$PORT"
	client_login alice
	client_login bob
	say alice hello
	client_expect bob '.message == "hello" and .from == "alice"'
	assert_eq "$(db 'select count(distinct pid) from sessions')" 2
	[[ $(db "select count(*) from sessions where pid = $LISTEN") == 0 ]]
}

@test "it listens on an address of IPv6" {
	[[ -e /proc/net/if_inet6 ]] || skip 'no IPv6 here'
	notify_start
	PORT=$("$B/tests/chat-talk" --port)
	listen_start --listen="[::1]:$PORT"
	client_open alice "tcp:::1:$PORT"
	client_login alice
}

@test "an address that is none, or not free, is named" {
	for address in x 127.0.0.1 :5555 127.0.0.1: localhost:5555 \
	    127.0.0.1:99999 127.0.0.1:0 '[::1]' ''; do
		run -64 timeout "$DEADLINE" "$B/bin/chat-session" --listen="$address"
		[[ $output == *"--listen=$address"*127.0.0.1:5555* ]]
	done
	notify_start
	listener_start
	run -71 timeout "$DEADLINE" "$B/bin/chat-session" --listen="127.0.0.1:$PORT"
	[[ $output == *"cannot listen on 127.0.0.1:$PORT"*'in use'* ]]
}

@test "without an address something that listens must have been handed over" {
	run -64 timeout "$DEADLINE" "$B/bin/chat-session" --listen
	[[ $output == *LISTEN_FDS*--listen=* ]]
	# (Not 78, with which chat-fork.service is not started again after a pause.)
	# shellcheck disable=SC2016 # the inner shell's own pid
	run -64 sh -c 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" --listen 3</dev/null' \
	    "$B/bin/chat-session"
	[[ $output == *'no socket that listens'* ]]
	# One connection rather than what listens.
	PORT=$("$B/tests/chat-talk" --port)
	systemd-socket-activate --accept -l "127.0.0.1:$PORT" \
	    "$B/bin/chat-session" --listen >"$T/log/listen" 2>&1 3>&- &
	LISTENERS+=($!)
	wait_for grep -q '^Listening' "$T/log/listen"
	client_open alice
	client_closed alice
	wait_for grep -q 'CRITICAL listen.*Accept=no' "$T/log/listen"
}

@test "a wrong configuration is said at the start, with status 78" {
	CHAT_IDLE_TIMEOUT=never run -78 timeout "$DEADLINE" \
	    "$B/bin/chat-session" --listen=127.0.0.1:1
	[[ $output == *CHAT_IDLE_TIMEOUT* ]]
}

@test "who waits hears of a wrong configuration, of no more processes than else" {
	local i status=0
	need_strace
	notify_start
	export CHAT_MAX_CONNECTIONS=1 CHAT_BLOCK_TIME=never
	cat >listener <<-END
		#!/bin/sh
		exec strace -D -qq -o trace -e trace=?fork,clone,?clone3,wait4 \
		    "$B/bin/chat-session" --listen
	END
	chmod +x listener
	PORT=$("$B/tests/chat-talk" --port)
	environment_options
	systemd-socket-activate -l "127.0.0.1:$PORT" "${OPTIONS[@]}" \
	    "$PWD/listener" >"$T/log/listen" 2>&1 </dev/null 3>&- &
	LISTEN=$!
	LISTENERS+=("$LISTEN")
	: >>"$T/log/listen"
	wait_for grep -q '^Listening' "$T/log/listen"
	kill -STOP "$LISTEN"
	for i in 1 2 3 4 5 6; do
		client_open "c$i"
	done
	kill -CONT "$LISTEN"
	for i in 1 2 3 4 5 6; do
		client_error "c$i" INTERNAL
		client_closed "c$i"
	done
	listen_ended 78
	# Two (LISTEN_FACTOR) times CHAT_MAX_CONNECTIONS.
	assert_eq "$(awk '/^(fork|clone).* = [1-9]/ { if (++n > most) most = n }
		/^wait4.* = [1-9]/ { n-- } END { print most }' trace)" 2
}

@test "its end is no end of a session, and another takes over at once" {
	notify_start
	PORT=$("$B/tests/chat-talk" --port)
	listen_start --listen="127.0.0.1:$PORT"
	client_login alice
	kill -TERM "$LISTEN"
	listen_ended 0
	say alice still
	listen_start --listen="127.0.0.1:$PORT"
	client_login bob
	say alice here
	client_expect bob '.message == "here"'
}

@test "SIGHUP is nothing to it, nor to a session" {
	notify_start
	PORT=$("$B/tests/chat-talk" --port)
	listen_start --listen="127.0.0.1:$PORT"
	client_login alice
	kill -HUP "$LISTEN" "$(db 'select pid from sessions')"
	client_login bob
	say bob hello
	client_expect alice '.message == "hello"'
}

@test "a session that crashes takes no other along, and leaves no zombie" {
	need_root
	export CHAT_TEST_FORK=1
	server_start
	client_login alice
	client_login bob
	client_login carol
	session_kill bob ABRT
	say alice on
	client_expect carol '.message == "on"'
	client_login dave
	wait_for has_no_zombie "${LISTENERS[0]}"
}

has_no_zombie() {
	[[ $(ps -o stat= --ppid "$1") != *Z* ]]
}

@test "more than twice CHAT_MAX_CONNECTIONS wait until somebody leaves" {
	export CHAT_MAX_CONNECTIONS=2 CHAT_TEST_FORK=1
	# Nobody counts without the relay.
	mkdir -p "$T/run/sessions"
	listener_start
	for name in a b c d; do
		client_login "$name"
	done
	client_open e
	client_send e '{"command":"CONNECT","username":"e"}'
	say a on
	assert_eq "$(wc -l <"$(client_record e)")" 0 'events of who waits'
	client_send a '{"command":"DISCONNECT"}'
	client_closed a
	client_expect e '.event == "CONNECTED"'
}

@test "directories that were replaced are found by who comes then" {
	export CHAT_TEST_FORK=1 CHAT_RUNTIME_DIR=$T/run/here
	mkdir "$CHAT_RUNTIME_DIR"
	server_start
	client_login alice
	client_close alice
	wait_for log_has 'INFO closed user=alice'
	notify_stop
	rm -r "$T/data" "$CHAT_RUNTIME_DIR"
	mkdir "$T/data" "$CHAT_RUNTIME_DIR"
	notify_start
	client_login bob
	say bob hello
	assert_eq "$(db 'select body from messages')" hello
}

# Each call that can run short, once.
@test "without descriptors or processes connections wait, and that is said once" {
	need_strace
	notify_start
	listen_traced -e trace=accept4,clone \
	    -e inject=accept4:error=EMFILE:when=1..3
	client_login alice
	grep -q INJECTED trace
	assert_eq "$(grep -c 'ERROR listen' "$T/log/listen")" 1 'lines of trouble'
}

# What accept(2) says of a connection, and what it never should.
@test "trouble of one connection is no trouble, any other is not tried at once" {
	need_strace
	notify_start
	listen_traced -e trace=accept4 \
	    -e inject=accept4:error=ECONNABORTED:when=1..3
	client_login alice
	assert_eq "$(grep -c INJECTED trace)" 3 'connections that went away'
	not grep -q 'ERROR listen' "$T/log/listen"
	listen_traced -e trace=accept4 -e inject=accept4:error=EIO:when=1..3
	client_login bob
	assert_eq "$(grep -c INJECTED trace)" 3 'calls that failed'
	assert_eq "$(grep -c 'ERROR listen' "$T/log/listen")" 1 'lines of trouble'
}

# Two sockets, at $PORT and ./sock, which a process that is left shuts down when
# it reads "DESCRIPTOR HOW" from ./giver; with HOW "take" it takes a connection,
# and then there is ./taken.  Arguments go before the listener's command.
handed_over() {
	mkfifo giver
	# shellcheck disable=SC2016 # it is perl's
	printf '%s\n' '#!/usr/bin/perl' '$^F = 4;' \
	    'exec @ARGV if fork;' \
	    'open(my $in, "<", "giver") or die;' \
	    'while (<$in>) {' \
	    '	my ($fd, $how) = split;' \
	    '	open(my $socket, "+<&=", $fd) or die;' \
	    '	if ($how eq "take") {' \
	    '		accept(my $connection, $socket) or die;' \
	    '		open(my $out, ">", "taken") or die;' \
	    '	} else {' \
	    '		shutdown($socket, $how) or die;' \
	    '	}' \
	    '}' >give
	chmod +x give
	PORT=$("$B/tests/chat-talk" --port)
	environment_options
	systemd-socket-activate -l "127.0.0.1:$PORT" -l "$T/sock" \
	    "${OPTIONS[@]}" ./give "$@" "$B/bin/chat-session" --listen \
	    >"$T/log/listen" 2>&1 </dev/null 3>&- &
	LISTEN=$!
	LISTENERS+=("$LISTEN")
	wait_for test -S "$T/sock"
}

# shut_down DESCRIPTOR HOW
shut_down() {
	handed_over
	client_open "by$1" "unix:$T/sock"
	client_login "by$1"
	echo "$1 $2" >giver
	listen_ended 71
	grep -q "CRITICAL listen.*descriptor $1 was shut down" "$T/log/listen"
	assert_eq "$(grep -c ' listen:' "$T/log/listen")" 1 'lines of trouble'
	say "by$1" still
	rm sock giver
}

@test "a socket that its giver has shut down is named, and the listener ends" {
	notify_start
	shut_down 3 0
	shut_down 3 2
	shut_down 4 0
	shut_down 4 2
}

@test "a connection that somebody else took first keeps the listener from nothing" {
	local calls
	need_strace
	notify_start
	# How often it masks signals before it waits.
	handed_over strace -D -qq -o trace -e trace=rt_sigprocmask,ppoll
	client_open first "unix:$T/sock"
	client_login first
	calls=$(sed '/^ppoll/q' trace | grep -c rt_sigprocmask)
	: >giver
	kill -TERM "$LISTEN"
	listen_ended 0
	rm sock giver
	# It is stopped when it was called and has not taken it yet.
	handed_over strace -D -qq -o trace -e trace=rt_sigprocmask,accept4 \
	    -e inject=rt_sigprocmask:signal=STOP:when=$((calls + 1))
	client_open second "unix:$T/sock"
	wait_for grep -q 'stopped by SIGSTOP' trace
	echo '4 take' >giver
	wait_for test -e taken
	kill -CONT "$LISTEN"
	wait_for grep -q '^accept4.* EAGAIN' trace
	kill -TERM "$LISTEN"
	listen_ended 0
}

# Who is started by root reads it as root, but its copies are not root.
@test "a configuration that only root may read counts for its copies" {
	need_root
	chown 65534 "$T/run" "$T/data"
	chmod 711 "$T" "${CHAT_TEST_TMP:-$T}" "${CHAT_TEST_RUN:-$T}"
	echo CHAT_AUTH=required >chat.conf
	chmod 600 chat.conf
	mkdir run/sessions
	chown 65534 run/sessions
	PORT=$("$B/tests/chat-talk" --port)
	CHAT_CONFIG=$T/chat.conf listen_start --listen="127.0.0.1:$PORT"
	client_open alice
	client_send alice '{"command":"CONNECT","username":"alice"}'
	client_error alice AUTH_REQUIRED
}

@test "a configuration that is changed counts when it is started again" {
	notify_start
	unset CHAT_DB
	echo "CHAT_DB=$T/data/chat.db" >chat.conf
	export CHAT_CONFIG=$T/chat.conf
	PORT=$("$B/tests/chat-talk" --port)
	listen_start --listen="127.0.0.1:$PORT"
	mkdir elsewhere
	echo "CHAT_DB=$T/elsewhere/chat.db" >chat.conf
	client_login alice
	say alice hello
	[[ -e data/chat.db && ! -e elsewhere/chat.db ]]
	kill -TERM "$LISTEN"
	listen_ended 0
	listen_start --listen="127.0.0.1:$PORT"
	client_login bob
	[[ -e elsewhere/chat.db ]]
}

@test "a connection that gets no process at once gets one later" {
	need_strace
	notify_start
	listen_traced -e trace=clone -e inject=clone:error=EAGAIN:when=1..3
	client_login alice
	assert_eq "$(grep -c INJECTED trace)" 3 'forks that failed'
	assert_eq "$(grep -c 'ERROR listen' "$T/log/listen")" 1 'lines of trouble'
}

@test "a listener that cannot wait says why before it ends" {
	need_strace
	listen_traced -e trace=ppoll -e inject=ppoll:error=ENOMEM:when=1+
	listen_ended 71
	grep -q 'CRITICAL listen: cannot wait: Cannot allocate memory' \
	    "$T/log/listen"
}

# It cannot leave the pause otherwise, since CALL always fails with ERROR.
term_in_pause() {
	local call=$1 error=$2
	listen_traced -e trace="$call" -e inject="$call:error=$error:when=1+"
	client_open alice
	wait_for grep -q 'ERROR listen' "$T/log/listen"
	kill -TERM "$LISTEN"
	listen_ended 0
	client_close alice
}

@test "SIGTERM ends it while there is no process or descriptor to be had" {
	need_strace
	term_in_pause clone EAGAIN
	term_in_pause accept4 EMFILE
}

# SIGTERM comes while it takes the first of three that are there.
@test "SIGTERM ends it while connections keep coming" {
	local name
	need_strace
	notify_start
	cat >listen <<-END
		#!/bin/sh
		read -r go <"$T/go"
		exec strace -D -qq -o "$T/trace" -e trace=accept4 \
		    -e inject=accept4:signal=TERM:when=1 \
		    "$B/bin/chat-session" --listen
	END
	chmod +x listen
	mkfifo go
	SESSION=$T/listen CHAT_TEST_FORK=1 listener_start
	for name in a b c; do
		client_open "$name"
	done
	echo >go
	LISTEN=$LISTENER
	listen_ended 0
	assert_eq "$(grep -c ' = [0-9]' trace)" 1 'connections it took'
	client_login a
}

@test "a session that a signal has ended is named in the log" {
	need_root
	export CHAT_TEST_FORK=1
	notify_start
	PORT=$("$B/tests/chat-talk" --port)
	listen_start --listen="127.0.0.1:$PORT"
	client_login alice
	pid=$(session_pid alice)
	session_kill alice KILL
	wait_for grep -q "ERROR killed: process $pid, .*signal 9" "$T/log/listen"
	client_login bob
	client_close bob
	wait_for grep -q 'INFO closed user=bob' "$T/log/listen"
	assert_eq "$(grep -c killed "$T/log/listen")" 1 'lines of deaths'
}

@test "trouble that nobody reads does not end it" {
	need_strace
	notify_start
	mkfifo pipe
	PORT=$("$B/tests/chat-talk" --port)
	strace -D -qq -o trace -e trace=write,accept4 \
	    -e inject=accept4:error=EMFILE:when=1 \
	    "$B/bin/chat-session" --listen="127.0.0.1:$PORT" \
	    >/dev/null 2>pipe </dev/null 3>&- &
	LISTENERS+=($!)
	grep -q 'INFO listening' pipe
	client_login alice
	grep -q EPIPE trace
}

# The sockets of process $1, but for standard error.
sockets_of() {
	find "/proc/$1/fd" ! -name 2 -lname 'socket:*' -printf '%l\n' | sort -u
}

# shellcheck disable=SC2031 # for this shell
sockets_apart() {
	local stream=$T/log/stream id
	export CHAT_TEST_FORK=1
	journal_start
	notify_start
	: >"$stream"
	id=$(stat -c %d:%i "$stream")
	PORT=$("$B/tests/chat-talk" --port)
	JOURNAL_STREAM=$id \
	    "$B/bin/chat-session" --listen="127.0.0.1:$PORT" \
	    </dev/null >/dev/null 2>"$stream" 3>&- &
	LISTENER=$!
	LISTENERS+=("$LISTENER")
	wait_for grep -q '^CHAT_EVENT=listening' "$T/journal"
	client_login alice
	client_login bob
	wait_for grep -q '^CHAT_USER=bob' "$T/journal"
	sockets_of "$LISTENER" >of-listener
	sockets_of "$(session_pid alice)" >of-alice
	sockets_of "$(session_pid bob)" >of-bob
	[[ -s of-listener && -s of-alice && -s of-bob ]]
	assert_eq "$(sort of-* | uniq -d)" '' 'sockets that several have'
	client_close alice
	client_close bob
	log_reader_stop
}

# A copy could shut such a socket, or connect it elsewhere, for all others.
@test "its copies have no socket in common with it, or with each other" {
	in_space --mount sockets_apart
}

@test "an upgrade of a session does not touch the one that listens" {
	notify_start
	PORT=$("$B/tests/chat-talk" --port)
	cp "$B/bin/chat-session" "$T/chat-session"
	"$T/chat-session" --listen="127.0.0.1:$PORT" </dev/null \
	    >"$T/log/listen" 2>&1 3>&- &
	LISTENERS+=($!)
	wait_for grep -q 'INFO listening' "$T/log/listen"
	client_login alice
	pid=$(db "select pid from sessions where ended_at is null")
	kill -URG "$pid"
	wait_for grep -q upgraded "$T/log/listen"
	say alice on
	assert_eq "$(db "select pid from sessions where ended_at is null")" "$pid"
	kill -URG "${LISTENERS[0]}"
	client_login bob
	client_expect alice '.event == "JOINED"'
}
