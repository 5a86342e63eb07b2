#!/usr/bin/env bats
#
# Hundreds of strangers at once, while others log in and talk.

load helpers
load hostile

@test "100 half-open connections and one byte a second: others log in and talk" {
	export CHAT_LOGIN_TIMEOUT=20
	others_talk_among_strangers 100
}

@test "1,000 come and go: no descriptor, file, row or memory is left of them" {
	come_and_go_without_trace 1000
}
