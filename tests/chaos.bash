# shellcheck shell=bash
#
# Crash tests: chat-chaos talks and judges, this makes the trouble.  Loaded by
# the 3xx files after helpers.
#
#   chaos TROUBLE [OPTION...]   start a server, run chat-chaos with OPTIONs, and
#                               at each of its progress lines (five a second)
#                               do what TROUBLE says; fails if a promise was
#                               broken.  With $QLEN it runs in a network
#                               namespace with that net.unix.max_dgram_qlen.
#   chaos_waking [OPTION...]    the same with sessions that close their database
#                               in each silence and are killed as they open it
#
# TROUBLE is a function below, or one of the test file's; it gets the number
# of the progress line.

# Pids of the sessions of this test, in random order; not what they were forked
# from, if they were.
sessions_shuffled() {
	local pid comm
	for pid in $(own_processes); do
		[[ " ${LISTENERS[*]} " != *" $pid "* ]] || continue
		read -r comm 2>/dev/null <"/proc/$pid/comm" || continue
		[[ $comm != chat-session ]] || echo "$RANDOM $pid"
	done | sort -n | cut -d ' ' -f 2
}

kill_sessions() {
	local pid
	for pid in $(sessions_shuffled | head -n "$1"); do
		kill -KILL "$pid" 2>/dev/null || :
	done
}

notify_again() {
	if [[ $1 == KILL ]]; then notify_kill; else notify_stop; fi
	notify_start
}

trouble_none() {
	:
}

trouble_sessions() {
	kill_sessions 1
}

trouble_several() {
	kill_sessions 4
}

trouble_notify() {
	case $(($1 % 4)) in
	1) notify_again KILL ;;
	3) notify_again TERM ;;
	esac
}

# chat-notify and all sessions, then everything with the listener too.
trouble_all() {
	case $(($1 % 10)) in
	3)
		# It must not see them die.
		kill -STOP "$NOTIFY"
		kill_sessions 1000
		notify_kill
		notify_start
		;;
	8)
		kill -KILL "${LISTENERS[@]}"
		kill -STOP "$NOTIFY"
		kill_sessions 1000
		listener_stop
		notify_kill
		notify_start
		listener_start
		;;
	esac
}

# A process that has no database open is stopped, and killed as it wakes with
# what came meanwhile, within 10 ms.
trouble_waking() {
	local pid end
	for pid in "${ASLEEP[@]}"; do
		kill -CONT "$pid" 2>/dev/null || continue
		end=$((${EPOCHREALTIME/[.,]/} + RANDOM % 10000))
		until ((${EPOCHREALTIME/[.,]/} >= end)); do :; done
		kill -KILL "$pid" 2>/dev/null || :
	done
	ASLEEP=()
	for pid in $(sessions_shuffled); do
		if [[ -z $(find "/proc/$pid/fd" -lname "$CHAT_DB*" 2>&1) ]]; then
			kill -STOP "$pid" 2>/dev/null && ASLEEP+=("$pid")
		fi
		((${#ASLEEP[@]} < 4)) || break
	done
	WOKEN=$((WOKEN + ${#ASLEEP[@]}))
}

trouble_waking_end() {
	((${#ASLEEP[@]} == 0)) || kill -CONT "${ASLEEP[@]}" 2>/dev/null || :
	ASLEEP=()
}

# Whatever comes to mind.
trouble_mixed() {
	case $((RANDOM % 12)) in
	0) notify_again KILL ;;
	1) notify_again TERM ;;
	2) kill_sessions 1000 ;;
	3) trouble_all 3 ;;
	4 | 5) kill_sessions 3 ;;
	6 | 7) kill_sessions 1 ;;
	esac
}

chaos_here() {
	local trouble=$1 line n=0 fd status=0
	shift
	if [[ -n ${QLEN:-} ]]; then
		echo "$QLEN" >/proc/sys/net/unix/max_dgram_qlen
	fi
	server_start
	mkfifo "$T/chaos.out"
	"$B/tests/chat-chaos" --seed "$RANDOM" "$@" "127.0.0.1:$PORT" \
	    >"$T/chaos.out" 2>"$T/chaos.err" </dev/null 3>&- &
	local pid=$!
	exec {fd}<"$T/chaos.out"
	: >"$T/chaos.end"
	while IFS= read -r line <&"$fd"; do
		case $line in
		'progress phase=talk'*)
			"$trouble" "$((++n))"
			;;
		progress*)
			# What was done and can be undone ends with the talk.
			if declare -F "${trouble}_end" >/dev/null; then
				"${trouble}_end"
			fi
			;;
		running*) ;;
		*) echo "$line" >>"$T/chaos.end" ;;
		esac
	done
	exec {fd}<&-
	wait "$pid" || status=$?
	if [[ $status != 0 ]]; then
		cat "$T/chaos.err" "$T/chaos.end"
		fail "chat-chaos: status $status after $n troubles"
		return
	fi
	((n > 3)) || { fail "only $n troubles were made"; return; }
	assert_eq "$(db 'pragma integrity_check')" ok
	# Everybody has left: the relay closes what the dead left open.
	wait_for no_open_rows
}

no_open_rows() {
	[[ $(db 'select count(*) from sessions where ended_at is null') == 0 ]]
}

chaos() {
	if [[ -n ${QLEN:-} ]]; then
		export QLEN
		in_space --net chaos_here "$@"
	else
		chaos_here "$@"
	fi
	# shellcheck disable=SC2034 # for chat_teardown
	SOCKETS_MAY_STAY=1
}

# (Only root sees what a session has open.)
chaos_waking() {
	need_root
	WOKEN=0
	SESSION=$B/tests/rests/chat-session chaos trouble_waking --senders 10 \
	    --receivers 2 --rate 5 "$@"
	((WOKEN > 3)) || fail "only $WOKEN had closed it"
}
