#!/usr/bin/env bats
# A session executes its program anew on the same connection, and neither its
# client nor anybody else notices.

load helpers
load upgrade
load slow

setup() {
	upgrade_setup
}

# Nobody was seen to come or go, and nobody was told who is there.
nobody_noticed() {
	local name
	for name in "$@"; do
		client_none "$name" '.event | IN("LEFT", "JOINED", "USERS", "ERROR")'
	done
}

descriptors() {
	find "/proc/$1/fd" -type l | wc -l
}

@test "a session goes on in its new program, as who it was" {
	need_root
	local pid
	server_start
	client_login alice
	client_login bob
	client_expect alice '.event == "JOINED"'
	pid=$(session_pid alice)
	say alice before
	install_next
	upgrade alice
	log_has 'INFO upgraded user=alice session=1 .*: from 0\.1\.0 to 9\.9\.9'
	assert_eq "$(session_pid alice)" "$pid"
	assert_eq "$(readlink "/proc/$pid/exe")" "$T/bin/chat-session"
	say alice after
	client_expect bob '.message == "before"'
	client_expect bob '.message == "after" and .from == "alice"'
	say bob hello
	client_expect alice '.message == "hello"'
	nobody_noticed alice bob
	assert_eq "$(db 'select count(*) from sessions')" 2 'sessions ever'
	# The relay still has it, and the row is closed as always.
	client_send alice '{"command":"DISCONNECT"}'
	client_expect alice '.event == "DISCONNECTED"'
	client_closed alice
	client_expect bob '.event == "LEFT"'
}

@test "a session that was just upgraded hears nothing of another database" {
	server_start
	client_login alice
	upgrade alice
	rm "$CHAT_DB" "$CHAT_DB"-*
	# Now bob has the numbers of alice.
	client_login bob
	client_login carol
	assert_eq "$(db "select group_concat(user_id || ' ' || id) from sessions")" '1 1,2 2'
	client_send carol '{"command":"MESSAGE","to":"bob","message":"for bob alone"}'
	client_expect bob '.message == "for bob alone"'
	client_expect alice '.code == "SHUTDOWN"'
	not grep -q 'for bob' "$(client_record alice)"
}

@test "twenty times on one connection; no memory or descriptor stays behind" {
	local i pid files filters
	server_start
	client_login alice
	client_login bob
	client_expect alice '.event == "JOINED"'
	pid=$(session_pid alice)
	files=$(descriptors "$pid")
	filters=$(grep '^Seccomp_filters:' "/proc/$pid/status")
	for i in {1..20}; do
		kill -URG "$pid"
		wait_for log_has "upgraded user=alice .*upgrade $i of this connection"
		((i % 10 == 0)) || continue
		say alice "round $i"
		client_expect bob ".message == \"round $i\""
	done
	assert_eq "$(grep '^Seccomp_filters:' "/proc/$pid/status")" "$filters"
	assert_eq "$(descriptors "$pid")" "$files" descriptors
	nobody_noticed alice bob
}

@test "the resume secret stays, and a registered user's password" {
	server_start
	client_login alice
	client_get .resume >"$T/resume"
	upgrade alice
	client_open alice2
	client_send alice2 "{\"command\":\"CONNECT\",\"username\":\"alice\",\"resume\":\"$(<"$T/resume")\"}"
	client_expect alice2 '.event == "CONNECTED"'
	client_error alice REPLACED
	client_open carol
	client_send carol '{"command":"REGISTER","username":"carol","password":"12345678"}'
	client_expect carol '.event == "REGISTERED"'
	client_send carol '{"command":"CONNECT","username":"carol","password":"12345678"}'
	client_expect carol '.event == "CONNECTED"'
	upgrade carol
	client_send carol '{"command":"TOKEN"}'
	client_expect carol '.event == "TOKEN"'
}

@test "half a line that was read is kept" {
	server_start
	client_login alice
	# PONG says that the rest was read as well.
	client_raw alice < <(printf '%s\n%s' '{"command":"PING"}' \
	    '{"command":"MESSAGE","to":"all","ref":"h","mess')
	client_expect alice '.event == "PONG"'
	upgrade alice
	upgrade alice
	client_send alice 'age":"whole"}'
	client_expect alice '.event == "ACK" and .ref == "h"'
	assert_eq "$(db 'select body from messages')" whole
}

@test "what a slow reader has not taken yet comes once, and in order" {
	local pid
	server_start
	client_login alice
	client_login bob
	client_stop bob
	flood 1 20000
	pid=$(session_pid bob)
	# It is full to the brim: it has output, and no room for more.
	upgrade bob
	flood 20001 21000
	upgrade bob
	client_go bob
	has_all 1 21000
}

@test "in the middle of a flood nothing is lost or doubled" {
	server_start
	client_login alice
	client_login bob
	seq 3000 | sed 's/.*/{"command":"MESSAGE","to":"all","message":"& x","ref":"&"}/' |
	    client_raw alice
	upgrade alice
	upgrade bob
	upgrade alice
	upgrade bob
	wait_for -t 60 received alice '"ACK"' 3000
	jq -r 'select(.event == "ACK").ref' "$(client_record alice)" |
	    cmp - <(seq 3000)
	has_all 1 3000
	assert_eq "$(db 'select count(*) from messages')" 3000
}

@test "many signals at once" {
	local i pid
	server_start
	client_login alice
	pid=$(session_pid alice)
	for i in {1..40}; do
		kill -URG "$pid"
	done
	wait_for log_has 'INFO upgraded'
	say alice still
	upgrade alice
	say alice still
}

