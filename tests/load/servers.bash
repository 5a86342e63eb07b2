# shellcheck shell=bash
#
# The servers of make bench that are Chat, or part of it.

# serve [fork]: chat-notify and a listener.  Sets CHAT (its address) and FAMILY
# (whose children count).
serve() {
	local CHAT_TEST_FORK=
	[[ ${1:-} != fork ]] || CHAT_TEST_FORK=1
	PORT=
	server_start || { bad=1; return 1; }
	CHAT=127.0.0.1:$PORT
	FAMILY=$NOTIFY,${LISTENERS[0]}
	# The listener that forks begins with the first connection.
	"$B/bin/chat-load" --clients 1 connect "$CHAT" >/dev/null
}

unserve() {
	server_stop
	wait_for -t 120 no_sessions
}

# other_start PROGRAM: one that prints its port.  Sets OTHER and child.
child_start() {
	rm -f "$T/port"
	mkfifo "$T/port"
	"$B/tests/$1" >"$T/port" 3>&- &
	child=$!
	read -r PORT <"$T/port"
	OTHER=127.0.0.1:$PORT
}

child_stop() {
	[[ -z $child ]] || { kill "$child"; wait "$child"; } 2>/dev/null
	child=
}

in_box() {
	"$ROOT/tests/box" run "$box" "$@"
}

# Chat, and a service that does nothing.
box_install() {
	in_box make -s -C "$ROOT" B="$B" install &&
	    in_box systemctl enable -q --now chat.socket &&
	    in_box sh -ec '
		cd /etc/systemd/system
		printf "%s\n" "[Socket]" "ListenStream=127.0.0.1:5556" \
		    "Accept=yes" "MaxConnections=2000" "Backlog=4096" \
		    "TriggerLimitIntervalSec=0" >nothing.socket
		printf "%s\n" "[Unit]" "CollectMode=inactive-or-failed" \
		    "[Service]" "ExecStart=-/bin/cat" "StandardInput=socket" \
		    >nothing@.service
		systemctl daemon-reload
		systemctl start nothing.socket'
}

box_start() {
	local status=0
	"$ROOT/tests/box" up "$T/box" "$ROOT" "$B" 2>"$T/why" || status=$?
	if [[ $status -ne 0 ]]; then
		note "Under systemd nothing was measured: $(<"$T/why")"
		[[ $status -eq 77 ]] || bad=1
		return 1
	fi
	box=$T/box
	if ! box_install >"$T/install" 2>&1; then
		bad=1
		note 'Under systemd nothing was measured:'
		cat "$T/install"
		return 1
	fi
}

box_stop() {
	"$ROOT/tests/box" down "$box"
	box=
}
