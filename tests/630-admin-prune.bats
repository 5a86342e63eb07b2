#!/usr/bin/env bats
# chat-admin prune and backup --keep: what is old goes, who writes does not
# notice, and who was away is not confused.

bats_require_minimum_version 1.5.0
load helpers
load admin

setup() {
	admin_setup
}

# Messages of alice's, COUNT of them, DAYS old; the server must know alice.  With
# a third argument they are to herself.
old_messages() {
	db_write "WITH RECURSIVE n (i) AS
	    (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
	    INSERT INTO messages (sender_id, recipient_id, session_id, body,
	    created_at) SELECT id, ${3:-NULL}, 1, 'old ' || i || printf('%.*c', 200, '.'),
	    (strftime('%s') - $2 * 86400) * 1000 FROM n, users
	    WHERE username = 'alice'"
}

@test "nothing goes unless it is said how long messages are kept" {
	server_start
	client_login alice
	old_messages 3 4000
	run -0 admin prune
	[[ $output == *'nothing was removed'*CHAT_RETENTION_DAYS* ]]
	assert_eq "$(db 'select count(*) from messages')" 3
}

@test "what is older than CHAT_RETENTION_DAYS goes, and what is not stays" {
	export CHAT_RETENTION_DAYS=30
	server_start
	client_login alice
	old_messages 700 31
	old_messages 5 29
	say alice new
	run -0 admin prune
	[[ $output == *'700 messages'*'30 days'* ]]
	assert_eq "$(db 'select count(*) from messages')" 6
	run -0 admin prune
	[[ $output == '0 messages'* ]]
	run -0 admin prune --days 28
	[[ $output == *'5 messages'*'28 days'* ]]
	assert_eq "$(db 'select body from messages')" new
	run -0 admin check
}

has_read_blocks() {
	(($(grep -c 'DEBUG blocks:' "$T/log/notify") > $1))
}

@test "what it wakes the relay with is no trouble there" {
	local n
	export CHAT_LOG_LEVEL=DEBUG
	server_start
	client_login alice
	old_messages 2 10
	wait_for has_read_blocks 0
	n=$(grep -c 'DEBUG blocks:' "$T/log/notify")
	run -0 admin prune --days 1
	wait_for has_read_blocks "$n"
}

@test "a number of days that is none is refused, and nothing goes" {
	server_start
	client_login alice
	old_messages 2 4000
	for days in 0 -1 x 36501 ''; do
		run -64 admin prune --days "$days"
		[[ $output == *--days*36500* ]]
	done
	assert_eq "$(db 'select count(*) from messages')" 2
}

@test "who was away comes back over what was removed, and goes on" {
	server_start
	client_login alice
	client_login bob
	say alice first
	first=$ID
	client_close bob
	say alice second
	say alice third
	db_write "UPDATE messages SET created_at = 1 WHERE id <= $ID"
	run -0 admin prune --days 1
	say alice fourth
	client_open bob
	client_send bob "{\"command\":\"CONNECT\",\"username\":\"bob\",\"since\":$first}"
	client_expect bob '.event == "CONNECTED"'
	assert_eq "$(client_get .oldest_id)" "$ID" oldest_id
	client_next bob '.message == "fourth"'
	client_send bob '{"command":"HISTORY","limit":10}'
	client_expect bob '.event == "HISTORY" and (.messages | length == 1)
	    and .more == false'
}

file_is_small() {
	(($(stat -c %s "$CHAT_DB") < 1000000))
}

@test "the file gets smaller" {
	server_start
	client_login alice
	old_messages 20000 10
	run -0 admin prune --days 1
	[[ $output == *'20000 messages'* ]]
	wait_for -t 60 file_is_small
	assert_eq "$(db 'pragma integrity_check')" ok
}

@test "ended half-way it has lost nothing, and goes on when called again" {
	server_start
	client_login alice
	old_messages 20000 10
	say alice new
	"$BIN/chat-admin" prune --days 1 >shown 2>&1 3>&- &
	pid=$!
	wait_for some_are_gone
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	assert_eq "$status" 1 status
	grep -q 'it is not done' shown
	left=$(db 'select count(*) from messages')
	((left > 1 && left < 20001)) || fail "$left are left"
	run -0 admin prune --days 1
	assert_eq "$(db 'select body from messages')" new
}

@test "what it was started to ignore does not end it" {
	server_start
	client_login alice
	old_messages 20000 10
	say alice new
	nohup "$BIN/chat-admin" prune --days 1 >shown 2>&1 </dev/null 3>&- &
	pid=$!
	wait_for some_are_gone
	kill -HUP "$pid"
	# (Which bash lets its background processes ignore.)
	kill -INT "$pid"
	wait "$pid"
	assert_eq "$(db 'select body from messages')" new
}

some_are_gone() {
	(($(db 'select count(*) from messages') < 20000))
}

metric_is() {
	[[ $'\n'$("$B/bin/chat-metrics")$'\n' == *$'\n'"$1 $2"$'\n'* ]]
}

@test "the relay understands that something was removed" {
	server_start
	client_login alice
	old_messages 3 10
	run -0 admin prune --days 1
	# What is told after that comes after it.
	run -0 admin blocks add 192.0.2.1 floods
	wait_for metric_is 'chat_blocks{kind="network"}' 1
	metric_is chat_datagrams_dropped_total 0
}

value() {
	sed -n "s/^$1=//p" "$T/load.$2"
}

load_run() {
	"$B/bin/chat-load" alltalk --senders 20 --seconds 5 \
	    "127.0.0.1:$PORT" >"$T/load.$1" 2>&1 3>&-
}

@test "while 20 write, old messages go, nothing else, and hold up nobody" {
	server_start
	client_login alice
	client_close alice
	old_messages 60000 10 users.id
	load_run without || fail "$(cat "$T/load.without")"
	load_run with &
	pid=$!
	wait_for some_written "$(db 'select max(id) from messages')"
	run -0 admin prune --days 1
	[[ $output == '60000 messages'* ]]
	wait "$pid" || fail "$(cat "$T/load.with")"
	assert_eq "$(value errors with)" 0 errors
	echo "# worst wait for an ACK: $(value ack_worst_ms without) ms without," \
	    "$(value ack_worst_ms with) ms with 60,000 that went;" \
	    "$(value messages_per_s without) and" \
	    "$(value messages_per_s with) messages a second" >&3
	awk -v with="$(value ack_worst_ms with)" \
	    -v without="$(value ack_worst_ms without)" \
	    'BEGIN { exit !(with < 2000 + 2 * without) }' ||
	    fail "a writer waited $(value ack_worst_ms with) ms"
	run -0 admin check
}

some_written() {
	(($(db 'select ifnull(max(id), 0) from messages') > $1))
}

# --- a folder of backups ---------------------------------------------------

@test "backup --keep leaves the newest, and only files of its own go" {
	store_make
	as_owner mkdir "$T/data/b"
	for day in 01 02 03 04; do
		as_owner touch "$T/data/b/chat-202001${day}T000000Z.db"
	done
	as_owner touch "$T/data/b/chat-mine.db" "$T/data/b/x.db" \
	    "$T/data/b/chat-20200101T000000Z.db.old" \
	    "$T/data/b/chat-20200105T000000Z.db.AbCdEf"
	run -0 admin backup --keep 3 "$T/data/b"
	name=$(basename "${output%% *}")
	[[ $name =~ ^chat-20[0-9]{6}T[0-9]{6}Z\.db$ ]]
	assert_eq "$(LC_ALL=C ls "$T/data/b")" "$(printf '%s\n' \
	    chat-20200101T000000Z.db.old chat-20200103T000000Z.db \
	    chat-20200104T000000Z.db "$name" chat-mine.db x.db)"
	assert_eq "$(sqlite3 -readonly "$T/data/b/$name" 'pragma integrity_check')" ok
	rm -r "$T/data/b"
}

@test "a backup that was just made stays, although the clock has gone back" {
	store_make
	as_owner mkdir "$T/data/b"
	as_owner touch "$T/data/b/chat-90990101T000000Z.db" \
	    "$T/data/b/chat-90990102T000000Z.db"
	run -0 admin backup --keep 2 "$T/data/b"
	assert_eq "$(LC_ALL=C ls "$T/data/b")" "$(printf '%s\n' \
	    "$(basename "${output%% *}")" chat-90990102T000000Z.db)"
	rm -r "$T/data/b"
}

@test "a backup that fails removes no older one" {
	store_make
	as_owner mkdir "$T/data/b"
	as_owner touch "$T/data/b/chat-20200101T000000Z.db"
	need_strace
	status=0
	strace -qq -o trace \
	    -e trace=fsync -e inject=fsync:error=EIO:when=1 \
	    "$BIN/chat-admin" backup --keep 1 "$T/data/b" >shown 2>&1 3>&- || status=$?
	assert_eq "$status" 74 status
	assert_eq "$(ls "$T/data/b")" chat-20200101T000000Z.db
	rm -r "$T/data/b"
}

@test "backup --keep of no number, or no folder, says so" {
	store_make
	run -64 admin backup --keep 0 "$T/data"
	[[ $output == *--keep*10000* ]]
	run -73 admin backup --keep 2 "$T/data/none"
	[[ $output == *none* ]]
}
