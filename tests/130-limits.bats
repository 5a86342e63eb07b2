#!/usr/bin/env bats
#
# Limits by source, which all sessions share: connections at once and a minute,
# wrong passwords, and what becomes of the counts when a process dies.  Tests
# come from several addresses of the loopback network, none of which is trusted
# here unless a test says so.

load helpers

setup() {
	chat_setup
	export CHAT_TRUSTED=192.0.2.1
}

# client_from NAME LAST [CONNECT's members]: from 127.0.0.LAST
client_from() {
	client_open "$1" "tcp:127.0.0.1:$PORT@127.0.0.$2"
}

# Whether somebody from 127.0.0.LAST can come in now.
comes_in() {
	client_from guest "$1"
	client_send guest '{"command":"CONNECT","username":"guest"}'
	client_expect guest '.event == "CONNECTED" or .event == "ERROR"'
	client_close guest
	[[ $(client_get .event) == CONNECTED ]]
}

# wrong NAME PASSWORD: it is answered AUTH_FAILED
wrong() {
	now_ms
	WRONG_AT=$NOW
	client_send "$1" "{\"command\":\"CONNECT\",\"username\":\"x\",\"password\":\"$2\"}"
	client_error "$1" AUTH_FAILED
}

# Whether so many ms pass from a wrong password to what may be said next.
waited() {
	local name=$1 least=$2
	client_send "$name" '{"command":"PING"}'
	client_expect "$name" '.event == "PONG"'
	now_ms
	((NOW - WRONG_AT >= least)) ||
	    fail "$name had to wait only $((NOW - WRONG_AT)) ms"
}

@test "a source has only so many connections at once, others are let in" {
	export CHAT_SOURCE_CONNECTIONS=2
	server_start
	client_from alice 1
	client_login alice
	client_from bob 1
	client_login bob
	client_from carol 1
	client_error carol SERVER_FULL '.reconnect_after == 10'
	client_closed carol
	client_from dora 2
	client_login dora
	client_close alice
	wait_for comes_in 1
}

@test "connections that have not said who they are count as well" {
	export CHAT_SOURCE_CONNECTIONS=2
	server_start
	client_from one 1
	client_from two 1
	client_send one '{"command":"PING"}'
	client_expect one '.event == "PONG"'
	client_send two '{"command":"PING"}'
	client_expect two '.event == "PONG"'
	client_from three 1
	client_error three SERVER_FULL
	session_kill two
	wait_for comes_in 1
}

@test "an IPv6 source is a network of 64 bits" {
	in_space --net ipv6_sources
}

ipv6_sources() {
	[[ -e /proc/net/if_inet6 ]] || fail 'no IPv6 in this kernel'
	export CHAT_SOURCE_CONNECTIONS=2
	notify_start
	PORT=5555
	ip address add 2001:db8:1::1/128 dev lo nodad
	listener_start "[::]:$PORT"
	client_from6 alice 2001:db8::1
	client_login alice
	client_from6 bob 2001:db8::ffff:ffff:ffff:ffff
	client_login bob
	client_from6 carol 2001:db8::1:2:3:4
	client_error carol SERVER_FULL
	client_closed carol
	client_from6 dora 2001:db8:0:1::1
	client_login dora
	# The same machine by IPv4, and as IPv6 says it, is one of its own.
	client_from erin 1
	client_login erin
	client_from fred 1
	client_login fred
	client_from greta 1
	client_error greta SERVER_FULL
	log_has 'connected user=bob .*peer=\[2001:db8::ffff:ffff:ffff:ffff\]:'
}

# client_from6 NAME ADDRESS
client_from6() {
	ip address add "$2/128" dev lo nodad
	client_open "$1" "tcp:2001:db8:1::1:$PORT@$2"
}

@test "counts fall when sessions are killed" {
	export CHAT_SOURCE_CONNECTIONS=2
	server_start
	client_from alice 1
	client_login alice
	client_from bob 1
	client_login bob
	not comes_in 1
	session_kill alice
	session_kill bob
	wait_for comes_in 1
}

@test "a new relay counts again who is there, logged in or not" {
	export CHAT_SOURCE_CONNECTIONS=2
	server_start
	client_from alice 1
	client_login alice
	client_from quiet 1
	client_send quiet '{"command":"PING"}'
	client_expect quiet '.event == "PONG"'
	notify_kill
	notify_start
	client_expect alice '.event == "USERS"'
	wait_for not comes_in 1
	client_from carol 1
	client_error carol SERVER_FULL
	client_send quiet '{"command":"CONNECT","username":"quiet"}'
	client_expect quiet '.event == "CONNECTED"'
}

