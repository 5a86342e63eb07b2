#!/usr/bin/env bats
#
# Blocks by the operator: of networks and of users, at once, also for who is
# connected, and removed at once.

load helpers

setup() {
	chat_setup
	export CHAT_TRUSTED=192.0.2.1
}

client_from() {
	client_open "$1" "tcp:127.0.0.1:$PORT@127.0.0.$2"
}

# What the operator's tool does after a change of the table.
reload() {
	{ printf '\001\014'; head -c 38 /dev/zero; } |
	    "$B/tests/chat-talk" --datagram "$CHAT_RUNTIME_DIR/notify.sock"
}

# block_net FIRST LAST REASON [EXPIRES]: 127.0.0.FIRST to 127.0.0.LAST
block_net() {
	db_change "INSERT INTO blocks (first, last, reason, created_at, expires_at)
	    VALUES (x'00000000000000000000ffff7f0000$(printf %02x "$1")',
	    x'00000000000000000000ffff7f0000$(printf %02x "$2")',
	    '$3', 1, ${4:-NULL})"
}

block_user() {
	db_change "INSERT INTO blocks (username, reason, created_at)
	    VALUES ('$1', '$2', 1)"
}

comes_in() {
	client_from guest "$1"
	client_send guest '{"command":"CONNECT","username":"guest"}'
	client_expect guest '.event == "CONNECTED" or .event == "ERROR"'
	client_close guest
	[[ $(client_get .event) == CONNECTED ]]
}

is_blocked() {
	not comes_in "$1"
}

@test "a blocked network is ended and kept out at once, and let in at once" {
	server_start
	client_from alice 2
	client_login alice
	client_from quiet 3
	client_from bob 5
	client_login bob
	block_net 2 3 'spam'
	reload
	client_error alice BLOCKED '.message == "this address is blocked: spam" and
	    (has("until") | not)'
	client_closed alice
	client_error quiet BLOCKED
	client_closed quiet
	client_expect bob '.event == "LEFT" and .username == "alice"'
	not comes_in 3
	comes_in 4
	say bob hello
	db_change 'DELETE FROM blocks'
	reload
	wait_for comes_in 2
}

@test "a block with an end says when, and ends then" {
	server_start
	client_from alice 2
	client_login alice
	block_net 2 2 'too loud' "$(($(date +%s) + DEADLINE / 2))000"
	reload
	client_error alice BLOCKED '.until | endswith(".000Z")'
	[[ $(client_get .message) == "this address is blocked until $(client_get .until): too loud" ]]
	not comes_in 2
	wait_for comes_in 2
}

@test "a blocked user is ended, and refused at CONNECT in any case" {
	server_start
	client_login mallory
	client_login bob
	block_user Mallory 'be nice'
	reload
	client_error mallory BLOCKED '.message | endswith("is blocked: be nice")'
	client_closed mallory
	client_open eve
	client_send eve '{"command":"CONNECT","username":"MALLORY","ref":"1"}'
	client_error eve BLOCKED '.message == "user MALLORY is blocked: be nice"'
	client_closed eve
	client_open eve
	client_send eve '{"command":"CONNECT","username":"mallory","password":"secret"}'
	client_error eve BLOCKED
	say bob hello
	db_change 'DELETE FROM blocks'
	client_open mallory
	client_login mallory
}

@test "blocks made while the relay was away hold when it comes back" {
	server_start
	client_from alice 2
	client_login alice
	client_from bob 4
	client_login bob
	notify_kill
	block_net 2 2 'spam'
	notify_start
	client_error alice BLOCKED
	client_closed alice
	client_expect bob '.event == "USERS"'
	not comes_in 2
}

@test "a temporary block does not end who is in when others are read" {
	export CHAT_LOGIN_FAILURES=1
	server_start
	client_from good 2
	client_login good
	client_from eve 2
	client_send eve '{"command":"CONNECT","username":"x","password":"wrong"}'
	client_error eve BLOCKED
	block_net 7 7 'spam'
	reload
	wait_for is_blocked 7
	not comes_in 2
	say good hello
	notify_kill
	notify_start
	client_expect good '.event == "USERS"'
	not comes_in 2
	say good hello
	# The operator's is meant for who is in as well, however short it is.
	block_net 2 3 'spam' "$(($(date +%s%3N) + 600000))"
	reload
	client_error good BLOCKED
}

@test "with as many temporary blocks as there may be, one more is not told of" {
	export CHAT_LOGIN_FAILURES=1
	server_start
	wait_for db_is_made
	db_change "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL
	    SELECT i + 1 FROM n WHERE i < 4096)
	    INSERT INTO blocks (first, last, reason, created_at, expires_at)
	    SELECT net, net, 'flood', 1, 4102444800000 FROM (SELECT CAST(
	    x'00000000000000000000ffff0a01' || char(i >> 7 & 63, i & 127)
	    AS BLOB) AS net FROM n)"
	reload
	client_from eve 2
	client_send eve '{"command":"CONNECT","username":"x","password":"wrong"}'
	client_error eve BLOCKED
	client_closed eve
	log_has 'error: there are 4096 temporary blocks: none is made of 127.0.0.2'
	not log_has 'blocked: 127.0.0.2 until'
	comes_in 2
}

@test "a client that reads nothing is ended all the same when it is blocked" {
	server_start
	client_login alice
	client_from eve 2
	client_login eve
	pid=$(session_pid eve)
	client_stop eve
	yes '{"command":"PING","ref":"0123456789012345678901234567890123456789"}' |
	    head -n 150000 | client_raw eve
	wait_for queue_is_full
	block_net 2 2 'spam'
	reload
	wait_for -t 40 process_gone "$pid"
	client_expect alice '.event == "LEFT" and .username == "eve"'
}

# Something that was sent to it waits in the kernel.
queue_is_full() {
	awk -v port=":$(printf %04X "$PORT")" '
		$2 ~ port "$" && $5 !~ /^00000000:/ { found = 1 }
		END { exit !found }' /proc/net/tcp
}

@test "nobody but the service user and root can have blocks read" {
	need_root 'to become another user'
	server_start
	client_from alice 2
	client_login alice
	block_net 2 2 'spam'
	chmod 755 "$T" "$CHAT_RUNTIME_DIR"
	[[ -z ${CHAT_TEST_TMP:-} ]] || chmod 755 "${CHAT_TEST_TMP%/*}" "$CHAT_TEST_TMP"
	chmod 777 "$CHAT_RUNTIME_DIR/notify.sock"
	cp "$B/tests/chat-talk" "$T/talk"
	{ printf '\001\014'; head -c 38 /dev/zero; } |
	    setpriv --reuid=65534 --regid=65534 --clear-groups \
	    "$T/talk" --datagram "$CHAT_RUNTIME_DIR/notify.sock"
	wait_for log_has 'chat-notify: WARNING dropped'
	say alice hello
	reload
	client_error alice BLOCKED
}
