#!/usr/bin/env bats
# Clients behind a proxy that sends a PROXY header, HAProxy being a real one.

load helpers

SIGNATURE='\r\n\r\n\0\r\nQUIT\n'

peer_of() {
	db "select peer from sessions join users on users.id = user_id
	    where username = '$1'"
}

# alice logs in behind the header that printf makes of $1.
login_behind() {
	client_open alice
	# shellcheck disable=SC2059 # it is a format
	printf "$1"'{"command":"CONNECT","username":"alice"}\n' |
	    client_raw alice
	client_expect alice '.event == "CONNECTED"'
}

refuses_header() {
	client_open mallory
	# shellcheck disable=SC2059 # it is a format
	printf "$1" | client_raw mallory
	client_error mallory PROXY_REQUIRED '.message | test("CHAT_PROXY_FROM")'
	client_closed mallory
}

@test "a header of version 1 gives the client's address to store and log" {
	export CHAT_PROXY_FROM=127.0.0.1
	server_start
	login_behind 'PROXY TCP4 192.0.2.1 198.51.100.7 55555 5555\r\n'
	assert_eq "$(peer_of alice)" 192.0.2.1:55555
	wait_for log_has 'connected user=alice session=1 peer=192\.0\.2\.1:55555'
	client_close alice
	wait_for log_has 'closed .*peer=192\.0\.2\.1:55555'
}

@test "a header of version 2 gives an IPv6 address, whatever comes with it" {
	export CHAT_PROXY_FROM=127.0.0.0/8
	server_start
	login_behind "$SIGNATURE"'\x21\x21\0\x2c\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\2\xd9\3\x15\xb3\1\0\4chat\4'
	assert_eq "$(peer_of alice)" '[2001:db8::1]:55555'
}

@test "a header that comes byte by byte is taken" {
	export CHAT_PROXY_FROM=127.0.0.1
	server_start
	client_open alice
	printf "$SIGNATURE"'\x21\x11\0\x0c\xc0\0\2\1\xc6\x33\x64\7\xd9\3\x15\xb3' |
	    client_trickle alice
	client_login alice
	assert_eq "$(peer_of alice)" 192.0.2.1:55555
}

@test "a proxy that speaks for itself keeps its own address" {
	export CHAT_PROXY_FROM=127.0.0.1
	server_start
	login_behind "$SIGNATURE"'\x20\0\0\0'
	[[ $(peer_of alice) =~ ^127\.0\.0\.1:[0-9]+$ ]]
	client_close alice
	wait_for log_has 'closed user=alice'
	login_behind 'PROXY UNKNOWN\r\n'
	[[ $(peer_of alice) =~ ^127\.0\.0\.1:[0-9]+(.127\.0\.0\.1:[0-9]+)*$ ]]
}

@test "a user at a UNIX socket can be a proxy" {
	export CHAT_PROXY_FROM="unix:nobody-here unix:$(id -un)"
	notify_start
	listener_start "$T/sock"
	client_open alice "unix:$T/sock"
	printf 'PROXY TCP4 192.0.2.1 198.51.100.7 55555 5555\r\n' |
	    client_raw alice
	client_login alice
	assert_eq "$(peer_of alice)" 192.0.2.1:55555
	rm "$T/sock"
}

@test "another user at a UNIX socket is none" {
	export CHAT_PROXY_FROM='unix:nobody-here 127.0.0.1'
	notify_start
	listener_start "$T/sock"
	client_open alice "unix:$T/sock"
	client_send alice 'PROXY TCP4 192.0.2.1 198.51.100.7 55555 5555'
	client_error alice BAD_JSON
	client_login alice
	assert_eq "$(peer_of alice)" "unix:uid=$(id -u)"
	rm "$T/sock"
}

