#!/usr/bin/env bats
# Without systemd: contrib/inetd.conf, by a real inetd (of openbsd-inetd).

load helpers

INETD=

# The line of contrib/inetd.conf, with this test's port, user and program.
inetd_start() {
	[[ -x /usr/sbin/inetd ]] || skip 'openbsd-inetd is not installed'
	PORT=$("$B/tests/chat-talk" --port)
	sed -e "s|^127.0.0.1:5555|127.0.0.1:$PORT|" -e "s|	chat	|	$(id -un)	|" \
	    -e "s|/usr/local/libexec/chat/chat-session|$B/bin/chat-session|" \
	    "$ROOT/contrib/inetd.conf" >"$T/inetd.conf"
	/usr/sbin/inetd -i -E "$T/inetd.conf" </dev/null >"$T/log/inetd" 2>&1 3>&- &
	INETD=$!
	wait_for listening
}

listening() {
	grep -q "^ *[0-9]*: 0100007F:$(printf %04X "$PORT") [0-9A-F]*:0000 0A " \
	    /proc/net/tcp
}

teardown() {
	[[ -z $INETD ]] || kill "$INETD" || :
	chat_teardown
}

@test "under inetd two clients talk, with the relay and without" {
	notify_start
	inetd_start
	client_login alice
	client_login bob
	say alice hello
	client_expect bob '.event == "MESSAGE" and .message == "hello"'
	notify_stop
	say alice 'still here'
	client_expect bob '.message == "still here"'
	# What is logged goes to syslog, not to the client.
	json_holds 'has("event")' "$(client_record bob)"
}

@test "under inetd 300 clients in a row are no reason to close the port" {
	local i line fd
	notify_start
	inetd_start
	for ((i = 0; i < 300; i++)); do
		exec {fd}<>"/dev/tcp/127.0.0.1/$PORT"
		echo '{"command":"DISCONNECT"}' >&"$fd"
		read -rt "$DEADLINE" line <&"$fd"
		exec {fd}>&-
		[[ $line == *DISCONNECTED* ]] || fail "client $i got '$line'"
	done
}
