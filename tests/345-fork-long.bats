#!/usr/bin/env bats
# bats file_tags=long
# The tests of sessions once more, with chat-session --listen as the listener;
# those whose listener is not what they are about.

bats_require_minimum_version 1.5.0
load helpers

again() {
	CHAT_TEST_FORK=1 bats --tap "$ROOT/tests/$1.bats" >"$T/log/again" 2>&1 ||
	    fail "$(grep -A 20 '^not ok' "$T/log/again")"
	run -1 grep '# skip' "$T/log/again"
}

@test "010-connect" {
	again 010-connect
}

@test "020-message" {
	again 020-message
}

@test "060-users" {
	again 060-users
}

@test "070-resume" {
	again 070-resume
}

@test "080-since" {
	again 080-since
}

@test "090-timeouts" {
	again 090-timeouts
}

@test "110-log" {
	again 110-log
}

@test "130-limits" {
	again 130-limits
}

@test "145-accounts" {
	again 145-accounts
}

@test "148-proxy" {
	again 148-proxy
}

@test "160-hostile" {
	again 160-hostile
}

@test "210-relay" {
	again 210-relay
}

@test "230-gaps" {
	again 230-gaps
}

@test "300-crash" {
	again 300-crash
}

@test "330-upgrade" {
	again 330-upgrade
}
