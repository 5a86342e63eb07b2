#!/usr/bin/env bats
# The ways a connection can be handed to a session.

load helpers

# A client that sends to itself what others would see is enough to see that
# all works: login, store, relay, events.
talk() {
	client_login "$1"
	client_login "$2"
	say "$1" hello
	client_expect "$2" '.event == "MESSAGE" and .message == "hello"'
	say "$2" back
	client_expect "$1" '.event == "MESSAGE" and .message == "back"'
}

peer_of() {
	db "select peer from sessions join users on users.id = user_id
	    where username = '$1'"
}

only_events() {
	json_holds 'has("event")' "$(client_record "$1")"
}

@test "IPv4" {
	server_start
	talk alice bob
	[[ $(peer_of alice) =~ ^127\.0\.0\.1:[0-9]+$ ]]
}

@test "IPv6" {
	grep -qs ' lo$' /proc/net/if_inet6 ||
	    skip 'no IPv6 on this machine'
	notify_start
	PORT=$("$B/tests/chat-talk" --port)
	listener_start "[::1]:$PORT"
	client_open alice "tcp:::1:$PORT"
	client_open bob "tcp:::1:$PORT"
	talk alice bob
	[[ $(peer_of alice) =~ ^\[::1\]:[0-9]+$ ]]
}

@test "IPv4 and IPv6 on one listener" {
	grep -qs ' lo$' /proc/net/if_inet6 ||
	    skip 'no IPv6 on this machine'
	notify_start
	PORT=$("$B/tests/chat-talk" --port)
	listener_start "$PORT"
	client_open alice "tcp:127.0.0.1:$PORT"
	client_open bob "tcp:::1:$PORT"
	talk alice bob
	# A mapped address is shown as what it is.
	[[ $(peer_of alice) =~ ^127\.0\.0\.1:[0-9]+$ ]]
	[[ $(peer_of bob) =~ ^\[::1\]:[0-9]+$ ]]
}

@test "a UNIX socket" {
	notify_start
	listener_start "$T/sock"
	client_open alice "unix:$T/sock"
	client_open bob "unix:$T/sock"
	talk alice bob
	assert_eq "$(peer_of alice)" "unix:uid=$(id -u)"
	rm "$T/sock"
}

@test "LISTEN_FDS as systemd hands it over" {
	notify_start
	PORT=$("$B/tests/chat-talk" --port)
	environment_options
	systemd-socket-activate --accept -l "127.0.0.1:$PORT" "${OPTIONS[@]}" \
	    "$B/bin/chat-session" </dev/null >"$T/log/listener.0" 2>&1 3>&- &
	LISTENERS+=($!)
	wait_for listener_is_up "$T/log/listener.0" $!
	talk alice bob
	[[ $(peer_of alice) =~ ^127\.0\.0\.1:[0-9]+$ ]]
}

@test "LISTEN_FDS meant for another process is not taken" {
	LISTEN_FDS=1 LISTEN_PID=1 session_pipe \
	    <<<'{"command":"PING","ref":"stdin"}' >out
	assert_eq "$(jq -r .ref out)" stdin
}

@test "pipes: a whole conversation on standard input and output" {
	notify_start
	run -0 session_pipe <<-'END'
		{"command":"PING","ref":"1"}
		{"command":"CONNECT","username":"alice","ref":"2"}
		{"command":"MESSAGE","to":"all","message":"hello","ref":"3"}
		{"command":"HISTORY","limit":10,"ref":"4"}
		{"command":"USERS","ref":"5"}
		{"command":"DISCONNECT","ref":"6"}
		{"command":"PING","ref":"7"}
	END
	assert_eq "$(jq -r '.event + " " + .ref' <<<"$output" | paste -sd ' ')" \
	    'PONG 1 CONNECTED 2 ACK 3 HISTORY 4 USERS 5 DISCONNECTED 6'
	assert_eq "$(jq -r 'select(.event == "HISTORY") | .messages[].message' <<<"$output")" hello
	assert_eq "$(peer_of alice)" pipe
}

@test "pipes: files instead of pipes work as well" {
	notify_start
	cat >in <<-'END'
		{"command":"CONNECT","username":"alice"}
		{"command":"MESSAGE","to":"all","message":"hello"}
	END
	session_pipe <in >out
	assert_eq "$(jq -r .event out | paste -sd ' ')" 'CONNECTED ACK'
}

@test "a reader of the pipe that goes away ends the session, nothing else" {
	server_start
	client_login bob
	run session_pipe_into_nothing
	client_expect bob '.event == "LEFT" and .username == "alice"'
	wait_for no_pipe_sessions
	say bob on
}

