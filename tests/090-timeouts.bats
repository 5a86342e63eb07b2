#!/usr/bin/env bats
# Deadlines of a connection: login and idleness.

load helpers

@test "who does not CONNECT in time gets TIMEOUT, whatever else it says" {
	export CHAT_LOGIN_TIMEOUT=1
	server_start
	client_open silent
	client_open chatty
	client_send chatty '{"command":"PING"}'
	client_send chatty '{"command":"CONNECT","username":"all"}'
	client_send chatty '{"command":'
	client_error silent TIMEOUT
	client_closed silent
	client_error chatty TIMEOUT
	client_closed chatty
}

# Alice registers another name and is not timed out before she says more.
registers_and_goes_on() {
	client_open alice
	client_send alice "{\"command\":\"REGISTER\",\"username\":\"a$((++TRIES))\",\"password\":\"correct horse\"}"
	client_expect alice '.event == "REGISTERED"' 300
	client_send alice '{"command":"PING"}'
	client_expect alice '.event == "PONG" or .event == "ERROR"'
	[[ $(client_get .event) == PONG ]]
}

@test "what a password's hash takes is no part of the time to CONNECT" {
	export CHAT_LOGIN_TIMEOUT=1 CHAT_BCRYPT_COST=15
	server_start
	# (What is left of a second may be short for a busy machine.)
	TRIES=0
	wait_for registers_and_goes_on
	client_error alice TIMEOUT
}

@test "half a line does not put the login deadline off" {
	export CHAT_LOGIN_TIMEOUT=1
	client_open slow "exec:$B/bin/chat-session"
	printf '{"command":"CONN' | client_raw slow
	client_error slow TIMEOUT
	client_closed slow
}

@test "the server sends PING after half the idle time, and TIMEOUT after all of it" {
	server_start
	client_login bob
	# Bob has time enough, on a busy machine too.
	export CHAT_IDLE_TIMEOUT=4
	PORT=
	listener_start
	# (Before: the server's clock may have run for a while when we hear of it.)
	now_ms
	start=$NOW
	client_login alice
	client_expect alice '. == {event: "PING"}'
	now_ms
	((NOW - start >= 1900)) || fail "PING came after $((NOW - start)) ms"
	client_error alice TIMEOUT
	now_ms
	((NOW - start >= 3900)) || fail "TIMEOUT came after $((NOW - start)) ms"
	client_closed alice
	client_expect bob '.event == "LEFT" and .username == "alice"'
	assert_eq "$(db "select reason from sessions join users on users.id = user_id
	    where username = 'alice'")" timeout
}

@test "any line answers the server's PING, an empty or a wrong one too" {
	export CHAT_IDLE_TIMEOUT=$((DEADLINE / 2))
	server_start
	client_login alice
	for line in '' 'rubbish' '{"command":"USERS"}'; do
		client_expect alice '.event == "PING"'
		client_send alice "$line"
	done
	client_expect alice '.event == "PING"'
	client_none alice '.code == "TIMEOUT"'
}

# Whether MS have passed since START.
has_passed() {
	now_ms
	((NOW - START >= $1))
}

@test "who could not be asked in time, since the session was stopped, is asked before TIMEOUT" {
	local pid START
	export CHAT_IDLE_TIMEOUT=6
	server_start
	client_login alice
	pid=$(session_pid alice)
	# She was just heard: nobody has asked yet.
	client_barrier alice
	kill -STOP "$pid"
	now_ms
	START=$NOW
	wait_for has_passed 6100
	kill -CONT "$pid"
	client_expect alice '. == {event: "PING"}'
	client_send alice ''
	client_none alice '.code == "TIMEOUT"'
}

@test "a client that reads slowly, and speaks, has no TIMEOUT while a long answer lasts" {
	local pid part START
	export CHAT_IDLE_TIMEOUT=2
	server_start
	client_login alice
	seq -f "{\"command\":\"MESSAGE\",\"to\":\"all\",\"message\":\"%.0f $(printf 'x%.0s' {1..1100})\"}" \
	    1000 | client_raw alice
	client_barrier alice
	mkfifo in out
	"$B/bin/chat-session" <in >out 2>>"$T/log/pipe" 3>&- &
	pid=$!
	exec {IN}>in {OUT}<out
	printf '%s\n' '{"command":"CONNECT","username":"bob"}' \
	    '{"command":"HISTORY","limit":1000}' >&"$IN"
	now_ms
	START=$NOW
	# (A megabyte waits, of which this takes less than half.)
	until has_passed 5000; do
		head -c 2000 <&"$OUT"
		echo '{"command":"PING","ref":"here"}' >&"$IN"
		nap
	done >got
	exec {IN}>&-
	cat <&"$OUT" >>got
	exec {OUT}<&-
	wait "$pid"
	# (Alice says no more, and may be gone before this is over.)
	jq -r '.code // .event' got | grep -vxE 'PING|LEFT' >events
	assert_eq "$(uniq events | xargs)" 'CONNECTED HISTORY PONG'
}

@test "being talked to does not keep an idle client" {
	export CHAT_IDLE_TIMEOUT=$((DEADLINE / 4 + 1))
	server_start
	client_login bob
	client_login alice
	client_expect bob '.event == "PING"'
	say alice one
	client_expect bob '.message == "one"'
	client_error bob TIMEOUT
	client_closed bob
}

@test "a client that was timed out may come back at once" {
	export CHAT_IDLE_TIMEOUT=2
	server_start
	client_login alice
	client_error alice TIMEOUT
	client_closed alice
	client_open alice
	client_login alice
}

@test "a client that never reads its last events does not keep its session" {
	export CHAT_LOGIN_TIMEOUT=1
	server_start
	client_open alice
	client_stop alice
	yes '{"command":"PING","ref":"0123456789012345678901234567890123456789"}' |
	    head -n 150000 | client_raw alice
	pid=$(session_pid alice)
	wait_for -t 30 process_gone "$pid"
}

# Whether CLIENT's session has the database open.
has_database() {
	find "/proc/$(session_pid "$1")/fd" -lname "$CHAT_DB*" | grep -q .
}

has_no_database() {
	not has_database "$1"
}

@test "who is silent for STORE_REST has no database open, and speaks on as before" {
	local id
	need_root
	server_start
	client_login alice
	client_login bob
	say bob one
	client_expect alice '.message == "one"'
	has_database alice
	wait_for -t 60 has_no_database alice
	# What others say comes without it.
	say bob two
	client_expect alice '.message == "two"'
	has_no_database alice
	say alice three
	client_expect bob '.message == "three"'
	client_send alice '{"command":"HISTORY","limit":9}'
	client_expect alice '.event == "HISTORY" and (.messages | map(.message)) == ["one", "two", "three"]'
	has_database alice
}

@test "at the end of a long silence what was missed is read, and the row is closed" {
	need_root
	server_start
	client_login alice
	client_login bob
	client_expect alice '.event == "JOINED"'
	wait_for -t 60 has_no_database alice
	notify_stop
	say bob one
	client_expect alice '.message == "one"'
	wait_for -t 60 has_no_database bob
	client_send bob '{"command":"DISCONNECT"}'
	client_expect bob '.event == "DISCONNECTED"'
	assert_eq "$(db "SELECT reason FROM sessions WHERE ended_at IS NOT NULL")" disconnected
}
