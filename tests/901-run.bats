# contrib/run, which "make run" calls: a server for this folder.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	chat_setup
	unset CHAT_DB CHAT_RUNTIME_DIR
	PORT=$("$B/tests/chat-talk" --port)
	export CHAT_PORT=$PORT TMPDIR=$T/tmp
	mkdir "$TMPDIR"
	RUN=
}

teardown() {
	[[ -z $RUN ]] || kill -TERM "$RUN" 2>/dev/null || :
	tmux -S "$T/tmux" kill-server 2>/dev/null || :
	chat_teardown
}

# Without a terminal, in the background.
run_start() {
	# (What the one before said is no sign.)
	rm -f "$T/log/run"
	sh "$ROOT/contrib/run" "$B/bin" </dev/null >"$T/log/run" 2>&1 3>&- &
	RUN=$!
	wait_for grep -qs '^Connect with' "$T/log/run"
}

# run_end SIGNAL: it ends by itself, with status 0.
run_end() {
	local status=0
	kill "-$1" "$RUN"
	wait_for process_gone "$RUN"
	wait "$RUN" || status=$?
	assert_eq "$status" 0 "exit status"
	RUN=
}

nothing_left() {
	local name
	for name in "${!CLIENT_PID[@]}"; do
		client_drop "$name"
	done
	wait_for no_own_processes
	assert_eq "$(ls -A "$TMPDIR")" "" "what is left in TMPDIR"
}

# In the terminal that tmux is, which shows what the shell says at the end.
terminal_start() {
	export CHAT_USER=tess
	tmux -S "$T/tmux" -f /dev/null new-session -d -s run -x 80 -y 24 \
	    "sh '$ROOT/contrib/run' '$B/bin'; echo \$? >'$T/status'"
	wait_for session_logged connected
}

# session_logged EVENT: tess's session said so.
session_logged() {
	grep -qs " $1 user=tess " "$TMPDIR"/chat.*/log
}

@test "it serves, two clients talk, and its database is in this folder" {
	run_start
	client_login alice
	client_login bob
	say alice 'hello bob' bob
	client_expect bob '.event == "MESSAGE" and .message == "hello bob"'
	[[ -s $T/chat_server.db ]]
	run_end TERM
	nothing_left
}

@test "a signal ends it, its connected sessions and its files" {
	local signal
	for signal in HUP TERM; do
		run_start
		client_login alice
		run_end "$signal"
		client_error alice SHUTDOWN
		client_closed alice
		nothing_left
	done
}

@test "a taken port is named, and nothing is started" {
	run_start
	run -1 sh "$ROOT/contrib/run" "$B/bin" </dev/null
	[[ $output == *"port $PORT is taken"* ]] || fail "$output"
	# The first goes on.
	client_login alice
	run_end TERM
	nothing_left
}

@test "a port that is no number is named" {
	CHAT_PORT=http run -1 sh "$ROOT/contrib/run" "$B/bin" </dev/null
	[[ $output == *"CHAT_PORT is 'http'"* ]] || fail "$output"
}

@test "a server that cannot start says so and leaves nothing" {
	CHAT_LOG_LEVEL=LOUD run -1 sh "$ROOT/contrib/run" "$B/bin" </dev/null
	[[ $output == *CHAT_LOG_LEVEL*"did not start"* ]] || fail "$output"
	nothing_left
}

@test "in a terminal it opens chat-client, and ends with it" {
	terminal_start
	tmux -S "$T/tmux" send-keys -t run /quit Enter
	wait_for test -s "$T/status"
	assert_eq "$(<"$T/status")" 0 "exit status"
	nothing_left
}

@test "a terminal that goes away ends the client and the server" {
	# The kernel says SIGHUP and then SIGCONT, for which the leak checker
	# would hang (see helpers).
	export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0
	terminal_start
	tmux -S "$T/tmux" kill-session -t run
	nothing_left
}

@test "a signal ends it while the client is open" {
	terminal_start
	kill -TERM "$(pgrep -f -o "^sh $ROOT/contrib/run $B/bin\$")"
	wait_for test -s "$T/status"
	assert_eq "$(<"$T/status")" 0 "exit status"
	nothing_left
}

# The pid of this test's process of that name.
process_named() {
	local pid
	for pid in $(own_processes); do
		if grep -qx "$1" "/proc/$pid/comm"; then
			echo "$pid"
		fi
	done
}

@test "a session that does not end by itself is ended" {
	run_start
	client_login alice
	kill -STOP "$(process_named chat-session)"
	kill -TERM "$RUN"
	wait_for -t 30 process_gone "$RUN"
	RUN=
	nothing_left
}
