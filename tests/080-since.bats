#!/usr/bin/env bats
# CONNECT with since and history: what was missed, exactly once.

load helpers

reconnect() {
	client_open "$1"
	client_send "$1" "{\"command\":\"CONNECT\",\"username\":\"$1\"${2:+,$2}}"
	client_next "$1" '.event == "CONNECTED"'
}

leave() {
	client_send "$1" '{"command":"DISCONNECT"}'
	client_closed "$1"
}

@test "what was missed comes after CONNECTED, in order, and once" {
	server_start
	client_login alice
	client_login bob
	say alice zero
	seen=$ID
	leave bob
	for i in {1..5}; do say alice "m$i"; done
	reconnect bob "\"since\":$seen"
	last=$(client_get .last_id)
	assert_eq "$last" "$ID"
	say alice m6
	for i in {1..6}; do
		client_next bob ".event == \"MESSAGE\" and .message == \"m$i\""
	done
	client_none bob '.event == "MESSAGE"'
}

@test "since the last id nothing was missed" {
	server_start
	client_login alice
	say alice one
	reconnect bob "\"since\":$ID"
	say alice two
	client_next bob '.message == "two"'
	client_none bob '.event == "MESSAGE"'
}

@test "since 0 is the whole public log" {
	server_start
	client_login alice
	say alice one
	say alice two
	reconnect bob '"since":0'
	client_next bob '.message == "one"'
	client_next bob '.message == "two"'
}

@test "without since nothing old comes" {
	server_start
	client_login alice
	say alice old
	reconnect bob
	say alice new
	client_next bob '.message == "new"'
	client_none bob '.event == "MESSAGE"'
}

@test "a since beyond the log is a reset to its end" {
	server_start
	client_login alice
	say alice one
	for since in $((ID + 1)) 1000000 9223372036854775807 99999999999999999999; do
		reconnect bob "\"since\":$since"
		assert_eq "$(client_get '[.reset, .last_id] | @json')" "[true,$ID]"
		leave bob
	done
	reconnect bob "\"since\":1000000"
	say alice two
	client_expect bob '.message == "two"'
	client_none bob '.event == "MESSAGE"'
}

@test "one's own messages of an earlier connection come as well" {
	server_start
	client_login alice
	proof="\"resume\":\"$(client_get .resume)\""
	say alice mine
	leave alice
	reconnect alice "$proof,\"since\":0"
	client_next alice '.event == "MESSAGE" and .from == "alice" and .message == "mine"'
}

@test "history comes right after CONNECTED and before what was missed" {
	server_start
	client_login alice
	for i in {1..5}; do
		say alice "m$i"
		[[ $i != 3 ]] || seen=$ID
	done
	reconnect bob "\"since\":$seen,\"history\":2"
	client_next bob '.event == "HISTORY" and .with == "all" and .more == true and
	    ([.messages[].message] == ["m4", "m5"])'
	client_next bob '.event == "MESSAGE" and .message == "m4"'
	client_next bob '.event == "MESSAGE" and .message == "m5"'
	client_none bob '.event == "MESSAGE"'
}

@test "history without since shows the last messages, which do not come again" {
	server_start
	client_login alice
	for i in {1..5}; do say alice "m$i"; done
	reconnect bob '"history":3'
	client_next bob '.event == "HISTORY" and
	    ([.messages[].message] == ["m3", "m4", "m5"])'
	say alice m6
	client_next bob '.message == "m6"'
}

@test "history of more than 1000 is 1000, of 0 is none" {
	server_start
	client_login alice
	seq -f '{"command":"MESSAGE","to":"all","message":"%.0f"}' 1003 | client_raw alice
	client_barrier alice
	reconnect bob '"history":5000'
	client_next bob '.event == "HISTORY" and (.messages | length == 1000)
	    and .more == true'
	leave bob
	reconnect bob '"history":0'
	client_none bob '.event == "HISTORY"'
}

@test "history of an empty log is an empty page" {
	server_start
	reconnect bob '"history":10'
	client_next bob '.event == "HISTORY" and .messages == [] and .more == false'
}

@test "thousands of missed messages come in order and once while others talk" {
	server_start
	client_login alice
	seq -f '{"command":"MESSAGE","to":"all","message":"%.0f"}' 3000 | client_raw alice
	client_barrier alice
	client_open bob
	client_send bob '{"command":"CONNECT","username":"bob","since":0}'
	seq -f '{"command":"MESSAGE","to":"all","message":"%.0f"}' 3001 4000 | client_raw alice
	wait_for -t 60 received bob '"MESSAGE"' 4000
	say alice end
	client_expect bob '.message == "end"'
	jq -r 'select(.event == "MESSAGE") | .message' "$(client_record bob)" |
	    cmp - <(seq 4000; echo end)
}

@test "exactly once over many reconnects" {
	server_start
	client_login alice
	reconnect bob '"since":0'
	: >all
	seen=0
	for round in {1..8}; do
		seq -f '{"command":"MESSAGE","to":"all","message":"%.0f"}' \
		    $((round * 100)) $((round * 100 + 99)) | client_raw alice
		wait_for received bob '"MESSAGE"' 1
		client_abort bob
		jq -r 'select(.event == "MESSAGE") | "\(.id) \(.message)"' \
		    "$(client_record bob)" >part 2>/dev/null || :
		cat part >>all
		seen=$(tail -n 1 all | cut -d ' ' -f 1)
		reconnect bob "\"since\":$seen"
	done
	say alice end
	client_expect bob '.message == "end"'
	jq -r 'select(.event == "MESSAGE") | "\(.id) \(.message)"' \
	    "$(client_record bob)" >>all
	cut -d ' ' -f 2 all | cmp - <(seq 100 899; echo end)
}

@test "ids that were left out, however many, are not gone through" {
	server_start
	client_login alice
	say alice first
	client_close alice
	# More than anybody counts to; jq knows no greater ones.
	db_change "UPDATE sqlite_sequence SET seq = 1125899906842624
	    WHERE name = 'messages'"
	client_open alice
	client_login alice
	say alice last
	reconnect bob '"since":0'
	client_next bob '.message == "first"'
	client_next bob '.message == "last"'
	leave bob
	# From where an earlier session ended, too.
	db_change "UPDATE users SET position = 1 WHERE username = 'alice'"
	reconnect bob
	say alice live
	client_next bob '.message == "live"'
}
