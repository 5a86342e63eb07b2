#!/usr/bin/env bats
# What must not go wrong with an upgrade: bad programs, bad states, and the end
# of a session in the middle of it.

load helpers
load upgrade
load slow

setup() {
	upgrade_setup
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
	install_that 'return 1;'
	refused 'failed its self-test with status 1'
	install_that 'abort();'
	refused 'was ended by signal 6 \(Aborted\)'
	install_that 'return 65;'
	refused 'cannot go on with the state of a session of 0\.1\.0'
	say alice hello
}

@test "a program that was replaced while it was tested is tested itself" {
	local pid
	server_start
	client_login alice
	pid=$(session_pid alice)
	install_that "while (access(\"$T/end\", F_OK) != 0) poll(0, 0, 5); return 0;"
	kill -URG "$pid"
	wait_for pgrep -P "$pid"
	install_that 'return 1;'
	: >"$T/end"
	wait_for log_has 'ERROR upgrade_refused user=alice .*self-test with status 1'
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
	local state=$ROOT/tests/state-1 rows
	# It is of session 12; another database does not have that.
	server_start
	client_login alice
	run -69 "$SESSION" --self-test 9 9<"$state"
	db_change "insert into sessions (id, user_id, socket, peer, pid, started_at,
	    ended_at) select 12, user_id, '00112233aabbccdd', peer, pid, started_at,
	    started_at from sessions"
	rows=$(db 'select * from sessions')
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
	assert_eq "$(db 'select * from sessions')" "$rows"
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
	! is_instrumented || skip 'instrumented programs make other calls'
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
		kill -URG "$(child_of "$(session_pid alice)")"
		client_expect bob ".message == \"before $step\""
		client_expect bob '.event == "LEFT" and .username == "alice"'
		wait_for grep -q 'killed by SIGKILL' "$T/trace" || fail "not at $step"
		if grep -q "with $step" <(received_acks); then
			client_expect bob ".message == \"with $step\""
		fi
		client_close alice
	done
	assert_eq "$(db "select count(*) from messages where body like 'before%'")" 6
	say bob on
}

has_no_child() {
	[[ -z $(<"/proc/$1/task/$1/children") ]]
}

@test "a self-test that cannot be watched leaves no process" {
	local pid
	need_strace
	# The first one is for the relay, of whose life a session wants to hear.
	server_start
	traced chat-session pidfd_open error=EMFILE 2
	sed -i "s|$B/bin/|$T/bin/|" "$T/traced"
	client_open alice "exec:$T/traced"
	client_login alice
	wait_for grep -q pidfd_open "$T/trace"
	pid=$(child_of "$(pgrep -f "^strace .*$T/trace" | head -n 1)")
	kill -URG "$pid"
	wait_for log_has 'upgrade_refused .*cannot be watched: Too many open files'
	say alice on
	wait_for has_no_child "$pid"
	client_close alice
}

# Hundredths of a second that it has run, also when it is a zombie.
ran() {
	sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | awk '{ print $12 + $13 }'
}

@test "the end of a self-test is nothing to run for, for a session that ends" {
	local pid before now used
	server_start
	client_login alice
	client_login bob
	pid=$(session_pid bob)
	client_stop bob
	flood 1 20000
	install_that "while (access(\"$T/end\", F_OK) != 0) poll(0, 0, 5); return 1;"
	kill -URG "$pid"
	wait_for pgrep -P "$pid"
	# Five seconds are for bob, who takes nothing of his last events.
	kill -TERM "$pid"
	: >"$T/end"
	before=$(ran "$pid")
	while now=$(ran "$pid") && [[ -n $now ]]; do
		used=$((now - before))
		nap
	done
	((used < 50)) || fail "it ran for ${used}0 ms"
}

# What alice's ACKs are for.
received_acks() {
	jq -r 'select(.event == "ACK").id' "$(client_record alice)" |
	    while read -r id; do
		db "select body from messages where id = $id"
	done
}
