#!/usr/bin/env bats
# bats file_tags=long
# Upgrades of many, of programs that hang, and after an upgrade of libc.

load helpers
load upgrade

setup() {
	upgrade_setup
}

sessions() {
	local pids pid
	pids=$(own_processes)
	for pid in $pids; do
		[[ $(cat "/proc/$pid/comm" 2>/dev/null) != chat-session ]] ||
		    echo "$pid"
	done
}

@test "500 sessions talk through five upgrades: none dropped, nothing lost or doubled" {
	local round pids
	export CHAT_LOGIN_TIMEOUT=600 CHAT_RATE=1 CHAT_BURST=2
	server_start
	# (500 who write each second would be more than two cores can do.)
	"$B/bin/chat-load" --senders 50 --receivers 450 --window 1 \
	    --messages 3000 --timeout 60 fanout "127.0.0.1:$PORT" \
	    >"$T/load" 2>&1 3>&- &
	LOAD=$!
	wait_for -t 120 log_counts 'INFO connected' 500
	pids=$(sessions)
	for round in 1 2 3 4 5; do
		# shellcheck disable=SC2086 # pids
		kill -URG $pids
		wait_for -t 60 log_counts "upgrade $round of this connection" 500 ||
		    { cat "$T/load"; return 1; }
		kill -0 "$LOAD" || { cat "$T/load"; fail "it ended in round $round"; }
	done
	wait "$LOAD" || { cat "$T/load"; return 1; }
	grep -qx errors=0 "$T/load"
	not log_has 'upgrade_refused|ERROR|CRITICAL'
	assert_eq "$(log_count 'INFO connected')" 500
}

@test "a program that hangs is refused after its deadline, and nobody waits for it" {
	local pid child
	server_start
	client_login alice
	pid=$(session_pid alice)
	install_that 'for (;;) poll(0, 0, -1);'
	kill -URG "$pid"
	wait_for -t 5 pgrep -P "$pid" >/dev/null
	child=$(pgrep -P "$pid")
	say alice 'while it hangs'
	wait_for log_has "ERROR upgrade_refused user=alice .*: $T/bin/chat-session has not ended its self-test within 10 s"
	process_gone "$child"
	say alice 'as before'
	# One that ends does not leave it behind.
	kill -URG "$pid"
	wait_for -t 5 pgrep -P "$pid" >/dev/null
	child=$(pgrep -P "$pid")
	client_close alice
	wait_for process_gone "$pid"
	process_gone "$child"
}

# In a build with shared libraries.
# The loader and libc are replaced by other files of the same names.
after_new_libc() {
	local loader dir name
	install_program "$B/tests/chat-session"
	SESSION=$T/bin/chat-session
	loader=$(realpath "$(ldd "$SESSION" | awk '$1 ~ /ld-linux/ { print $1 }')")
	dir=${loader%/*}
	mkdir "$T/layer"
	mount -t tmpfs none "$T/layer"
	mkdir "$T/layer/upper" "$T/layer/work"
	mount -t overlay none -o "lowerdir=$dir,upperdir=$T/layer/upper,workdir=$T/layer/work" "$dir"
	server_start
	client_login alice
	for name in "${loader##*/}" libc.so.6 libm.so.6; do
		cp -p "$dir/$name" "$dir/$name.new"
		mv -f "$dir/$name.new" "$dir/$name"
	done
	upgrade alice
	say alice hello
}

@test "after an upgrade of libc sessions can go on in their new program" {
	in_space --mount after_new_libc
}
