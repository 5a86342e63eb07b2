#!/usr/bin/env bats
# System calls that fail, and death at any of them, while messages are stored:
# never an ACK for what is not in the store, and never a message that some get
# and the store does not have.

load helpers

setup() {
	chat_setup
	need_strace
}

is_answered() {
	grep -q "\"ref\":\"$2\"" "$(client_record "$1")"
}

# Talk with a session under faults: each command is answered, with whatever.
talk() {
	local n=$1 i
	client_open victim "exec:$T/traced"
	client_send victim "{\"command\":\"CONNECT\",\"username\":\"v$n\",\"ref\":\"c1-$n\"}"
	wait_for is_answered victim "c1-$n"
	# The fault may have been there: once more.
	client_send victim "{\"command\":\"CONNECT\",\"username\":\"v$n\",\"ref\":\"c2-$n\"}"
	wait_for is_answered victim "c2-$n"
	for i in 1 2 3; do
		client_send victim "{\"command\":\"MESSAGE\",\"to\":\"all\",\"message\":\"$n-$i\",\"ref\":\"m$i-$n\"}"
		wait_for is_answered victim "m$i-$n"
	done
	client_send victim "{\"command\":\"PING\",\"ref\":\"end-$n\"}"
	wait_for is_answered victim "end-$n"
	grep '"ACK"' "$(client_record victim)" |
	    jq -r '"\(.id) \(.ref)"' >>"$T/acked" || :
	client_close victim
	client_drop victim
}

sends_now() {
	client_send judge '{"command":"MESSAGE","to":"all","message":"judge","ref":"j'"$1"'"}'
	client_expect judge ".ref == \"j$1\""
	[[ $(client_get .event) == ACK ]]
}

# What was acknowledged is stored, and everybody got just what is stored.
check_all() {
	sort -n "$T/acked" >"$T/acked.sorted"
	db "select id || ' ' || ref from messages where ref like 'm%' order by id" \
	    >"$T/stored"
	comm -23 <(sort "$T/acked.sorted") <(sort "$T/stored") >"$T/false"
	[[ ! -s $T/false ]] || fail "acknowledged but not stored:" "$(cat "$T/false")"
	say judge end
	client_expect bob '.message == "end"' 30
	db "select id from messages order by id" >"$T/ids"
	jq -r 'select(.event == "MESSAGE") | .id' "$(client_record bob)" |
	    diff - "$T/ids"
	assert_eq "$(db 'pragma integrity_check')" ok
}

# Each call of a kind fails once, in a session of its own.
every_call_fails() {
	local n error=$2
	server_start
	: >"$T/acked"
	client_login judge
	client_login bob
	for ((n = 1; n < 80; n++)); do
		traced chat-session "$1" "error=$error" "$n" -f
		talk "$n"
		was_injected || break
		# Service resumes by itself.
		wait_for sends_now "$n"
	done
	((n > ${3:-1})) || fail "only $n calls of $1 were seen"
	((n < 80)) || fail "more calls of $1 than expected"
	check_all
}

@test "a write that fails with EIO, whichever it is" {
	every_call_fails pwrite64 EIO 3
}

@test "a write that fails with ENOSPC, whichever it is" {
	every_call_fails pwrite64 ENOSPC 3
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

@test "with normal durability a failing write is no ACK either" {
	export CHAT_DURABILITY=normal
	every_call_fails pwrite64 EIO 3
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
	death_at_every_call fcntl,futex 3
}
