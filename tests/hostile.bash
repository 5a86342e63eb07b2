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

# (A listener that forks is not one.)
sessions_count() {
	local pid n=0
	for pid in $(own_processes); do
		[[ " ${LISTENERS[*]} " == *" $pid "* ||
		    $(cat "/proc/$pid/comm" 2>/dev/null) != chat-session ]] ||
		    ((++n))
	done
	echo "$n"
}

# N clients log in and leave, 16 at a time.
come_and_go() {
	"$B/bin/chat-load" --clients "$1" --concurrency 16 connect \
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

# Open N connections; then a byte to every second one, again and again.  The
# others say nothing at all.  Whoever is closed by the server is left alone.
strangers() {
	local fd i sent=0 slow=$1
	local -a fds=()
	trap '' PIPE
	for ((i = 0; i < slow; i++)); do
		exec {fd}<>"/dev/tcp/127.0.0.1/$PORT" || exit
		fds+=("$fd")
	done
	echo opened >"$T/strangers"
	local text='{"command":"CONNECT","username":"drip"}'
	while ((sent < ${#text})); do
		for ((i = 0; i < slow; i += 2)); do
			printf '%s' "${text:sent:1}" >&"${fds[i]}" || :
		done 2>/dev/null
		echo "sent $((++sent))" >>"$T/strangers"
		# A second, unless the test is over.
		read -rt 1 -u "$NAP" || :
	done
	wait
}

strangers_have() {
	grep -qx "$1" "$T/strangers"
}

# N half-open connections of whom half send a byte a second, and five who log
# in and talk meanwhile, before CHAT_LOGIN_TIMEOUT ends them.
others_talk_among_strangers() {
	local before pid name
	server_start
	client_login alice
	notify_holds
	before=$FDS
	: >"$T/strangers"
	strangers "$1" 3>&- &
	pid=$!
	wait_for -t 60 strangers_have opened
	wait_for strangers_have 'sent 1'
	for name in bob carol dave erin frank; do
		client_login "$name"
		say "$name" "from $name"
		client_expect alice ".message == \"from $name\""
	done
	(($(sessions_count) > $1 * 4 / 5)) || fail "only $(sessions_count) sessions"
	kill -0 "$pid"
	for name in bob carol dave erin frank; do
		client_send "$name" '{"command":"DISCONNECT"}'
		client_closed "$name"
	done
	# They are given up in time, byte after byte or not.
	wait_for -t 180 only_alice_is_left
	assert_eq "$(db "select count(*) from users where username = 'drip'")" 0
	notify_holds
	assert_eq "$FDS" "$before" descriptors
	kill -TERM "$pid" || :
	wait "$pid" || :
	say alice on
}
