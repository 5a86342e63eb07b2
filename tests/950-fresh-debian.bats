# bats file_tags=long
#
# README's two commands, on a minimal Debian that has nothing but the checkout.

bats_require_minimum_version 1.5.0
load helpers

setup_file() {
	local status=0
	export DEBIAN=$BATS_FILE_TMPDIR/debian
	"$ROOT/tests/fresh-debian" make "$DEBIAN" \
	    >"$BATS_FILE_TMPDIR/log" 2>&1 3>&- || status=$?
	export CANNOT=
	if [[ $status -eq 77 ]]; then
		CANNOT=$(tail -n 1 "$BATS_FILE_TMPDIR/log")
		return 0
	fi
	[[ $status -eq 0 ]] || { tail "$BATS_FILE_TMPDIR/log"; return 1; }
}

setup() {
	[[ -z $CANNOT ]] || skip "$CANNOT"
	chat_setup
	FRESH=
}

teardown() {
	[[ -z $CANNOT ]] || return 0
	[[ -z $FRESH ]] || kill -TERM "$FRESH" 2>/dev/null || :
	chat_teardown
}

# Pid of the make in there, a descendant of the process $FRESH.
make_pid() {
	local pid=$FRESH
	until [[ $(<"/proc/$pid/comm") == make ]]; do
		pid=$(pgrep -o -P "$pid") || return
	done
	echo "$pid"
}

@test "README gives the two commands that are tried here" {
	grep -q 'sh contrib/setup make run\( \|$\)' "$ROOT/README"
	grep -q 'sh contrib/setup make check\( \|$\)' "$ROOT/README"
}

@test "sh contrib/setup make run: serves a client; ended, it leaves nothing" {
	local status=0
	PORT=$("$B/tests/chat-talk" --port)
	CHAT_PORT=$PORT "$ROOT/tests/fresh-debian" run "$DEBIAN" \
	    sh contrib/setup make run </dev/null >"$T/log/run" 2>&1 3>&- &
	FRESH=$!
	wait_for -t 600 grep -q '^Connect with' "$T/log/run"
	client_login alice
	say alice 'hello, Debian' alice
	kill -TERM "$(make_pid)"
	wait_for -t 30 process_gone "$FRESH"
	FRESH=
	client_error alice SHUTDOWN
	run -1 grep '^left: ' "$T/log/run"
}

@test "sh contrib/setup make check passes" {
	"$ROOT/tests/fresh-debian" run "$DEBIAN" sh contrib/setup make check \
	    </dev/null >"$T/log/check" 2>&1 3>&- ||
	    { grep -E '^(FAILED|    not ok)' "$T/log/check" || :
	    tail -n 200 "$T/log/check"; return 1; }
	tail -n 1 "$T/log/check" | grep -E '^[0-9]+ passed, 0 failed'
	run -1 grep '^left: ' "$T/log/check"
}
