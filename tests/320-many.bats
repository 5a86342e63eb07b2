#!/usr/bin/env bats
# bats file_tags=alone
# Many at once.

load helpers

value() {
	sed -n "s/^$1=//p" "$T/load"
}

@test "300 connections opened within 2 s are all CONNECTED within 10 s" {
	server_start
	client_login alice
	now_ms
	start=$NOW
	"$B/tests/chat-load" connect --clients 300 --concurrency 300 --keep \
	    "127.0.0.1:$PORT" >"$T/load" 2>&1 3>&-
	now_ms
	assert_eq "$(grep -c '"JOINED"' "$(client_record alice)")" 300
	((NOW - start < 10000)) || fail "it took $((NOW - start)) ms: $(cat "$T/load")"
	wait_for received alice '"LEFT"' 300
	say alice on
}
