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

@test "twenty times on one connection; no memory or descriptor stays behind" {
	local i pid files
	server_start
	client_login alice
	client_login bob
	client_expect alice '.event == "JOINED"'
	pid=$(session_pid alice)
	files=$(descriptors "$pid")
	for i in {1..20}; do
		upgrade alice
		((i % 5 == 0)) || continue
		say alice "round $i"
		client_expect bob ".message == \"round $i\""
	done
	log_has 'upgraded user=alice .*connection 20 times so far'
	assert_eq "$(grep -c '^Seccomp_filters:.*1$' "/proc/$pid/status")" 1
	assert_eq "$(descriptors "$pid")" "$files" descriptors
	nobody_noticed alice bob
}

@test "the resume secret stays, and a registered user's password" {
	export CHAT_BCRYPT_COST=4
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
	client_login alice
	# CONNECT was the first; the third of these is a second away or more.
	seq -f '{"command":"MESSAGE","to":"all","message":"%.0f"}' 1 4 |
	    client_raw alice
	wait_for received alice '"ACK"' 2
	now_ms
	began=$NOW
	upgrade alice
	wait_for received alice '"ACK"' 4
	now_ms
	((NOW - began > 900)) || fail "only $((NOW - began)) ms"
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
	local i status
	for i in {1..30}; do
		"$SESSION" </dev/null >>out 2>>"$T/log/pipe" 3>&- &
		kill -URG $!
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

@test "a program that is not there, or no program, is refused by name" {
	server_start
	client_login alice
	rm "$T/bin/chat-session"
	refused 'cannot be executed: No such file'
	install_program /bin/false
	chmod -x "$T/bin/chat-session"
	refused 'cannot be executed: Permission denied'
	echo 'no program' >"$T/none"
	chmod +x "$T/none"
	install_program "$T/none"
	refused 'cannot be executed: Exec format error'
	# When all is well again:
	install_next
	upgrade alice
}

@test "a program that fails its self-test is refused by name" {
	server_start
	client_login alice
	install_program /bin/false
	refused 'failed its self-test with status 1'
	install_that 'abort();'
	refused 'was ended by signal 6 \(Aborted\)'
	install_that 'return 65;'
	refused 'cannot go on with the state of a session of 0\.1\.0'
	say alice hello
}

@test "a database that cannot be used is found before anything is given up" {
	server_start
	client_login alice
	mv data aside
	kill -URG "$(session_pid alice)"
	wait_for log_has 'ERROR upgrade_refused user=alice .*cannot use the database'
	client_send alice '{"command":"PING"}'
	client_expect alice '.event == "PONG"'
	mv aside data
	upgrade alice
	say alice hello
}

@test "the self-test takes the state of the first version, and no other" {
	local state=$ROOT/tests/state-1
	"$SESSION" --self-test 9 9<"$state" 2>>"$T/log/test"
	sed '1s/.*/version 1 2/' "$state" >two
	run -65 "$SESSION" --self-test 9 9<two
	[[ $output == *'it has version 2, and 1 is known'* ]]
	sed '1s/.*/version 1 0/' "$state" >zero
	run -65 "$SESSION" --self-test 9 9<zero
	head -c 300 "$state" >half
	run -65 "$SESSION" --self-test 9 9<half
	run -65 "$SESSION" --self-test 9 9</dev/null
	run -65 "$SESSION" --self-test 9 9<&-
	run -64 "$SESSION" --self-test 1
	run -64 "$SESSION" --state x
	CHAT_RATE=x run -78 "$SESSION" --self-test 9 9<"$state"
	# It touches nothing of that session.
	assert_eq "$(db 'select count(*) from sessions')" 0
}

@test "nobody is outside of the sandbox by claiming to be upgraded" {
	need_strace
	CHAT_LOG_LEVEL=DEBUG strace -f -qq -o trace -e trace=seccomp,landlock_restrict_self,recvfrom,read \
	    "$SESSION" --state 9 9<"$ROOT/tests/state-1" </dev/null \
	    >out 2>>"$T/log/pipe" 3>&- || :
	log_has 'INFO upgraded user=alice '
	log_has 'DEBUG sandbox .*seccomp'
	not log_has 'entered before'
	grep -q 'seccomp(SECCOMP_SET_MODE_FILTER.*= 0' trace
}

@test "killed at any step: one connection ends, nothing acknowledged is lost" {
	local step call when
	need_strace
	# Only a state is written with write(2) then.
	export CHAT_LOG_LEVEL=CRITICAL
	notify_start
	listener_start
	client_login bob
	# State for the test, test, its end, state, new program, and in it.
	for step in 'write 1' 'clone 1' 'wait4 1' 'write 2' 'execve 1' 'prctl 4'; do
		read -r call when <<<"$step"
		traced chat-session "$call" signal=KILL "$when"
		sed -i "s|$B/bin/|$T/bin/|" "$T/traced"
		client_open alice "exec:$T/traced"
		client_login alice '"since":0'
		client_expect bob '.event == "JOINED"'
		say alice "before $step"
		printf '{"command":"MESSAGE","to":"all","message":"%s"}\n' \
		    "with $step" | client_raw alice
		kill -URG "$(pgrep -P "$(pgrep -f "^strace .*$T/trace" | head -n 1)" -x chat-session | head -n 1)"
		client_expect bob ".message == \"before $step\""
		client_expect bob '.event == "LEFT" and .username == "alice"'
		grep -q 'killed by SIGKILL' "$T/trace" || fail "not at $step"
		if grep -q "with $step" <(received_acks); then
			client_expect bob ".message == \"with $step\""
		fi
		client_close alice
	done
	assert_eq "$(db "select count(*) from messages where body like 'before%'")" 6
	say bob on
}

# What alice's ACKs are for.
received_acks() {
	jq -r 'select(.event == "ACK").id' "$(client_record alice)" |
	    while read -r id; do
		db "select body from messages where id = $id"
	done
}
