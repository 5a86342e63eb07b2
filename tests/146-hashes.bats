#!/usr/bin/env bats
#
# What passwords cost, and whom: hashes that nobody gets around, turns to
# compute them, and secrets that are nowhere to be found afterwards.

load helpers

PASSWORD='correct horse'

setup() {
	chat_setup
	# (Some clients here wait long for their turn.)
	export CHAT_LOGIN_TIMEOUT=300 CHAT_RATE=0
}

# account_register NAME: with $PASSWORD, by a connection of its own.
account_register() {
	client_open registrar
	client_send registrar "{\"command\":\"REGISTER\",\"username\":\"$1\",\"password\":\"$PASSWORD\"}"
	client_expect registrar '.event == "REGISTERED"' 60 || return
	client_close registrar
}

connect() {
	[[ -n ${CLIENT_PID[$1]:-} ]] || client_open "$1"
	client_send "$1" "{\"command\":\"CONNECT\",\"username\":\"$2\",$3}"
}

# CPU time of a session so far, in clock ticks.
ticks() {
	local fields
	fields=$(sed 's/.*) //' "/proc/$1/stat")
	# shellcheck disable=SC2086 # words
	set -- $fields
	echo $((${12} + ${13}))
}

@test "a wrong password costs the server the same whether or not there is a user" {
	export CHAT_BCRYPT_COST=10
	server_start
	account_register bob
	export CHAT_BCRYPT_COST=12
	listener_stop
	listener_start
	account_register alice
	# As much as the most expensive hash, also after it was lowered.
	export CHAT_BCRYPT_COST=8
	listener_stop
	listener_start
	account_register carol
	db_change "INSERT INTO users (username,
	    password, private_from, position, created_at, seen_at)
	    VALUES ('server', '!', 0, 0, 0, 0)"
	client_open eve
	pid=$(session_pid eve)
	# The first one opens the store.
	client_send eve '{"command":"CONNECT","username":"alice","token":"x"}'
	client_error eve AUTH_FAILED
	for name in alice bob carol nobody server; do
		before=$(ticks "$pid")
		connect eve "$name" '"password":"wrong horse"'
		client_expect eve '.code == "AUTH_FAILED"' 60
		cost[${#cost[@]}]=$(($(ticks "$pid") - before))
	done
	echo "ticks: ${cost[*]}"
	for each in "${cost[@]}"; do
		((each >= 5 && each <= 2 * cost[0] && cost[0] <= 2 * each)) ||
		    fail "not the same: ${cost[*]}"
	done
}

@test "a thousand logins by token cost less than one password a second would" {
	export CHAT_BCRYPT_COST=4
	notify_start
	listener_start
	account_register alice
	connect alice alice "\"password\":\"$PASSWORD\""
	client_expect alice '.event == "CONNECTED"'
	client_send alice '{"command":"TOKEN"}'
	client_expect alice '.event == "TOKEN"'
	token=$(client_get .token)
	# Of this cost no hash would go unnoticed: each takes seconds.
	export CHAT_BCRYPT_COST=16
	line="{\"command\":\"CONNECT\",\"username\":\"alice\",\"token\":\"$token\"}"
	tokens_use() {
		local i
		for ((i = 0; i < 1000; i++)); do
			session_pipe <<<"$line"
		done >answers
		times | tail -n 1 >times
	}
	(tokens_use)
	assert_eq "$(grep -c '"event":"CONNECTED"' answers)" 1000 logins
	cat times
	# Minutes and seconds of children, user and system.
	total=$(tr 'ms' '  ' <times | awk '{ print int($1 * 60 + $2 + $3 * 60 + $4) }')
	((total < 250)) || fail "1000 logins took $total s of CPU time"
}

@test "a hash of another cost is made anew at login, and tokens stay" {
	export CHAT_BCRYPT_COST=4
	server_start
	account_register alice
	connect alice alice "\"password\":\"$PASSWORD\""
	client_expect alice '.event == "CONNECTED"'
	client_send alice '{"command":"TOKEN"}'
	client_expect alice '.event == "TOKEN"'
	token=$(client_get .token)
	[[ $(db 'SELECT password FROM users') == '$2b$04$'* ]]
	listener_stop
	export CHAT_BCRYPT_COST=5
	listener_start
	connect train alice "\"token\":\"$token\""
	client_expect train '.event == "CONNECTED"'
	connect eve alice '"password":"wrong horse"'
	client_error eve AUTH_FAILED
	[[ $(db 'SELECT password FROM users') == '$2b$04$'* ]]
	for i in 1 2; do
		connect "desk$i" alice "\"password\":\"$PASSWORD\""
		client_expect "desk$i" '.event == "CONNECTED"'
		[[ $(db 'SELECT password FROM users') == '$2b$05$'* ]]
	done
	# With the new hash the session may still take a token.
	client_send desk1 '{"command":"TOKEN"}'
	client_expect desk1 '.event == "TOKEN"'
	connect later alice "\"token\":\"$token\""
	client_expect later '.event == "CONNECTED"'
}

# Sessions that hash: they have a second thread.  Their niceness as well.
hashing() {
	local pid task
	for pid in $(own_processes); do
		[[ $(readlink "/proc/$pid/exe") == */chat-session ]] || continue
		for task in /proc/"$pid"/task/*; do
			[[ ${task##*/} == "$pid" ]] ||
			    sed 's/.*) //' "$task/stat" 2>/dev/null |
				cut -d ' ' -f 17 || :
		done
	done
}

