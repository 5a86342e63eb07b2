#!/usr/bin/env bats
# contrib/haproxy.cfg, by a real HAProxy in front of two listeners.

load helpers

HAPROXY=

# Quicker checks, this test's ports and files; all else is as it is shipped.
haproxy_start() {
	# A check that takes longer than the time between two has failed.
	local inter=$((${CHAT_TEST_DEADLINE:-15} > 15 ? 2000 : 200))
	command -v haproxy >/dev/null || skip 'haproxy is not installed'
	FRONT=$("$B/tests/chat-talk" --port)
	sed -e "s|bind :5555|bind 127.0.0.1:$FRONT|" \
	    -e "s|192.0.2.2:5555|127.0.0.1:$ONE|" \
	    -e "s|192.0.2.2:5557 backup|127.0.0.1:$SPARE backup ${1:-}|" \
	    -e "s|/run/haproxy/admin.sock|$T/haproxy.sock|" \
	    -e "s|inter 5s|inter ${inter}ms|" -e '/^    log /d' \
	    "$ROOT/contrib/haproxy.cfg" >"$T/haproxy.cfg"
	haproxy -db -f "$T/haproxy.cfg" </dev/null >"$T/log/haproxy" 2>&1 3>&- &
	HAPROXY=$!
	wait_for state one UP
}

# haproxy_ask COMMAND
haproxy_ask() {
	echo "$1" | socat stdio "$T/haproxy.sock" 2>/dev/null
}

# The first word of SERVER's state is STATE.
state() {
	[[ $(haproxy_ask 'show stat' |
	    awk -F, -v s="$1" '$1 == "chat" && $2 == s { print $18 }') == "$2" ]]
}

setup() {
	chat_setup
	export CHAT_PROXY_FROM=127.0.0.1
	notify_start
	listener_start
	SPARE=$PORT
	PORT=
	listener_start
	ONE=$PORT
}

teardown() {
	[[ -z $HAPROXY ]] || { kill -TERM "$HAPROXY"; wait "$HAPROXY" || :; }
	rm -f "$T/haproxy.sock"
	chat_teardown
}

login_through() {
	client_open "$1" "tcp:127.0.0.1:$FRONT"
	client_login "$1"
}

# Who connects now is let down at once, without a word.
refused() {
	client_open "$1" "tcp:127.0.0.1:$FRONT"
	client_ask "$1" end 5000
	[[ $REPLY != timeout ]] || fail "$1 hangs"
	[[ ! -s $(client_record "$1") ]]
}

connections() { # SERVER
	haproxy_ask 'show stat' | awk -F, -v s="$1" \
	    '$1 == "chat" && $2 == s { print $5 }'
}

@test "HAProxy finds nothing wrong with contrib/haproxy.cfg" {
	command -v haproxy >/dev/null || skip 'haproxy is not installed'
	run -0 haproxy -c -f "$ROOT/contrib/haproxy.cfg"
	[[ $output != *WARNING* && $output != *ALERT* ]] || fail "$output"
}

@test "its timeouts are longer than the server's" {
	local idle what seconds
	idle=$("$B/bin/chat-session" --help |
	    sed -n 's/^  CHAT_IDLE_TIMEOUT .*\[\([0-9]*\)\].*/\1/p')
	((idle > 0))
	for what in client server; do
		seconds=$(sed -n "s/^    timeout $what \([0-9]*\)s\$/\1/p" \
		    "$ROOT/contrib/haproxy.cfg")
		((seconds > idle)) || fail "timeout $what is $seconds"
	done
}

@test "what it says of CHAT_PROXY_FROM leaves TLS its place there" {
	local default value
	default=$("$B/bin/chat-session" --help |
	    sed -n 's/^  CHAT_PROXY_FROM .*\[\(.*\)\]$/\1/p')
	value=$(sed -n 's/^# .*CHAT_PROXY_FROM=//p' "$ROOT/contrib/haproxy.cfg")
	[[ -n $default && " $value " == *" $default "* ]]
	[[ " $value " == *' 192.0.2.1 '* ]]
}

@test "clients come through with their own address, undisturbed by checks" {
	haproxy_start
	login_through alice
	client_ask alice port
	assert_eq "$(db "select peer from sessions where ended_at is null")" \
	    "127.0.0.1:$REPLY"
	login_through bob
	say alice hello
	client_expect bob '.message == "hello"'
	wait_for checked 10
	client_none alice '.event == "JOINED" and .username != "bob"'
	assert_eq "$(cat "$T"/log/listener.* | grep -cE 'INFO|WARNING|ERROR')" \
	    2 "lines in the log: two who connected"
}

# So many checks were answered by the first server.
checked() {
	(($(grep -c '^Spawned' "$T/log/listener.1") >= $1))
}

@test "a server that stops is found down, and up again" {
	haproxy_start disabled
	login_through alice
	listener_stop
	client_error alice SHUTDOWN
	wait_for state one DOWN
	refused bob
	PORT=$ONE
	listener_start
	wait_for state one UP
	login_through carla
}

@test "a server that hangs is found down" {
	haproxy_start
	kill -STOP "${LISTENERS[1]}"
	wait_for state one DOWN
	login_through alice
	assert_eq "$(connections spare)" 1
	kill -CONT "${LISTENERS[1]}"
	wait_for state one UP
}

@test "drained, it keeps its connections and gets no new ones until it is ready" {
	haproxy_start
	login_through alice
	assert_eq "$(connections one)" 1
	haproxy_ask 'set server chat/one state drain'
	wait_for state one DRAIN
	login_through bob
	assert_eq "$(connections one) $(connections spare)" '1 1'
	say alice hello
	client_expect bob '.message == "hello"'
	say bob 'hello back' alice
	client_expect alice '.message == "hello back"'
	[[ $(haproxy_ask 'show servers conn chat') == *chat/one*chat/spare* ]]
	haproxy_ask 'set server chat/one state ready'
	wait_for state one UP
	login_through carla
	assert_eq "$(connections one) $(connections spare)" '2 1'
}

@test "drained without a spare server, new connections are closed" {
	haproxy_start disabled
	login_through alice
	haproxy_ask 'set server chat/one state drain'
	wait_for state one DRAIN
	refused bob
	say alice 'still here'
}
