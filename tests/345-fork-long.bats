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

@test "030-framing" {
	again 030-framing
}

@test "040-text" {
	again 040-text
}

@test "050-history" {
	again 050-history
}

@test "055-queries" {
	again 055-queries
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

@test "100-transports" {
	again 100-transports
}

@test "110-log" {
	again 110-log
}

@test "130-limits" {
	again 130-limits
}

@test "135-blocks" {
	again 135-blocks
}

@test "140-rate" {
	again 140-rate
}

@test "145-accounts" {
	again 145-accounts
}

@test "146-hashes" {
	again 146-hashes
}

@test "148-proxy" {
	again 148-proxy
}

@test "150-sandbox" {
	again 150-sandbox
}

@test "155-exposure" {
	again 155-exposure
}

@test "160-hostile" {
	again 160-hostile
}

@test "165-hostile-many" {
	again 165-hostile-many
}

@test "200-store-trouble" {
	again 200-store-trouble
}

@test "210-relay" {
	again 210-relay
}

@test "215-relay-place" {
	again 215-relay-place
}

@test "230-gaps" {
	again 230-gaps
}

@test "300-crash" {
	again 300-crash
}

@test "310-slow" {
	again 310-slow
}

@test "320-many" {
	again 320-many
}

@test "330-upgrade" {
	again 330-upgrade
}

@test "335-upgrade-refused" {
	again 335-upgrade-refused
}
