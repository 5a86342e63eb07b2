#!/usr/bin/env bats
# What the log says, at which level, and what it never says.

load helpers

# One life of a session with an error in it.
live() {
	server_start
	client_open alice
	client_login alice
	client_send alice '{"command":"MESSAGE","to":"nobody","message":"x"}'
	client_error alice NO_SUCH_USER
	client_send alice '{"command":"DISCONNECT"}'
	client_closed alice
	wait_for no_sessions_left
}

no_sessions_left() {
	[[ -z $(find "$CHAT_RUNTIME_DIR/sessions" -type s) ]]
}

@test "each event of a session's life is one line with its level, user, session and peer" {
	live
	session=$(jq -r 'select(.session) | .session' "$(client_record alice)")
	client_ask alice port || :
	for event in connected 'error' disconnected; do
		assert_eq "$(cat "$T"/log/listener.* | grep -c "^chat-session: [A-Z]* $event ")" 1 "$event"
		log_has "^chat-session: [A-Z]+ $event user=alice session=$session peer=127\\.0\\.0\\.1:[0-9]+(:|\$)"
	done
}

@test "an error is logged with its code" {
	live
	log_has 'error user=alice .*NO_SUCH_USER'
}

@test "a refused line of somebody unknown is logged with its peer" {
	server_start
	client_open stranger
	client_send stranger 'rubbish'
	client_error stranger BAD_JSON
	wait_for log_has '^chat-session: [A-Z]+ error peer=127\.0\.0\.1:[0-9]+.*BAD_JSON'
}

@test "a level hides what is below it" {
	for level in WARNING ERROR CRITICAL; do
		export CHAT_LOG_LEVEL=$level
		live
		not log_has '^chat-(session|notify): (DEBUG|INFO) '
		server_stop
	done
	export CHAT_LOG_LEVEL=DEBUG
	live
	log_has '^chat-session: INFO connected '
	log_has '^chat-session: DEBUG '
}

@test "neither messages nor secrets nor private names of recipients are logged" {
	export CHAT_LOG_LEVEL=DEBUG
	server_start
	client_login alice
	secret=$(client_get .resume)
	client_login bob
	say alice public-words
	say alice private-words bob
	client_send alice '{"command":"MESSAGE","to":"nobody","message":"lost-words"}'
	client_error alice NO_SUCH_USER
	client_send alice '{"command":"MESSAGE","to":"all","message":"broken-words}'
	client_error alice BAD_JSON
	client_open again
	client_send again "{\"command\":\"CONNECT\",\"username\":\"alice\",\"resume\":\"$secret\"}"
	client_expect again '.event == "CONNECTED"'
	client_send again '{"command":"DISCONNECT"}'
	client_closed again
	not log_has 'words'
	not log_has "$secret"
}

@test "what a client sends cannot forge a line of the log" {
	server_start
	client_open mallory
	client_send mallory '{"command":"X\nchat-session: CRITICAL forged\u001b[31m"}'
	client_error mallory UNKNOWN_COMMAND
	client_send mallory '{"command":"CONNECT","username":"a\nchat-session: CRITICAL forged"}'
	client_error mallory BAD_USERNAME
	client_send mallory '{"command":"CONNECT","username":"m"}'
	client_expect mallory '.event == "CONNECTED"'
	client_send mallory '{"command":"MESSAGE","to":"x\nchat-session: CRITICAL forged","message":"x"}'
	client_expect mallory '.event == "ERROR"'
	not log_has '^chat-session: CRITICAL'
	not grep -q $'\033' "$T"/log/listener.*
}

@test "chat-notify says when it starts and when it stops" {
	server_start
	server_stop
	log_has '^chat-notify: INFO start'
	log_has '^chat-notify: INFO stop'
}

@test "a session that was killed is named" {
	server_start
	client_login alice
	client_login bob
	session_kill alice
	client_expect bob '.event == "LEFT"'
	wait_for log_has '^chat-notify: [A-Z]+ .*alice'
}