@test "a source has only so many connections a minute, then a block" {
	export CHAT_SOURCE_RATE=3
	server_start
	for i in 1 2 3; do
		client_from "c$i" 1
		client_login "c$i"
	done
	client_from late 1
	client_error late SERVER_FULL '.reconnect_after > 0 and .reconnect_after <= 60'
	client_closed late
	for i in 5 6; do
		client_from late 1
		client_error late SERVER_FULL
	done
	client_from late 1
	client_error late BLOCKED '.until | test("^20")'
	log_has 'chat-notify: WARNING blocked: 127.0.0.1 until .*too many connections'
	client_from other 2
	client_login other
	# Who is in stays in.
	say c1 hello
}

@test "the server has only so many connections, trusted or not" {
	export CHAT_TRUSTED=127.0.0.0/8 CHAT_MAX_CONNECTIONS=2
	server_start
	client_login alice
	client_login bob
	client_open carol
	client_error carol SERVER_FULL '.reconnect_after == 10'
	client_closed carol
	client_close bob
	wait_for comes_in 1
}

@test "when the server is nearly full, CONNECT has to come sooner" {
	export CHAT_MAX_CONNECTIONS=2 CHAT_LOGIN_TIMEOUT=5
	server_start
	client_login alice
	client_open idle
	client_error idle TIMEOUT '.message == "no CONNECT within 2 s"'
}

@test "when the server becomes nearly full, who has not logged in must hurry" {
	export CHAT_MAX_CONNECTIONS=3 CHAT_LOGIN_TIMEOUT=20
	server_start
	client_open idle
	client_send idle '{"command":"PING"}'
	client_expect idle '.event == "PONG"'
	client_login alice
	client_login bob
	client_error idle TIMEOUT '.message == "no CONNECT within 5 s"'
	say alice hello
}

@test "trusted addresses and UNIX sockets have no limits by source" {
	export CHAT_TRUSTED='10.0.0.0/8 127.0.0.0/24' CHAT_SOURCE_CONNECTIONS=1
	export CHAT_SOURCE_RATE=1 CHAT_LOGIN_FAILURES=1
	server_start
	for i in 1 2 3; do
		client_from "c$i" 1
		client_login "c$i"
	done
	client_from wrong 1
	for i in 1 2 3; do wrong wrong "secret$i"; done
	waited wrong 0
	export CHAT_TRUSTED=10.0.0.0/8
	for i in 1 2 3; do
		client_open "u$i" "exec:$B/bin/chat-session"
		client_login "u$i"
	done
}

@test "each wrong password costs more waiting, and too many block the source" {
	export CHAT_LOGIN_FAILURES=3
	server_start
	client_from good 1
	client_login good
	client_from quiet 1
	client_from eve 1
	wrong eve one
	waited eve 500
	wrong eve two
	waited eve 1000
	wrong eve three
	client_error eve BLOCKED '.until | test("^20")'
	[[ $(client_get .message) == 'this address is blocked until 20'*': too many wrong passwords or invitations' ]]
	client_closed eve
	client_from again 1
	client_error again BLOCKED
	client_closed again
	# Who had not come in goes, who was in stays, others come.
	client_error quiet BLOCKED
	say good hello
	comes_in 2
	assert_eq "$(db 'SELECT count(*) FROM blocks WHERE expires_at > 1')" 1 rows
}

# register NAME USERNAME INVITE
register() {
	now_ms
	WRONG_AT=$NOW
	client_send "$1" "{\"command\":\"REGISTER\",\"username\":\"$2\",\"password\":\"correct horse\",\"invite\":\"$3\"}"
}

@test "guessing invitations costs waiting and a block, like guessing passwords" {
	export CHAT_LOGIN_FAILURES=3 CHAT_REGISTRATION=invite
	server_start
	client_from eve 1
	# The same one again is no further guess, whatever the name.
	for name in a b; do
		register eve "$name" ABCD
		client_error eve BAD_INVITE
		waited eve 500
	done
	register eve a EFGH
	client_error eve BAD_INVITE
	waited eve 1000
	register eve a IJKL
	client_error eve BAD_INVITE
	client_error eve BLOCKED '.message | endswith("wrong passwords or invitations")'
	client_closed eve
	comes_in 2
}

@test "who registers one name after the other is blocked" {
	export CHAT_LOGIN_FAILURES=3
	server_start
	client_from eve 1
	for name in a b c; do
		register eve "$name"
		client_expect eve '.event == "REGISTERED"'
	done
	client_error eve BLOCKED '.message | endswith(": too many registrations")'
	client_closed eve
	not comes_in 1
	comes_in 2
	assert_eq "$(db 'SELECT count(*) FROM users WHERE password IS NOT NULL')" 3
}