@test "a flood of wrong passwords leaves the others' messages quick" {
	export CHAT_BCRYPT_COST=12
	server_start
	client_login alice
	client_login bob
	round() {
		now_ms
		local start=$NOW
		say alice "$1"
		client_expect bob ".message == \"$1\""
		now_ms
		((NOW - start > slowest)) && slowest=$((NOW - start))
		return 0
	}
	slowest=0
	for i in {1..10}; do
		round "before $i"
	done
	calm=$slowest
	for i in {1..20}; do
		client_open "f$i"
	done
	for i in {1..20}; do
		connect "f$i" nobody '"password":"wrong horse"'
	done
	slowest=0 seen=
	for i in {1..20}; do
		seen+=$(hashing)
		round "during $i"
	done
	echo "slowest before: $calm ms, during: $slowest ms"
	[[ -n $seen ]] || fail 'nobody was seen to hash'
	! grep -q __asan_init "$B/bin/chat-session" || calm=$((calm + 2000))
	((slowest <= 5 * calm + 1000))
	for i in {1..20}; do
		client_expect "f$i" '.code == "AUTH_FAILED" or .code == "UNAVAILABLE"' 60
		codes+=" $(client_get .code)"
	done
	[[ $codes == *AUTH_FAILED* ]]
}

@test "hashing has a lower priority, and so much of the machine only" {
	export CHAT_BCRYPT_COST=14
	notify_start
	listener_start
	# With one processor there is one slot, for any machine.
	taskset -p -c "$(taskset -p -c $$ | sed 's/.*: \([0-9]*\).*/\1/')" \
	    "${LISTENERS[0]}" >/dev/null
	# More seconds of work than anybody waits for.
	for i in {1..16}; do
		connect "f$i" nobody '"password":"wrong horse"'
	done
	wait_for hashing_is_nice
	for i in {1..16}; do
		client_expect "f$i" '.code == "AUTH_FAILED" or
		    (.code == "UNAVAILABLE" and (.message | contains("passwords")))' 200
		codes+=" $(client_get .code)"
	done
	[[ $codes == *AUTH_FAILED* && $codes == *UNAVAILABLE* ]] ||
	    fail "codes:$codes"
	# It was no trouble with the store, and is over.
	not log_has store_unavailable
	connect f1 nobody '"password":"wrong horse"'
	client_expect f1 '.code == "AUTH_FAILED"' 200
}

# All who hash.  (Looking takes so long that the next may have begun, and for a
# moment a thread is what it was made from.)
hashing_is_nice() {
	[[ $(hashing | sort -u) == 10 ]]
}

# All that a process may write to, as a debugger or a core dump would see it.
memory_dump() {
	local range mode rest from to
	while read -r range mode rest; do
		[[ $mode == rw* && $rest != *'[v'* ]] || continue
		from=$((16#${range%-*})) to=$((16#${range#*-}))
		dd if="/proc/$1/mem" bs=64k iflag=skip_bytes,count_bytes \
		    skip="$from" count=$((to - from)) status=none || :
	done <"/proc/$1/maps"
}

nowhere() {
	local place
	for place in "$T"/log/* "$T"/data/* "$T"/run/shared dump*; do
		not grep -aqF -- "$1" "$place" || fail "$1 is in $place"
	done
}

@test "neither password nor token is in log, database or memory afterwards" {
	need_root 'to read the memory of a process'
	! grep -q __asan_init "$B/bin/chat-session" ||
	    skip 'sanitizers keep what was freed, and terabytes more'
	export CHAT_BCRYPT_COST=4 CHAT_LOG_LEVEL=DEBUG
	server_start
	client_open alice
	pid=$(session_pid alice)
	client_send alice '{"command":"REGISTER","username":"alice","password":"first-secret-of-hers"}'
	client_expect alice '.event == "REGISTERED"'
	memory_dump "$pid" >dump.registered
	connect alice alice '"password":"wrong-secret-of-hers"'
	client_error alice AUTH_FAILED
	connect alice alice '"password":"way-too-long-secret-0123456789012345678901234567890123456789012345678901234567890"'
	client_error alice BAD_REQUEST
	connect alice alice '"password":"mistyped-secret'
	client_error alice BAD_JSON
	# In pieces, so that the buffer has to move.
	printf '%s\n' '{"command":"CONNECT","username":"alice","password":"first-secret-of-hers"}' |
	    client_trickle alice
	client_expect alice '.event == "CONNECTED"'
	memory_dump "$pid" >dump.connected
	client_send alice '{"command":"PASSWORD","old":"first-secret-of-hers","new":"other-secret-of-hers"}'
	client_expect alice '.event == "PASSWORD_CHANGED"'
	memory_dump "$pid" >dump.changed
	client_send alice '{"command":"TOKEN"}'
	client_expect alice '.event == "TOKEN"'
	memory_dump "$pid" >dump.token
	token=$(client_get .token)
	connect alice alice '"password":"other-secret-of-hers"'
	client_error alice ALREADY_CONNECTED
	connect alice alice "\"token\":\"$token\""
	client_error alice ALREADY_CONNECTED
	say alice 'words-that-are-stored'
	memory_dump "$pid" >dump
	# What a session has to remember is seen there.
	grep -aqF alice dump
	grep -aqF '$2b$04$' dump
	grep -aqF words-that-are-stored "$T"/data/*
	for secret in secret-of-hers way-too-long-secret mistyped-secret "$token"; do
		nowhere "$secret"
	done
	# A login by token leaves it nowhere either.
	connect train alice "\"token\":\"$token\""
	client_expect train '.event == "CONNECTED"'
	memory_dump "$(session_pid train)" >dump
	grep -aqF alice dump
	nowhere "$token"
	rm dump*
}
