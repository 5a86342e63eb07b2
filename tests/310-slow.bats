#!/usr/bin/env bats
# Who stands still costs only himself: clients that do not read, sessions, the
# relay and the holder of the lock stopped by a signal.

load helpers
load slow

@test "a receiver that stops reading gets all when it reads on, and memory stays bounded" {
	slow_receiver 20000
}

@test "a session that is stopped gets all when it goes on, and memory stays bounded" {
	stopped_session 20000
}

@test "a client that sends and never reads costs a bounded session and nobody else" {
	server_start
	client_login bob
	client_login carol
	client_open greedy
	client_login greedy
	client_stop greedy
	yes '{"command":"PING","ref":"0123456789012345678901234567890123456789"}' |
	    head -n 300000 | client_raw greedy
	for i in {1..20}; do
		say bob "m$i"
		client_expect carol ".message == \"m$i\"" 5
	done
	assert_bounded
	client_go greedy
	wait_for -t $((4 * ${CHAT_TEST_DEADLINE:-15})) received greedy '"PONG"' 300000
	wait_for received greedy '"message":"m20"' 1
}

@test "while the relay is stopped messages are acknowledged, and arrive when it goes on" {
	server_start
	client_login alice
	client_login bob
	kill -STOP "$NOTIFY"
	for i in {1..20}; do say alice "m$i"; done
	# More than fits into its queue.
	flood 1 2000
	kill -CONT "$NOTIFY"
	wait_for received bob '"MESSAGE"' 2020
	client_send alice '{"command":"MESSAGE","to":"all","message":"end"}'
	wait_for received bob '"message":"end"' 1
	jq -r 'select(.event == "MESSAGE") | .message | split(" ")[0]' \
	    "$(client_record bob)" |
	    cmp - <(seq -f m%g 20; seq 2000; echo end)
}

@test "a holder of the lock that is stopped is ended after 5 s and named in the log" {
	local pid
	need_strace
	server_start
	client_login alice
	client_login bob
	traced chat-session pwrite64 signal=STOP 5
	client_open victim "exec:$T/traced"
	client_raw victim <<-'END'
		{"command":"CONNECT","username":"victim"}
		{"command":"MESSAGE","to":"all","message":"held","ref":"1"}
	END
	# It stops itself while it writes; then nobody traces it any more.
	wait_for grep -qs 'SIGSTOP' "$T/trace"
	pid=$(child_of "$(session_pid victim)")
	kill -KILL "$(session_pid victim)"
	wait_for is_stopped "$pid"
	now_ms
	start=$NOW
	client_send alice '{"command":"MESSAGE","to":"all","message":"waited","ref":"w"}'
	client_expect alice '.event == "ACK" and .ref == "w"' 30
	now_ms
	((NOW - start < 11000)) || fail "it took $((NOW - start)) ms"
	# (Its lock is given back before it is gone.)
	wait_for process_gone "$pid"
	log_has "chat-session: WARNING .*$pid"
	client_expect bob '.event == "MESSAGE" and .message == "waited"'
	client_none bob '.message == "held"'
	assert_eq "$(db 'pragma integrity_check')" ok
	# shellcheck disable=SC2034 # for chat_teardown
	SOCKETS_MAY_STAY=1
}

@test "a session that is stopped in the middle of reading the store does not stop others" {
	local pid
	need_strace
	server_start
	client_login alice
	client_login bob
	seq -f '{"command":"MESSAGE","to":"all","message":"%.0f"}' 3000 | client_raw alice
	client_barrier alice
	# Late enough to be after the login's transaction, which has the lock.
	traced chat-session pread64 signal=STOP 20
	client_open victim "exec:$T/traced"
	client_send victim '{"command":"CONNECT","username":"victim","since":0}'
	wait_for grep -qs 'SIGSTOP' "$T/trace"
	pid=$(child_of "$(session_pid victim)")
	kill -KILL "$(session_pid victim)"
	wait_for is_stopped "$pid"
	for i in {1..20}; do
		client_send alice "{\"command\":\"MESSAGE\",\"to\":\"all\",\"message\":\"m$i\"}"
		wait_for -t 5 received bob "\"message\":\"m$i\"" 1
	done
	kill -CONT "$pid"
	wait_for received victim '"message":"m20"' 1
	jq -r 'select(.event == "MESSAGE") | .message' "$(client_record victim)" |
	    cmp - <(seq 3000; seq -f m%g 20)
}

# Whether a second has passed $since.
has_passed() {
	now_ms
	((NOW - since >= 1000))
}

@test "a session that was stopped hears of its end before it passes anything on" {
	local pid i since
	need_strace
	server_start
	client_login bob
	# Not where it waits: there it would hear of it in any case.
	traced chat-session recvmsg signal=STOP 8
	client_open alice "exec:$T/traced"
	client_login alice
	client_login carol
	for ((i = 0; i < 50; i++)); do
		! grep -q 'stopped by SIGSTOP' "$T/trace" || break
		say bob "$i"
		client_expect carol ".message == \"$i\""
	done
	wait_for grep -q 'stopped by SIGSTOP' "$T/trace"
	pid=$(child_of "$(pgrep -f "^strace .*$T/trace" | head -n 1)")
	kill -TERM "$pid"
	say bob secret
	client_expect carol '.message == "secret"'
	# (Whoever removes a user waits longer for a session's end.)
	now_ms
	since=$NOW
	wait_for has_passed
	kill -CONT "$pid"
	client_error alice SHUTDOWN
	client_closed alice
	not received alice secret 1
}
