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

@test "a session's end says how much it stored" {
	server_start
	for name in alice bob; do
		client_login "$name"
		say "$name" one
	done
	say bob two
	for name in alice bob; do
		client_send "$name" '{"command":"DISCONNECT"}'
		client_closed "$name"
	done
	log_has 'disconnected user=alice .*: after [0-9]* s, 1 message, slowest commit [0-9]* us$'
	log_has 'disconnected user=bob .*: after [0-9]* s, 2 messages, slowest commit [0-9]* us$'
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

@test "nothing that a terminal obeys or a reader is misled by is logged" {
	server_start
	client_open mallory
	# C1 (CSI as one character), line separators, what reverses text.
	for c in 0085 009b31m 009d0 2028x 2029x 202ex 2066x 200fx 001b[2J 007f; do
		client_send mallory "{\"command\":\"A\\u${c}Z\"}"
		client_error mallory UNKNOWN_COMMAND
	done
	# A text that is cut within a character.
	client_send mallory '{"command":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\u20ac"}'
	client_error mallory UNKNOWN_COMMAND
	client_send mallory '{"command":"B\u00e9\ud83d\ude00Z"}'
	client_error mallory UNKNOWN_COMMAND
	wait_for log_has 'no command Bé😀Z'
	assert_eq "$(cat "$T"/log/listener.* | grep -c 'no command A?.*Z$')" 10
	if LC_ALL=C.UTF-8 grep -P \
	    '[\x{00}-\x{08}\x{0b}-\x{1f}\x{7f}-\x{9f}\x{200e}\x{200f}\x{2028}-\x{202e}\x{2066}-\x{2069}]' \
	    "$T"/log/listener.*; then
		fail 'unsafe characters'
	fi
	iconv -f UTF-8 -t UTF-8 "$T"/log/listener.* >/dev/null
}

@test "a session that breaks off says nothing of it to its client" {
	need_strace
	notify_start
	# Its standard error is the client's socket, as under inetd.
	cat >broken <<-END
		#!/bin/sh
		exec strace -qq -o "$T/trace" -e trace=ppoll \\
		    -e inject=ppoll:error=ENOMEM:when=2+ "$B/bin/chat-session"
	END
	chmod +x broken
	client_open mallory "exec:$T/broken"
	client_closed mallory
	was_injected
	assert_eq "$(cat "$(client_record mallory)")" '' 'what the client got'
}

journal_forged() {
	local lines
	journal_start
	notify_start
	# Its standard error is the client's socket, so it logs to the journal.
	client_open mallory "exec:$B/bin/chat-session"
	for line in '{"command":"X\nCHAT_USER=alice\nFORGED=1\u0000Y"}' \
	    '{"command":"CONNECT","username":"m\nFORGED=1"}' \
	    '{"command":"CONNECT","username":"m\u0085FORGED=1"}' \
	    '{"command":"CONNECT","username":"m","token":"x\nFORGED=1"}' \
	    '{"command":"CONNECT","username":"m"}' \
	    '{"command":"MESSAGE","to":"x\nFORGED=1","message":"\nFORGED=1"}' \
	    '{"command":"MESSAGE","to":"nobody","message":"\nFORGED=1"}' \
	    '{"command":"HISTORY","with":"x\nFORGED=1"}' \
	    '{"command":"X\n\u0001\u0000\u0000\u0000\u0000\u0000\u0000\u0000Z"}' \
	    '{"command":"last"}'; do
		client_send mallory "$line"
	done
	client_error mallory UNKNOWN_COMMAND '.message | contains("last")'
	wait_for grep -q 'command last' "$T/journal"
	client_close mallory
	log_reader_stop
	# Only fields of ours, each event with one MESSAGE, none of it alice's.
	assert_eq "$(sed 's/=.*//' "$T/journal" | sort -u | xargs)" \
	    'CHAT_ADDRESS CHAT_CODE CHAT_EVENT CHAT_LOGIN CHAT_PEER CHAT_SESSION CHAT_USER MESSAGE MESSAGE_ID PRIORITY SYSLOG_IDENTIFIER'
	lines=$(grep -c '^MESSAGE=' "$T/journal")
	((lines >= 9))
	assert_eq "$(grep -c '^PRIORITY=' "$T/journal")" "$lines" events
	assert_eq "$(sed -n 's/^CHAT_USER=//p' "$T/journal" | sort -u)" m
	if LC_ALL=C grep -qaP '[\x00-\x08\x0b-\x1f\x7f]' "$T/journal"; then
		fail 'control characters'
	fi
}

@test "what a client sends cannot forge a field of the journal" {
	in_space --mount journal_forged
}

# A session whose standard error is this file, which it takes for the journal's
# stream if it is told so.
session_to() { # FILE [DEVICE:INODE]
	printf '#!/bin/sh\nexec env %s %s "$@" 2>>%s\n' \
	    "${2:+JOURNAL_STREAM=$2}" "$B/bin/chat-session" "$1" >"$T/session"
	chmod +x "$T/session"
	# shellcheck disable=SC2034 # for listener_start
	SESSION=$T/session
}

journal_of_stream() {
	local field id stream=$T/log/stream
	journal_start
	notify_start
	: >"$stream"
	session_to "$stream" "$(stat -c %d:%i "$stream")"
	PORT=$("$B/tests/chat-talk" --port)
	listener_start "[::1]:$PORT"
	client_open alice "tcp:::1:$PORT"
	client_login alice
	id=$(client_get .session)
	wait_for grep -q '^CHAT_EVENT=connected$' "$T/journal"
	for field in PRIORITY=6 SYSLOG_IDENTIFIER=chat-session CHAT_USER=alice \
	    CHAT_ADDRESS=::1 "CHAT_SESSION=$id"; do
		grep -qx "$field" "$T/journal" || fail "no $field"
	done
	grep -Eqx 'CHAT_PEER=\[::1\]:[0-9]+' "$T/journal"
	grep -Eqx 'MESSAGE_ID=[0-9a-f]{32}' "$T/journal"
	client_close alice
	# Another file than the stream: whoever started it has it elsewhere.
	listener_stop
	session_to "$T/log/other" "$(stat -c %d:%i "$stream")"
	listener_start "[::1]:$PORT"
	client_open bob "tcp:::1:$PORT"
	client_login bob
	wait_for grep -q '^chat-session: INFO connected user=bob ' "$T/log/other"
	log_reader_stop
	assert_eq "$(<"$stream")" '' 'what standard error got as well'
	not grep -q bob "$T/journal"
}

@test "where standard error is the journal's stream, fields go there and no text" {
	in_space --mount journal_of_stream
}

syslog_alone() {
	local node event
	mkdir -p /run/systemd dev
	mount -t tmpfs none /run/systemd
	mount -t tmpfs none dev
	for node in null urandom; do
		: >"dev/$node"
		mount --bind "/dev/$node" "dev/$node"
	done
	mount --move dev /dev
	log_reader /dev/log "$T/syslog"
	notify_start
	client_open alice "exec:$B/bin/chat-session"
	client_send alice 'rubbish'
	client_error alice BAD_JSON
	client_login alice
	client_send alice '{"command":"DISCONNECT"}'
	client_closed alice
	wait_for grep -q disconnected "$T/syslog"
	log_reader_stop
	# (In front: 24, the facility of daemons, and the level.)
	for event in error connected disconnected; do
		tr '<' '\n' <"$T/syslog" |
		    grep -Eq "^(28|30)>.* chat-session\[[0-9]+\]: $event " ||
		    fail "no $event in $(cat "$T/syslog")"
	done
}

@test "without a journal what is said goes to syslog, if standard error is the client" {
	in_space --mount syslog_alone
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
