#!/usr/bin/env bats
#
# The rate limit of one client: what is too fast waits in its place, and
# nobody else notices.

load helpers

# rate MESSAGES_A_SECOND BURST
rate() {
	export CHAT_RATE=$1 CHAT_BURST=$2
}

# messages FROM TO: lines with these texts
messages() {
	seq -f '{"command":"MESSAGE","to":"all","message":"%.0f"}' "$1" "$2"
}

acks() {
	grep -c '"event":"ACK"' "$(client_record "$1")" || :
}

# took_at_least MS: since the last time was taken
took_at_least() {
	local start=$START
	now_ms
	((NOW - start >= $1)) || fail "it took only $((NOW - start)) ms"
}

start() {
	now_ms
	START=$NOW
}

@test "a burst is taken at once and the rest at the rate, nothing is lost" {
	rate 10 5
	server_start
	client_login alice
	CHAT_RATE=0
	client_login bob
	start
	messages 1 25 | client_raw alice
	wait_for received alice '"ACK"' 25
	# 25 less the burst of 5, at 10 a second.
	took_at_least 1900
	client_expect bob '.message == "25"'
	jq -r 'select(.event == "MESSAGE") | .message' "$(client_record bob)" |
	    cmp - <(seq 25)
	client_none alice '.event == "ERROR"'
}

@test "who has to wait is told by others without waiting" {
	rate 1 1
	server_start
	client_login alice
	client_login bob
	messages 1 60 | client_raw alice
	say bob hello
	client_expect alice '.event == "MESSAGE" and .message == "hello"'
	(($(acks alice) < 60)) || fail "nothing had to wait"
}

@test "DISCONNECT comes after what was said before it" {
	rate 1 1
	server_start
	client_login alice
	{ messages 1 3; echo '{"command":"DISCONNECT"}'; } | client_raw alice
	client_expect alice '.event == "DISCONNECTED"'
	client_closed alice
	assert_eq "$(acks alice)" 3 ACKs
}

@test "what a client said before it closed is still done" {
	rate 2 1
	server_start
	client_login alice
	messages 1 4 | client_raw alice
	client_sent alice
	client_shut alice
	client_closed alice
	assert_eq "$(acks alice)" 4 ACKs
	assert_eq "$(db 'SELECT count(*) FROM messages')" 4 messages
}

@test "who is held back is not taken for silent" {
	rate 1 1
	export CHAT_IDLE_TIMEOUT=2
	server_start
	client_login alice
	messages 1 6 | client_raw alice
	client_error alice TIMEOUT
	assert_eq "$(acks alice)" 6 ACKs
}

@test "a session that is held back ends at once when it is told to" {
	rate 1 1
	server_start
	client_login alice
	messages 1 60 | client_raw alice
	wait_for received alice '"ACK"' 1
	session_kill alice TERM
	client_error alice SHUTDOWN
	client_closed alice
}

@test "PING is cheap, but not without end" {
	# (With a burst of 1 each PING waits for the processor by itself.)
	rate 10 5
	server_start
	client_login alice
	start
	yes '{"command":"PING"}' | head -n 150 | client_raw alice
	wait_for received alice '"PONG"' 150
	took_at_least 900
}

@test "what is wrong counts as well, and an empty line a little" {
	rate 10 5
	server_start
	client_login alice
	start
	{ yes 'not JSON' | head -n 15; yes '' | head -n 50; } | client_raw alice
	wait_for received alice BAD_JSON 15
	say alice hello
	# 15 and a tenth of 50, less what the bucket held.
	took_at_least 1300
}

@test "a command that costs much is refused when waiting would take too long" {
	rate 1 5
	server_start
	client_login alice
	client_send alice '{"command":"USERS"}'
	client_expect alice '.event == "USERS"'
	client_send alice '{"command":"USERS","ref":"u"}'
	client_error alice RATE_LIMITED \
	    '.ref == "u" and .retry_after > 2 and .retry_after <= 5'
	client_send alice '{"command":"HISTORY","ref":"h"}'
	client_error alice RATE_LIMITED '.ref == "h"'
	# All others wait.
	say alice hello
}

@test "CHAT_RATE=0 is no limit" {
	rate 0 1
	server_start
	client_login alice
	messages 1 1000 | client_raw alice
	wait_for received alice '"ACK"' 1000
	client_none alice '.event == "ERROR"'
}

@test "flooding without a pause counts against the source" {
	rate 5 1
	export CHAT_TRUSTED=192.0.2.1 CHAT_LOGIN_FAILURES=1
	server_start
	client_login alice
	messages 1 200 | client_raw alice
	wait_for -t 30 received alice BLOCKED 1
	client_error alice BLOCKED '.message | endswith("flooding")'
	client_closed alice
	(($(acks alice) >= 40))
	client_open again
	client_error again BLOCKED
}

@test "before it has a name a client is limited as well" {
	rate 10 1
	server_start
	client_open alice
	start
	yes '{"command":"MESSAGE","to":"all","message":"x"}' | head -n 10 |
	    client_raw alice
	wait_for received alice NOT_CONNECTED 10
	took_at_least 800
	client_login alice
}