@test "a header from anybody else is a wrong line, and changes nothing" {
	export CHAT_PROXY_FROM='192.0.2.0/24 unix:chat-tls'
	server_start
	client_open mallory
	printf 'PROXY TCP4 192.0.2.1 198.51.100.7 55555 5555\r\n' |
	    client_raw mallory
	client_error mallory BAD_JSON
	printf "$SIGNATURE"'\x21\x11\0\x0c\xc0\0\2\1\xc6\x33\x64\7\xd9\3\x15\xb3\n' |
	    client_raw mallory
	client_error mallory BAD_JSON
	client_login mallory
	[[ $(peer_of mallory) =~ ^127\.0\.0\.1:[0-9]+$ ]]
}

@test "a proxy without a header is refused, told why, and logged" {
	export CHAT_PROXY_FROM=127.0.0.1
	server_start
	refuses_header '{"command":"CONNECT","username":"alice"}\n'
	log_has 'error peer=127\.0\.0\.1:[0-9]+: PROXY_REQUIRED: .* CHAT_PROXY_FROM'
	assert_eq "$(grep -c . "$(client_record mallory)")" 1 events
}

@test "a wrong header is refused, also one that breaks off" {
	export CHAT_PROXY_FROM=127.0.0.1
	server_start
	refuses_header 'PROXY TCP4 192.0.2.1 198.51.100.7 55555\r\n'
	refuses_header "$SIGNATURE"'\x31\x11\0\x0c'
	# One byte above the limit, said before it has come.
	refuses_header "$SIGNATURE"'\x20\0\x0f\xf1'
	client_open mallory
	printf 'PROXY TCP4 192.0.2' | client_raw mallory
	client_shut mallory
	client_error mallory PROXY_REQUIRED
}

@test "a long header is taken even where a line must be shorter" {
	export CHAT_PROXY_FROM=127.0.0.1 CHAT_MESSAGE_MAX_SIZE=1
	server_start
	client_open alice
	{
		printf "$SIGNATURE"'\x20\0\x0f\xf0'
		head -c 4000 /dev/zero
	} | client_raw alice
	client_sent alice
	head -c 80 /dev/zero | client_raw alice
	client_login alice
}

@test "a header must have come after PROXY_WAIT, and no sooner" {
	export CHAT_PROXY_FROM=127.0.0.1 CHAT_LOGIN_TIMEOUT=1
	server_start
	now_ms
	start=$NOW
	client_open slow
	printf 'PROXY ' | client_raw slow
	client_error slow TIMEOUT '.message | test("no PROXY header came within 5 s")'
	now_ms
	((NOW - start >= 4900)) || fail "after $((NOW - start)) ms"
	client_closed slow
	log_has 'error peer=127\.0\.0\.1:[0-9]+: TIMEOUT: .* CHAT_PROXY_FROM'
}

@test "limits and blocks go by the client's address, not the proxy's" {
	export CHAT_PROXY_FROM=127.0.0.1 CHAT_TRUSTED='' CHAT_SOURCE_CONNECTIONS=1
	server_start
	login_behind 'PROXY TCP4 192.0.2.1 198.51.100.7 55555 5555\r\n'
	client_open bob
	printf 'PROXY TCP4 192.0.2.2 198.51.100.7 55556 5555\r\n' | client_raw bob
	client_login bob
	client_open eve
	printf 'PROXY TCP4 192.0.2.1 198.51.100.7 55557 5555\r\n' | client_raw eve
	client_error eve SERVER_FULL
	client_closed eve
	say alice hello bob
}

@test "who is blocked is blocked behind a proxy as well, with or without a relay" {
	local relay
	export CHAT_PROXY_FROM=127.0.0.1
	server_start
	login_behind 'PROXY TCP4 192.0.2.1 198.51.100.7 55555 5555\r\n'
	client_close alice
	wait_for log_has 'closed user=alice'
	db_change "
	    INSERT INTO blocks (first, last, reason, created_at)
	    VALUES (x'00000000000000000000ffffc0000208',
	    x'00000000000000000000ffffc000020f', 'spam', 1)"
	notify_stop
	for relay in without with; do
		[[ $relay == without ]] || notify_start
		client_open eve
		printf 'PROXY TCP4 192.0.2.9 198.51.100.7 55557 5555\r\n' |
		    client_raw eve
		client_error eve BLOCKED
		client_closed eve
	done
	login_behind 'PROXY TCP4 192.0.2.1 198.51.100.7 55555 5555\r\n'
}

