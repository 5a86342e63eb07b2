#!/usr/bin/env bats
#
# Hundreds of strangers at once, while others log in and talk.

load helpers
load hostile

SLOW=500

# Open the connections; then a byte to every second one, again and again.  The
# others say nothing at all.  Whoever is closed by the server is left alone.
strangers() {
	local fd i sent=0
	local -a fds=()
	trap '' PIPE
	for ((i = 0; i < SLOW; i++)); do
		exec {fd}<>"/dev/tcp/127.0.0.1/$PORT" || exit
		fds+=("$fd")
	done
	echo opened >"$T/strangers"
	local text='{"command":"CONNECT","username":"drip"}'
	while ((sent < ${#text})); do
		for ((i = 0; i < SLOW; i += 2)); do
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

@test "500 half-open connections and one byte a second: others log in and talk" {
	local start
	export CHAT_LOGIN_TIMEOUT=60
	server_start
	client_login alice
	notify_holds
	before=$FDS
	: >"$T/strangers"
	strangers 3>&- &
	pid=$!
	wait_for -t 60 strangers_have opened
	wait_for strangers_have 'sent 1'
	for name in bob carol dave erin frank; do
		now_ms
		start=$NOW
		client_login "$name"
		say "$name" "from $name"
		client_expect alice ".message == \"from $name\""
		now_ms
		((NOW - start < 10000)) ||
		    fail "$name was served after $((NOW - start)) ms"
	done
	(($(sessions_count) > 400)) || fail "only $(sessions_count) sessions"
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

@test "1,000 come and go: no descriptor, file, row or memory is left of them" {
	come_and_go_without_trace 1000
}
