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

@test "of those who are away the first 10,000 are listed, and all who are not" {
	server_start
	wait_for db_is_made
	db_change "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL
	    SELECT i + 1 FROM n WHERE i < 9999)
	    INSERT INTO users (username, password, private_from, position,
	    created_at, seen_at) SELECT 'u' || i, 'x', 0, 0, 1, 1 FROM n
	    UNION ALL SELECT 'v', 'x', 0, 0, 1, 1"
	client_login zoe
	client_login alice
	users alice
	assert_eq "$(client_get '[(.users | length), has("more")] | tojson')" \
	    '[10002,false]'
	db_change "INSERT INTO users (username, password, private_from, position,
	    created_at, seen_at) VALUES ('b', 'x', 0, 0, 1, 1)"
	users alice
	assert_eq "$(client_get '[(.users | length), .more,
	    ([.users[].username] | . == sort), ([.users[] |
	    select(.online).username] | join(" ")), any(.users[];
	    .username == "b"), any(.users[]; .username == "v")] | tojson')" \
	    '[10002,true,true,"alice zoe",true,false]'
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

# (The relay looks for who is dead as well: soon after the first, then each half
# minute.)
@test "a killed session is a LEFT at once, and its row is closed" {
	local name
	server_start
	client_login alice
	client_login bob
	client_login carol
	for name in carol bob; do
		session_kill "$name"
		client_expect alice \
		    ". == {event: \"LEFT\", username: \"$name\"}" 10
	done
	wait_for row_is_closed bob
	users alice
	assert_eq "$(client_get '[.users[].username] | join(" ")')" alice
	wait_for one_socket_left
}

one_socket_left() {
	[[ $(find "$CHAT_RUNTIME_DIR/sessions" -type s | wc -l) == 1 ]]
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

is_traced() {
	grep -q '^TracerPid:.*[1-9]' "/proc/$1/status"
}

# By JOINED, or by USERS after a full queue.
has_been_told_of() {
	jq -r 'select(.event == "JOINED").username,
	    (select(.event == "USERS").users[].username)' \
	    "$T/c/alice.got" | grep -vx alice >joined
	(($(sort -u joined | wc -l) >= $1))
}

@test "who comes with many others is told in few datagrams, and once" {
	local start told pid tracer load
	need_strace
	need_root
	export CHAT_TEST_FORK=1
	server_start
	client_login alice
	pid=$(session_pid alice)
	strace -qq -s 65536 -e trace=recvmsg -o "$T/trace" -p "$pid" 3>&- &
	tracer=$!
	wait_for is_traced "$pid"
	now_ms
	start=$NOW
	"$B/bin/chat-load" --clients 100 --concurrency 32 --seconds 20 idle \
	    "127.0.0.1:$PORT" >"$T/load" 3>&- &
	load=$!
	wait_for -t 30 has_been_told_of 100
	now_ms
	kill "$load"
	client_close alice
	wait_for process_gone "$tracer"
	grep -q '"USERS"' "$T/c/alice.got" ||
	    assert_eq "$(wc -l <joined)" 100 'told of, each once'
	told=$(grep -c JOINED "$T/trace")
	((told <= (NOW - start) / 100 + 2)) ||
	    fail "$told datagrams in $((NOW - start)) ms"
}

@test "who comes and speaks at once is told of before what is said" {
	local i
	server_start
	client_login alice
	client_login bob
	for i in 1 2 3 4 5; do
		client_login "u$i"
		say "u$i" "from u$i"
	done
	client_expect alice '.message == "from u5"'
	assert_eq "$(jq -r 'select(.username // .from // "" | startswith("u")) | .event' "$T/c/alice.got" | tr '\n' ' ')" \
	    "$(for i in 1 2 3 4 5; do printf 'JOINED MESSAGE '; done)"
}
