#!/usr/bin/env bats
# The relay only makes it quick: without it, around its restarts, and with
# rubbish in its sockets nothing is lost.

load helpers

# A message of alice's is acknowledged, and with bob, in less than three seconds.
arrives_soon() {
	local start
	now_ms
	start=$NOW
	say alice "try $((++TRIES))" &&
	    client_expect bob ".message == \"try $TRIES\"" || return
	now_ms
	((NOW - start < 3000))
}

@test "without chat-notify messages are acknowledged and arrive within about a second" {
	mkdir "$CHAT_RUNTIME_DIR/sessions"
	listener_start
	client_login alice
	client_login bob
	# (Nothing waits for the relay; but the machine may be slow now and then.)
	TRIES=0
	wait_for arrives_soon
	say bob private alice
	client_expect alice '.message == "private" and .to == "alice"'
	SOCKETS_MAY_STAY=1
}

@test "a relay that comes later takes over at once" {
	mkdir "$CHAT_RUNTIME_DIR/sessions"
	listener_start
	client_login alice
	client_login bob
	say alice one
	client_expect bob '.message == "one"'
	notify_start
	client_expect bob '.event == "USERS"'
	say alice two
	client_expect bob '.message == "two"'
	client_none bob '.event == "MESSAGE"'
}

@test "while the relay is away messages arrive, and after its restart no one twice" {
	server_start
	client_login alice
	client_login bob
	say alice one
	notify_kill
	say alice two
	client_expect bob '.message == "two"'
	say alice three
	notify_start
	say alice four
	client_expect bob '.message == "four"'
	for text in one three; do
		client_expect bob ".message == \"$text\""
	done
	say bob end
	client_none bob '.event == "MESSAGE"'
	jq -r 'select(.event == "MESSAGE") | .message' "$(client_record bob)" |
	    paste -sd ' ' | cmp - <(echo one two three four)
}

@test "many restarts of the relay under traffic lose nothing and double nothing" {
	server_start
	client_login alice
	client_login bob
	for round in {1..6}; do
		seq -f '{"command":"MESSAGE","to":"all","message":"%.0f"}' \
		    $((round * 100)) $((round * 100 + 99)) | client_raw alice
		if ((round % 2)); then notify_stop; else notify_kill; fi
		wait_for received alice '"ACK"' $((round * 100))
		notify_start
	done
	say alice end
	client_expect bob '.message == "end"'
	jq -r 'select(.event == "MESSAGE") | .message' "$(client_record bob)" |
	    cmp - <(seq 100 699; echo end)
}

@test "rubbish in the relay's socket is dropped" {
	server_start
	client_login alice
	client_login bob
	printf '' | "$B/tests/chat-talk" --datagram "$CHAT_RUNTIME_DIR/notify.sock"
	for n in 1 39 40 41 1000 60000; do
		head -c "$n" /dev/urandom |
		    "$B/tests/chat-talk" --datagram "$CHAT_RUNTIME_DIR/notify.sock"
		# Right version, any type.
		{ printf '\001'; head -c "$n" /dev/urandom; } |
		    "$B/tests/chat-talk" --datagram "$CHAT_RUNTIME_DIR/notify.sock"
	done
	say alice hello
	client_expect bob '.message == "hello"'
	say bob back
	client_expect alice '.message == "back"'
	kill -0 "$NOTIFY"
}

