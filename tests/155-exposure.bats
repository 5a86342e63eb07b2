#!/usr/bin/env bats
# What `systemd-analyze security` says of the units: 0.0 is nothing exposed,
# 10.0 everything.  docs/SANDBOX.md says why they are what they are.

load helpers

setup() {
	chat_setup
	systemd-analyze security --help | grep -q -e --offline ||
	    skip 'this systemd-analyze cannot look at files'
}

# exposure UNIT MAXIMUM: in tenths.
exposure_at_most() {
	local level
	# It looks whether there is such a program.
	sed -e "s,@\(BIN\|LIBEXEC\)DIR@,$B/bin," -e "s|@LIBDIR@|$ROOT/contrib|" \
	    -e "s|@SBINDIR@|$B/bin|" \
	    "$ROOT/units/$1" >"$T/$1"
	level=$(systemd-analyze security --offline=true --no-pager "$T/$1" |
	    sed -n 's/.*Overall exposure level.*: \([0-9.]*\) .*/\1/p')
	[[ $level == [0-9]*.[0-9] ]] || fail "no level: $level"
	((10#${level/./} <= $2)) || fail "the exposure of $1 is $level"
}

@test "chat-notify.service is exposed to 1.5 at most" {
	exposure_at_most chat-notify.service 15
}

@test "chat-tls.service is exposed to 1.5 at most" {
	exposure_at_most chat-tls.service 15
}

@test "chat-metrics@.service is exposed to 1.8 at most" {
	exposure_at_most chat-metrics@.service 18
}

@test "chat-metrics-file.service is exposed to 2.0 at most" {
	exposure_at_most chat-metrics-file.service 20
}

@test "chat@.service is no more exposed than what it costs allows" {
	exposure_at_most chat@.service 72
}

@test "what runs every night is exposed to 1.5 at most" {
	exposure_at_most chat-prune.service 15
	exposure_at_most chat-backup.service 15
}

@test "chat-fork.service is exposed to 5.5 at most" {
	exposure_at_most chat-fork.service 55
}