@test "nothing is taken from a connection that was reset before its session began" {
	export CHAT_LOG_LEVEL=DEBUG
	mkfifo "$T/gate"
	printf '#!/bin/sh\nread -r _ <"%s"\nexec "%s"\n' "$T/gate" \
	    "$B/bin/chat-session" >"$T/late"
	chmod +x "$T/late"
	SESSION=$T/late
	server_start
	client_open alice
	client_send alice '{"command":"CONNECT","username":"alice"}'
	client_send alice '{"command":"MESSAGE","to":"all","message":"hello"}'
	client_sent alice
	client_abort alice
	echo go >"$T/gate"
	wait_for log_has 'lost peer=unknown'
	run -1 log_has connected
}

# haproxy_start OPTIONS-OF-THE-SERVER: in front of $PORT, on $FRONT.
haproxy_start() {
	command -v haproxy >/dev/null || skip 'haproxy is not installed'
	FRONT=$("$B/tests/chat-talk" --port)
	cat >"$T/haproxy.cfg" <<-END
		global
		    stats socket $T/haproxy.sock
		defaults
		    mode tcp
		    timeout connect 10s
		    timeout client 60s
		    timeout server 60s
		frontend chat
		    bind 127.0.0.1:$FRONT
		    default_backend sessions
		backend sessions
		    server chat 127.0.0.1:$PORT $*
	END
	haproxy -db -f "$T/haproxy.cfg" </dev/null >"$T/log/haproxy" 2>&1 3>&- &
	HAPROXY=$!
	wait_for haproxy_is_up
}

haproxy_is_up() {
	[[ -S $T/haproxy.sock ]]
}

haproxy_stop() {
	kill -TERM "$HAPROXY"
	wait "$HAPROXY" || :
	rm -f "$T/haproxy.sock"
}

behind_haproxy() {
	export CHAT_PROXY_FROM=127.0.0.1
	server_start
	haproxy_start "$1"
	client_open alice "tcp:127.0.0.1:$FRONT"
	client_login alice
	client_ask alice port
	# The client's own port, which the proxy's connection has not.
	assert_eq "$(peer_of alice)" "127.0.0.1:$REPLY"
	say alice hello
	client_close alice
	wait_for log_has 'closed user=alice'
	haproxy_stop
}

@test "behind HAProxy with send-proxy" {
	behind_haproxy send-proxy
}

@test "behind HAProxy with send-proxy-v2 and all its options" {
	behind_haproxy 'send-proxy-v2 proxy-v2-options crc32c,unique-id'
}

@test "HAProxy's health checks find the server up, and are no trouble" {
	export CHAT_PROXY_FROM=127.0.0.1 CHAT_LOG_LEVEL=DEBUG
	server_start
	haproxy_start 'send-proxy-v2 check inter 100ms fall 1'
	wait_for checked 5
	run -1 grep -P 'INFO(?! listening)|WARNING|ERROR' "$T"/log/listener.*
	run -1 grep -i 'is DOWN' "$T/log/haproxy"
	# With a header as well, where the check sends one.
	haproxy_stop
	haproxy_start 'send-proxy-v2 check-send-proxy check inter 100ms fall 1'
	wait_for checked 10
	client_open alice "tcp:127.0.0.1:$FRONT"
	client_login alice
	client_close alice
	haproxy_stop
	run -1 grep -i 'is DOWN' "$T/log/haproxy"
}

# So many sessions ended without a word of their client.
checked() {
	(($(cat "$T"/log/listener.* | grep -cE 'DEBUG (closed|lost) peer') >= $1))
}
