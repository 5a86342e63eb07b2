# shellcheck shell=bash
#
# Sessions whose system calls fail, one after the other; loaded after helpers.

is_answered() {
	grep -q "\"ref\":\"$2\"" "$(client_record "$1")"
}

# Talk with a session under faults: each command is answered, with whatever.
talk() {
	local n=$1 i
	client_open victim "exec:$T/traced"
	client_send victim "{\"command\":\"CONNECT\",\"username\":\"v$n\",\"ref\":\"c1-$n\"}"
	wait_for is_answered victim "c1-$n"
	# The fault may have been there: once more.
	client_send victim "{\"command\":\"CONNECT\",\"username\":\"v$n\",\"ref\":\"c2-$n\"}"
	wait_for is_answered victim "c2-$n"
	for i in 1 2 3; do
		client_send victim "{\"command\":\"MESSAGE\",\"to\":\"all\",\"message\":\"$n-$i\",\"ref\":\"m$i-$n\"}"
		wait_for is_answered victim "m$i-$n"
	done
	client_send victim "{\"command\":\"PING\",\"ref\":\"end-$n\"}"
	wait_for is_answered victim "end-$n"
	grep '"ACK"' "$(client_record victim)" |
	    jq -r '"\(.id) \(.ref)"' >>"$T/acked" || :
	client_close victim
	client_drop victim
}

sends_now() {
	client_send judge '{"command":"MESSAGE","to":"all","message":"judge","ref":"j'"$1"'"}'
	client_expect judge ".ref == \"j$1\""
	[[ $(client_get .event) == ACK ]]
}

# What was acknowledged is stored, and everybody got just what is stored.
check_all() {
	sort -n "$T/acked" >"$T/acked.sorted"
	db "select id || ' ' || ref from messages where ref like 'm%' order by id" \
	    >"$T/stored"
	comm -23 <(sort "$T/acked.sorted") <(sort "$T/stored") >"$T/false"
	[[ ! -s $T/false ]] || fail "acknowledged but not stored:" "$(cat "$T/false")"
	say judge end
	client_expect bob '.message == "end"' 30
	db "select id from messages order by id" >"$T/ids"
	jq -r 'select(.event == "MESSAGE") | .id' "$(client_record bob)" |
	    diff - "$T/ids"
	assert_eq "$(db 'pragma integrity_check')" ok
}

# Each call of a kind fails once, in a session of its own.
every_call_fails() {
	local n error=$2
	server_start
	: >"$T/acked"
	client_login judge
	client_login bob
	for ((n = 1; n < 80; n++)); do
		traced chat-session "$1" "error=$error" "$n" -f
		talk "$n"
		was_injected || break
		# Service resumes by itself.
		wait_for sends_now "$n"
	done
	((n > ${3:-1})) || fail "only $n calls of $1 were seen"
	((n < 80)) || fail "more calls of $1 than expected"
	check_all
}
