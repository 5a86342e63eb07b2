#!/usr/bin/env bats
# Who holds a name: proof, takeover, and what the next holder may not see.

load helpers

resume() {
	client_get '"\"resume\":\"" + .resume + "\""'
}

# CONNECT as NAME on another connection CLIENT.
connect() {
	[[ -n ${CLIENT_PID[$1]:-} ]] || client_open "$1"
	client_send "$1" "{\"command\":\"CONNECT\",\"username\":\"$2\"${3:+,$3}}"
}

leave() {
	client_send "$1" '{"command":"DISCONNECT"}'
	client_closed "$1"
}

history() {
	client_send "$1" "{\"command\":\"HISTORY\",\"with\":\"$2\",\"limit\":100,\"ref\":\"h\"}"
	client_expect "$1" '.event == "HISTORY" and .ref == "h"'
	client_get '[.messages[].message] | join(" ")'
}

@test "a name that is online is USERNAME_TAKEN without proof or with a wrong one" {
	server_start
	client_login alice
	for proof in '' '"resume":""' '"resume":"0123456789abcdef0123456789abcdef"' \
	    '"resume":"no secret at all"'; do
		connect other alice "$proof"
		client_error other USERNAME_TAKEN
	done
	connect other ALICE
	client_error other USERNAME_TAKEN
	connect other bob
	client_expect other '.event == "CONNECTED"'
	say alice still-here
	client_expect other '.message == "still-here"'
}

@test "with the resume secret a name comes back at once, and the old connection is REPLACED" {
	server_start
	client_login bob
	client_login alice
	proof=$(resume)
	client_expect bob '.event == "JOINED"'
	connect again alice "$proof"
	client_expect again '.event == "CONNECTED" and .username == "alice"'
	client_error alice REPLACED
	client_closed alice
	say again hello
	client_expect bob '.from == "alice" and .message == "hello"'
	client_none bob '.event == "JOINED" or .event == "LEFT"'
	assert_eq "$(db 'select count(*) from sessions where ended_at is null')" 2
}

@test "the resume secret serves again and again" {
	server_start
	client_login a
	proof=$(resume)
	for n in 1 2 3; do
		connect "a$n" a "$proof"
		client_expect "a$n" '.event == "CONNECTED"'
		assert_eq "$(resume)" "$proof"
	done
	client_error a REPLACED
	client_error a1 REPLACED
	client_error a2 REPLACED
}

@test "a secret proves one name only" {
	server_start
	client_login alice
	proof=$(resume)
	client_login bob
	connect other bob "$proof"
	client_error other USERNAME_TAKEN
}

@test "the secret is not stored as it is" {
	server_start
	client_login alice
	secret=$(client_get .resume)
	leave alice
	not grep -aq "$secret" "$CHAT_DB" "$CHAT_DB-wal"
	db .dump >dump
	not grep -q "$secret" dump
}

@test "a name whose session was killed is free at once" {
	server_start
	client_login alice
	pid=$(session_pid alice)
	kill -KILL "$pid"
	wait_for process_gone "$pid"
	connect other alice
	client_expect other '.event == "CONNECTED"'
}

@test "a name whose session was killed is free at once without the relay too" {
	server_start
	client_login alice
	notify_kill
	session_kill alice
	connect other alice
	client_expect other '.event == "CONNECTED"'
	assert_eq "$(db 'select count(*) from sessions where ended_at is null')" 1
}

@test "a session that is stopped still holds its name, and gives it up to its owner" {
	server_start
	client_login bob
	client_login alice
	proof=$(resume)
	pid=$(session_pid alice)
	kill -STOP "$pid"
	connect thief alice
	client_error thief USERNAME_TAKEN
	connect again alice "$proof"
	client_expect again '.event == "CONNECTED"'
	say again hello
	client_expect bob '.message == "hello"'
	kill -CONT "$pid"
	client_error alice REPLACED
	client_closed alice
}

@test "a replaced session stores nothing any more" {
	server_start
	client_login alice
	proof=$(resume)
	pid=$(session_pid alice)
	kill -STOP "$pid"
	client_send alice '{"command":"MESSAGE","to":"all","message":"late","ref":"1"}'
	connect again alice "$proof"
	client_expect again '.event == "CONNECTED"'
	kill -CONT "$pid"
	client_error alice REPLACED
	client_closed alice
	assert_eq "$(grep -c ACK "$(client_record alice)")" \
	    "$(db 'select count(*) from messages')"
	assert_eq "$(db 'select count(*) from messages')" 0
}

