#!/usr/bin/env bats
# Presence: USERS, JOINED, LEFT.

load helpers

users() {
	client_send "$1" '{"command":"USERS","ref":"users"}'
	client_expect "$1" '.event == "USERS" and .ref == "users"'
}

@test "USERS lists who is online, with the time since when" {
	server_start
	client_login bob
	client_login alice
	users alice
	assert_eq "$(client_get '[.users[] | [.username, .online]] | sort | tojson')" \
	    '[["alice",true],["bob",true]]'
	assert_eq "$(client_get '[.users[] | .since |
	    test("^20[0-9-]{8}T[0-9:]{8}\\.[0-9]{3}Z$")] | all')" true
	client_send bob '{"command":"DISCONNECT"}'
	client_closed bob
	users alice
	assert_eq "$(client_get '[.users[].username] | join(" ")')" alice
}

@test "others are told once who joined and who left; oneself is not" {
	server_start
	client_login alice
	client_login bob
	client_expect alice '. == {event: "JOINED", username: "bob"}'
	client_login carol
	client_expect alice '. == {event: "JOINED", username: "carol"}'
	client_expect bob '. == {event: "JOINED", username: "carol"}'
	client_send bob '{"command":"DISCONNECT"}'
	client_closed bob
	client_expect alice '. == {event: "LEFT", username: "bob"}'
	client_expect carol '. == {event: "LEFT", username: "bob"}'
	say carol end
	client_expect alice '.message == "end"'
	for who in alice carol; do
		client_none "$who" '.event == "JOINED" or .event == "LEFT"'
	done
}

@test "a closed connection is a LEFT" {
	server_start
	client_login alice
	client_login bob
	client_close bob
	client_expect alice '. == {event: "LEFT", username: "bob"}'
}

@test "a reset connection is a LEFT" {
	server_start
	client_login alice
	client_login bob
	client_abort bob
	client_expect alice '. == {event: "LEFT", username: "bob"}'
}

@test "a killed session is a LEFT at once, and its row is closed" {
	server_start
	client_login alice
	client_login bob
	now_ms
	before=$NOW
	session_kill bob
	client_expect alice '. == {event: "LEFT", username: "bob"}' 5
	now_ms
	((NOW - before < 3000)) || fail "LEFT took $((NOW - before)) ms"
	wait_for row_is_closed bob
	users alice
	assert_eq "$(client_get '[.users[].username] | join(" ")')" alice
	[[ -z $(find "$CHAT_RUNTIME_DIR/sessions" -type s -newer "$T/nap" | sed 1d) ]]
}

row_is_closed() {
	[[ $(db "select count(*) from sessions join users on users.id = user_id
	    where username = '$1' and ended_at is null") == 0 ]]
}

@test "names are one name regardless of case, spelt as their holder does" {
	server_start
	client_login alice
	client_open bob
	client_send bob '{"command":"CONNECT","username":"BOB"}'
	client_expect bob '.username == "BOB"'
	client_expect alice '.event == "JOINED" and .username == "BOB"'
	client_open other
	client_send other '{"command":"CONNECT","username":"bob"}'
	client_error other USERNAME_TAKEN
	client_send bob '{"command":"DISCONNECT"}'
	client_closed bob
	client_send other '{"command":"CONNECT","username":"bob"}'
	client_expect other '.event == "CONNECTED"'
	assert_eq "$(db 'select count(*) from users')" 2
}

@test "who is refused a name is not announced" {
	server_start
	client_login alice
	client_login bob
	client_expect alice '.event == "JOINED"'
	client_open other
	client_send other '{"command":"CONNECT","username":"bob"}'
	client_error other USERNAME_TAKEN
	client_close other
	say bob end
	client_expect alice '.message == "end"'
	client_none alice '.event == "JOINED" or .event == "LEFT"'
}

@test "a restart of the relay announces nobody who stayed" {
	server_start
	client_login alice
	client_login bob
	client_expect alice '.event == "JOINED"'
	notify_stop
	notify_start
	# USERS comes unasked: presence may have been missed.
	client_expect alice '.event == "USERS" and (has("ref") | not) and
	    ([.users[].username] | sort == ["alice", "bob"])'
	say bob end
	client_expect alice '.message == "end"'
	client_none alice '.event == "JOINED" or .event == "LEFT"'
}

@test "who died while the relay was away is a LEFT after its start" {
	server_start
	client_login alice
	client_login bob
	client_login carol
	notify_kill
	session_kill bob
	notify_start
	client_expect alice '. == {event: "LEFT", username: "bob"}'
	wait_for row_is_closed bob
	say carol end
	client_expect alice '.message == "end"'
	client_none alice '.event == "LEFT" or (.event == "JOINED" and .username != "bob" and .username != "carol")'
}

@test "who joined while the relay was away is known after its start" {
	server_start
	client_login alice
	notify_kill
	client_login bob
	notify_start
	client_expect alice '(.event == "JOINED" and .username == "bob") or
	    (.event == "USERS" and any(.users[]; .username == "bob"))'
	users alice
	assert_eq "$(client_get '[.users[].username] | sort | join(" ")')" 'alice bob'
}