@test "what is still to be paid to the rate limit is not forgotten" {
	export CHAT_RATE=1 CHAT_BURST=3
	server_start
	now_ms
	began=$NOW
	client_login alice
	# With CONNECT these are two more than may come at once.
	seq -f '{"command":"MESSAGE","to":"all","message":"%.0f"}' 1 4 |
	    client_raw alice
	wait_for received alice '"ACK"' 2
	upgrade alice
	wait_for received alice '"ACK"' 4
	now_ms
	((NOW - began > 1900)) || fail "only $((NOW - began)) ms"
}

@test "before CONNECT, and while the relay has not answered" {
	server_start
	client_open alice
	upgrade alice
	client_login alice
	say alice hello
	kill -STOP "$NOTIFY"
	client_open bob
	client_send bob '{"command":"CONNECT","username":"bob"}'
	upgrade bob
	kill -CONT "$NOTIFY"
	client_expect bob '.event == "CONNECTED"'
	client_expect alice '.event == "JOINED"'
	say bob hello
}

@test "before the header of a proxy" {
	export CHAT_PROXY_FROM=127.0.0.1
	server_start
	client_open alice
	upgrade alice
	client_raw alice < <(printf 'PROXY TCP4 192.0.2.7 192.0.2.1 999 5555\r\n')
	client_login alice
	log_has 'connected user=alice .*peer=192\.0\.2\.7:999'
}

@test "while a password is hashed" {
	export CHAT_BCRYPT_COST=11
	server_start
	client_open alice
	client_send alice '{"command":"REGISTER","username":"alice","password":"12345678"}'
	client_expect alice '.event == "REGISTERED"'
	client_send alice '{"command":"CONNECT","username":"alice","password":"12345678"}'
	upgrade alice
	client_expect alice '.event == "CONNECTED"'
	say alice hello
}

@test "while it leaves: it leaves" {
	local pid
	server_start
	client_login alice
	pid=$(session_pid alice)
	client_send alice '{"command":"DISCONNECT"}'
	kill -URG "$pid" 2>/dev/null || :
	client_expect alice '.event == "DISCONNECTED"'
	client_closed alice
	client_close alice
	wait_for process_gone "$pid"
}

@test "a process that is only being started is not ended by the signal" {
	local i hold status
	mkfifo hold
	for i in {1..30}; do
		"$SESSION" <hold >>out 2>>"$T/log/pipe" 3>&- &
		# It is there, and can neither have begun nor end yet.
		exec {hold}>hold
		kill -URG $!
		exec {hold}>&-
		status=0
		wait $! || status=$?
		assert_eq "$status" 0 "status of the ${i}th"
	done
}

@test "on pipes, with a connection as descriptor 3, and without a relay" {
	local pid
	mkfifo in out
	mkdir run/sessions
	"$SESSION" <in >out 2>>"$T/log/pipe" 3>&- &
	pid=$!
	exec {IN}>in {OUT}<out
	echo '{"command":"CONNECT","username":"alice"}' >&"$IN"
	read -rt "$DEADLINE" -u "$OUT" line
	[[ $line == *CONNECTED* ]]
	install_next
	kill -URG "$pid"
	wait_for log_has 'INFO upgraded user=alice .*peer=pipe'
	echo '{"command":"MESSAGE","to":"all","message":"m"}' >&"$IN"
	read -rt "$DEADLINE" -u "$OUT" line
	[[ $line == *ACK* ]]
	exec {IN}>&- {OUT}<&-
	wait "$pid"
	PORT=$("$B/tests/chat-talk" --port)
	environment_options
	systemd-socket-activate --accept -l "127.0.0.1:$PORT" "${OPTIONS[@]}" \
	    "$SESSION" </dev/null >"$T/log/listener.9" 2>&1 3>&- &
	LISTENERS+=($!)
	wait_for grep -q '^Listening on' "$T/log/listener.9"
	client_login bob
	upgrade bob
	say bob hello
}

@test "the file of the configuration need not be readable any more" {
	export CHAT_CONFIG=$T/elsewhere/chat.conf
	mkdir elsewhere
	echo CHAT_MESSAGE_MAX_SIZE=77 >"$CHAT_CONFIG"
	server_start
	client_login alice
	echo CHAT_MESSAGE_MAX_SIZE=nonsense >"$CHAT_CONFIG"
	upgrade alice
	client_send alice "{\"command\":\"MESSAGE\",\"to\":\"all\",\"message\":\"$(printf 'x%.0s' {1..78})\"}"
	client_error alice TOO_LARGE '.limit == 77'
}

@test "a copy made by a listener goes on in its new program, and the listener stays" {
	local pid
	notify_start
	PORT=$("$B/tests/chat-talk" --port)
	"$SESSION" --listen="127.0.0.1:$PORT" </dev/null 2>>"$T/log/copies" 3>&- &
	LISTENERS+=($!)
	wait_for log_has "INFO listening"
	client_login alice
	client_login bob
	client_expect alice '.event == "JOINED"'
	install_next
	pid=$(pgrep -P "${LISTENERS[0]}" | head -n 1)
	kill -URG "$pid" "${LISTENERS[0]}"
	wait_for log_has 'INFO upgraded user=alice .*from 0\.1\.0 to 9\.9\.9'
	say alice hello
	client_expect bob '.message == "hello"'
	nobody_noticed alice bob
	client_login carol
}
