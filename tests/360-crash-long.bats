#!/usr/bin/env bats
# bats file_tags=long
# As 300-crash.bats, for longer: many rounds of death under load.

load helpers
load chaos

@test "sessions are killed for a minute, with short datagram queues" {
	QLEN=10 chaos trouble_sessions --seconds 60 --drop 2
}

@test "sessions are killed for a minute, with long datagram queues" {
	QLEN=512 chaos trouble_sessions --seconds 60 --drop 2
}

@test "chat-notify is killed and restarted for a minute, with short datagram queues" {
	QLEN=10 chaos trouble_notify --seconds 60
}

@test "chat-notify is killed and restarted for a minute, with long datagram queues" {
	QLEN=512 chaos trouble_notify --seconds 60
}

@test "everything is killed for a minute, with short datagram queues" {
	QLEN=10 chaos trouble_all --seconds 60
}

@test "everything is killed for a minute, with long datagram queues" {
	QLEN=512 chaos trouble_all --seconds 60
}

@test "any trouble, with as much load as there is room for" {
	QLEN=10 chaos trouble_mixed --seconds 120 --rate 0 --senders 20 --drop 3
}

@test "many who write at once are killed, be it while they store for all" {
	QLEN=512 chaos trouble_several --seconds 60 --rate 0 --senders 40 \
	    --receivers 2
}

@test "sessions are killed for a minute while they open their database again" {
	chaos_waking --seconds 60
}

@test "any trouble, with slow clients among many" {
	QLEN=512 chaos trouble_mixed --seconds 120 --senders 15 --receivers 15 \
	    --slow 5 --slow-seconds 10
}

@test "any trouble with normal durability" {
	export CHAT_DURABILITY=normal
	QLEN=10 chaos trouble_mixed --seconds 60
}

# Stop somebody and let him go on, at random.
trouble_stops() {
	local pid
	for pid in $(sessions_shuffled | head -n 2); do
		kill -STOP "$pid" 2>/dev/null || continue
		STOPPED+=("$pid")
	done
	if ((${#STOPPED[@]} > 6)); then
		kill -CONT "${STOPPED[@]}" 2>/dev/null || :
		STOPPED=()
	fi
	case $(($1 % 10)) in
	2) kill -STOP "$NOTIFY" ;;
	6) kill -CONT "$NOTIFY" ;;
	esac
}

trouble_stops_end() {
	((${#STOPPED[@]} == 0)) || kill -CONT "${STOPPED[@]}" 2>/dev/null || :
	STOPPED=()
	kill -CONT "$NOTIFY"
}

@test "sessions and chat-notify are stopped and go on" {
	QLEN=10 chaos trouble_stops --seconds 60
}

@test "50 senders as fast as they can: every message exactly once and in order" {
	chaos trouble_none --senders 50 --receivers 10 --seconds 60 --rate 0
}