@test "rubbish in a session's socket is dropped" {
	server_start
	client_login alice
	client_login bob
	for s in "$CHAT_RUNTIME_DIR"/sessions/*; do
		# Right version, but no whole head; or types that end with it.
		for type in 01 02 03 04 05 06 07 08 09 ff; do
			{ printf '%b' "\\x01\\x$type"; head -c 37 /dev/urandom; } |
			    "$B/tests/chat-talk" --datagram "$s"
			printf '%b' "\\x01\\x$type" | "$B/tests/chat-talk" --datagram "$s"
		done
		for type in 01 02 03 04 06 07 08 09 ff; do
			{ printf '%b' "\\x01\\x$type"; head -c 200 /dev/urandom; } |
			    "$B/tests/chat-talk" --datagram "$s"
		done
		head -c 50000 /dev/urandom | "$B/tests/chat-talk" --datagram "$s"
	done
	say alice hello
	client_expect bob '.message == "hello"'
	client_none bob '.event == "MESSAGE" or .event == "ERROR"'
	iconv -f UTF-8 -t UTF-8 "$(client_record bob)" >/dev/null
}

@test "datagrams of another user are dropped" {
	need_root 'to become another user'
	server_start
	client_login alice
	client_login bob
	chmod 755 "$T" "$CHAT_RUNTIME_DIR" "$CHAT_RUNTIME_DIR/sessions"
	[[ -z ${CHAT_TEST_TMP:-} ]] || chmod 755 "${CHAT_TEST_TMP%/*}" "$CHAT_TEST_TMP"
	find "$CHAT_RUNTIME_DIR" -type s -exec chmod 777 {} +
	cp "$B/tests/chat-talk" "$T/talk"
	# An END to every session, and a LEFT that nobody sent.
	for s in "$CHAT_RUNTIME_DIR"/sessions/* "$CHAT_RUNTIME_DIR/notify.sock"; do
		for type in 01 02 03 04 05 06 07 08; do
			{ printf '%b' "\\x01\\x$type"; head -c 38 /dev/zero; } |
			    setpriv --reuid=65534 --regid=65534 --clear-groups \
			    "$T/talk" --datagram "$s"
		done
	done
	say alice hello
	client_expect bob '.message == "hello"'
	client_none alice '.event == "ERROR"'
	wait_for log_has 'chat-notify: WARNING'
}

@test "chat-notify takes its socket from systemd, and is started by the first datagram" {
	environment_options
	systemd-socket-activate -d -l "$CHAT_RUNTIME_DIR/notify.sock" "${OPTIONS[@]}" \
	    "$B/bin/chat-notify" </dev/null >"$T/log/notify" 2>&1 3>&- &
	NOTIFY=$!
	wait_for grep -q " $CHAT_RUNTIME_DIR/notify.sock\$" /proc/net/unix
	listener_start
	mkdir -p "$CHAT_RUNTIME_DIR/sessions"
	client_login alice
	client_login bob
	say alice hello
	client_expect bob '.message == "hello"'
	wait_for grep -q 'chat-notify: INFO start' "$T/log/notify"
	client_expect alice '.event == "JOINED" or .event == "USERS"'
	client_close alice
	client_close bob
	SOCKETS_MAY_STAY=1
}

@test "a stale socket of a killed relay is replaced" {
	server_start
	notify_kill
	[[ -S $CHAT_RUNTIME_DIR/notify.sock ]]
	notify_start
	client_login alice
	client_login bob
	client_expect alice '.event == "JOINED"'
	# shellcheck disable=SC2034 # for chat_teardown
	SOCKETS_MAY_STAY=
}

@test "sockets of killed sessions are cleared away" {
	server_start
	for i in {1..5}; do client_login "user$i"; done
	notify_kill
	for i in {1..4}; do session_kill "user$i"; done
	notify_start
	wait_for one_row_left
	wait_for one_socket_left
	# shellcheck disable=SC2034 # for chat_teardown
	SOCKETS_MAY_STAY=
}

one_socket_left() {
	[[ $(find "$CHAT_RUNTIME_DIR/sessions" -type s | wc -l) == 1 ]]
}

one_row_left() {
	[[ $(db 'select count(*) from sessions where ended_at is null') == 1 ]]
}

@test "after SIGTERM and a restart of everything nothing is lost" {
	server_start
	client_login alice
	say alice one
	say alice two
	client_close alice
	server_stop
	server_start
	client_login bob '"since":0'
	client_expect bob '.message == "one"'
	client_expect bob '.message == "two"'
}

is_traced() {
	grep -q '^TracerPid:[[:space:]]*[1-9]' "/proc/$1/status"
}

@test "while the kernel has no memory for datagrams the relay waits, and goes on" {
	local tracer tries
	need_strace
	need_root
	server_start
	client_login alice
	client_login bob
	strace -qq -e trace=sendmsg -e inject=sendmsg:error=ENOBUFS:when=1+ \
	    -o trace -p "$NOTIFY" 3>&- &
	tracer=$!
	wait_for is_traced "$NOTIFY"
	say alice hello
	# By his own look at the store.
	client_expect bob '.message == "hello"' 20
	kill "$tracer"
	wait_for process_gone "$tracer"
	tries=$(grep -c INJECTED trace)
	((tries > 0 && tries < 100)) || fail "$tries tries"
	say alice again
	client_expect bob '.message == "again"' 5
}
