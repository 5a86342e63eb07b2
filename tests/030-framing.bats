#!/usr/bin/env bats
# Lines: however the bytes come, the same commands are executed.

load helpers
load slow

# Much is said before CONNECT here, on whatever machine.
setup() {
	chat_setup
	export CHAT_LOGIN_TIMEOUT=120
}

ping() {
	printf '{"command":"PING","ref":"%s"}' "$1"
}

refs() {
	jq -r 'select(.event == "PONG") | .ref' "$(client_record "$1")" | paste -sd ' '
}

@test "lines that come byte by byte are the same lines" {
	server_start
	client_login bob
	client_open alice "exec:$B/bin/chat-session"
	client_trickle alice <<-'END'
		{"command":"CONNECT","username":"alice"}
		{"command":"MESSAGE","to":"all","message":"slow \u00e9é😀","ref":"1"}
		{"command":"PING","ref":"2"}
	END
	client_expect alice '.event == "CONNECTED"'
	client_expect alice '.event == "ACK" and .ref == "1"'
	client_expect alice '.event == "PONG" and .ref == "2"'
	client_expect bob '.event == "MESSAGE" and .message == "slow éé😀"'
}

@test "lines split at any place are the same lines" {
	client_open alice "exec:$B/bin/chat-session"
	text=$(ping a)$'\r\n'$(ping b)$'\n\n'$(ping c)$'\n'
	for ((i = 0; i <= ${#text}; i++)); do
		printf '%s' "${text:0:i}" | client_raw alice
		# The server has read the first part before the second goes.
		client_sent alice
		printf '%s' "${text:i}" | client_raw alice
		client_sent alice
	done
	client_barrier alice
	assert_eq "$(refs alice | sed 's/ barrier.*//')" \
	    "$(yes a b c | head -n $((${#text} + 1)) | paste -sd ' ')"
}

@test "lines that come joined are all executed, in order" {
	client_open alice "exec:$B/bin/chat-session"
	for i in {1..200}; do ping "$i"; echo; done | client_raw alice
	client_count alice 200
	assert_eq "$(refs alice)" "$(seq 200 | paste -sd ' ')"
}

@test "CR LF ends a line as LF does, and a lone CR does not" {
	client_open alice "exec:$B/bin/chat-session"
	printf '%s\r\n%s\n%s\r%s\n' "$(ping 1)" "$(ping 2)" "$(ping 3)" "$(ping 4)" |
	    client_raw alice
	client_expect alice '.ref == "1"'
	client_expect alice '.ref == "2"'
	# Two objects on one line.
	client_error alice BAD_JSON
	client_none alice '.ref == "3" or .ref == "4"'
}

@test "empty lines are ignored" {
	client_open alice "exec:$B/bin/chat-session"
	printf '\n\r\n\n%s\n\n\n%s\n\r\n' "$(ping 1)" "$(ping 2)" | client_raw alice
	client_next alice '.ref == "1"'
	client_next alice '.ref == "2"'
	client_none alice true
}

@test "a line that needs too much memory is refused as such" {
	! is_instrumented || skip 'instrumented programs may use more'
	export CHAT_MESSAGE_MAX_SIZE=65536
	server_start
	client_login alice
	{
		printf '{"command":"PING","x":[{}'
		yes ',{}' | head -n 173900 | tr -d '\n'
		printf ']}\n'
	} | client_raw alice
	client_error alice BAD_JSON '.message | endswith("it needs too much memory")'
	say alice on
}

@test "an unterminated last line is not executed" {
	run -0 session_pipe < <(printf '%s\n%s' "$(ping 1)" "$(ping 2)")
	assert_eq "$(jq -r .ref <<<"$output")" 1
}

@test "the longest line is taken, with LF or CR LF" {
	export CHAT_MESSAGE_MAX_SIZE=100
	max=$((8 * 100 + 1024))
	client_open alice "exec:$B/bin/chat-session"
	line=$(ping 1)
	printf "%-${max}s\n" "$line" | client_raw alice
	client_expect alice '.event == "PONG" and .ref == "1"'
	printf "%-$((max - 1))s\r\n" "$(ping 2)" | client_raw alice
	client_expect alice '.event == "PONG" and .ref == "2"'
}

@test "a line one byte too long is LINE_TOO_LONG with the limit, then the end" {
	export CHAT_MESSAGE_MAX_SIZE=100
	max=$((8 * 100 + 1024))
	server_start
	client_login bob
	client_login alice
	assert_eq "$(client_get .limits.line_max_size)" "$max"
	printf "%-$((max + 1))s\n" "$(ping 1)" | client_raw alice
	client_error alice LINE_TOO_LONG ".limit == $max"
	client_closed alice
	not grep -q PONG "$(client_record alice)"
	client_expect bob '.event == "LEFT" and .username == "alice"'
}

@test "a line is refused as soon as it is too long, without its LF" {
	export CHAT_MESSAGE_MAX_SIZE=100
	max=$((8 * 100 + 1024))
	client_open alice "exec:$B/bin/chat-session"
	head -c "$max" /dev/zero | tr '\0' x | client_raw alice
	client_sent alice
	printf 'x' | client_raw alice
	client_error alice LINE_TOO_LONG ".limit == $max"
	client_closed alice
}

@test "what came before a line too long is still executed" {
	export CHAT_MESSAGE_MAX_SIZE=100
	server_start
	client_login bob
	client_login alice
	{
		echo '{"command":"MESSAGE","to":"all","message":"before","ref":"1"}'
		head -c 5000 /dev/zero | tr '\0' x
	} | client_raw alice
	client_expect alice '.event == "ACK" and .ref == "1"'
	client_error alice LINE_TOO_LONG
	client_closed alice
	client_expect bob '.message == "before"'
}

@test "the last event arrives though the client is still sending" {
	server_start
	client_open alice
	head -c 3000000 /dev/zero | tr '\0' x | client_raw alice
	client_error alice LINE_TOO_LONG
	client_closed alice
}

@test "megabytes without a newline cost a session no more than a line" {
	server_start
	client_open alice
	client_send alice "$(ping 1)"
	client_expect alice '.ref == "1"'
	pid=$(session_pid alice)
	before=$(peak "$pid")
	head -c 33791 /dev/zero | tr '\0' x | client_raw alice
	client_sent alice
	wait_for input_is_read "$pid"
	after=$(peak "$pid")
	((after - before < 600)) || fail "a line cost $((after - before)) KB"
	head -c 20000000 /dev/zero | tr '\0' x | client_raw alice
	client_error alice LINE_TOO_LONG
	wait_for process_gone "$pid"
}

peak() {
	awk '/^VmHWM/ { print $2 }' "/proc/$1/status"
}

# Nothing waits in the session's socket: bytes in its receive queue.
input_is_read() {
	local port
	port=$(printf ':%04X' "$PORT")
	awk -v port="$port" '$2 ~ port "$" && $4 == "01" {
		split($5, q, ":"); if (q[2] != "00000000") bad = 1 }
		END { exit bad }' /proc/net/tcp
}

@test "one client's rubbish is noticed by nobody else" {
	server_start
	client_login bob
	client_login carol
	for i in {1..5}; do
		client_open mallory
		head -c 20000 /dev/urandom | client_raw mallory
		client_abort mallory
	done
	say bob hello
	client_expect carol '.event == "MESSAGE" and .message == "hello"'
	client_none carol '.event == "JOINED" or .event == "LEFT" or .event == "ERROR"'
}
