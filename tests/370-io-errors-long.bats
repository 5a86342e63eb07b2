#!/usr/bin/env bats
# bats file_tags=long
# Housekeeping whose system calls fail: checkpoints by chat-notify.  Whatever
# happens to them, what was acknowledged is stored, and service resumes.

load helpers
load slow

setup() {
	chat_setup
	need_strace
}

sends_now() {
	client_send alice "{\"command\":\"MESSAGE\",\"to\":\"all\",\"message\":\"again\",\"ref\":\"again$1-$RANDOM\"}"
	client_expect alice '(.ref // "") | startswith("again")'
	[[ $(client_get .event) == ACK ]]
}

# chat-notify under a fault; its checkpoints are provoked by much text.
checkpoint_fails() {
	local n body faults=0
	body=$(printf 'x%.0s' {1..4000})
	for n in 1 2 5 10 40; do
		traced chat-notify "$1" "$2" "$n" -f -D
		# shellcheck disable=SC2034 # for notify_start
		RELAY=$T/traced
		notify_start
		listener_start
		client_open alice
		wait_for connects_now
		client_open bob
		client_login bob '"since":0'
		for i in {1..1500}; do
			echo "{\"command\":\"MESSAGE\",\"to\":\"all\",\"message\":\"$n-$i $body\",\"ref\":\"$n-$i\"}"
		done | client_raw alice
		wait_for -t 60 answered alice 1500
		wait_for -t 60 fault_or_checkpoint
		wait_for -t 60 sends_now "$n"
		sed -n 's/.*"ACK".*"ref":"\([0-9]*-[0-9]*\)".*/\1/p' \
		    "$(client_record alice)" | sort >acked
		db "select ref from messages where ref like '$n-%'" | sort >stored
		[[ -z $(comm -23 acked stored) ]] ||
		    fail "acknowledged but not stored: $(comm -23 acked stored | head)"
		db 'select id from messages order by id' >ids
		wait_for -t 60 received bob '"MESSAGE"' "$(wc -l <ids)"
		jq -r 'select(.event == "MESSAGE") | .id' "$(client_record bob)" | cmp - ids
		assert_eq "$(db 'pragma integrity_check')" ok
		client_close alice
		client_close bob
		server_stop
		! was_injected || ((++faults))
	done
	((faults >= 3)) || fail "only $faults faults were injected"
}

connects_now() {
	client_send alice '{"command":"CONNECT","username":"alice","ref":"c"}'
	client_expect alice '.ref == "c"'
	[[ $(client_get .event) == CONNECTED ]]
}

answered() {
	(($(grep -cE '"ref":"[0-9]+-[0-9]+"' "$(client_record "$1")") >= $2))
}

fault_or_checkpoint() {
	# A whole checkpoint syncs twice at least.
	was_injected || (($(wc -l <"$T/trace") >= 2))
}

@test "a checkpoint whose writes fail with EIO" {
	checkpoint_fails pwrite64 error=EIO
}

@test "a checkpoint whose writes fail with ENOSPC" {
	checkpoint_fails pwrite64 error=ENOSPC
}

@test "a checkpoint whose syncs fail" {
	checkpoint_fails fdatasync,fsync error=EIO
}
