#!/usr/bin/env bats
# Death under load, for a few seconds each: no acknowledged message is lost,
# none comes twice, none out of order.  360-crash-long.bats does it for longer.

load helpers
load chaos

@test "the judge of these tests sees each kind of wrong" {
	run -0 "$B/tests/chat-chaos" --self-test
	(($(grep -c '^ok ' <<<"$output") >= 20))
	[[ $output != *"not ok"* ]]
}

@test "sessions are killed, with short datagram queues" {
	QLEN=10 chaos trouble_sessions --seconds 3
}

@test "sessions are killed, with long datagram queues" {
	QLEN=512 chaos trouble_sessions --seconds 3
}

@test "chat-notify is killed and restarted, with short datagram queues" {
	QLEN=10 chaos trouble_notify --seconds 3
}

@test "chat-notify is killed and restarted, with long datagram queues" {
	QLEN=512 chaos trouble_notify --seconds 3
}

@test "everything is killed, with short datagram queues" {
	QLEN=10 chaos trouble_all --seconds 3
}

@test "everything is killed, with long datagram queues" {
	QLEN=512 chaos trouble_all --seconds 3
}

@test "connections break and some clients read slowly, as it comes" {
	chaos trouble_none --seconds 3 --drop 10 --slow 4 --slow-seconds 2
}

@test "any trouble with normal durability" {
	export CHAT_DURABILITY=normal
	chaos trouble_mixed --seconds 3
}

@test "50 senders at once: every message exactly once and in order" {
	chaos trouble_none --senders 50 --receivers 2 --messages 300 --rate 0
}

@test "sessions are killed while they open their database again" {
	chaos_waking --seconds 3
}

@test "of 30 who write at once some are killed, be it while they store for all" {
	chaos trouble_several --senders 30 --receivers 2 --rate 0 --seconds 3
}

# All go on in their program anew, and some of them are killed meanwhile.
trouble_upgrades() {
	local pid
	for pid in $(sessions_shuffled); do
		kill -URG "$pid" 2>/dev/null || :
	done
	kill_sessions 2
}

@test "of 30 who write at once all are upgraded and some killed" {
	chaos trouble_upgrades --senders 30 --receivers 2 --rate 0 --seconds 3
	log_has 'INFO upgraded'
}