# Its output goes to a reader that takes one line and ends.
session_pipe_into_nothing() {
	{
		echo '{"command":"CONNECT","username":"alice"}'
		seq -f '{"command":"PING","ref":"%.0f"}' 20000
	} | session_pipe | head -n 1
}

no_pipe_sessions() {
	[[ $(db 'select count(*) from sessions where ended_at is null') == 1 ]]
}

@test "a log line never reaches the client though its socket is standard error too" {
	export CHAT_LOG_LEVEL=DEBUG
	notify_start
	client_open alice "exec:$B/bin/chat-session"
	client_send alice 'rubbish'
	client_error alice BAD_JSON
	client_login alice
	client_send alice '{"command":"MESSAGE","to":"nobody","message":"x"}'
	client_error alice NO_SUCH_USER
	client_send alice '{"command":"DISCONNECT"}'
	client_closed alice
	only_events alice
}

@test "trouble and wrong configuration are not told on the client's socket either" {
	export CHAT_LOG_LEVEL=DEBUG CHAT_DB=$T/no/such/dir/chat.db
	client_open alice "exec:$B/bin/chat-session"
	client_send alice '{"command":"CONNECT","username":"alice"}'
	client_error alice UNAVAILABLE
	not grep -q no/such/dir "$(client_record alice)"
	client_close alice
	only_events alice
	export CHAT_LOG_LEVEL=NONSENSE
	client_open bob "exec:$B/bin/chat-session"
	client_error bob INTERNAL
	client_closed bob
	only_events bob
	not grep -q NONSENSE "$(client_record bob)"
}

@test "sessions on different transports talk with each other" {
	server_start
	listener_start "$T/sock"
	client_open bob "unix:$T/sock"
	talk alice bob
	client_open carol "exec:$B/bin/chat-session"
	client_login carol
	say carol hi
	client_expect alice '.message == "hi"'
	client_expect bob '.message == "hi"'
	rm "$T/sock"
}

@test "a session without standard error and output descriptors does not harm the store" {
	notify_start
	printf '%s\n' '{"command":"CONNECT","username":"alice"}' \
	    '{"command":"MESSAGE","to":"all","message":"x"}' >in
	"$B/bin/chat-session" <in >&- 2>&- 3>&- || :
	assert_eq "$(sqlite3 -readonly "$CHAT_DB" 'pragma integrity_check' 2>/dev/null || echo ok)" ok
}

# What /proc says of the session of client $1: its users, groups, capabilities.
credentials() {
	sed -n 's/[[:space:]]\+/ /g; s/ *$//; /^\(Uid\|Gid\|Groups\|CapPrm\|CapEff\):/p' \
	    "/proc/$(session_pid "$1")/status"
}

@test "started by root, a session becomes the owner of the runtime directory" {
	need_root
	chown 65534:65533 "$T/run" "$T/data"
	chmod 711 "$T" "${CHAT_TEST_TMP:-$T}" "${CHAT_TEST_RUN:-$T}"
	printf '#!/bin/sh\nexec setpriv --reuid 65534 --regid 65533 %s %s\n' \
	    --clear-groups "$B/bin/chat-notify" >relay
	chmod +x relay
	RELAY=$T/relay server_start
	client_login alice
	assert_eq "$(credentials alice)" "$(printf '%s\n' \
	    'Uid: 65534 65534 65534 65534' 'Gid: 65533 65533 65533 65533' \
	    'Groups:' 'CapPrm: 0000000000000000' 'CapEff: 0000000000000000')"
	say alice hello
}

@test "a session that cannot leave root reads nothing and says so" {
	need_root
	chown 65534 "$T/run"
	printf '#!/bin/sh\nexec setpriv --bounding-set=-setuid %s 2>%s\n' \
	    "$B/bin/chat-session" "$T/log/rooted" >rooted
	chmod +x rooted
	echo '{"command":"PING","ref":"unread"}' >in
	run -77 ./rooted <in
	json_holds '.code == "INTERNAL"' <<<"$output"
	not grep -q PONG <<<"$output"
	log_has 'CRITICAL root.*cannot become the owner of'
}

@test "what a session writes to TCP goes at once (TCP_NODELAY)" {
	need_strace
	notify_start
	printf '#!/bin/sh\nexec strace -D -f -qq -o %s -e trace=setsockopt %s "$@"\n' \
	    "$T/trace" "$B/bin/chat-session" >"$T/traced"
	chmod +x "$T/traced"
	# shellcheck disable=SC2034 # for listener_start
	SESSION=$T/traced
	listener_start
	client_login alice
	grep -Eq 'TCP_NODELAY, \[1\], 4\) += 0' "$T/trace"
	client_close alice
}
