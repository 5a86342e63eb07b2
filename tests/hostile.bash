# shellcheck shell=bash
#
# Strangers by the hundred; loaded after helpers by the short files and the
# long ones, which differ in how many there are.

# What chat-notify holds: descriptors, and KB of memory of its own.
notify_holds() {
	# shellcheck disable=SC2012 # names are numbers
	FDS=$(ls "/proc/$NOTIFY/fd" | wc -l)
	ANON=$(awk '/^RssAnon/ { print $2 }' "/proc/$NOTIFY/status")
}

only_alice_is_left() {
	[[ $(db 'select count(*) from sessions where ended_at is null') == 1 &&
	    $(find "$CHAT_RUNTIME_DIR/sessions" -type s | wc -l) == 1 &&
	    $(sessions_count) == 1 ]]
}

sessions_count() {
	local pid n=0
	for pid in $(own_processes); do
		[[ $(cat "/proc/$pid/comm" 2>/dev/null) != chat-session ]] || ((++n))
	done
	echo "$n"
}

# N clients log in and leave, 16 at a time.
come_and_go() {
	"$B/tests/chat-load" --clients "$1" --concurrency 16 connect \
	    "127.0.0.1:$PORT" >"$T/load" 2>&1 3>&- || fail "$(cat "$T/load")"
	wait_for -t 120 only_alice_is_left
}

# The same for N after some, and nothing of them is left.
come_and_go_without_trace() {
	local fds files anon limit=1000
	! grep -q __asan_init "$B/bin/chat-notify" || limit=400000
	server_start
	client_login alice
	come_and_go 300
	notify_holds
	fds=$FDS anon=$ANON
	files=$(find "$T/run" "$T/data" | sort)
	come_and_go "$1"
	notify_holds
	assert_eq "$FDS" "$fds" descriptors
	assert_eq "$(find "$T/run" "$T/data" | sort)" "$files" files
	((ANON - anon < limit)) ||
	    fail "chat-notify has grown by $((ANON - anon)) KB"
	assert_eq "$(db 'select count(*) from sessions')" $((301 + $1)) sessions
	say alice on
}