@test "another connection of the same source has to wait as well" {
	server_start
	client_from eve 1
	wrong eve one
	wrong eve two
	client_from next 1
	waited next 1000
	client_from other 2
	client_login other
}

@test "the same wrong password again does not lock a person out" {
	export CHAT_LOGIN_FAILURES=2
	server_start
	for i in {1..5}; do
		client_from "c$i" 1
		wrong "c$i" saved
		client_close "c$i"
	done
	comes_in 1
}

@test "a temporary block outlives the relay and ends by itself" {
	export CHAT_LOGIN_FAILURES=1 CHAT_BLOCK_TIME=10
	server_start
	client_from eve 1
	wrong eve one
	client_error eve BLOCKED
	wait_for row_is_there
	notify_stop
	notify_start
	client_from eve 1
	client_error eve BLOCKED
	notify_kill
	notify_start
	not comes_in 1
	wait_for comes_in 1
}

row_is_there() {
	[[ $(db 'SELECT count(*) FROM blocks') == 1 ]]
}

@test "a block that waits for the store holds at once, and is written later" {
	export CHAT_LOGIN_FAILURES=1
	server_start
	client_from eve 1
	wait_for db_is_made
	db_change 'CREATE TRIGGER no BEFORE INSERT ON blocks
	    BEGIN SELECT raise(ABORT, "not now"); END'
	wrong eve one
	client_error eve BLOCKED
	not comes_in 1
	wait_for log_has 'chat-notify: ERROR store_unavailable.*not now'
	db_change 'DROP TRIGGER no'
	wait_for row_is_there
	not comes_in 1
}

@test "without a relay nobody counts, but who is blocked stays out" {
	export CHAT_SOURCE_CONNECTIONS=1
	mkdir "$CHAT_RUNTIME_DIR/sessions"
	listener_start
	client_from alice 1
	client_login alice
	client_from bob 1
	client_login bob
	db_change "INSERT INTO blocks (first, last, reason, created_at)
	    VALUES (x'00000000000000000000ffff7f000002',
	    x'00000000000000000000ffff7f000003', 'no thanks', 1)"
	client_from eve 2
	client_error eve BLOCKED '.message == "this address is blocked: no thanks" and
	    (has("until") | not)'
	client_closed eve
	client_from carol 1
	client_login carol
	# shellcheck disable=SC2034 # for chat_teardown
	SOCKETS_MAY_STAY=1
}

@test "without a relay wrong passwords cost waiting too" {
	mkdir "$CHAT_RUNTIME_DIR/sessions"
	listener_start
	client_from eve 1
	wrong eve one
	waited eve 500
	wrong eve one
	waited eve 1000
}

@test "a connection has only so many wrong passwords" {
	export CHAT_TRUSTED=127.0.0.0/8 CHAT_LOGIN_TIMEOUT=600
	server_start
	client_open eve
	for i in {1..10}; do wrong eve "secret$i"; done
	client_error eve BLOCKED '.message | contains("too many wrong passwords")'
	client_closed eve
	client_login alice
}

@test "a relay that does not answer keeps nobody out for long" {
	server_start
	client_login alice
	kill -STOP "$NOTIFY"
	client_login bob
	kill -CONT "$NOTIFY"
	say bob hello
	client_expect alice '.message == "hello"'
}

@test "nothing is parsed before the verdict" {
	export CHAT_MAX_CONNECTIONS=1
	server_start
	client_login alice
	client_open eve
	client_send eve 'not JSON'
	client_send eve '{"command":"CONNECT","username":"eve"}'
	client_next eve '.code == "SERVER_FULL"'
	client_closed eve
	assert_eq "$(wc -l <"$(client_record eve)")" 1 lines
}

@test "hundreds of connections one after another leave the relay as it was" {
	export CHAT_SOURCE_RATE=0 CHAT_TRUSTED=192.0.2.1
	server_start
	client_login alice
	before=$(find "/proc/$NOTIFY/fd" -mindepth 1 | wc -l)
	for _ in {1..4}; do
		for i in {1..50}; do
			exec {fd}<>"/dev/tcp/127.0.0.1/$PORT"
			exec {fd}>&-
		done
		wait_for only_alice
	done
	wait_for descriptors_are "$before"
	comes_in 1
}

only_alice() {
	(($(own_processes | wc -w) <= 4))
}

descriptors_are() {
	(($(find "/proc/$NOTIFY/fd" -mindepth 1 | wc -l) <= $1))
}
