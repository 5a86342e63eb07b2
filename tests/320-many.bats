#!/usr/bin/env bats
# bats file_tags=alone
# Many at once.

load helpers
load slow

value() {
	sed -n "s/^$1=//p" "$T/load"
}

open_rows() {
	[[ $(db 'select count(*) from sessions where ended_at is null') == "$1" ]]
}

many() {
	local limit=10000
	! is_instrumented || limit=60000
	server_start
	client_login alice
	now_ms
	start=$NOW
	"$B/bin/chat-load" connect --clients 300 --concurrency 300 --keep \
	    "127.0.0.1:$PORT" >"$T/load" 2>&1 3>&- || fail "$(cat "$T/load")"
	now_ms
	((NOW - start < limit)) || fail "it took $((NOW - start)) ms: $(cat "$T/load")"
	assert_eq "$(value connections)" 300 connections
	assert_eq "$(value errors)" 0 errors
	assert_eq "$(db 'select count(*) from sessions')" 301
	wait_for -t 60 open_rows 1
	say alice on
}

many_here() {
	echo "$1" >/proc/sys/net/unix/max_dgram_qlen
	many
}

@test "300 connections at once are all CONNECTED within 10 s, with short datagram queues" {
	in_space --net many_here 10
}

@test "300 connections at once are all CONNECTED within 10 s, with long datagram queues" {
	in_space --net many_here 512
}
