#!/usr/bin/env bats
#
# Hundreds of strangers at once, while others log in and talk.

load helpers
load hostile

@test "100 half-open connections and one byte a second: others log in and talk" {
	# (Sessions with sanitizers take long to start.)
	export CHAT_LOGIN_TIMEOUT=$((${CHAT_TEST_DEADLINE:-15} > 15 ? 60 : 20))
	others_talk_among_strangers 100
}

@test "1,000 come and go: no descriptor, file, row or memory is left of them" {
	come_and_go_without_trace 1000
}

# No client is behind them: they are what the relay sees of sessions.
@test "10,000 from 10,000 addresses leave the relay as it was" {
	local fds anon limit=200
	! grep -q __asan_init "$B/bin/chat-notify" || limit=400000
	notify_start
	# So many that each newcomer takes the place of another.
	"$B/tests/chat-crowd" 0 17000
	wait_for nobody_is_left
	notify_holds
	fds=$FDS anon=$ANON
	"$B/tests/chat-crowd" 20000 10000
	wait_for nobody_is_left
	notify_holds
	assert_eq "$FDS" "$fds" descriptors
	((ANON - anon < limit)) ||
	    fail "chat-notify has grown by $((ANON - anon)) KB"
	# None of them is in the way of who comes then.
	"$B/tests/chat-crowd" 30000 1
}

nobody_is_left() {
	[[ -z $(find "$CHAT_RUNTIME_DIR/sessions" -type s) ]]
}
