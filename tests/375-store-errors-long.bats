#!/usr/bin/env bats
# bats file_tags=long
# What 220-io-errors does, with more kinds of failure.

load helpers
load faults

setup() {
	chat_setup
	need_strace
}

@test "a write that fails with ENOSPC, whichever it is" {
	every_call_fails pwrite64 ENOSPC 3
}

@test "with normal durability a failing write is no ACK either" {
	export CHAT_DURABILITY=normal
	every_call_fails pwrite64 EIO 3
}
