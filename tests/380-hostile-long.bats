#!/usr/bin/env bats
# bats file_tags=long,alone
# What 165-hostile-many does, with more of them.

load helpers
load hostile

@test "10,000 come and go: no descriptor, file, row or memory is left of them" {
	come_and_go_without_trace 10000
}

@test "500 half-open connections and one byte a second: others log in and talk" {
	export CHAT_LOGIN_TIMEOUT=60
	others_talk_among_strangers 500
}