@test "of many who want a free name at once one gets it" {
	server_start
	for i in {1..8}; do client_open "c$i"; done
	for i in {1..8}; do client_ask "c$i" send '{"command":"CONNECT","username":"prize"}'; done
	won=0
	for i in {1..8}; do
		client_expect "c$i" '.event == "CONNECTED" or .code == "USERNAME_TAKEN"'
		[[ $(client_get .event) != CONNECTED ]] || ((++won))
	done
	assert_eq "$won" 1
	assert_eq "$(db 'select count(*) from sessions where ended_at is null')" 1
}

@test "who takes a name next sees no private message of its former holder" {
	server_start
	client_login alice
	client_login bob
	say alice for-the-first bob
	say bob from-the-first alice
	leave bob
	connect next bob '"since":0'
	client_expect next '.event == "CONNECTED"'
	say alice for-the-next bob
	client_expect next '.event == "MESSAGE" and .message == "for-the-next"'
	client_none next '.event == "MESSAGE"'
	assert_eq "$(history next alice)" for-the-next
	assert_eq "$(history next bob)" ''
	not grep -q the-first "$(client_record next)"
}

# It is stored before the name is taken, and on disk only afterwards.
@test "nor one that was not on disk yet when the name was taken" {
	local pid
	need_strace
	server_start
	client_login bob
	traced chat-session fdatasync signal=STOP 1
	client_open alice "exec:$T/traced"
	client_login alice
	client_send alice '{"command":"MESSAGE","to":"bob","message":"for-the-first","ref":"1"}'
	wait_for grep -qaF 'stopped by SIGSTOP' "$T/trace"
	assert_eq "$(db 'select body from messages')" for-the-first
	leave bob
	connect next bob
	client_expect next '.event == "CONNECTED"'
	client_login carol
	client_expect next '.event == "JOINED" and .username == "carol"'
	pid=$(child_of "$(session_pid alice)")
	kill -CONT "$pid"
	client_expect alice '.event == "ACK" and .ref == "1"'
	say carol for-the-next bob
	client_expect next '.message == "for-the-next"'
	not grep -q for-the-first "$(client_record next)"
}

@test "a wrong secret is no proof: the name is taken anew" {
	server_start
	client_login alice
	client_login bob
	first=$(resume)
	say alice for-the-first bob
	leave bob
	connect next bob '"resume":"00000000000000000000000000000000","since":0'
	client_expect next '.event == "CONNECTED"'
	[[ $(resume) != "$first" ]]
	assert_eq "$(history next alice)" ''
	leave next
	# The first holder's secret is no proof any more either.
	connect first bob "$first"
	client_expect first '.event == "CONNECTED"'
	[[ $(resume) != "$first" ]]
	assert_eq "$(history first alice)" ''
}

@test "the same person finds its private messages again" {
	server_start
	client_login alice
	client_login bob
	proof=$(resume)
	say alice one bob
	say bob two alice
	leave bob
	connect again bob "$proof"
	client_expect again '.event == "CONNECTED"'
	assert_eq "$(history again alice)" 'one two'
}

@test "refs of a former holder are out of reach" {
	server_start
	client_login bob
	client_send bob '{"command":"MESSAGE","to":"all","message":"first","ref":"r"}'
	client_expect bob '.event == "ACK" and .ref == "r"'
	id=$(client_get .id)
	leave bob
	connect next bob
	client_expect next '.event == "CONNECTED"'
	client_send next '{"command":"MESSAGE","to":"all","message":"second","ref":"r"}'
	client_expect next '.event == "ACK" and .ref == "r"'
	(($(client_get .id) > id)) || fail 'the id of the former holder'
}

@test "private messages to a connection that was broken come after the resume, once" {
	server_start
	client_login alice
	client_login bob
	proof=$(resume)
	say alice zero bob
	client_expect bob '.message == "zero"'
	seen=$(client_get .id)
	# The connection is there no more, but nobody has noticed.
	pid=$(session_pid bob)
	kill -STOP "$pid"
	say alice one bob
	say alice two
	say alice three bob
	connect again bob "$proof,\"since\":$seen"
	client_expect again '.event == "CONNECTED"'
	for text in one two three; do
		client_next again ".event == \"MESSAGE\" and .message == \"$text\""
	done
	say alice four bob
	client_next again '.message == "four"'
	client_none again '.event == "MESSAGE"'
	kill -CONT "$pid"
	client_closed bob
}

@test "without since private messages come from the position that was kept" {
	server_start
	client_login alice
	client_login bob
	proof=$(resume)
	say alice one bob
	client_expect bob '.message == "one"'
	pid=$(session_pid bob)
	kill -STOP "$pid"
	say alice two bob
	say alice public
	kill -KILL "$pid"
	wait_for process_gone "$pid"
	connect again bob "$proof"
	client_expect again '.event == "CONNECTED"'
	client_expect again '.event == "MESSAGE" and .message == "two"'
	say alice end
	client_expect again '.message == "end"'
	client_none again '.message == "public" or .message == "two"'
}
