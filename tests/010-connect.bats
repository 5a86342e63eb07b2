#!/usr/bin/env bats
# CONNECT, DISCONNECT, PING, and what may be said before and after.

load helpers

@test "CONNECTED says all that a client needs" {
	server_start
	client_open alice
	client_send alice '{"command":"CONNECT","username":"alice","ref":"c1"}'
	client_expect alice '.event == "CONNECTED" and .ref == "c1" and
	    .username == "alice" and (.session | type == "number" and . > 0) and
	    .last_id == 0 and .oldest_id == 0 and
	    (.resume | test("^[0-9a-f]{32}$")) and
	    .limits == {message_max_size: 4096, line_max_size: 33792,
	        history_max: 1000, idle_timeout: 300} and (has("reset") | not)'
}

@test "last_id and oldest_id name the ends of the log" {
	server_start
	client_login alice
	say alice one
	first=$ID
	say alice two
	client_login bob
	assert_eq "$(client_get .last_id)" "$ID"
	assert_eq "$(client_get .oldest_id)" "$first"
}

@test "each session has its own number and its own resume secret" {
	server_start
	client_login alice
	one=$(client_get '"\(.session) \(.resume)"')
	client_login bob
	two=$(client_get '"\(.session) \(.resume)"')
	[[ ${one% *} != "${two% *}" && ${one#* } != "${two#* }" ]]
}

@test "an answer without a ref in the command has none" {
	server_start
	client_login alice
	assert_eq "$(client_get 'has("ref")')" false
	client_send alice '{"command":"PING"}'
	client_expect alice '. == {event: "PONG"}'
}

@test "PING is answered before and after CONNECT" {
	server_start
	client_open alice
	client_send alice '{"command":"PING","ref":"early"}'
	client_next alice '. == {event: "PONG", ref: "early"}'
	client_login alice
	client_send alice '{"command":"PING","ref":"late"}'
	client_expect alice '. == {event: "PONG", ref: "late"}'
}

@test "what needs a name is NOT_CONNECTED before CONNECT, and the connection stays" {
	server_start
	client_open alice
	n=0
	for command in '"MESSAGE","to":"all","message":"x"' \
	    '"HISTORY","limit":3' '"USERS"'; do
		client_send alice "{\"command\":$command,\"ref\":\"$((++n))\"}"
		client_error alice NOT_CONNECTED ".ref == \"$n\""
	done
	client_login alice
}

@test "a second CONNECT is ALREADY_CONNECTED and changes nothing" {
	server_start
	client_login alice
	client_login bob
	client_send alice '{"command":"CONNECT","username":"carol","ref":"2"}'
	client_error alice ALREADY_CONNECTED '.ref == "2"'
	say alice hello
	client_expect bob '.event == "MESSAGE" and .from == "alice"'
}

@test "an unknown command is UNKNOWN_COMMAND, in any state" {
	server_start
	client_open alice
	client_send alice '{"command":"FLY","ref":"1"}'
	client_error alice UNKNOWN_COMMAND '.ref == "1"'
	client_send alice '{"command":"ping"}'
	client_error alice UNKNOWN_COMMAND
	client_send alice '{"command":""}'
	client_error alice UNKNOWN_COMMAND
	client_login alice
	client_send alice '{"command":"FLY"}'
	client_error alice UNKNOWN_COMMAND
	client_send alice '{"command":"PING","ref":"still here"}'
	client_expect alice '.ref == "still here"'
}

@test "a missing or wrong command is a BAD_REQUEST that names it" {
	server_start
	client_open alice
	for line in '{}' '{"command":1}' '{"command":null}' \
	    '{"command":["PING"]}' '{"event":"PING"}' \
	    '{"command":"PING\u0000"}'; do
		client_send alice "$line"
		client_error alice BAD_REQUEST '.message | contains("command")'
	done
}

@test "a missing or wrong member of CONNECT is a BAD_REQUEST that names it" {
	server_start
	client_open alice
	while read -r member line; do
		client_send alice "{\"command\":\"CONNECT\",$line,\"ref\":\"r\"}"
		client_error alice BAD_REQUEST ".ref == \"r\" and
		    (.message | contains(\"$member\"))"
	done <<-'END'
		username "user":"alice"
		username "username":1
		username "username":null
		username "username":["alice"]
		since "username":"alice","since":"1"
		since "username":"alice","since":-1
		since "username":"alice","since":1.5
		since "username":"alice","since":true
		history "username":"alice","history":"all"
		history "username":"alice","history":-1
		history "username":"alice","history":1.25
		resume "username":"alice","resume":12
		timestamp "username":"alice","timestamp":{}
	END
	client_login alice
}

@test "a ref that is no string or too long is a BAD_REQUEST" {
	server_start
	client_open alice
	client_send alice '{"command":"PING","ref":1}'
	client_error alice BAD_REQUEST '.message | contains("ref")'
	client_send alice '{"command":"PING","ref":""}'
	client_error alice BAD_REQUEST '.message | contains("ref")'
	client_send alice '{"command":"PING","ref":["a"]}'
	client_error alice BAD_REQUEST '.message | contains("ref")'
	long=$(printf 'r%.0s' {1..65})
	client_send alice "{\"command\":\"PING\",\"ref\":\"$long\"}"
	client_error alice BAD_REQUEST '.message | contains("ref")'
	client_send alice "{\"command\":\"PING\",\"ref\":\"${long%r}\"}"
	client_expect alice ".event == \"PONG\" and .ref == \"${long%r}\""
}

@test "a ref comes back as it was, whatever characters it has" {
	server_start
	client_open alice
	client_send alice '{"command":"PING","ref":"a\"b\\c\u00e9\t😀"}'
	client_expect alice '.ref == "a\"b\\c\u00e9\t😀"'
}

@test "user names are 1 to 32 of the allowed characters and never all" {
	server_start
	client_open alice
	for name in '' all ALL All 'a b' 'a/b' é 'a\n' 'a\u0000' \
	    abcdefghijklmnopqrstuvwxyz0123456; do
		client_send alice "{\"command\":\"CONNECT\",\"username\":\"$name\",\"ref\":\"x\"}"
		client_error alice BAD_USERNAME '.ref == "x"'
	done
	client_send alice '{"command":"CONNECT","username":"A-b_c.9"}'
	client_expect alice '.event == "CONNECTED" and .username == "A-b_c.9"'
	client_open bob
	client_send bob '{"command":"CONNECT","username":"abcdefghijklmnopqrstuvwxyz012345"}'
	client_expect bob '.event == "CONNECTED"'
}

@test "members that nobody knows are ignored" {
	server_start
	client_open alice
	client_send alice '{"x":1,"command":"CONNECT","username":"alice","colour":{"a":[1,2]},"y":null}'
	client_expect alice '.event == "CONNECTED"'
}

@test "a client's timestamp is checked" {
	server_start
	client_open alice
	client_send alice '{"command":"CONNECT","username":"alice","timestamp":"2026-11-23T04:38:09.123Z"}'
	client_expect alice '.event == "CONNECTED"'
	client_send alice '{"command":"MESSAGE","to":"all","message":"x","timestamp":17,"ref":"1"}'
	client_error alice BAD_REQUEST '.ref == "1" and (.message | contains("timestamp"))'
	long=$(printf '1%.0s' {1..65})
	client_send alice "{\"command\":\"MESSAGE\",\"to\":\"all\",\"message\":\"x\",\"timestamp\":\"$long\"}"
	client_error alice BAD_REQUEST '.message | contains("timestamp")'
}

@test "DISCONNECT is answered with a reason, then the server closes" {
	server_start
	client_login alice
	client_send alice '{"command":"DISCONNECT","username":"alice","ref":"bye"}'
	client_expect alice '.event == "DISCONNECTED" and .ref == "bye" and
	    (.reason | type == "string" and length > 0)'
	client_closed alice
	assert_eq "$(db 'select count(*) from sessions where ended_at is null')" 0
}

@test "DISCONNECT needs no name and is allowed before CONNECT" {
	server_start
	client_open alice
	client_send alice '{"command":"DISCONNECT"}'
	client_next alice '.event == "DISCONNECTED"'
	client_closed alice
	client_login bob
	client_send bob '{"command":"DISCONNECT"}'
	client_expect bob '.event == "DISCONNECTED"'
	client_closed bob
}

@test "DISCONNECT with one's name in other case is one's own" {
	server_start
	client_login alice
	client_send alice '{"command":"DISCONNECT","username":"ALICE"}'
	client_expect alice '.event == "DISCONNECTED"'
	client_closed alice
}

@test "DISCONNECT of another user is a BAD_REQUEST and ends nobody" {
	server_start
	client_login alice
	client_login bob
	client_send alice '{"command":"DISCONNECT","username":"bob","ref":"1"}'
	client_error alice BAD_REQUEST '.ref == "1" and (.message | contains("username"))'
	client_send alice '{"command":"DISCONNECT","username":7}'
	client_error alice BAD_REQUEST '.message | contains("username")'
	client_send alice '{"command":"DISCONNECT","username":"alice\u0000bob"}'
	client_error alice BAD_REQUEST '.message | contains("username")'
	say alice hello
	client_expect bob '.message == "hello"'
}

@test "commands after DISCONNECT are not executed" {
	server_start
	client_login bob
	client_login alice
	client_raw alice <<-'END'
		{"command":"DISCONNECT"}
		{"command":"MESSAGE","to":"all","message":"too late"}
		{"command":"PING"}
	END
	client_expect alice '.event == "DISCONNECTED"'
	client_closed alice
	client_expect bob '.event == "LEFT"'
	assert_eq "$(db 'select count(*) from messages')" 0
	assert_eq "$(tail -n 1 "$(client_record alice)" | jq -r .event)" DISCONNECTED
}

@test "answers come in the order of the commands" {
	server_start
	client_login alice
	for i in {1..40}; do
		case $((i % 4)) in
		0) echo "{\"command\":\"PING\",\"ref\":\"$i\"}" ;;
		1) echo "{\"command\":\"MESSAGE\",\"to\":\"all\",\"message\":\"m\",\"ref\":\"$i\"}" ;;
		2) echo "{\"command\":\"USERS\",\"ref\":\"$i\"}" ;;
		3) echo "{\"command\":\"NONSENSE\",\"ref\":\"$i\"}" ;;
		esac
	done | client_raw alice
	client_count alice 41
	jq -r 'select(.ref) | .ref' "$(client_record alice)" >got
	diff got <(seq 40)
}

@test "on end of input a session answers what it was sent, then closes" {
	server_start
	client_login alice
	for i in {1..20}; do
		echo "{\"command\":\"MESSAGE\",\"to\":\"all\",\"message\":\"m$i\",\"ref\":\"$i\"}"
	done | client_raw alice
	client_shut alice
	client_closed alice
	assert_eq "$(grep -c '"ACK"' "$(client_record alice)")" 20
	assert_eq "$(db 'select count(*) from messages')" 20
}

@test "a session row tells who, from where, which process, when, and why it ended" {
	server_start
	client_login alice
	pid=$(session_pid alice)
	client_ask alice port
	assert_eq "$(db "select users.username, pid, peer, ended_at is null
	    from sessions join users on users.id = user_id")" \
	    "alice|$pid|127.0.0.1:$REPLY|1"
	client_send alice '{"command":"DISCONNECT"}'
	client_closed alice
	assert_eq "$(db 'select ended_at >= started_at and reason <> ""
	    from sessions')" 1
}

@test "SIGTERM to a session: SHUTDOWN with reconnect_after, then the end" {
	server_start
	client_login alice
	client_login bob
	session_kill alice TERM
	client_error alice SHUTDOWN '.reconnect_after | type == "number" and . >= 0'
	client_closed alice
	client_expect bob '.event == "LEFT" and .username == "alice"'
}

# Who is traced shows as stopped at each system call that is looked at.
has_stopped() {
	grep -qaF 'stopped by SIGSTOP' "$T/trace"
}

# It comes when the first of two pieces has been read, and the other is there.
@test "SIGTERM to a session whose client says one thing after the other" {
	need_strace
	# A copy that is forked is the same, but traced it is not.
	unset CHAT_TEST_FORK
	traced chat-session recvfrom signal=STOP 2
	SESSION=$T/traced
	server_start
	client_login alice
	yes '{"command":"PING"}' | head -n 5000 >pings
	client_raw alice <pings
	pid=$(db 'select pid from sessions')
	wait_for has_stopped
	client_sent alice
	kill -TERM "$pid"
	kill -CONT "$pid"
	client_closed alice
	grep -q SHUTDOWN "$(client_record alice)"
	(($(grep -c PONG "$(client_record alice)") < 5000)) ||
	    fail 'it was told last of all'
}

# raw_login NAME: connected at descriptor RAW, without a driver: it is quick
raw_login() {
	exec {RAW}<>"/dev/tcp/127.0.0.1/$PORT"
	printf '{"command":"CONNECT","username":"%s"}\n' "$1" >&"$RAW"
	raw_read "$RAW" '"CONNECTED"'
}

# raw_read FD TEXT: read lines up to one that has it
raw_read() {
	local line
	until [[ ${line:-} == *"$2"* ]]; do
		IFS= read -rt "$DEADLINE" -u "$1" line ||
		    { fail "nothing with $2 came"; return; }
	done
}

# raw_or_stopped FD: something of a line has come, or it cannot
raw_or_stopped() {
	local line=
	IFS= read -rt 0.01 -u "$1" line || [[ -n $line ]] || has_stopped
}

# While it passes on what others say, a session looks for signals only each
# HEAR_EVERY times; what it sees then must not wait for anything else.  It is
# stopped when it is about to read the datagram before that, which is one
# of the last four of so many: some it reads without having waited for them.
@test "SIGTERM to a session between two messages of others" {
	local bob every before i pid
	need_strace
	unset CHAT_TEST_FORK
	every=$(awk '/#define HEAR_EVERY/ { print $3 }' \
	    "$ROOT/chat-session/loop.c")
	SESSION=$T/traced
	export CHAT_RATE=0
	traced chat-session recvmsg signal=STOP 60000
	server_start
	client_login carol
	raw_login bob
	bob=$RAW
	for before in 0 1 2 3; do
		traced chat-session recvmsg signal=STOP \
		    $((every - 2 + before)) -e trace=ppoll,recvmsg
		raw_login "alice$before"
		pid=$(db "select pid from sessions join users on
		    users.id = user_id where username = 'alice$before'")
		until has_stopped; do
			printf '{"command":"MESSAGE","to":"%s","message":"-"}\n' \
			    "alice$before" >&"$bob"
			# One by one, or it would look whether there are more.
			wait_for raw_or_stopped "$RAW"
			nap
		done
		# The relay has done with one batch before it sends the next.
		for i in 1 2; do
			printf '%s\n' '{"command":"MESSAGE","to":"all","message":"-"}' \
			    >&"$bob"
			client_expect carol '.message == "-"'
		done
		kill -TERM "$pid"
		kill -CONT "$pid"
		raw_read "$RAW" '"SHUTDOWN"'
		sed '1,/--- SIGTERM/d' "$T/trace" >after
		not grep -F Timeout after
		exec {RAW}>&-
	done
	exec {bob}>&-
}
