#!/usr/bin/env bats
# Sessions of a release to come bring a newer schema.  Those of today go on with
# it, or, if it says that they cannot, touch nothing until they are upgraded.

load helpers
load upgrade

setup() {
	upgrade_setup
	OURS=$(find "$ROOT/sql" -name '*.sql' | wc -l)
}

# NAME logs in by the release to come that has this schema.
login_by() {
	install_program "$B/tests/$1/chat-session"
	client_login "$2"
	install_program "$B/bin/chat-session"
}

schema_is() {
	assert_eq "$(db 'pragma user_version')" "$1" schema
}

# Messages of alice that were acknowledged, and those that are there.
acked() {
	grep -c '"ACK"' "$(client_record alice)" || :
}

answered() {
	(($(grep -Ec '"(ACK|UNAVAILABLE)"' "$(client_record alice)") >= $1))
}

stored() {
	db "select count(*) from messages m join users u on u.id = m.sender_id
	    where username = 'alice'"
}

messages_of_alice() {
	seq -f '{"command":"MESSAGE","to":"all","message":"%.0f"}' "$1" "$2" |
	    client_raw alice
}

@test "sessions go on with a newer schema that only adds, while it is brought" {
	server_start
	client_login alice
	client_login bob
	messages_of_alice 1 1000
	login_by adds carol
	messages_of_alice 1001 2000
	wait_for answered 2000
	schema_is $((OURS + 1))
	assert_eq "$(acked)" 2000
	assert_eq "$(stored)" 2000
	wait_for received bob '"MESSAGE"' 2000
	say carol 'from tomorrow'
	client_expect bob '.message == "from tomorrow"'
	say bob 'from today'
	client_expect carol '.message == "from today"'
	not log_has store_unavailable
	upgrade alice
	say alice 'still here'
}

@test "programs of today open a newer schema that only adds" {
	server_start
	login_by adds carol
	say carol 'one'
	server_stop
	client_close carol
	rm "$CHAT_RUNTIME_DIR/shared"
	server_start
	client_open alice
	client_login alice '"since":0'
	client_expect alice '.message == "one"'
	say alice 'two'
	schema_is $((OURS + 1))
	assert_eq "$(db 'select name from rooms')" ''
	not log_has store_unavailable
}

@test "a newer schema that breaks: UNAVAILABLE, and all is well when upgraded" {
	local why
	why="$CHAT_DB: has schema $((OURS + 2)), for programs that know schema $((OURS + 2)) or later; this one knows $OURS: install a newer one, then chat-admin upgrade"
	server_start
	client_login alice
	client_login bob
	messages_of_alice 1 1000
	login_by breaks carol
	messages_of_alice 1001 2000
	wait_for answered 2000
	schema_is $((OURS + 2))
	assert_eq "$(acked)" "$(stored)"
	# From then on none of today writes.
	client_send alice '{"command":"MESSAGE","to":"all","message":"x","ref":"x"}'
	client_error alice UNAVAILABLE '.ref == "x"'
	client_send bob '{"command":"HISTORY","limit":1,"ref":"h"}'
	client_error bob UNAVAILABLE '.ref == "h"'
	client_open dave
	client_send dave '{"command":"CONNECT","username":"dave"}'
	client_error dave UNAVAILABLE
	log_has "chat-session: ERROR store_unavailable user=alice .*: $why\$"
	say carol 'from tomorrow'
	install_program "$B/tests/breaks/chat-session"
	upgrade alice
	say alice 'back'
	client_expect carol '.message == "back"'
	assert_eq "$(stored)" "$(acked)"
}

@test "what a migration says is not true of the next" {
	server_start
	login_by adds carol
	assert_eq "$(db "select value from meta where key = 'compatible_since'")" \
	    "$OURS"
	login_by breaks dave
	assert_eq "$(db "select value from meta where key = 'compatible_since'")" ''
	client_open alice
	client_send alice '{"command":"CONNECT","username":"alice"}'
	client_error alice UNAVAILABLE
	# Who came by the schema in between is none of those who can use it.
	client_send carol '{"command":"MESSAGE","to":"all","message":"x"}'
	client_error carol UNAVAILABLE
	install_program "$B/tests/breaks/chat-session"
	upgrade carol
	say carol 'back'
}
