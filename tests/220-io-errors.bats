#!/usr/bin/env bats
# System calls that fail, and death at any of them, while messages are stored:
# never an ACK for what is not in the store, and never a message that some get
# and the store does not have.

load helpers
load faults

setup() {
	chat_setup
	need_strace
}

@test "a write that fails with EIO, whichever it is" {
	every_call_fails pwrite64 EIO 3
}

@test "a sync that fails, whichever it is" {
	every_call_fails fdatasync,fsync EIO 2
}

@test "a file that cannot be made longer or shorter, whenever" {
	every_call_fails ftruncate,fallocate EIO 0
}

@test "when every sync fails nothing is acknowledged, and no longer than that" {
	server_start
	: >"$T/acked"
	client_login judge
	client_login bob
	traced chat-session fdatasync,fsync error=EIO 1+ -f
	talk 1
	was_injected
	[[ ! -s $T/acked ]] || fail "acknowledged:" "$(cat "$T/acked")"
	wait_for sends_now 1
	check_all
}

# --- death -----------------------------------------------------------------

victim_is_gone() {
	client_ask victim end 0
	[[ $REPLY == eof || $REPLY == reset ]]
}

# A session dies at each call of a kind, in the middle of what it does.
death_at_every_call() {
	local n
	server_start
	# Who dies before it has registered leaves its socket until the relay
	# starts again.
	# shellcheck disable=SC2034 # for chat_teardown
	SOCKETS_MAY_STAY=1
	: >"$T/acked"
	client_login judge
	client_login bob
	for ((n = 1; n < 80; n++)); do
		traced chat-session "$1" signal=KILL "$n" -f
		client_open victim "exec:$T/traced"
		client_raw victim <<-END
			{"command":"CONNECT","username":"v$n"}
			{"command":"MESSAGE","to":"all","message":"$n-1","ref":"m1-$n"}
			{"command":"MESSAGE","to":"all","message":"$n-2","ref":"m2-$n"}
			{"command":"PING","ref":"end-$n"}
		END
		client_shut victim
		wait_for victim_is_gone
		grep '"ACK"' "$(client_record victim)" |
		    jq -r '"\(.id) \(.ref)"' >>"$T/acked" || :
		client_drop victim
		grep -q 'killed by SIGKILL' "$T/trace" || break
	done
	((n > $2)) || fail "only $n calls of $1 were seen"
	((n < 80)) || fail "more calls of $1 than expected"
	check_all
}

@test "death at any write" {
	death_at_every_call pwrite64 3
}

@test "death at any sync" {
	death_at_every_call fdatasync,fsync 2
}

@test "death at any datagram" {
	death_at_every_call sendto,sendmsg 2
}

@test "death at any lock" {
	[[ $B != */cov ]] || skip 'each counter of coverage is locked as well'
	death_at_every_call fcntl,futex 3
}

@test "reads that fail in one session cost nobody else an answer" {
	local n
	need_strace
	server_start
	client_login judge
	for n in {1..6}; do
		# (Libraries of a program that is not static are read in this way, too.)
		traced chat-session pread64 error=EIO "$n+" -P "$CHAT_DB" \
		    -P "$CHAT_DB-wal"
		client_open victim "exec:$T/traced"
		client_send victim '{"command":"CONNECT","username":"victim","ref":"c"}'
		wait_for is_answered victim c
		was_injected || break
		client_close victim
		client_drop victim
		client_login "late$n"
		say judge "$n"
	done
	((n > 2)) || fail "only $n reads were seen"
}
