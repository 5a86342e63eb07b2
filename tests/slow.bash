# shellcheck shell=bash
#
# Tests with clients and processes that stand still; loaded after helpers by
# the short files and the long ones, which differ in how much passes.

# alice says N messages of about 500 bytes, numbered; all are acknowledged.
flood() {
	local body acks
	body=$(printf 'x%.0s' {1..480})
	acks=$(grep -c '"ACK"' "$(client_record alice)") || :
	seq -f "{\"command\":\"MESSAGE\",\"to\":\"all\",\"message\":\"%.0f $body\"}" \
	    "$1" "$2" | client_raw alice
	wait_for -t 300 received alice '"ACK"' $((acks + $2 - $1 + 1))
}

# bob has got the messages FROM to TO, each once and in order.
has_all() {
	wait_for -t 120 received bob '"MESSAGE"' $(($2 - $1 + 1))
	jq -r 'select(.event == "MESSAGE") | .message | split(" ")[0]' \
	    "$(client_record bob)" | cmp - <(seq "$1" "$2")
}

# Peak of resident memory in KB.
peak() {
	awk '/^VmHWM/ { print $2 }' "/proc/$1/status"
}

# Sanitizers and coverage multiply the time and the memory that a program
# takes, wherever it was built.
is_instrumented() {
	grep -Eq '__asan_init|__gcov_' "$B/bin/chat-session"
}

# No process of the server and not the WAL may have grown beyond reason.
assert_bounded() {
	local pid size limit=40000
	! is_instrumented || limit=$((limit * 20))
	for pid in $(own_processes); do
		[[ $(cat "/proc/$pid/comm") == chat-session ||
		    $(cat "/proc/$pid/comm") == chat-notify ]] || continue
		size=$(peak "$pid")
		((size < limit)) ||
		    fail "$(cat "/proc/$pid/comm") took $size KB" || return
	done
	size=$(stat -c %s "$CHAT_DB-wal")
	((size < 80000000)) || fail "the WAL has $size bytes"
}

slow_receiver() {
	local n=$1
	server_start
	client_login alice
	client_login bob
	client_login carol
	client_stop bob
	flood 1 "$n"
	wait_for -t 60 received carol '"MESSAGE"' "$n"
	assert_bounded
	client_go bob
	has_all 1 "$n"
	client_send alice '{"command":"MESSAGE","to":"all","message":"end"}'
	wait_for received carol '"message":"end"' 1
	assert_bounded
}

stopped_session() {
	local n=$1 pid
	server_start
	client_login alice
	client_login bob
	client_login carol
	pid=$(session_pid bob)
	kill -STOP "$pid"
	flood 1 "$n"
	wait_for -t 60 received carol '"MESSAGE"' "$n"
	assert_bounded
	kill -CONT "$pid"
	has_all 1 "$n"
	assert_bounded
}
