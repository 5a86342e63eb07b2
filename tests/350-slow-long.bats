#!/usr/bin/env bats
# bats file_tags=long
# As 310-slow.bats, with 100,000 messages, and both lengths of datagram queues.

load helpers
load slow

with_queue() {
	echo "$1" >/proc/sys/net/unix/max_dgram_qlen
	"${@:2}"
}

@test "a receiver stops while 100,000 messages pass, with short datagram queues" {
	in_space --net with_queue 10 slow_receiver 100000
}

@test "a receiver stops while 100,000 messages pass, with long datagram queues" {
	in_space --net with_queue 512 slow_receiver 100000
}

@test "a session is stopped while 100,000 messages pass, with short datagram queues" {
	in_space --net with_queue 10 stopped_session 100000
}

@test "a session is stopped while 100,000 messages pass, with long datagram queues" {
	in_space --net with_queue 512 stopped_session 100000
}

# 40,000 messages of a kilobyte, each answered.
push() {
	local body
	body=$(printf 'x%.0s' {1..1000})
	seq -f "{\"command\":\"MESSAGE\",\"to\":\"all\",\"ref\":\"$1-%.0f\",\"message\":\"$body\"}" \
	    40000 | client_raw alice
	wait_for -t 120 received alice "\"ref\":\"$1-40000\"" 1
}

sends_now() {
	local ref=now-$RANDOM$RANDOM
	client_send alice "{\"command\":\"MESSAGE\",\"to\":\"all\",\"message\":\"on\",\"ref\":\"$ref\"}"
	wait_for received alice "\"ref\":\"$ref\"" 1
	received alice "\"ACK\",\"ref\":\"$ref\"" 1
}

@test "a session stopped in the middle of reading cannot make the WAL grow for ever" {
	local pid round acks
	need_strace
	server_start
	client_login alice
	client_login bob
	flood 1 5000
	# Late enough to be after the login's transaction, which has the lock.
	traced chat-session pread64 signal=STOP 20
	client_open victim "exec:$T/traced"
	client_send victim '{"command":"CONNECT","username":"victim","since":0}'
	wait_for grep -qs 'SIGSTOP' "$T/trace"
	pid=$(child_of "$(session_pid victim)")
	kill -KILL "$(session_pid victim)"
	# It pins the WAL, and what would fill many times its limit is sent:
	# each message is answered, stored or not.
	for round in {1..10}; do
		push "$round"
		(($(stat -c %s "$CHAT_DB-wal") < 300 * 1024 * 1024)) ||
		    fail "the WAL has $(stat -c %s "$CHAT_DB-wal") bytes"
	done
	# Who pins a large WAL and is stopped is ended: service goes on.
	wait_for -t 60 sends_now
	process_gone "$pid"
	log_has "chat-notify: WARNING .*$pid"
	acks=$(grep -c '"ACK"' "$(client_record alice)")
	assert_eq "$(db 'select count(*) from messages')" "$acks"
	wait_for -t 60 received bob '"MESSAGE"' "$acks"
	assert_eq "$(db 'pragma integrity_check')" ok
	# shellcheck disable=SC2034 # for chat_teardown
	SOCKETS_MAY_STAY=1
}
