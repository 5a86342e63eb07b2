#!/usr/bin/env bats
#
# chat-client and connections that are lost: what is sent is stored once, what
# is missed comes in, whatever is killed meanwhile.

load helpers

bats_require_minimum_version 1.5.0

setup() {
	chat_setup
	export TZ=UTC
	# Sockets of what is killed stay.
	# shellcheck disable=SC2034 # for teardown
	SOCKETS_MAY_STAY=1
	seq 1 900 >lines
}

# A client that prints all it hears, as JSON; the arguments are its own.
reader_start() {
	"$B/bin/chat-client" --tail --json -u reader "$@" </dev/null \
	    >heard 2>reader.err 3>&- &
	READER=$!
	wait_for grep -q CONNECTED heard
}

# One that sends what is written to descriptor $IN.
sender_start() {
	mkfifo in
	"$B/bin/chat-client" --send --timeout 60 -u sender "$@" \
	    <in >out 2>sender.err 3>&- &
	SENDER=$!
	exec {IN}>in
}

# Start something that does not inherit that descriptor.
apart() {
	eval '"$@"' "$IN>&-"
}

# Write a third of the lines.
feed() {
	sed -n "$(($1 * 300 - 299)),$(($1 * 300))p" lines >&"$IN"
}

# Some of it is stored, and most likely not all.
stored_from() {
	(($(db "SELECT count(*) FROM messages") >= $1))
}

heard_all() {
	(($(grep -c '"event":"MESSAGE"' heard) >= 900))
}

# The sender ends well, and everything is stored and heard once, in order.
assert_nothing_lost() {
	local status=0
	exec {IN}>&-
	wait_for -t 60 process_gone "$SENDER"
	wait "$SENDER" || status=$?
	assert_eq "$status" 0 "the sender's status"
	db "SELECT body FROM messages ORDER BY id" | cmp - lines
	wait_for -t 60 heard_all
	kill -TERM "$READER"
	wait_for process_gone "$READER"
	wait "$READER" || status=$?
	assert_eq "$status" 143 "the reader's status"
	jq -r 'select(.event == "MESSAGE").message' heard | cmp - lines
	[[ ! -s out ]]
}

all_killed() {
	local pid
	kill -KILL "$NOTIFY" "${LISTENERS[@]}"
	for pid in $(own_processes); do
		[[ $(cat "/proc/$pid/comm" 2>/dev/null) != chat-session ]] ||
		    kill -KILL "$pid"
	done
	wait "$NOTIFY" "${LISTENERS[@]}" 2>/dev/null || :
	NOTIFY=
	LISTENERS=()
}

@test "a whole server is killed and started again in the middle" {
	server_start
	reader_start "127.0.0.1:$PORT"
	sender_start "127.0.0.1:$PORT"
	feed 1
	wait_for stored_from 1
	all_killed
	feed 2
	apart server_start
	wait_for -t 60 stored_from 301
	feed 3
	assert_nothing_lost
	grep -q 'will come back' sender.err
	grep -q 'connected again' reader.err
}

@test "over TLS, what ends it is killed in the middle" {
	command -v hitch >/dev/null || skip 'hitch is not installed'
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -subj /CN=localhost -addext subjectAltName=DNS:localhost \
	    -keyout key -out crt 2>/dev/null
	cat key crt >pem
	chmod 644 pem
	server_start
	front_start
	reader_start --tls --tls-ca crt "localhost:$TLS_PORT"
	sender_start --tls --tls-ca crt "localhost:$TLS_PORT"
	feed 1
	wait_for stored_from 1
	feed 2
	front_kill
	apart front_start
	feed 3
	assert_nothing_lost
	grep -q 'connected again' reader.err
	front_kill
}

front_is_up() {
	grep -q 'Process 0 online' "$T/log/front" || process_gone "$FRONT"
}

# As a user of its own it would have to reach the certificate.
front_start() {
	TLS_PORT=${TLS_PORT:-$("$B/tests/chat-talk" --port)}
	: >"$T/log/front"
	hitch --user="$(id -un)" --backend="[127.0.0.1]:$PORT" \
	    --frontend="[127.0.0.1]:$TLS_PORT" --workers=1 --ocsp-dir= \
	    --daemon=off pem </dev/null >>"$T/log/front" 2>&1 3>&- &
	FRONT=$!
	wait_for front_is_up
	! process_gone "$FRONT"
}

front_kill() {
	local pids
	pids=$(pgrep -P "$FRONT")
	# shellcheck disable=SC2086 # a list
	kill -KILL "$FRONT" $pids
	wait "$FRONT" 2>/dev/null || :
}

@test "a server that shuts down is left alone as long as it asked for" {
	local from
	server_start
	reader_start "127.0.0.1:$PORT"
	now_ms
	from=$NOW
	kill -TERM "$(db "SELECT pid FROM sessions WHERE ended_at IS NULL")"
	wait_for grep -q 'connected again' reader.err
	now_ms
	((NOW - from >= 2000))
	grep -q 'will come back: SHUTDOWN' reader.err
	kill -TERM "$READER"
	wait "$READER" || :
}

# Whether a session has not read what came to its port.
unread() {
	awk -v port="$(printf ':%04X$' "$PORT")" '
		$2 ~ port && $5 !~ /:00000000$/ { found = 1 }
		END { exit !found }' /proc/net/tcp
}

@test "who is not online again by the end says how much is not confirmed" {
	local status=0
	server_start
	sender_start "127.0.0.1:$PORT"
	feed 1
	wait_for stored_from 300
	# What is sent now is not answered.
	kill -STOP "$(db "SELECT pid FROM sessions WHERE ended_at IS NULL")"
	printf 'one\ntwo\n' >&"$IN"
	wait_for unread
	all_killed
	apart notify_start
	wait_for grep -q 'will come back' sender.err
	kill -TERM "$SENDER"
	wait_for process_gone "$SENDER"
	wait "$SENDER" || status=$?
	exec {IN}>&-
	assert_eq "$status" 143
	grep -Eq 'not confirmed, and may be stored or not: [0-9]+$' sender.err
	grep -q 'input was not sent to its end' sender.err
}
